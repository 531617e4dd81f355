"""What a sweep keeps of each run: named outputs by area, whether targets hold, and functions of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import xarray as xr

from povsim.errors import InputError, Problem, nearest
from povsim.outcomes import Area, by_area, ratios
from povsim.outlook import target_held
from povsim.scenario import Scenario

Reduction = Callable[[xr.Dataset], "xr.DataArray | float"]
"""A function of one set's outcomes (draw, year, village, ...); what it returns has any dims, or none."""

# code: units, label, Chinese label
RATIOS = {
    "headcount_ratio": ("share", "share truly below the income line", "真实贫困发生率（收入）"),
    "failing_ratio": ("share", "share truly failing any veto test", "真实未达标比例"),
    "poverty_gap": ("share", "poverty gap", "贫困缺口率"),
    "poverty_severity": ("share", "squared poverty gap", "贫困强度"),
    "watts": ("log points", "Watts index", "瓦茨指数"),
    "registered_ratio": ("share", "share registered or relapsed", "登记贫困发生率"),
    "composite_incidence": ("share", "registered, omitted and wrongly exited over all", "综合贫困发生率"),
    "mean_income": ("yuan per head and year", "mean income", "人均收入"),
}
EVENTS = ("exits", "wrong_exits", "relapses", "omissions", "newly_poor", "lasting_exits")
COUNTS = (
    "poor_persons", "failing_persons", *EVENTS, *(f"{name}_households" for name in EVENTS), "loans_outstanding",
    "arrears",
)  # fmt: skip
"""Sums over the villages of an area, labelled as in the outcomes."""
SUMS = {
    "spending": ("yuan per year", "money spent on all measures", "各项措施支出合计"),
    "villages_passing": ("villages", "villages that pass", "达标村数"),
}
VERDICTS = ("county_passes_true", "county_passes_seen")
"""By county only: 1 passes, 0 does not, -1 no tests."""
OUTPUTS = (*RATIOS, *COUNTS, *SUMS, *VERDICTS)
"""Names of all outputs, beside the codes of the scenario's targets."""
AREAS = get_args(Area)
DIMS = ("sample", "draw", "year", *AREAS)


@dataclass(frozen=True)
class Chosen:
    """One output that was asked for: its name in the result, what it is of, the area (empty where there is none)."""

    name: str
    of: str | Reduction
    area: str

    @property
    def address(self) -> str:
        """What tells it from others across processes; of a function only the name, since its text cannot be known."""
        if isinstance(self.of, str):
            return f"{self.of} by {self.area or 'target'}"
        return f"function {self.of.__module__}.{self.of.__qualname__}"


def choose_outputs(outputs: object, scenario: Scenario) -> tuple[Chosen, ...]:
    """Return the outputs that were asked for.

    Parameters
    ----------
    outputs : sequence of str, tuple of (str, area), or callable
        Names of :data:`OUTPUTS` or codes of targets; by county unless an area is named.
    scenario : Scenario
        The plan, for its targets.

    Raises
    ------
    InputError
        Unknown names and areas, functions without a name, two outputs of one name, none at all.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> [item.name for item in choose_outputs(["exits", ("exits", "township"), "incidence"], read_scenario("sample"))]
    ['exits', 'exits_by_township', 'incidence']
    """
    listed = [outputs] if isinstance(outputs, str) or callable(outputs) else outputs
    items: Sequence[Any] = list(listed) if isinstance(listed, Sequence) else []
    targets = [target.code for target in scenario.targets]
    read = [_read(item, targets) for item in items]
    problems = [item for item in read if isinstance(item, Problem)]
    chosen = tuple(item for item in read if isinstance(item, Chosen))
    names = [item.name for item in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem(f"outputs {name}", "two outputs share this name") for name in twice]
    if not items:
        problems.append(Problem("outputs", "none given", allowed=", ".join((*OUTPUTS, *targets))))
    if problems:
        raise InputError("sweep", problems)
    return chosen


def _read(item: object, targets: list[str]) -> Chosen | Problem:
    if callable(item):
        name = getattr(item, "__name__", "")
        if not name.isidentifier() or not hasattr(item, "__qualname__") or name in DIMS:
            return Problem("outputs", "a function needs a name of its own", repr(item), mend="write it with def")
        return Chosen(name, item, "")
    name, area = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
    known = [*OUTPUTS, *targets]
    if name not in known:
        return Problem("outputs", "no such output", str(name), ", ".join(known), nearest(str(name), known))
    areas = AREAS if name in OUTPUTS and name not in VERDICTS else ("county",) if name in VERDICTS else ()
    if area is not None and area not in areas:
        allowed = ", ".join(areas) or "the name alone: a target is one of the whole county"
        return Problem(f"outputs {name}", "not by this area", str(area), allowed, nearest(str(area), areas))
    of = (area or "county") if areas else ""
    return Chosen(name if of in ("county", "") else f"{name}_by_{of}", name, of)


def reduce_outcomes(
    outcomes: xr.Dataset, scenarios: Sequence[Scenario], chosen: Sequence[Chosen], base: Scenario
) -> xr.Dataset:
    """Reduce the outcomes of a batch of sets to the outputs.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it, one scenario a set.
    scenarios : sequence of Scenario
        As simulated, in the same order.
    chosen : sequence of Chosen
        Outputs.
    base : Scenario
        What the sets change: its targets and its currency label the outputs.

    Returns
    -------
    Dataset
        Each output with the leading dim ``sample`` in the place of ``scenario``.
    """
    shares: dict[str, xr.Dataset] = {}
    data = {}
    for item in chosen:
        if not isinstance(item.of, str):
            data[item.name] = _of_function(outcomes, scenarios, item.name, item.of)
            continue
        if item.of in RATIOS and item.area not in shares:
            shares[item.area] = ratios(outcomes, _area(item.area))
        array = shares[item.area][item.of] if item.of in RATIOS else _summed(outcomes, scenarios, item)
        labels = _labels(item.of, outcomes, base)
        data[item.name] = _bare(array.rename(scenario="sample")).assign_attrs(labels)
    for name, array in data.items():
        _check_labels(name, array, data)
    return xr.Dataset({name: _ordered(array) for name, array in data.items()})


def _check_labels(name: str, array: xr.DataArray, others: Mapping[str, xr.DataArray]) -> None:
    """Refuse what would be filled up with missing values beside other outputs, such as a part of the years."""
    try:
        xr.align(array, *others.values(), join="exact", copy=False)
    except ValueError:
        mend = "return all labels of a dim, or another dim"
        raise InputError(
            "sweep", [Problem(f"outputs {name}", "has other labels than other outputs", mend=mend)]
        ) from None


def _area(name: str) -> Area:
    return cast("Area", name)


def _summed(outcomes: xr.Dataset, scenarios: Sequence[Scenario], item: Chosen) -> xr.DataArray:
    of = str(item.of)
    if of in VERDICTS:
        return outcomes[of].rename(county_name="county")
    if of == "villages_passing":
        passing = (outcomes["village_passes"] == 1).astype(np.int64)
        return by_area(outcomes.assign(village_passes=passing), "village_passes", _area(item.area))
    if of == "spending":
        return by_area(outcomes, of, _area(item.area)).astype(np.int64).sum("measure")
    if of in COUNTS:
        return by_area(outcomes, of, _area(item.area)).astype(np.int64)
    held = [_held(outcomes.sel(scenario=scenario.code), of, scenario) for scenario in scenarios]
    return xr.DataArray(
        np.stack(held),
        {name: outcomes[name].values for name in ("draw", "year")},
        ("scenario", "draw", "year"),
    )


def _held(one: xr.Dataset, code: str, scenario: Scenario) -> Any:
    """Tell where a target holds: 1 or 0, not a number in years without it; shape (draw, year)."""
    target = next((target for target in scenario.targets if target.code == code), None)
    if target is None:
        return np.full((one.sizes["draw"], one.sizes["year"]), np.nan)
    due = np.array([target.applies(year) for year in scenario.span])
    return np.where(due, target_held(one, target, scenario), np.nan)


def _labels(name: str, outcomes: xr.Dataset, base: Scenario) -> dict[str, str]:
    if name in RATIOS or name in SUMS:
        units, label, label_zh = (RATIOS | SUMS)[name]
    elif name in OUTPUTS:
        units, label, label_zh = (str(outcomes[name].attrs[key]) for key in ("units", "long_name", "long_name_zh"))
    else:
        target = next(target for target in base.targets if target.code == name)
        units, label = "flag", f"{target.name_en}: 1 held, 0 not, missing where no target is set"
        label_zh = f"{target.name_zh}：1 达到，0 未达到，空缺为当年无目标"
    return {"units": units.replace("yuan", base.currency), "long_name": label, "long_name_zh": label_zh}


def _of_function(outcomes: xr.Dataset, scenarios: Sequence[Scenario], name: str, function: Reduction) -> xr.DataArray:
    found = []
    for scenario in scenarios:
        value: object = function(_alone(outcomes, scenario))
        if not isinstance(value, (xr.DataArray, int, float, np.number, np.bool_)):
            allowed = "a DataArray or a number"
            raise InputError("sweep", [Problem(f"outputs {name}", "returned", type(value).__name__, allowed)])
        array = value if isinstance(value, xr.DataArray) else xr.DataArray(value)
        kept = {key: str(array.attrs[key]) for key in ("units", "long_name", "long_name_zh") if key in array.attrs}
        found.append(_bare(array).drop_attrs().assign_attrs(kept))
    return joined(found, name)


def _alone(outcomes: xr.Dataset, scenario: Scenario) -> xr.Dataset:
    """Return one set's outcomes as a run of its own has them: without the measures and tests of other sets."""
    standard = scenario.exit_standard
    tests = [test.code for level in (standard.household.tests, standard.village, standard.county) for test in level]
    own = {"measure": list(scenario.active()), "veto": list(dict.fromkeys(tests))}
    places = {}
    for dim, codes in own.items():
        if dim in outcomes.dims:
            known = outcomes[dim].values.tolist()
            places[dim] = [known.index(code) for code in codes]
    return outcomes.sel(scenario=scenario.code, drop=True).isel(places)


def joined(arrays: Sequence[xr.DataArray], name: str) -> xr.DataArray:
    """Stack or lengthen arrays along ``sample``; all need the same labels along their other dims."""
    try:
        return xr.concat(arrays, "sample", join="exact", coords="minimal", compat="override", combine_attrs="override")
    except ValueError:
        raise _uneven(name) from None


def _uneven(name: str) -> InputError:
    allowed = "the same dims and labels for every set"
    return InputError("sweep", [Problem(f"outputs {name}", "differs in shape between sets", allowed=allowed)])


def _bare(array: xr.DataArray) -> xr.DataArray:
    """Drop labels that are not of a dim, which would clash between areas."""
    bare = array.drop_vars([key for key in array.coords if key not in array.dims]).rename(None)
    return bare.assign_coords({key: item.astype(str) for key, item in bare.coords.items() if item.dtype.kind == "O"})


def _ordered(array: xr.DataArray) -> xr.DataArray:
    lead = [dim for dim in ("sample", "draw", "year") if dim in array.dims]
    return array.transpose(*lead, ...)
