"""What the exit forecast needs of outcomes: counts by area, targets, flows, villages, measures; small arrays only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.views.forecast_flows import FLOWS, flows_of

if TYPE_CHECKING:
    from povsim.scenario import Scenario

WHOLE = "*"
"""The area that is everything; townships follow it along the area dim."""
COUNTED = {
    "poor": "poor_persons",
    "failing": "failing_persons",
    "exits": "exits",
    "wrong_exits": "wrong_exits",
    "relapses": "relapses",
    "newly_poor": "newly_poor",
    "lasting_exits": "lasting_exits",
    "omissions": "omissions",
    "failing_exited": "failing_exited_persons",
}
"""Counts of persons, by what they are called here and in the outcomes."""
NEEDED = (
    *COUNTED.values(),
    "persons",
    "spending",
    "recipients",
    "village_passes",
    "village_test_fails",
    "failing_by_test",
    "persons_at_start",
)
"""Variables of outcomes that a digest is made from."""
CUBE = ("area", "draw", "year")
Whole = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


def digest_outcomes(outcomes: xr.Dataset, plan: Scenario) -> xr.Dataset:
    """Return what pages show of one scenario's outcomes.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns them, at least the variables of ``NEEDED``.
    plan : Scenario
        The plan, for its targets; its code finds it in the outcomes.

    Returns
    -------
    Dataset
        Dims area (everything first, then townships), draw, year, village, target, flow, measure, test.

        - persons (area, draw, year): the keys of ``COUNTED``, ``everybody``, ``registered`` (relapsed included),
          ``exited``, ``relapsed``, ``monitored`` at year end; ``spending`` in the currency; ``passing`` villages;
        - ``held`` (target, area, draw, year), ``bound`` (target, year; missing where the target is not due),
          ``askable`` (target, area): whether the target says anything about the area;
        - ``moved`` (flow, area, draw, year): persons who changed their status in the year, ``stock`` (status, area,
          draw, year end), whose first year end is that of the register;
        - ``village_*`` (village, year) and ``test_fails`` (test, village, year): means over draws;
        - ``measure_spending``, ``measure_recipients`` (measure, area, year): means over draws.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> found = digest_outcomes(povsim.simulate(povsim.complete_population(plan), plan, draws=2), plan)
    >>> dict(found["poor"].sizes), found["area"].values.tolist()[:2]
    ({'area': 3, 'draw': 2, 'year': 5}, ['*', '东镇'])
    """
    one = outcomes[list(NEEDED)].sel(scenario=plan.code)
    areas, member = _areas(one)
    counts = _counts(one, member)
    data: dict[str, Any] = {name: (CUBE, _small(values)) for name, values in counts.items()}
    data |= (
        _targets(counts, plan, len(areas)) | _flows(one, member, counts, plan) | _villages(one) | _measures(one, member)
    )
    return xr.Dataset(data, _coordinates(one, areas, plan), _attributes(one, outcomes, plan))


def _areas(one: xr.Dataset) -> tuple[list[str], Whole]:
    """Return the areas, everything first, and which villages (rows) belong to them."""
    township = one["township"].to_numpy().astype(str)
    names = list(dict.fromkeys(township.tolist()))
    member = (township[:, np.newaxis] == np.array(names)[np.newaxis]).astype(np.int64)
    return [WHOLE, *names], np.hstack([np.ones((township.size, 1), dtype=np.int64), member])


def _by_area(array: xr.DataArray, member: Whole) -> Whole:
    """Sum a statistic of villages over areas: (area, draw, year)."""
    values = array.transpose("draw", "year", "village").to_numpy().astype(np.int64)
    return np.ascontiguousarray(np.moveaxis(values @ member, -1, 0))


def _counts(one: xr.Dataset, member: Whole) -> dict[str, Whole]:
    found = {name: _by_area(one[source], member) for name, source in COUNTED.items()}
    persons = one["persons"].astype(np.int64)
    status = {name: persons.sel(status=name, drop=True) for name in persons["status"].to_numpy().tolist()}
    found["everybody"] = _by_area(persons.sum("status"), member)
    found["registered"] = _by_area(status["registered"] + status["relapsed"], member)
    found |= {name: _by_area(status[name], member) for name in ("exited", "relapsed", "monitored")}
    found["spending"] = _by_area(one["spending"].astype(np.int64).sum("measure"), member)
    found["passing"] = _by_area((one["village_passes"] == 1).astype(np.int64), member)
    return found


def _small(values: Whole) -> Array:
    """Return whole numbers in 32 bits where they fit."""
    return values.astype(np.int32) if values.size == 0 or int(np.abs(values).max()) < 2**31 else values


def figure(counts: Mapping[str, Any] | xr.Dataset, measure: str) -> tuple[Whole, Whole | None]:
    """Return what a target is measured on: numerator, and denominator where it is a share of persons.

    Parameters
    ----------
    counts : mapping of str to array
        As ``digest_outcomes`` names them; a Dataset will do.
    measure : str
        Measure of a target, or ``failing_ratio``.

    Examples
    --------
    >>> figure({"registered": np.array([3]), "everybody": np.array([100])}, "registered_ratio")
    (array([3]), array([100]))
    """
    parts = {
        "headcount_ratio": ("poor",),
        "failing_ratio": ("failing",),
        "registered_ratio": ("registered",),
        "composite_incidence": ("registered", "omissions", "failing_exited"),
        "exits": ("exits",),
        "villages_passing": ("passing",),
    }[measure]
    top = np.sum([_plain(counts[name]) for name in parts], axis=0)
    if measure in ("exits", "villages_passing"):
        return top, None
    return top, _plain(counts["everybody"])


def _plain(values: Any) -> Whole:
    return np.asarray(getattr(values, "values", values), dtype=np.int64)


def _targets(counts: Mapping[str, Whole], plan: Scenario, areas: int) -> dict[str, Any]:
    from povsim.planning.target_rules import COUNTS
    from povsim.verdicts import compare_ratio

    years, shape = list(plan.span), counts["poor"].shape
    held = np.zeros((len(plan.targets), *shape), dtype=bool)
    bound = np.full((len(plan.targets), len(years)), np.nan)
    askable = np.ones((len(plan.targets), areas), dtype=bool)
    for t, target in enumerate(plan.targets):
        top, bottom = figure(counts, target.measure)
        bottom = np.ones_like(top) if bottom is None else bottom
        for y, year in enumerate(years):
            held[t, ..., y] = compare_ratio(top[..., y], bottom[..., y], target.comparison, target.value.at(year))
            bound[t, y] = target.value.at(year) if target.applies(year) else np.nan
        # a number of persons or villages set for the county does not say how it is shared out
        askable[t, 1:] = target.measure not in COUNTS
    return {
        "held": (("target", *CUBE), held),
        "bound": (("target", "year"), bound),
        "askable": (("target", "area"), askable),
    }


def _flows(one: xr.Dataset, member: Whole, counts: Mapping[str, Whole], plan: Scenario) -> dict[str, Any]:
    persons = one["persons"].transpose("status", "draw", "year", "village").to_numpy().astype(np.int64)
    ends = np.moveaxis(persons @ member, -1, 1)
    start = one["persons_at_start"].transpose("status", "village").to_numpy().astype(np.int64) @ member
    first = np.broadcast_to(start[:, :, np.newaxis, np.newaxis], (*ends.shape[:3], 1))
    stock = np.concatenate([first, ends], axis=-1)
    watching = np.array([plan.monitoring is not None and year >= plan.monitoring.from_year for year in plan.span])
    flow = flows_of(stock, counts["exits"], watching)
    return {
        "stock": (("status", "area", "draw", "year_end"), _small(stock)),
        "moved": (("flow", *CUBE), _small(flow)),
    }


def _villages(one: xr.Dataset) -> dict[str, Any]:
    """Return, by village and year, means over draws of what is told of villages."""
    persons = one["persons"].astype(np.float64)
    on_it = persons.sel(status=["registered", "relapsed"]).sum("status")
    everybody = persons.sum("status")
    passes = one["village_passes"].astype(np.float64)
    fails = one["village_test_fails"].astype(np.float64)
    found = {
        "village_persons": everybody,
        "village_poor": one["poor_persons"],
        "village_registered": on_it,
        "village_exits": one["exits"],
        "village_relapses": one["relapses"],
        "village_passes": passes.where(passes >= 0),
    }
    data: dict[str, Any] = {
        name: (("village", "year"), array.mean("draw", skipna=False).transpose("village", "year").to_numpy())
        for name, array in found.items()
    }
    order = ("veto", "village", "year")
    data["test_fails"] = (
        ("test", *order[1:]),
        fails.where(fails >= 0).mean("draw", skipna=False).transpose(*order).to_numpy(),
    )
    failing = one["failing_by_test"].mean("draw").transpose(*order).to_numpy()
    return data | {"test_persons": (("test", *order[1:]), failing)}


def _measures(one: xr.Dataset, member: Whole) -> dict[str, Any]:
    order = ("measure", "year", "village")
    return {
        f"measure_{name}": (
            ("measure", "area", "year"),
            np.moveaxis(one[name].mean("draw").transpose(*order).to_numpy() @ member, -1, 1),
        )
        for name in ("spending", "recipients")
    }


def _coordinates(one: xr.Dataset, areas: Sequence[str], plan: Scenario) -> dict[str, Any]:
    years = [int(year) for year in one["year"].to_numpy()]
    targets = plan.targets
    texts = {"measure_of": "measure", "comparison": "comparison", "target_zh": "name_zh", "target_en": "name_en"}
    return {
        "area": list(areas),
        "draw": one["draw"].to_numpy(),
        "year": years,
        "year_end": [years[0] - 1, *years],
        "status": one["status"].to_numpy().astype(str),
        "flow": [flow.code for flow in FLOWS],
        "target": np.array([target.code for target in targets], dtype=str),
        **{
            name: ("target", np.array([getattr(t, field) for t in targets], dtype=str)) for name, field in texts.items()
        },
        "target_unit": ("target", np.array([target.value.unit for target in targets], dtype=str)),
        "village": one["village"].to_numpy().astype(str),
        "village_zh": ("village", one["name_zh"].to_numpy().astype(str)),
        "village_en": ("village", one["name_en"].to_numpy().astype(str)),
        "township": ("village", one["township"].to_numpy().astype(str)),
        "test": one["veto"].to_numpy().astype(str),
        **{f"test_{name}": ("test", one[f"veto_{name}"].to_numpy().astype(str)) for name in ("zh", "en")},
        "test_level": ("test", one["level"].to_numpy().astype(str)),
        "measure": one["measure"].to_numpy().astype(str),
        **{f"measure_{name}": ("measure", one[f"measure_{name}"].to_numpy().astype(str)) for name in ("zh", "en")},
    }


def _attributes(one: xr.Dataset, outcomes: xr.Dataset, plan: Scenario) -> dict[str, Any]:
    counties = list(dict.fromkeys(one["county"].to_numpy().astype(str).tolist()))
    return {
        "scenario": plan.code,
        "county": counties[0] if len(counties) == 1 else "",
        "currency": plan.currency,
        "count_unit": str(outcomes.attrs.get("count_unit", "1 household")),
        "monitored_from": 0 if plan.monitoring is None else int(plan.monitoring.from_year),
        "stability_years": json.dumps([plan.exit_standard.household.stability_years.at(year) for year in plan.span]),
    }
