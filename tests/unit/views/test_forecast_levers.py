"""Levers of the exit forecast: chosen from the plan, shown in units people think in."""

from __future__ import annotations

import pytest

import povsim
from povsim.planning.levers import find_levers
from povsim.views.forecast_levers import Lever, bounds_of, dial, levers_in, levers_of, plan_text, without_bounds
from tests.unit.views.forecast_samples import sample_digest


def lever(unit="share", low=0.0, high=1.0, now=0.25, plan="0.25", *, whole=False):
    return Lever("a.b", "measures", "甲", "a", unit, low, high, now, whole, plan)


def test_levers_come_from_the_plan_with_its_bounds():
    found = levers_in(sample_digest().part("forecast"))
    plan = sample_digest().scenario
    assert {one.group for one in found} >= {"measures", "growth", "targets"}
    for one in found:
        if one.group != "targets":
            wanted = find_levers(plan, [one.path])[0]
            assert (one.low, one.high, one.now) == (wanted.low, wanted.high, wanted.now)


def test_the_dearest_measures_with_room_come_first():
    plan = povsim.read_scenario("sample")
    roomy = [code for code, measure in plan.active().items() if measure.capacity is not None]
    found = levers_of(plan, {code: float(place + 1) for place, code in enumerate(roomy)})
    asked = [one.path.split(".")[1] for one in found if one.group == "measures"]
    assert asked == roomy[::-1][: len(asked)]


@pytest.mark.parametrize(
    ("given", "unit", "shown"),
    [
        (lever(), "%", (0.0, 100.0, 0.5, 25.0)),
        (lever("yuan per year", 0.0, 3.6e7, 1.2e7), "million yuan per year", (0.0, 36.0, 0.2, 12.0)),
        (lever("households per year", 0.0, 360.0, 120.0, whole=True), "households per year", (0.0, 360.0, 2.0, 120.0)),
        (lever("share per year", 0.0, 0.294, 0.059), "%", (0.0, 29.4, 0.2, 5.9)),
    ],
)
def test_sliders_show_units_people_think_in(given, unit, shown):
    found = dial(given, "en")
    assert (found.low, found.high, found.step, found.now) == pytest.approx(shown)
    assert found.unit == unit
    assert found.value(found.now) == pytest.approx(given.now)
    assert found.value(found.high) <= given.high


def test_numbers_go_to_the_plan_without_dust():
    assert dial(lever(), "en").value(35.1) == 0.351
    assert dial(lever(), "en").shown(0.07) == 7.0


def test_the_plans_own_value_is_told_year_by_year():
    dated = lever(plan="2016: 0.2; 2017: 0.3")
    assert plan_text(dated, "en") == "Plan: 2016: 20, 2017: 30 %"


def test_bounds_of_targets_need_no_new_run():
    levers = {"targets.incidence.value": 0.03, "measures.jobs.take_up": 0.4}
    assert bounds_of(levers) == {"incidence": 0.03}
    assert without_bounds(levers) == {"measures.jobs.take_up": 0.4}
