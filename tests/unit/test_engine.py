"""What the engine promises whatever the plan: same bits, books that balance, people who are all counted once."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import povsim
from povsim.errors import InputError
from povsim.process import Process
from povsim.runs import Settings, run_scenarios
from povsim.terms import Status
from tests import tiny
from tests.conftest import ALL_OFF, ROOT, flat_transfer, quantity


def _simulated(people, scenario, draws=3, **more):
    return povsim.simulate(people, scenario, draws=draws, seed=7, threads=1, **more)


def _identical(a, b):
    return all(np.array_equal(a[name].values, b[name].values, equal_nan=a[name].dtype.kind == "f") for name in a)


@pytest.mark.parametrize(("threads", "block_size"), [(2, 8192), (3, 100), (1, 1), (2, 250)])
def test_same_bits_for_any_threads_and_blocks(people, sample, threads, block_size):
    plain = Settings(range(4), 7, 1, True, True)
    divided = dataclasses.replace(plain, threads=threads, block_size=block_size)
    first, second = (run_scenarios(people, (sample,), way) for way in (plain, divided))
    assert _identical(first.outcomes, second.outcomes)
    assert _identical(first.margins, second.margins)
    for name, values in first.tables.panel.items():
        assert np.array_equal(values, second.tables.panel[name]), name
    for name, values in first.tables.summary.items():
        assert np.array_equal(values, second.tables.summary[name]), name
    for place, rows in first.tables.patterns.items():
        joined = [np.concatenate([part for _, part in sorted(r, key=lambda x: x[0])]) for r in
                  (rows, second.tables.patterns[place])]  # fmt: skip
        assert np.array_equal(*joined)


def test_villages_without_households_change_nothing(people, sample):
    last = people["household_village"].values < people.sizes["village"] - 1
    emptied = people.isel(household=last)
    for block_size in (8192, 50):
        results = run_scenarios(emptied, (sample,), Settings(range(2), 7, 2, False, False, block_size))
        assert int(results.outcomes["persons"].isel(village=-1).sum()) == 0
        if block_size == 8192:
            first = results.outcomes
    assert _identical(first, results.outcomes)


def test_the_register_s_dibao_gives_way_only_while_a_measure_runs(people, sample):
    late = povsim.read_scenario("sample", overrides={"code": "late", "measures.dibao.years": [2018, 2020]})
    never = povsim.read_scenario("sample", overrides={"code": "never", "measures.dibao.active": False})
    both = _simulated(people, (late, never))
    early = both["income_sum"].sel(source="transfer", year=[2016, 2017])
    assert np.array_equal(early.sel(scenario="late"), early.sel(scenario="never"))
    assert both["spending"].sel(measure="dibao", scenario="late", year=2018).sum() > 0


def test_years_between_register_and_plan_have_their_shocks(people, bare):
    calm = {f"measures.{code}.active": False for code in bare.measures} | {"incomes.common.county_sd": 0.2}
    spread = {}
    for first in (2016, 2020):
        plan = povsim.read_scenario("sample", overrides={**calm, "years": [first, 2020]})
        wages = povsim.simulate(people, plan, draws=60)["income_sum"].sel(source="wage", year=2020).sum("village")
        spread[first] = float(np.log(wages.astype(float)).std())
    assert spread[2020] == pytest.approx(spread[2016], rel=0.02)


def test_new_poverty_is_told_by_the_line_of_the_register_s_year(people):
    rising = {
        "value": {2015: 2855, 2016: 9000},
        "unit": "yuan per head and year",
        "source": "test",
        "status": "assumed",
    }
    high = {**rising, "value": 9000}
    plans = [
        povsim.read_scenario("sample", overrides={"code": name, "exit_standard.household.tests.income.line": line})
        for name, line in (("rising", rising), ("high", high))
    ]
    both = _simulated(people, plans)["newly_poor"].sel(year=2016).sum(["village", "draw"])
    assert both.sel(scenario="rising") > 2 * both.sel(scenario="high")


def test_amounts_and_counts_too_large_are_refused(people, sample):
    rich = people.assign(wage=people["wage"] * 0 + 1e9, weight=people["weight"] * 9_000_000)
    with pytest.raises(InputError, match=r"(?s)too many persons in one village.*an amount too large to be counted"):
        povsim.simulate(rich, sample, draws=1)


def test_seeds_and_draws_matter(people, sample):
    a = povsim.simulate(people, sample, draws=2, seed=1)
    b = povsim.simulate(people, sample, draws=2, seed=2)
    assert not np.array_equal(a["poor_persons"], b["poor_persons"])
    assert not np.array_equal(a["poor_persons"].isel(draw=0), a["poor_persons"].isel(draw=1))


def test_a_range_of_draws_is_a_part_of_the_whole(people, sample):
    whole = _simulated(people, sample, draws=5)
    part = _simulated(people, sample, draws=range(2, 4))
    assert part["draw"].values.tolist() == [2, 3]
    assert _identical(whole.isel(draw=slice(2, 4)), part)


def test_a_measure_that_nobody_receives_changes_nothing(people, sample):
    nobody = {"measures.extra": flat_transfer(5000, take_up=quantity(0.0, "share"))}
    with_extra = povsim.read_scenario("sample", overrides=nobody)
    a, b = _simulated(people, sample), _simulated(people, with_extra)
    assert b["recipients"].sel(measure="extra").sum() == 0
    assert b["spending"].sel(measure="extra").sum() == 0
    assert _identical(a, b.drop_sel(measure="extra"))


def test_scenarios_run_together_or_alone_alike(people, sample):
    other = povsim.read_scenario(
        "sample", overrides={"code": "other", "measures.dibao.active": False, "incomes.growth.wage": 0.02}
    )
    together = _simulated(people, (sample, other))
    for scenario in (sample, other):
        alone = _simulated(people, scenario)
        assert _identical(alone, together.sel(scenario=[scenario.code], measure=alone["measure"].values))
    turned = _simulated(people, (other, sample)).sel(scenario=together["scenario"], measure=together["measure"])
    assert _identical(together, turned)


def test_an_added_household_changes_no_other_household(people, sample):
    # the shared capacities and funds of the county couple households, so they are lifted here
    held = {f"measures.{code}": measure for code, measure in sample.active().items()}
    lifted = {f"{path}.capacity": None for path, measure in held.items() if measure.capacity is not None}
    lifted |= {f"{path}.fund": None for path, measure in held.items() if measure.fund is not None}
    plan = povsim.read_scenario("sample", overrides={**lifted, "funds": {}})
    fewer = people.isel(household=np.arange(people.sizes["household"]) != 40)
    _, panel = _simulated(people, plan, keep=("household",))
    _, panel_fewer = _simulated(fewer, plan, keep=("household",))
    # what area and household explain is estimated from everybody, so incomes move a little; luck and state do not
    kept = panel.sel(household=fewer["household"].values)
    for name in ("wage", "business"):
        assert (np.abs(kept[name] - panel_fewer[name]) <= 0.2 * np.abs(kept[name])).values.mean() > 0.99, name
    for name in ("status", "received", "deprived"):
        assert (kept[name].values == panel_fewer[name].values).mean() > 0.98, name


def test_differences_between_scenarios_have_a_small_spread(people, sample):
    more = povsim.read_scenario("sample", overrides={"code": "more", "measures.dibao.take_up": 0.9})
    both = povsim.simulate(people, (sample, more), draws=40, seed=3)
    poor = both["poor_persons"].sum("village").sel(year=2018).astype(float)
    shared = (poor.sel(scenario="more") - poor.sel(scenario="sample")).std("draw")
    independent = np.sqrt((poor.std("draw") ** 2).sum("scenario"))
    assert float(shared) < 0.5 * float(independent)


def test_everybody_is_counted_once_each_year(people, sample):
    out, panel = _simulated(people, sample, keep=("household",))
    persons, weight = people["persons"].values.astype(int), people["weight"].values.astype(int)
    village = people["household_village"].values
    expected = np.bincount(village, persons * weight)
    assert (out["persons"].sum("status") == xr.DataArray(expected, dims="village")).all()
    assert (out["households"].sum("status") == xr.DataArray(np.bincount(village, weight), dims="village")).all()
    assert set(np.unique(panel["status"])) <= {int(status) for status in Status}
    assert (out["poor_persons"] <= out["persons"].sum("status")).all()
    assert (out["income_histogram"].sum(["bin", "township_name"]) == int(expected.sum())).all()
    pattern = panel["pattern"].values
    blocked = ((pattern != 0) * persons * weight).sum(axis=-1)
    assert np.array_equal(out["failing_persons"].sum("village").values, blocked)


def test_counts_agree_with_the_panel(people, sample):
    out, panel = _simulated(people, sample, keep=("household",))
    persons = people["persons"].values.astype(int)
    for code, name in enumerate(("never_registered", "registered", "exited", "relapsed", "monitored")):
        expected = ((panel["status"].values == code) * persons).sum(axis=-1)
        assert np.array_equal(out["persons"].sel(status=name).sum("village").values, expected)
    for bit, name in enumerate(("exits", "wrong_exits", "relapses", "newly_poor", "lasting_exits")):
        expected = (((panel["events"].values >> bit) & 1) * persons).sum(axis=-1)
        assert np.array_equal(out[name].sum("village").values, expected), name
    total = sum(panel[name] for name in ("wage", "business", "property", "transfer", "pension", "dibao", "one_off"))
    total = (total - panel["production_cost"]).sum("household")
    assert np.allclose(out["income_sum"].sel(source="total").sum("village"), total, rtol=1e-5)


def test_exits_and_returns_explain_every_change_of_status(people, sample):
    _, panel = _simulated(people, sample, keep=("household",))
    status = panel["status"].values[0]
    stay = {(code, code) for code in range(5)}
    registering = {(0, 1), (1, 2), (2, 3), (3, 2)}
    watching = {(0, 4), (1, 2), (2, 4), (3, 2), (4, 0), (4, 2)}
    for year in range(1, 5):
        # from the year on in which monitoring begins nobody comes onto the register
        allowed = watching if sample.years[0] + year >= sample.monitoring.from_year else registering
        moves = set(zip(status[:, year - 1].ravel().tolist(), status[:, year].ravel().tolist(), strict=True))
        assert moves <= stay | allowed
    exits = (panel["events"].values[0] & 1).astype(bool)
    # who is no longer monitored is exited again, not declared out once more
    became_exited = (status[:, 1:] == 2) & np.isin(status[:, :-1], [1, 3])
    assert np.array_equal(exits[:, 1:], became_exited)


def test_money_booked_equals_money_received(people):
    paid = {"measures.flat": flat_transfer(321, per="person", one_off=True), "measures.support": tiny.measure("dibao")}
    plan = povsim.read_scenario("sample", overrides={**ALL_OFF, **paid})
    out, panel = _simulated(people, plan, keep=("household",))
    for measure, flow in (("support", "dibao"), ("flat", "one_off")):
        booked = out["spending"].sel(measure=measure).sum("village").values
        assert np.array_equal(booked, panel[flow].values.astype(np.float64).sum(axis=-1).astype(np.int64))
        received = (panel[flow].values > 0).sum(axis=-1)
        assert np.array_equal(out["recipients"].sel(measure=measure).sum("village").values, received)


def test_budgets_and_counts_are_kept(people, sample):
    out = _simulated(people, sample, draws=10)
    limited = 0
    for code, measure in sample.active().items():
        given = measure.capacity
        if given is None or given.area != "county":
            continue
        for year in sample.span:
            there = out.sel(measure=code, year=year)
            if given.budget is not None:
                assert (there["spending"].sum("village") <= given.budget.at(year)).all(), code
            # running support is served too, so only what is over at once is bounded by new households
            elif given.households is not None and code in ("relocation", "water"):
                assert (there["recipients"].sum("village") <= given.households.at(year)).all(), code
            limited += int(there["recipients"].sum()) > 0
    assert limited > 20
    assert (out["fund_spending"] <= out["fund_budget"]).all()
    assert out["fund_spending"].sum() > 0


def test_loans_stay_within_their_cap_and_arrears_block(people, sample):
    _, panel = _simulated(people, sample, draws=10, keep=("household",))
    balance, arrears = panel["loan_balance"].values, panel["arrears"].values
    assert balance.max() <= 50_000
    assert balance.max() > 30_000
    assert arrears.max() > 0
    assert (balance >= 0).all()
    assert (arrears >= 0).all()
    overdue, new = arrears[0, :, :-1] > 0, (balance[0, :, 1:] > 0) & (balance[0, :, :-1] == 0)
    assert not (overdue & new).any()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.floats(0, 20_000), per=st.sampled_from(["household", "person", "student", "ill", "disabled"]))
def test_a_flat_transfer_never_raises_the_headcount(people, bare, amount, per):
    plan = povsim.read_scenario(
        "sample", overrides={**ALL_OFF, "code": "flat", "measures.flat": flat_transfer(amount, per=per)}
    )
    both = _simulated(people, (bare, plan), draws=2)
    poor = both["poor_persons"]
    assert (poor.sel(scenario="flat") <= poor.sel(scenario="sample")).all()


def test_a_large_flat_transfer_ends_poverty(people):
    plan = povsim.read_scenario("sample", overrides={"measures.flat": flat_transfer(60_000, per="person")})
    assert int(_simulated(people, plan)["poor_persons"].sum()) == 0


def test_vetoes_off_lets_more_households_exit(people, sample):
    tests = [test.model_dump() | {"veto": k == 0} for k, test in enumerate(sample.exit_standard.household.tests)]
    lax = povsim.read_scenario("sample", overrides={"code": "lax", "exit_standard.household.tests": tests})
    both = _simulated(people, (sample, lax), draws=5)
    failing = both["failing_persons"].sum("village")
    assert (failing.sel(scenario="lax") <= failing.sel(scenario="sample")).all()
    first = both["exits"].sum("village").sel(year=2016)
    assert first.sel(scenario="lax").sum() > first.sel(scenario="sample").sum()


def test_stability_years_delay_exits(people):
    plans = [
        povsim.read_scenario(
            "sample", overrides={"code": f"s{years}", "exit_standard.household.stability_years": years}
        )
        for years in (1, 3)
    ]
    both = _simulated(people, plans, draws=5)
    exits = both["exits"].sum(["village", "draw"])
    assert exits.sel(scenario="s3", year=[2016, 2017]).sum() == 0
    assert exits.sel(scenario="s3", year=2018) > 0
    assert exits.sel(scenario="s1", year=2016) > 0


def test_a_process_in_plain_numpy_can_be_added(people, bare):
    def visit(block):
        block.business[block.uniforms()[0] < 0.5] += 800

    base = _simulated(people, bare)
    added = _simulated(people, bare, processes=[Process("tourism", visit)])
    more = added["income_sum"] - base["income_sum"]
    gained = more.sel(source="business").sum("village").values
    assert np.allclose(gained / 800, 300, atol=60)
    assert (more.sel(source="wage") == 0).all()
    threads = povsim.simulate(people, bare, draws=3, seed=7, threads=3, processes=[Process("tourism", visit)])
    assert _identical(threads, added)


def test_the_process_of_the_documentation_runs():
    text = (ROOT / "docs" / "adding-a-process.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    assert "draws=50" in code
    spoken = {}
    exec(compile(code.replace("xiangyin-2016", "sample").replace("draws=50", "draws=2"), "document", "exec"), spoken)
    assert spoken["outcomes"].sizes["draw"] == 2


def test_a_process_cannot_damage_the_register(people, bare):
    def damage(block):
        block.persons[:] = 1

    with pytest.raises(ValueError, match="read-only"):
        _simulated(people, bare, processes=[Process("damage", damage)])


def test_setting_a_flow_writes_it(people, bare):
    def halve(block):
        block.wage = block.wage * 0.5

    halved = _simulated(people, bare, processes=[Process("halve", halve)])["income_sum"].sel(source="wage")
    whole = _simulated(people, bare)["income_sum"].sel(source="wage")
    assert np.allclose(halved, whole / 2, rtol=1e-3)


def test_unknown_flow_of_a_process_is_named(people, bare):
    def wrong(block):
        block.wages += 1

    with pytest.raises(AttributeError, match="wages: no such flow; allowed: wage, business"):
        _simulated(people, bare, processes=[Process("wrong", wrong)])


def test_progress_is_told_to_the_end(people, sample):
    seen = []
    _simulated(people, sample, draws=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draws": 0}, "draws: should be one or more"),
        ({"seed": -1}, "seed: out of range; found -1"),
        ({"threads": 0}, "threads: out of range; found 0"),
    ],
)
def test_bad_settings_are_refused(people, sample, change, message):
    with pytest.raises(InputError, match=message):
        povsim.simulate(people, sample, **{"draws": 1, **change})


def test_scenarios_that_do_not_go_together_are_refused(people, sample):
    later = povsim.read_scenario("sample", overrides={"years": [2016, 2018]})
    with pytest.raises(InputError, match=r"(?s)2 problems.*share a code.*different years"):
        povsim.simulate(people, (sample, later), draws=1)


def test_registers_that_do_not_fit_are_refused(people, sample):
    late = people.assign_attrs(year=2016, coverage="registered")
    with pytest.raises(InputError, match=r"(?s)not before the first simulated year.*lists registered households only"):
        povsim.simulate(late, sample, draws=1)
    plan = povsim.read_scenario(
        "sample", overrides={"measures.repair.cures": ["housin"], "measures.dibao.eligible": {"townships": ["东 镇"]}}
    )
    with pytest.raises(InputError, match=r"(?s)housin.*did you mean 'housing'.*东 镇"):
        povsim.simulate(people, plan, draws=1)
