"""Persons and households by the rules they fail: what excludes them, as the rules stand and with some switched off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

if TYPE_CHECKING:
    from povsim.sensitivity.veto_rollups import Histograms

Array = npt.NDArray[Any]
HOUSEHOLDS, PERSONS = 0, 1
"""Places of the counts."""
STORED = ("any_hit", "sole_blocker", "shapley", "excluded", "overlap", "both")


def by_draw(patterns: Array, cases: Array, rules: int) -> dict[str, Array]:
    """Attribute the excluded to rules, draw by draw.

    Parameters
    ----------
    patterns : array of uint64
        Bit i set where the i-th rule fails; may name a pattern more than once.
    cases : array
        (draw, pattern, count): households and persons.
    rules : int
        Number of rules.

    Returns
    -------
    dict of str to array
        As ``attribution`` names them: ``any_hit``, ``sole_blocker``, ``shapley`` (count, draw, rule), ``excluded``
        (count, draw), and, as means over draws, ``overlap`` and ``both`` (count, rule, rule).

    Examples
    --------
    >>> found = by_draw(np.array([0, 1, 3], dtype=np.uint64), np.array([[[9], [3], [1]]]), 2)
    >>> found["shapley"].tolist(), found["excluded"].tolist()
    ([[[3.5, 0.5]]], [[4]])
    """
    from povsim.sensitivity.veto_kernels import count_patterns
    from povsim.sensitivity.veto_shares import closed_forms

    draws, _, counts = cases.shape
    draw, where = np.nonzero(cases.any(axis=2) & (patterns != 0))
    singles = np.zeros((counts, draws, rules, rules + 1), dtype=np.int64)
    pairs = np.zeros((counts, draws, rules, rules, rules + 1), dtype=np.int64)
    hit = np.ascontiguousarray(patterns[where])
    for place in range(counts):
        heads = np.ascontiguousarray(cases[draw, where, place], dtype=np.int64)
        count_patterns(hit, heads, draw, singles[place], pairs[place])
    forms = closed_forms(singles, pairs, ("count", "draw"))
    found = {name: forms[name].to_numpy() for name in STORED}
    return found | {name: found[name].mean(axis=1) for name in ("overlap", "both")}


def mask_of(codes: Sequence[str], off: Collection[str]) -> np.uint64:
    """Return the bits of the rules that stay in force.

    Examples
    --------
    >>> int(mask_of(["income", "food", "housing"], ["food"]))
    5
    """
    return np.uint64(sum(1 << place for place, code in enumerate(codes) if code not in off))


def attributed(part: xr.Dataset, year: int, off: Collection[str]) -> dict[str, Array]:
    """Attribute the excluded of a year to the rules in force; exact.

    Parameters
    ----------
    part : Dataset
        As :func:`povsim.views.vetoes.digest` makes it.
    year : int
        Year of the run.
    off : collection of str
        Rules of households that are switched off; other codes are passed over.

    Returns
    -------
    dict of str to array
        As :func:`by_draw` returns them; households first, persons second.
    """
    codes = codes_of(part)
    gone = frozenset(code for code in off if code in codes)
    place = year_place(part, year)
    if not gone:
        return {name: part[name].to_numpy()[place] for name in STORED}
    patterns = part["pattern"].to_numpy() & mask_of(codes, gone)
    return by_draw(patterns, part["cases"].to_numpy()[place], len(codes))


def year_place(part: xr.Dataset, year: int) -> int:
    """Return the place of a year along the dim of that name."""
    return int(part["year"].to_numpy().tolist().index(year))


def codes_of(part: xr.Dataset) -> list[str]:
    """Return the codes of the rules of households that veto."""
    return [str(code) for code in part["rule"].to_numpy()]


def persons_by_pattern(part: xr.Dataset, year: int, off: Collection[str]) -> tuple[Array, Array]:
    """Return the patterns that the rules in force leave, and (pattern, count) means over draws, most persons first.

    Those who fail nothing come as pattern 0, wherever their number puts them.
    """
    masked = part["pattern"].to_numpy() & mask_of(codes_of(part), off)
    mean = part["cases"].to_numpy()[year_place(part, year)].mean(axis=0)
    kept, place = np.unique(masked, return_inverse=True)
    sums = np.zeros((kept.size, mean.shape[1]))
    np.add.at(sums, place, mean)
    order = np.argsort(-sums[:, 1], kind="stable")
    order = order[sums[order].any(axis=1)]
    return kept[order], sums[order]


def failing_villages(part: xr.Dataset, year: int, off: Collection[str]) -> Array:
    """Return how many villages have too large a share of failing persons, by draw; exact.

    The limit is that of the standard's test of incidence, here held against who truly fails the rules in force.
    """
    codes = codes_of(part)
    if not any(code in codes for code in off):
        return np.asarray(part["rollup_failing"].to_numpy()[year_place(part, year)])
    fails, draw, _ = village_verdicts(part, year, off)
    return np.bincount(draw[fails], minlength=part.sizes["draw"])


def village_verdicts(part: xr.Dataset, year: int, off: Collection[str]) -> tuple[Array, Array, Array]:
    """Return, for each village of each draw: whether it fails by its persons, its draw, and its place."""
    from povsim.sensitivity.veto_rollups import exact_limit, failing_areas

    areas, draw, village = _histograms(part, year)
    bound = exact_limit(float(part["limit"].to_numpy()[year_place(part, year)]), part.attrs["limit_comparison"])
    codes = codes_of(part)
    active = np.array([code not in off for code in codes], dtype=bool)
    return failing_areas(areas, bound, active), draw, village


def _histograms(part: xr.Dataset, year: int) -> tuple[Histograms, Array, Array]:
    from povsim.sensitivity.veto_rollups import Histograms

    place = year_place(part, year)
    first, last = part["year_rows"].to_numpy()[place : place + 2]
    begin, end = part["year_areas"].to_numpy()[place : place + 2]
    rows = part["row_pattern"].to_numpy()[first:last]
    counts = part["row_persons"].to_numpy()[first:last].astype(np.int64)
    starts = np.append(part["area_start"].to_numpy()[begin:end].astype(np.int64) - first, last - first)
    key = part["area_key"].to_numpy()[begin:end]
    areas = Histograms(_names(key.size), codes_of(part), part["pattern"].to_numpy()[rows], counts, starts)
    return areas, key // part.sizes["village"], key % part.sizes["village"]


@cache
def _names(number: int) -> Sequence[str]:
    # only their number is asked for
    return range(number)  # type: ignore[return-value]
