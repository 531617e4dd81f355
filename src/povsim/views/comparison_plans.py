"""Plans out of digests, whether they can be compared, and how their draws go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from povsim.planning.comparison_draws import Difference, Pairs, difference, pair_numbers
from povsim.terms import Language
from povsim.views.digests import RunDigest
from povsim.wording import Wording, wording

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
PART = "comparison"
WHOLE = "all"
MOST = 4
"""Plans side by side."""
MISFITS = {"currency": "misfit.money", "count_unit": "misfit.units", "unit_of_persons": "misfit.units"}


@dataclass(frozen=True)
class Plan:
    """A plan of a run.

    Attributes
    ----------
    code : str
        That of its run; with the plan's own behind it where the run has several plans and this is not the first.
    digest : RunDigest
        The run.
    place : int
        Position of the plan in the run.
    span : tuple of int, optional
        Positions of the first draw that counts and of the one after the last; all draws if not given.
    """

    code: str
    digest: RunDigest
    place: int = 0
    span: tuple[int, int] | None = None

    @property
    def part(self) -> xr.Dataset:
        """The part of the digest that plans are compared by."""
        return self.digest.part(PART)

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the part by name: a Dataset takes its time to hand out one."""
        return _arrays(self.digest)

    @property
    def years(self) -> list[int]:
        """The years of the plan."""
        return [int(year) for year in self.arrays["year"]]

    @property
    def draws(self) -> npt.NDArray[np.int64]:
        """The numbers of its draws."""
        return self.own(self.arrays["draw"]).astype(np.int64)

    def own(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the draws that count out of values by draw, dims (draw, ...)."""
        return values if self.span is None else values[slice(*self.span)]

    def label(self, lang: Language) -> str:
        """Return its name."""
        if self.place == 0:
            return self.digest.label(lang)
        return f"{self.title(lang)}（{self.code}）" if lang == "zh" else f"{self.title(lang)} ({self.code})"

    def title(self, lang: Language) -> str:
        """Return the title alone, which other plans may have too."""
        if self.place == 0:
            return self.digest.names.get(lang, self.code)
        return str(self.part[f"scenario_{lang}"].to_numpy()[self.place])

    def value(self, statistic: str, area: str = WHOLE) -> Floats:
        """Return a statistic of an area, dims (draw, year)."""
        at, of = self._place("statistic", statistic), self._place("area", area)
        return self.own(self.arrays["value"][self.place, at, :, :, of])

    def statistic(self, code: str) -> Statistic:
        """Return what a statistic is."""
        at = self._place("statistic", code)
        texts = {key: str(self.arrays[key][at]) for key in ("zh", "en", "units")}
        return Statistic(code, better=int(self.arrays["better"][at]), **texts)

    def _place(self, name: str, code: str) -> int:
        return int(self.arrays[name].tolist().index(code))


@dataclass(frozen=True)
class Statistic:
    """What plans are compared by: names, units, and whether more (1) or less (-1) of it is better."""

    code: str
    zh: str
    en: str
    units: str
    better: int

    def label(self, lang: Language) -> str:
        """Return its name."""
        return self.zh if lang == "zh" else self.en

    @property
    def form(self) -> str:
        """``share``, ``money`` (large amounts), or ``count``."""
        if self.units == "share":
            return "share"
        return "money" if self.units.startswith("yuan") and "head" not in self.units else "count"


_KEPT: dict[Path, dict[str, npt.NDArray[Any]]] = {}


def _arrays(digest: RunDigest) -> dict[str, npt.NDArray[Any]]:
    if digest.folder not in _KEPT:
        part = digest.part(PART)
        _KEPT[digest.folder] = {str(name): np.asarray(variable.data) for name, variable in part.variables.items()}
    return _KEPT[digest.folder]


def plans_of(digests: Iterable[RunDigest]) -> tuple[Plan, ...]:
    """Return all plans of some runs, in order.

    Examples
    --------
    >>> from pathlib import Path
    >>> run = RunDigest("r", Path("x"), Path("r"), (), {}, {"scenarios": ["a", "b"]}, {})
    >>> [plan.code for plan in plans_of([run])]
    ['r', 'r:b']
    """
    return tuple(
        Plan(digest.code if place == 0 else f"{digest.code}:{code}"[:120], digest, place)
        for digest in digests
        for place, code in enumerate(digest.manifest["scenarios"])
    )


def names(plans: Sequence[Plan], lang: Language) -> tuple[str, ...]:
    """Return short names that tell plans apart: their titles, or the codes of their runs where titles are alike."""
    titles = [plan.digest.names.get(lang, plan.code) if plan.place == 0 else plan.label(lang) for plan in plans]
    again = Counter(titles)
    return tuple(title if again[title] == 1 else plan.code for title, plan in zip(titles, plans, strict=True))


def about(plan: Plan, name: str, lang: Language) -> str:
    """Return the title of a plan and the draws of its run, where its short name is a code; else nothing."""
    if name != plan.code or plan.title(lang) == name:
        return ""
    return texts(lang)("vs.head.about", title=plan.title(lang), draws=plan.arrays["draw"].size)


def misfit(first: Plan, other: Plan) -> str:
    """Return why a plan cannot be put beside another, as the key of a text; empty where it can."""
    for dim in ("year", "village", "area"):
        if not np.array_equal(first.arrays[dim], other.arrays[dim]):
            return f"misfit.{'year' if dim == 'year' else 'village'}"
    a, b = first.part.attrs, other.part.attrs
    return next((text for key, text in MISFITS.items() if a[key] != b[key]), "")


def chosen(plans: Sequence[Plan], first: str | None, others: Sequence[str]) -> tuple[Plan, ...]:
    """Return the plans that are put side by side, the first of them what the others are compared with.

    Parameters
    ----------
    plans : sequence of Plan
        All that there are.
    first : str, optional
        Code of the first, or of its run.
    others : sequence of str
        Codes of the others; those that fit best where none is named: plans of the same run, then of the same luck.

    Returns
    -------
    tuple of Plan
        Only one where nothing can be compared with it.
    """
    start = next((plan for plan in plans if plan.code == first), plans[0])
    fitting = [plan for plan in plans if plan.code != start.code and not misfit(start, plan)]
    named = [plan for code in dict.fromkeys(others) for plan in fitting if plan.code == code]
    if not named:
        luck = _luck(start)
        named = sorted(fitting, key=lambda plan: (plan.digest.code != start.digest.code, _luck(plan) != luck))[:1]
    return _on_common_draws((start, *named[: MOST - 1]))


def _on_common_draws(plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
    """Leave plans of the same luck only the draws that all of them have, so that means and differences agree."""
    mine = [plan for plan in plans if _luck(plan) == _luck(plans[0])]
    # a run's draws are numbered without gaps
    first, last = max(int(plan.draws[0]) for plan in mine), min(int(plan.draws[-1]) for plan in mine)
    if first > last or all(plan.draws.size == last - first + 1 for plan in mine):
        return plans
    return tuple(replace(plan, span=_span(plan, first, last)) if plan in mine else plan for plan in plans)


def _span(plan: Plan, first: int, last: int) -> tuple[int, int]:
    start = int(plan.draws[0])
    return first - start, last - start + 1


def _luck(plan: Plan) -> tuple[Any, ...]:
    return (plan.part.attrs["seed"], plan.part.attrs["population"])


@dataclass(frozen=True, eq=False)
class Pair:
    """A plan beside the first; told apart by identity, so that what is worked out for one can be kept.

    Attributes
    ----------
    first, second : Plan
        The plans.
    pairs : Pairs
        How their draws go together.
    reason : str
        Key of a text: why draws are not compared one by one, or that only some are; empty where all are.
    """

    first: Plan
    second: Plan
    pairs: Pairs
    reason: str

    def difference(self, statistic: str, area: str = WHOLE, *, place: int | None = None) -> Difference:
        """Return how a statistic differs, dims (year,), or of the year at a place alone."""
        at = slice(None) if place is None else place
        better = self.first.statistic(statistic).better
        values = [plan.value(statistic, area)[:, at] for plan in (self.first, self.second)]
        return difference(values[0], values[1], self.pairs, better=better, band=band_of(self.first))


def band_of(plan: Plan) -> tuple[float, float]:
    """Return the quantiles of bands."""
    low, high = plan.part.attrs["band"]
    return float(low), float(high)


def pair(first: Plan, second: Plan) -> Pair:
    """Put a plan beside the first: draws of the same number where population and seed are the same."""
    same = _luck(first) == _luck(second)
    pairs = pair_numbers(first.draws, second.draws, same_luck=same)
    if pairs.common:
        whole = all(plan.arrays["draw"].size == pairs.first.size for plan in (first, second))
        return Pair(first, second, pairs, "" if whole else "luck.some_draws")
    if same:
        return Pair(first, second, pairs, "luck.other_draws")
    seed = first.part.attrs["seed"] != second.part.attrs["seed"]
    return Pair(first, second, pairs, "luck.other_seed" if seed else "luck.other_population")


def pairs_of(plans: Sequence[Plan]) -> list[Pair]:
    """Return every plan but the first beside the first."""
    return [pair(plans[0], plan) for plan in plans[1:]]


def place_of(plan: Plan, year: int | None) -> int:
    """Return the position of a year; of the last where it is not given or not the plan's."""
    return plan.years.index(year) if year in plan.years else len(plan.years) - 1


@cache
def texts(lang: Language) -> Wording:
    """Return the texts that comparisons are told in."""
    return wording(lang, "commands", "units", "targets", "compare", "page_compare")


def sentences(told: Sequence[str], lang: Language) -> str:
    """Return sentences one after the other; Chinese ones need no gap.

    Examples
    --------
    >>> sentences(["One.", "Two."], "en"), sentences(["甲。", "乙。"], "zh")
    ('One. Two.', '甲。乙。')
    """
    return ("" if lang == "zh" else " ").join(told)
