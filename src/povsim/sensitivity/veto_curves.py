"""Exclusion as a function of one rule's threshold: exact from units, exact at bin edges from a run's margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.rulebook import Comparison
from povsim.sensitivity.matching import labels_of, matched, twice
from povsim.sensitivity.veto_inputs import Weights, check_known, one_weight
from povsim.sensitivity.veto_kernels import read_steps

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
COMPARISONS = (">", ">=", "<", "<=")
THREADS = 2
"""Rules are sorted side by side."""
Passing = Comparison | Mapping[str, Comparison]
"""How a value passes, for all rules or by rule."""


@dataclass(frozen=True, eq=False)
class ExclusionCurves:
    """Exact step functions: the excluded as the threshold of one rule moves and the others stay.

    Attributes
    ----------
    vetoes : sequence of str
        Codes of the rules.
    comparisons : sequence of str
        How a value passes each rule.
    values : array
        Where units not otherwise blocked lie, rising, one rule after another; the curves step there.
    sums : array
        Weights of the units before each place of a rule, and of all of them: one more by rule than there are values.
    starts : array of int64
        Values of rule r are ``starts[r]`` to ``starts[r + 1]``.
    otherwise : array
        By rule: weight of the units that other rules block anyway.
    """

    vetoes: Sequence[str]
    comparisons: Sequence[Comparison]
    values: Array
    sums: Array
    starts: npt.NDArray[np.int64]
    otherwise: Array

    def at(self, thresholds: npt.ArrayLike) -> xr.DataArray:
        """Return the excluded at thresholds.

        Parameters
        ----------
        thresholds : array
            (veto, point) or, for all rules alike, (point). Rules with labels are matched by them.

        Returns
        -------
        DataArray
            (veto, point), in the unit of the weights; the coordinate ``threshold`` has the thresholds.
        """
        wanted = self._wanted(thresholds)
        if wanted.ndim not in (1, 2) or (wanted.ndim == 2 and wanted.shape[0] != len(self.vetoes)):
            allowed = f"(point) or ({len(self.vetoes)}, point)"
            raise InputError("thresholds", [Problem("thresholds", "have another shape", str(wanted.shape), allowed)])
        if np.isnan(wanted).any():
            raise InputError("thresholds", [Problem("thresholds", "should be numbers everywhere")])
        wanted = np.broadcast_to(wanted, (len(self.vetoes), wanted.shape[-1]))
        out = np.empty(wanted.shape, dtype=self.otherwise.dtype)
        kinds = np.array([COMPARISONS.index(sign) for sign in self.comparisons])
        read_steps((self.values, self.sums), self.starts, wanted, kinds, out)
        out += self.otherwise[:, np.newaxis]
        coords = {"veto": list(self.vetoes), "threshold": (("veto", "point"), wanted)}
        about = {"long_name": "excluded", "long_name_zh": "不达标合计", "method": "exact: step function"}
        return xr.DataArray(out, coords, ("veto", "point"), "excluded", about)

    def _wanted(self, thresholds: npt.ArrayLike) -> Floats:
        """Return thresholds as numbers, rules in the order of the curves."""
        given: Any = thresholds
        if isinstance(given, xr.DataArray) and "veto" in given.dims:
            if given.ndim != 2:
                dims = ", ".join(map(str, given.dims))
                raise InputError("thresholds", [Problem("thresholds", "have another shape", dims, "(veto, point)")])
            given = given.transpose("veto", ...)
        if isinstance(given, xr.DataArray | pd.DataFrame):
            given = matched(given, "veto", pd.Index(self.vetoes), ("thresholds", "thresholds"))
        return np.asarray(given, dtype=np.float64)


def exclusion_curves(
    values: xr.DataArray, blocked: xr.DataArray, *, comparison: Passing = ">=", weight: Weights | None = None
) -> ExclusionCurves:
    """Prepare the excluded as functions of each rule's threshold.

    For a test x >= tau: #{otherwise blocked} + #{not otherwise blocked, x < tau}, otherwise meaning by another rule as
    it stands. A unit whose value is missing is not held back by the rule.

    Parameters
    ----------
    values : DataArray
        (unit, veto): what is compared with the threshold.
    blocked : DataArray
        Booleans (unit, veto) as the rules stand; may have further vetoes, whose thresholds do not move. Units that have
        labels in both are matched by label, else by place.
    comparison : {">", ">=", "<", "<="} or mapping of veto to one
        How a value passes.
    weight : array, optional
        By unit; 1 if not given.

    Raises
    ------
    InputError
        Dims or labels that do not match, unknown rules or comparisons.

    Examples
    --------
    >>> values = xr.DataArray([[2000.0], [2900.0], [3100.0]], dims=("unit", "veto"), coords={"veto": ["income"]})
    >>> blocked = xr.DataArray([[1, 0], [0, 0], [0, 1]], dims=("unit", "veto"), coords={"veto": ["income", "house"]})
    >>> exclusion_curves(values, blocked.astype(bool)).at([1000, 2900, 2901]).values
    array([[1, 2, 3]])
    """
    codes, figures, flags = _agreed(values, blocked)
    passing = comparisons_of(comparison, codes)
    table = figures.to_numpy().astype(np.float64, copy=False)
    heads = None if weight is None else _heads(weight, figures, flags)
    every = flags.to_numpy()
    named = [str(code) for code in flags["veto"].to_numpy()]
    free = np.ascontiguousarray((every.sum(axis=1, dtype=np.int64)[:, np.newaxis] == every).T)
    own = free[[named.index(code) for code in codes]]
    columns = np.ascontiguousarray(table.T)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda place: _steps(columns[place], own[place], heads), range(len(codes))))
    total = np.int64(own.shape[1]) if heads is None else heads.sum()
    return ExclusionCurves(
        codes,
        passing,
        np.concatenate([np.zeros(0), *(values for values, *_ in found)]),
        np.concatenate([np.zeros(0, dtype=np.int64), *(below for _, below, _ in found)]),
        np.concatenate([[0], np.cumsum([values.size for values, *_ in found])]).astype(np.int64),
        np.array([total - held for *_, held in found]),
    )


def _heads(weight: Weights, figures: xr.DataArray, flags: xr.DataArray) -> Array:
    """Return the weight by unit; either table may have the labels of the units."""
    dim = flags.dims[0]
    labels = labels_of(flags, dim)
    labels = labels_of(figures, figures.dims[0]) if labels is None else labels
    return one_weight("weight", weight, dim, flags.shape[0], labels)


def _agreed(values: xr.DataArray, blocked: xr.DataArray) -> tuple[list[str], xr.DataArray, xr.DataArray]:
    """Return the rules that have values, values and flags (unit, veto) of the same units, after checking both."""
    problems = []
    for name, table in (("values", values), ("blocked", blocked)):
        if not isinstance(table, xr.DataArray) or table.ndim != 2 or "veto" not in table.coords:
            problems.append(Problem(name, "should be a DataArray (unit, veto) with the codes of the vetoes"))
    if not problems and blocked.dtype != bool:
        problems.append(Problem("blocked", "should be booleans", str(blocked.dtype)))
    if not problems:
        problems += twice("blocked", blocked["veto"].to_numpy(), "names rules twice")
    if problems:
        raise InputError("exclusion curves", problems)
    figures, flags = values.transpose(..., "veto"), blocked.transpose(..., "veto")
    dim = figures.dims[0]
    flags = matched(flags, flags.dims[0], labels_of(figures, dim), ("blocked", "exclusion curves"))
    if flags.shape[0] != figures.shape[0]:
        raise InputError("exclusion curves", [Problem("values", "have another number of units than blocked")])
    codes = [str(code) for code in values["veto"].to_numpy()]
    check_known(codes, [str(code) for code in blocked["veto"].to_numpy()], "values")
    return codes, figures, flags


def comparisons_of(given: Passing, codes: Sequence[str]) -> list[Comparison]:
    """Return how a value passes each rule.

    Raises
    ------
    InputError
        Another sign, or a rule without one.
    """
    if isinstance(given, str):
        found: Mapping[str, Comparison] = dict.fromkeys(codes, given)
    else:
        found = given
    problems = [
        Problem(f"comparison.{code}", "should be one of the four signs", str(found.get(code)), ", ".join(COMPARISONS))
        for code in codes
        if found.get(code) not in COMPARISONS
    ]
    problems += [
        Problem(f"comparison.{code}", "no such rule", code, mend=nearest(code, codes))
        for code in found
        if code not in codes
    ]
    if problems:
        raise InputError("rules", problems)
    return [found[code] for code in codes]


def _steps(column: Array, free: Array, heads: Array | None) -> tuple[Array, Array, Any]:
    """Return values, rising, the weights before each and of all, and the weight of all units not otherwise blocked."""
    unknown = np.isnan(column)
    known = free & ~unknown if unknown.any() else free
    found = column[known]
    if heads is None:
        return np.sort(found), np.arange(found.size + 1), np.int64(np.count_nonzero(free))
    order = np.argsort(found)
    sums = np.zeros(found.size + 1, dtype=heads.dtype)
    np.cumsum(heads[known][order], out=sums[1:])
    return found[order], sums, heads[free].sum()


# ---- from the margins of a run ----


@dataclass(frozen=True, eq=False)
class MarginCurve:
    """What a run's margins say about one rule's threshold: persons, mean of the draws.

    Attributes
    ----------
    veto : str
        Code of the rule.
    edges : array
        Bin edges at which the sums are exact, as log(threshold / threshold of the run); the ends are open.
    free, blocked : array
        Persons by bin who are not, and who are, held back by another rule.
    """

    veto: str
    edges: Floats
    free: Floats
    blocked: Floats

    def at(self, factors: npt.ArrayLike) -> xr.Dataset:
        """Return the excluded when the threshold is multiplied by factors.

        Parameters
        ----------
        factors : array
            New threshold over that of the run, above zero.

        Returns
        -------
        Dataset
            ``low``, ``high`` (factor): bounds, equal at a bin edge; ``estimate``, straight between the edges;
            ``otherwise``: persons excluded whatever the threshold. At an edge a person exactly on the threshold
            counts as passing.
        """
        wanted = np.atleast_1d(np.asarray(factors, dtype=np.float64))
        if not (np.isfinite(wanted).all() and (wanted > 0).all()):
            raise InputError("thresholds", [Problem(self.veto, "factors should be above zero")])
        below = np.cumsum(self.free)[:-1]
        sums = np.concatenate([[0.0], below, [self.free.sum()]])
        place = np.log(wanted)
        upper = np.searchsorted(self.edges, place - SLACK)
        at_edge = (upper < self.edges.size) & (
            np.abs(self.edges[np.minimum(upper, self.edges.size - 1)] - place) <= SLACK
        )
        low, high = np.where(at_edge, sums[upper + 1], sums[upper]), sums[np.minimum(upper + 1, sums.size - 1)]
        middle = np.where(at_edge, low, np.interp(place, self.edges, below))
        otherwise = float(self.blocked.sum())
        data = {
            "low": ("factor", otherwise + low),
            "high": ("factor", otherwise + high),
            "estimate": ("factor", otherwise + np.clip(middle, low, high)),
            "otherwise": otherwise,
        }
        about = {"method": "exact at bin edges, bounds between", "veto": self.veto, "units": "persons"}
        return xr.Dataset(data, {"factor": wanted}, about)


SLACK = 1e-9
"""Logarithms that differ by less are the same edge."""


def margin_curve(margins: xr.Dataset, veto: str, year: int, scenario: str | None = None) -> MarginCurve:
    """Prepare the excluded as a function of a threshold from a run's ``margins.nc``.

    Parameters
    ----------
    margins : Dataset
        ``margin_histogram`` (scenario, year, township, veto, otherwise_blocked, bin), summed over draws.
    veto : str
        Code of the rule; only rules on a continuous figure have margins.
    year : int
        Year of the run.
    scenario : str, optional
        The first if not given.

    Raises
    ------
    InputError
        A rule or year without margins, margins of another make.

    Examples
    --------
    >>> import povsim
    >>> from povsim.runs import Settings, run_scenarios
    >>> plan = povsim.read_scenario("sample")
    >>> people = povsim.complete_population(plan)
    >>> results = run_scenarios(people, (plan,), Settings(draws=range(2), seed=1))
    >>> curve = margin_curve(results.margins, "income", 2020)
    >>> found = curve.at([0.9, 1.0, 1.1])
    >>> bool((found["low"] <= found["high"]).all()), bool(found["low"][1] == found["high"][1])
    (True, True)
    """
    _check_margins(margins, veto, year)
    chosen = margins["margin_histogram"].sel(veto=veto, year=year)
    chosen = chosen.isel(scenario=0) if scenario is None else chosen.sel(scenario=scenario)
    table = chosen.sum("township").transpose("otherwise_blocked", "bin").to_numpy() / int(margins.attrs["draws"])
    first, width = float(margins["bin"][0]), float(margins.attrs["bin_width"])
    edges = np.round(first + width * np.arange(1, table.shape[1]), 12)
    return MarginCurve(veto, edges, table[0], table[1])


def _check_margins(margins: xr.Dataset, veto: str, year: int) -> None:
    missing = [name for name in ("draws", "bin_width") if name not in margins.attrs]
    if "margin_histogram" not in margins or missing:
        raise InputError("margins.nc", [Problem("margins.nc", "is not what povsim writes")])
    problems = []
    codes = [str(code) for code in margins["veto"].to_numpy()]
    years = [int(each) for each in margins["year"].to_numpy()]
    if veto not in codes:
        what = "the run keeps no distances to this rule's threshold"
        problems.append(Problem(veto, what, veto, ", ".join(codes), nearest(veto, codes)))
    if year not in years:
        problems.append(Problem("year", "is not in the run", str(year), f"{years[0]} to {years[-1]}"))
    if problems:
        raise InputError("margins.nc", problems)
