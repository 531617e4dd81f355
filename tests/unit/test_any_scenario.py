"""What holds whatever the scenario: counts, money, statuses; the same bits however the work is divided."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import povsim
from povsim.outcomes import panel_dataset
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario
from tests.tiny import capacity, fund, measure

SAMPLE = povsim.read_scenario("sample")
HOUSEHOLD = SAMPLE.active()
VILLAGE = SAMPLE.village_measures()
FREE = [code for code, one in HOUSEHOLD.items() if not one.eligible.holding]
shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def limits(draw):
    """Return a capacity of any kind, in any area, or none."""
    kind = draw(st.sampled_from(["households", "budget", "share", None]))
    number = {"households": st.integers(0, 40), "budget": st.integers(0, 200_000), "share": shares}
    return None if kind is None else capacity(draw(st.sampled_from(["village", "township", "county"])), kind,
                                              draw(number[kind]))  # fmt: skip


@st.composite
def of_measures(draw, on):
    """Return other limits and other orders for some of the measures that are on."""
    given_ = {}
    for code in sorted(on & set(HOUSEHOLD)):
        where, one = f"measures.{code}", HOUSEHOLD[code]
        choices = {"take_up": shares, "priority": st.sampled_from(["poorest_first", "random", "cause"])}
        choices |= {"capacity": limits()} if one.fund is None and one.type != "medical" else {}
        given_ |= {f"{where}.{name}": draw(values) for name, values in choices.items() if draw(st.booleans())}
    return given_


@st.composite
def changes(draw, code="any"):
    """Return overrides of the sample's plan: other measures on, other limits, other luck."""
    on = {*draw(st.sets(st.sampled_from(FREE))), *draw(st.sets(st.sampled_from(sorted(VILLAGE)), max_size=4))}
    # what only holders of another measure may have can be on where that one is
    held = {c for c in set(HOUSEHOLD) - set(FREE) if set(HOUSEHOLD[c].eligible.holding) & on}
    given_ = {f"measures.{c}.active": c in on or (c in held and draw(st.booleans())) for c in SAMPLE.measures}
    given_ |= draw(of_measures(on))
    hazards = ("inspection.overlooked", "inspection.found", "shocks.disaster.village", "shocks.illness.hazard",
               "shocks.job_loss.hazard", "monitoring.found")  # fmt: skip
    choices = dict.fromkeys(hazards, shares)
    choices |= {"monitoring.from_year": st.integers(2016, 2020), "inspection.checks": st.just(())}
    given_ |= {path: draw(values) for path, values in choices.items() if draw(st.booleans())}
    given_["funds.special.budget"] = draw(st.integers(0, 300_000))
    given_["funds.special.area"] = draw(st.sampled_from(["county", "township"]))
    given_["exit_standard.household.stability_years"] = draw(st.integers(1, 3))
    return {"code": code, **given_}


def made(overrides):
    return povsim.read_scenario("sample", overrides=overrides)


def run(people, plans, draws, **how):
    usual = Settings(draws=range(draws), seed=11, threads=1, household_summary=False, keep_households=True)
    return run_scenarios(people, plans, dataclasses.replace(usual, **how))


QUICK = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # an example takes a second, so none is made smaller
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}


@settings(max_examples=12, **QUICK)
@given(overrides=changes(), draws=st.integers(1, 3), weighted=st.booleans())
def test_books_and_counts_of_any_scenario(people, overrides, draws, weighted):
    scenario = made(overrides)
    if weighted:
        people = people.assign(weight=people["weight"] * 0 + (people["household"].values % 5 + 1).astype(np.int32))
    results = run(people, (scenario,), draws)
    out, panel = results.outcomes, panel_dataset(results.tables, people, results.outcomes)
    check_counts(people, out, panel)
    check_money(people, scenario, out)
    check_rows(people, results, panel)


def check_counts(people, out, panel):
    """Nothing is below zero, everybody is counted once, and what is a part of something is no larger."""
    flags = {name for name in out if out[name].attrs["units"] == "flag"}
    for name in set(out) - flags - {"income_sum"}:
        assert (out[name] >= 0).all() or np.isnan(out[name]).any(), name
    heads, weight = (people[name].values.astype(int) for name in ("persons", "weight"))
    village = people["household_village"].values
    everybody = np.bincount(village, heads * weight)
    assert (out["persons"].sum("status").values == everybody).all()
    assert (out["households"].sum("status").values == np.bincount(village, weight)).all()
    for part, whole in (
        ("wrong_exits", "exits"), ("wrong_exits_households", "exits_households"), ("omissions", "failing_persons"),
        ("failing_exited_persons", "failing_persons"), ("poor_persons", "failing_persons"),
    ):  # fmt: skip
        assert (out[part] <= out[whole]).all(), part
    assert (out["failing_persons"].values <= everybody).all()
    monitored = out["persons"].sel(status="monitored")
    assert (out["monitored_persons"].sum("monitored_class") == monitored).all()
    for name in panel:
        assert np.isfinite(panel[name]).all(), name


def check_money(people, scenario, out):
    """Funds and budgets hold, area by area; spending on funds is the sum of what draws on them."""
    spent = out["spending"].isel(scenario=0)
    for code, one in scenario.active().items():
        limited = one.capacity is not None and one.capacity.budget is not None
        # what a compensation or a post pays differs from household to household, and is planned at its mean
        varies = getattr(one, "PAID", False) and one.effect_sd.at(2016) > 0
        if not limited or varies or code not in spent["measure"].values:
            continue
        per_area = spent.sel(measure=code)
        if one.capacity.area != "village":
            per_area = per_area.groupby(one.capacity.area).sum("village")
        assert (per_area <= one.capacity.budget.at(2016)).all(), code
    for code in scenario.funds:
        book, budget = (out[f"fund_{name}"].isel(scenario=0).sel(fund=code) for name in ("spending", "budget"))
        assert (book <= budget).all()
        drawing = [name for name, each in scenario.active().items() if each.fund == code]
        assert (book == spent.sel(measure=drawing).sum(["measure", "village"])).all()


def check_rows(people, results, panel):
    """Statistics are those of the households: statuses, patterns, histograms, who received what."""
    out, tables = results.outcomes.isel(scenario=0), results.tables
    heads, weight = (people[name].values.astype(int) for name in ("persons", "weight"))
    village, villages = people["household_village"].values, people.sizes["village"]
    received, status, pattern = (panel[name].values[0] for name in ("received", "status", "pattern"))
    income = np.maximum(panel["counted_income"].values[0] / heads.astype(np.float32), 1.0)
    codes = list(results.scenarios[0].active())
    recipients = out["recipients"].sel(measure=codes).transpose("draw", "year", "measure", "village").values
    households, histogram, edges = out["households"].values, out["income_histogram"].values, out["bin"].values
    town = np.searchsorted(np.unique(people["township"].values), people["township"].values)[village]
    assert np.unique(people["township"].values).tolist() == sorted(out["township_name"].values.tolist())
    order = [sorted(out["township_name"].values.tolist()).index(name) for name in out["township_name"].values]
    for d, y in np.ndindex(received.shape[:2]):
        for bit in range(len(codes)):
            served = np.bincount(village, ((received[d, y] >> bit) & 1) * weight, villages)
            assert np.array_equal(recipients[d, y, bit], served), codes[bit]
        for code in range(5):
            there = np.bincount(village, (status[d, y] == code) * weight, villages)
            assert np.array_equal(households[d, y, :, code], there)
        rows = np.concatenate([part for _, part in tables.patterns[0, d, y]])
        for v, p, units, persons in rows[:: max(1, rows.shape[0] // 20)].tolist():
            here = (village == v) & (pattern[d, y] == p)
            assert (units, persons) == ((weight * here).sum(), (heads * weight * here).sum())
        assert rows[:, 3].sum() == (heads * weight).sum()
        place = np.clip(np.searchsorted(edges, income[d, y], "right") - 1, 0, edges.size - 1)
        # a household on the edge of two bins may fall into either
        near = (np.abs(np.log(income[d, y])[:, None] - np.log(edges)) < 1e-5).any(axis=1)
        for position, number in enumerate(order):
            here = town == number
            plain = np.bincount(place[here], (heads * weight)[here], edges.size)
            apart = np.abs(histogram[d, y, position] - plain).sum()
            assert apart <= 2 * (heads * weight)[here & near].sum()


def same(one, two):
    for name in one:
        assert np.array_equal(one[name].values, two[name].values, equal_nan=one[name].dtype.kind == "f"), name


@settings(max_examples=5, **QUICK)
@given(overrides=changes(), threads=st.sampled_from([1, 2, 3]), block=st.sampled_from([1, 70, 130, 300]))
def test_same_bits_however_the_work_is_divided(people, overrides, threads, block):
    scenario = made(overrides)
    whole, divided = run(people, (scenario,), 2), run(people, (scenario,), 2, threads=threads, block_size=block)
    same(whole.outcomes, divided.outcomes)
    same(whole.margins, divided.margins)
    for name, values in whole.tables.panel.items():
        assert np.array_equal(values, divided.tables.panel[name]), name


@settings(max_examples=5, **QUICK)
@given(one=changes("first"), other=changes("second"), threads=st.sampled_from([1, 2]))
def test_the_order_of_scenarios_is_of_no_account(people, one, other, threads):
    first, second = made(one), made(other)
    there, back = (run(people, plans, 2, threads=threads).outcomes for plans in ((first, second), (second, first)))
    same(there, back.sel(scenario=there["scenario"], measure=there["measure"]))
    alone = run(people, (second,), 2).outcomes
    same(alone, there.sel(scenario=["second"], measure=alone["measure"]).isel(check=slice(alone.sizes["check"])))


@pytest.mark.parametrize("block", [8192, 60])
def test_a_fund_in_the_county_is_met_from_many_blocks(people, block):
    measures = {
        "a": measure(
            "industry", fund="f", unit_cost=600, yearly_cost=300, failure=0.2, eligible={"status": ["registered"]}
        ),
        "b": measure("jobs", fund="f", unit_cost=500, yearly_cost=100, capacity=capacity("village", "households", 2)),
    }
    plan = povsim.read_scenario("sample", overrides={"measures": measures, "funds": {"f": fund(9_000, order=["b"])}})
    assert isinstance(plan, Scenario)
    out = run(people, (plan,), 3, block_size=block).outcomes
    assert (out["fund_spending"] <= 9_000).all()
    assert (out["fund_spending"] > 8_000).all()
    assert out["recipients"].sel(measure="a").sum() > 0
