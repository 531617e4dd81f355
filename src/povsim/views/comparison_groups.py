"""Winners and losers: households whose probability of being poor falls or rises, by group, from columns of digests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from povsim.terms import Language
from povsim.views.comparison_plans import Pair, Plan, sentences, texts
from povsim.views.comparison_units import POINTS
from povsim.views.comparison_words import currency_of, points_text
from povsim.views.parts import Column, Table

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
KINDS = ("all", "township", "status", "status_at_start", "cause", "category", "village")
"""Kinds of groups, in the order in which they are offered."""
THRESHOLD = 0.05
LADDER = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20, 0.50)
"""Changes of a household's probability of being poor that are asked about together."""
ROUNDING = 1e-9
"""Shares of draws are no exact binary numbers: a change of exactly the threshold neither wins nor loses."""


@dataclass(frozen=True)
class Changes:
    """Households that both plans know.

    Attributes
    ----------
    first, second : array of int
        Positions of the households in the two plans.
    change : array
        Change of the probability of being poor at the end of the year.
    noise : array or float
        How far luck alone moves it in 80 % of cases; 0 where luck is common.
    income : array
        Change of income per head.
    weight, heads : array
        Households and persons that each row stands for.
    """

    first: Places | slice
    second: Places | slice
    change: Floats
    noise: Floats | float
    income: Floats
    weight: Floats
    heads: Floats


def known(one: Pair) -> bool:
    """Tell whether both plans were run with households."""
    return all("household_key" in plan.arrays for plan in (one.first, one.second))


@lru_cache(maxsize=3)
def changes(one: Pair, place: int) -> Changes:
    """Return how the households' probability of being poor differs between two plans.

    Parameters
    ----------
    one : Pair
        A plan beside the first, both run with households.
    place : int
        Position of the year.
    """
    first, second = _aligned(one)
    poor = [_poor(plan, place)[at] for plan, at in ((one.first, first), (one.second, second))]
    income = [
        np.asarray(plan.arrays["household_income"][plan.place, place], dtype=np.float64)[at]
        for plan, at in ((one.first, first), (one.second, second))
    ]
    weight = np.asarray(one.first.arrays["household_weight"], dtype=np.float64)[first]
    persons = np.asarray(one.first.arrays["household_persons"], dtype=np.float64)[first]
    noise: Floats | float = 0.0
    if luck(one) != "common":
        plans = (one.first, one.second)
        spread = [share * (1.0 - share) / _draws(plan) for share, plan in zip(poor, plans, strict=True)]
        noise = float(one.first.part.attrs["band_width"]) * np.sqrt(spread[0] + spread[1])
    return Changes(first, second, poor[1] - poor[0], noise, income[1] - income[0], weight, weight * persons)


Luck = Literal["common", "draws", "apart"]
"""Whether households of two plans met the same luck, had other draws besides, or met another luck."""


def luck(one: Pair) -> Luck:
    """Tell whether the probabilities of households come from the same draws; else they differ by luck too.

    Households are known over all draws of their run only, whatever draws the rest of the page counts.

    Parameters
    ----------
    one : Pair
        A plan beside the first.
    """
    if not one.pairs.common:
        return "apart"
    return "common" if np.array_equal(one.first.arrays["draw"], one.second.arrays["draw"]) else "draws"


def caution(one: Pair, called: tuple[str, str], lang: Language) -> str:
    """Return what to bear in mind before winners and losers are read; empty where they met the same luck.

    Parameters
    ----------
    one : Pair
        A plan beside the first.
    called : tuple of str
        Names of the first and of the other plan.
    lang : {"zh", "en"}
        Language.
    """
    say, kind = texts(lang), luck(one)
    if kind == "common":
        return ""
    words: dict[str, Any] = {"first": called[0], "plan": called[1], **_counts(one)}
    if kind == "draws":
        return say("vs.groups.caution.draws", **words, draws=one.pairs.first.size)
    return say("vs.groups.caution.apart", **words, reason=say(one.reason))


def _counts(one: Pair) -> dict[str, int]:
    return {"mine": _draws(one.first), "theirs": _draws(one.second)}


def _draws(plan: Plan) -> int:
    """Return how many draws the run has: shares of households are of all of them."""
    return int(plan.arrays["draw"].size)


def _poor(plan: Plan, place: int) -> Floats:
    return np.asarray(plan.arrays["household_poor"][plan.place, place], dtype=np.float64) / _draws(plan)


def _aligned(one: Pair) -> tuple[Places | slice, Places | slice]:
    """Return where the households that both plans know are; runs of one population have them in one order."""
    a, b = (np.asarray(plan.arrays["household_key"]) for plan in (one.first, one.second))
    if a.shape == b.shape and np.array_equal(a, b):
        return slice(None), slice(None)
    _, first, second = np.intersect1d(a, b, return_indices=True)
    return first.astype(np.int64), second.astype(np.int64)


def kinds(plan: Plan) -> list[str]:
    """Return the kinds of groups that are known of a plan's households."""
    return [kind for kind in KINDS if kind in ("all", "township", "village") or f"household_{kind}" in plan.arrays]


def _groups(plan: Plan, kind: str) -> tuple[npt.NDArray[np.int64], list[tuple[str, str, str]]]:
    """Return each household's group, and code and names of the groups."""
    arrays = plan.arrays
    if kind == "all":
        return np.zeros(arrays["household_key"].size, dtype=np.int64), [("all", "", "")]
    if kind in ("township", "village"):
        names = arrays["village_township" if kind == "township" else "village"].tolist()
        units = list(dict.fromkeys(names))
        of_village = np.array([units.index(name) for name in names], dtype=np.int64)
        return of_village[arrays["household_village"]], [(name, name, name) for name in units]
    values = arrays[f"household_{kind}"]
    at = values[plan.place] if values.ndim > 1 else values
    return at.astype(np.int64), [tuple(names) for names in json.loads(plan.part.attrs["groups"])[kind]]


@lru_cache(maxsize=24)
def _sums(one: Pair, place: int, kind: str, threshold: float) -> tuple[dict[str, Floats], list[tuple[str, str, str]]]:
    """Return sums by group, and code and names of the groups."""
    told = changes(one, place)
    of, groups = _groups(one.first, kind)
    at, bar = of[told.first], threshold + told.noise + ROUNDING
    weights: dict[str, Floats] = {
        "households": told.weight,
        "persons": told.heads,
        "won": told.weight * (told.change < -bar),
        "lost": told.weight * (told.change > bar),
        "change": told.heads * told.change,
        "income_change": told.heads * told.income,
    }
    return {name: np.bincount(at, values, len(groups)).astype(np.float64) for name, values in weights.items()}, groups


def winners(one: Pair, place: int, kind: str, lang: Language, *, threshold: float = THRESHOLD) -> list[dict[str, Any]]:
    """Return households that win or lose under the second plan, by group.

    Parameters
    ----------
    one : Pair
        A plan beside the first, both run with households.
    place : int
        Position of the year.
    kind : str
        Kind of groups, one of ``kinds``; groups by status are those under the first plan.
    lang : {"zh", "en"}
        Language of the groups' names.
    threshold : float
        Change of a household's probability of being poor that counts.

    Returns
    -------
    list of dict
        By group that has households: ``households``, ``persons``, ``won``, ``lost`` (households), ``share_won``,
        ``share_lost``, ``change`` (mean change of the probability, by persons), ``income_change`` (mean, per head).
    """
    sums, groups = _sums(one, place, kind, threshold)
    rows = []
    for number, (code, zh, en) in enumerate(groups):
        row: dict[str, Any] = {name: float(values[number]) for name, values in sums.items()}
        if row["households"]:
            row |= {f"share_{name}": row[name] / row["households"] for name in ("won", "lost")}
            row |= {name: row[name] / row["persons"] for name in ("change", "income_change")}
            rows.append({"_key": code, "group": zh if lang == "zh" else en, **row})
    return rows


def groups_table(one: Pair, called: str, asked: tuple[int, str, float], lang: Language) -> Table:
    """Return winners and losers by group.

    Parameters
    ----------
    one : Pair
        A plan beside the first.
    called : str
        Name of the plan.
    asked : tuple of (int, str, float)
        Position of the year, kind of groups, threshold.
    lang : {"zh", "en"}
        Language.
    """
    say, (place, kind, threshold) = texts(lang), asked
    found = winners(one, place, kind, lang, threshold=threshold)
    # the change of a probability is told in points, as all changes of shares
    rows = [{**row, "change": POINTS * row["change"], "group": row["group"] or say("vs.kind.all")} for row in found]
    households = say("unit.households")
    columns = [Column("group", say(f"vs.kind.{kind}"))]
    columns.append(Column("households", say("vs.column.households"), "count"))
    columns += [Column(code, say(f"vs.column.{code}"), "count", 0, households) for code in ("won", "lost")]
    columns += [Column(code, say(f"vs.column.{code}"), "percent", 2) for code in ("share_won", "share_lost")]
    columns.append(Column("change", say("vs.column.risk"), "signed", 2, say("vs.points.unit")))
    columns.append(Column("income_change", say("vs.column.income_change"), "signed", 0, currency_of(one.first, lang)))
    title = say("vs.groups.title", plan=called, year=one.first.years[place], threshold=points_text(threshold, lang))
    return Table("compare_groups", title, columns, rows, _note(one, lang))


def _note(one: Pair, lang: Language) -> str:
    say, counts = texts(lang), _counts(one)
    said = [say("vs.groups.note"), say(f"vs.groups.note.{luck(one)}", **counts)]
    if luck(one) == "common" and counts["mine"] != one.pairs.first.size:
        # a third plan leaves the rest of the page fewer draws
        said.append(say("vs.groups.note.all", draws=counts["mine"], common=one.pairs.first.size))
    return sentences(said, lang)


def ladder_table(pairs: Sequence[Pair], called: Sequence[str], place: int, lang: Language) -> Table:
    """Return how many households win or lose by how much their probability of being poor changes.

    Parameters
    ----------
    pairs : sequence of Pair
        The other plans beside the first, all run with households.
    called : sequence of str
        Their names.
    place : int
        Position of the year.
    lang : {"zh", "en"}
        Language.
    """
    say = texts(lang)
    told = [changes(one, place) for one in pairs]
    rows: list[dict[str, Any]] = []
    for threshold in LADDER:
        row: dict[str, Any] = {"_key": f"{threshold:g}", "threshold": POINTS * threshold}
        for at, one in enumerate(told):
            bar = threshold + one.noise + ROUNDING
            row[f"won{at}"] = float(one.weight[one.change < -bar].sum())
            row[f"lost{at}"] = float(one.weight[one.change > bar].sum())
        rows.append(row)
    columns = [Column("threshold", say("vs.column.threshold"), "number", 0, say("vs.points.unit"))]
    for at, name in enumerate(called):
        of = "" if len(called) == 1 else say("vs.column.of", plan=name)
        unit = say("unit.households")
        columns += [Column(f"{code}{at}", say(f"vs.column.{code}") + of, "count", 0, unit) for code in ("won", "lost")]
    said = [say("vs.ladder.note")]
    if any(luck(one) != "common" for one in pairs):
        said.append(say("vs.ladder.note.luck"))
    return Table("compare_ladder", say("vs.ladder.title"), columns, rows, sentences(said, lang))
