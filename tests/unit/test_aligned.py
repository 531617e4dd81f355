"""Totals that a scenario ties: met, or told how far they were missed, and nothing else moves."""

import numpy as np
import pytest
from typer.testing import CliRunner

import povsim
from povsim.aligned import Candidates, count_income, find_bar, find_factor
from povsim.cli import app
from povsim.errors import InputError
from povsim.process import Process
from povsim.runs import Settings, run_scenarios
from tests.conftest import flat_transfer, quantity

UNITS = {"exits": "persons", "mean_income": "yuan per head and year"}
NEW = ("alignment_stretch", "alignment_missed")
YEARS = range(2016, 2021)


def tie(total, path):
    """Return an alignment made up for a test."""
    return {"total": total, "name_zh": "约束", "name_en": "tied", "value": quantity(path, UNITS[total])}


def tied(*items, **more):
    """Return the sample plan with totals tied."""
    return povsim.read_scenario("sample", overrides={"code": "tied", "alignment": list(items), **more})


def simulated(people, scenario, draws=3, **more):
    return povsim.simulate(people, scenario, draws=draws, seed=7, threads=1, **more)


def county(outcomes, name):
    """Return the county's sum of a statistic."""
    return outcomes[name].sum("village")


def mean_income(outcomes):
    persons = outcomes["persons"].sum(["village", "status"])
    return county(outcomes, "income_sum").sel(source="total", drop=True) / persons


def reported(outcomes, total):
    """Return stretch and what was missed, by draw and year, of the only scenario."""
    one = outcomes.isel(scenario=0).sel(total=total)
    return one["alignment_stretch"], one["alignment_missed"]


def differing(a, b, skip=()):
    names = (name for name in a if name not in skip)
    return [n for n in names if not np.array_equal(a[n].values, b[n].values, equal_nan=a[n].dtype.kind == "f")]


def test_exits_are_met_within_a_household(people):
    goals = {2016: 40, 2017: 25, 2019: 12}
    out = simulated(people, tied(tie("exits", goals)), draws=5)
    stretch, missed = reported(out, "exits")
    exits = county(out, "exits").isel(scenario=0)
    largest = int(people["persons"].max())
    for year, goal in goals.items():
        assert (exits.sel(year=year) <= goal).all()
        assert (exits.sel(year=year) > goal - largest).all()
        assert np.array_equal(missed.sel(year=year), goal - exits.sel(year=year))
    assert (stretch.sel(year=2016) > 1).all()
    assert np.isnan(stretch.sel(year=[2018, 2020])).all()
    assert np.isnan(missed.sel(year=[2018, 2020])).all()
    assert np.isnan(reported(out, "mean_income")[0]).all()


def test_the_richest_go_first(people):
    out, panel = simulated(people, tied(tie("exits", {2016: 40})), keep=("household",))
    for draw in range(3):
        first = panel.isel(scenario=0, draw=draw, year=0)
        bar = float(reported(out, "exits")[0][draw, 0])
        gone = (first["events"].values & 1) > 0
        assert first["seen_income_per_head"].values[gone].min() >= 0.999 * bar * 2952 - first["dibao"].values.max()
        assert (first["pattern"].values[gone] & 1).sum() == 0


def test_mean_income_is_met_to_a_millionth(people):
    goals = {2016: 12_000.0, 2018: 20_000.0}
    out = simulated(people, tied(tie("mean_income", goals)), draws=5)
    stretch, missed = reported(out, "mean_income")
    found = mean_income(out).isel(scenario=0)
    for year, goal in goals.items():
        assert np.allclose(found.sel(year=year), goal, rtol=1e-6)
        assert np.allclose(missed.sel(year=year), goal - found.sel(year=year), atol=1e-9)
    assert (stretch.sel(year=2016) < 1).all()
    assert (stretch.sel(year=2018) > 1).all()


def test_a_year_s_factor_acts_on_what_is_earned_and_only_in_that_year(people, bare):
    off = {f"measures.{code}.active": False for code in bare.measures}
    free = povsim.read_scenario("sample", overrides={"code": "free", **off})
    both = simulated(people, (free, tied(tie("mean_income", {2017: 15_000.0}), **off)))
    a, b = (county(both, "income_sum").sel(scenario=code) for code in ("free", "tied"))
    factor = both["alignment_stretch"].sel(scenario="tied", total="mean_income", year=2017)
    for source in ("wage", "business"):
        assert np.allclose(b.sel(source=source, year=2017), factor * a.sel(source=source, year=2017), rtol=1e-4)
    assert np.array_equal(a.sel(source=["property", "transfer"]), b.sel(source=["property", "transfer"]))
    others = [2016, 2018, 2019, 2020]
    assert np.array_equal(a.sel(year=others), b.sel(year=others))


def test_both_totals_are_met_together(people):
    out = simulated(people, tied(tie("exits", {2016: 40, 2017: 30}), tie("mean_income", {2016: 13_000, 2017: 14_000})))
    largest = int(people["persons"].max())
    for year, goal, income in ((2016, 40, 13_000), (2017, 30, 14_000)):
        exits = county(out, "exits").sel(year=year)
        assert ((exits <= goal) & (exits > goal - largest)).all()
        assert np.allclose(mean_income(out).sel(year=year), income, rtol=1e-6)


def test_unreachable_exits_take_every_candidate_and_tell_what_is_missing(people):
    # inspectors see guarantees as they are, check nothing and register nobody: what is left to see is income
    sharp = {f"inspection.{name}": 0.0 for name in ("overlooked", "false_alarm", "found")} | {"inspection.checks": []}
    out, panel = simulated(people, tied(tie("exits", {2016: 100_000}), **sharp), keep=("household",))
    stretch, missed = reported(out, "exits")
    exits = county(out, "exits").isel(scenario=0).sel(year=2016)
    assert np.array_equal(missed.sel(year=2016), 100_000 - exits)
    assert (stretch.sel(year=2016) < 1).all()
    first = panel.isel(scenario=0, year=0)
    gone, lacking = (first["events"].values & 1) > 0, (first["pattern"].values & ~1) != 0
    assert (lacking | gone)[first["status"].values == 1].all()
    assert not lacking[gone].any()
    assert (first["pattern"].values[gone] & 1).any()


def test_an_unreachable_income_is_told(people):
    out = simulated(people, tied(tie("mean_income", {2016: 0.0, 2017: 1e12})), draws=1)
    stretch, missed = reported(out, "mean_income")
    assert (stretch.sel(year=2016) == 0).all()
    assert (missed.sel(year=2016) < 0).all()
    assert (missed.sel(year=2017) > 1e11).all()
    assert np.allclose(mean_income(out).sel(year=2016), -missed.sel(year=2016))


def test_what_happens_anyway_needs_no_stretch(people, sample):
    free = simulated(people, sample, draws=1)
    exits, income = (values.values.ravel().tolist() for values in (county(free, "exits"), mean_income(free)))
    totals = (
        tie("exits", dict(zip(YEARS, exits, strict=True))),
        tie("mean_income", dict(zip(YEARS, income, strict=True))),
    )
    out = simulated(people, tied(*totals), draws=1)
    assert differing(free, out, skip=NEW) == []
    assert (out["alignment_stretch"] == 1).all()
    assert np.allclose(out["alignment_missed"], 0, atol=1e-9)


def test_rounded_figures_of_what_happens_anyway_need_a_stretch_of_about_one(people, sample):
    income = mean_income(simulated(people, sample, draws=1)).values.round(1).ravel().tolist()
    out = simulated(people, tied(tie("mean_income", dict(zip(YEARS, income, strict=True)))), draws=1)
    assert np.allclose(out["alignment_stretch"].sel(total="mean_income"), 1, atol=1e-4)


@pytest.mark.parametrize(("threads", "block_size"), [(2, 8192), (3, 100), (1, 1)])
def test_same_bits_for_any_threads_and_blocks(people, threads, block_size):
    plans = (tied(tie("exits", {2016: 40, 2018: 20}), tie("mean_income", {2016: 12_000, 2017: 14_000})),)
    ways = (Settings(range(3), 7, 1, True, True), Settings(range(3), 7, threads, True, True, block_size))
    first, second = (run_scenarios(people, plans, way) for way in ways)
    assert differing(first.outcomes, second.outcomes) == []
    assert differing(first.margins, second.margins) == []
    for tables in ("panel", "summary"):
        kept = getattr(second.tables, tables)
        assert all(np.array_equal(values, kept[name]) for name, values in getattr(first.tables, tables).items())


@pytest.mark.parametrize("summary", [True, False])
def test_what_is_kept_of_households_changes_nothing(people, summary):
    plan = tied(tie("exits", {2016: 40}), tie("mean_income", {2017: 14_000}))
    plain = run_scenarios(people, (plan,), Settings(range(2), 7, 1, False, False)).outcomes
    kept = run_scenarios(people, (plan,), Settings(range(2), 7, 1, summary, True)).outcomes
    assert differing(plain, kept) == []


def test_a_scenario_beside_a_tied_one_is_left_alone(people, sample):
    plan = tied(tie("exits", {2016: 40}), tie("mean_income", {2017: 14_000}))
    together = simulated(people, (sample, plan))
    for scenario in (sample, plan):
        alone = simulated(people, scenario)
        assert differing(alone, together.sel(scenario=[scenario.code])) == []


def test_a_user_s_process_acts_before_the_totals_are_met(people):
    def visit(block):
        block.business[block.uniforms()[0] < 0.5] += 800

    plan, process = tied(tie("mean_income", {2016: 14_000}), tie("exits", {2017: 30})), Process("tourism", visit)
    out = simulated(people, plan, processes=[process])
    without = simulated(people, plan)
    assert np.allclose(mean_income(out).sel(year=2016), 14_000, rtol=1e-6)
    a, b = (reported(each, "mean_income")[0].sel(year=2016) for each in (out, without))
    assert (a < b).all()
    threads = povsim.simulate(people, plan, draws=3, seed=7, threads=2, processes=[process])
    assert differing(out, threads) == []


def test_shared_funds_are_kept_beside_tied_totals(people):
    out = simulated(people, tied(tie("mean_income", {2016: 12_000, 2017: 14_000})), draws=5)
    assert (out["fund_spending"].sel(year=2016) <= out["fund_budget"].sel(year=2016)).all()
    assert int(out["fund_spending"].sum()) > 0
    assert (county(out, "recipients").sel(measure="relocation") <= 2).all()


def test_measures_hold_their_records_over_the_stop_in_mid_year(people):
    """A bar and a factor that change nothing leave loans, works and support as they are."""
    goals = tie("exits", dict.fromkeys(YEARS, 100_000))
    flat = {"measures.flat": flat_transfer(500)}
    out = simulated(people, tied(goals, **flat))
    assert (out["recipients"].sel(measure="flat").sum("village") == 600).all()
    assert (out["loans_outstanding"].sum("village").sel(year=2018) > 0).all()


def test_who_is_held_back_by_the_bar_goes_on_counting_years(people):
    standard = {"exit_standard.household.stability_years": 2}
    free = simulated(people, povsim.read_scenario("sample", overrides=standard), draws=5)
    out = simulated(people, tied(tie("exits", {2017: 20, 2018: 20}), **standard), draws=5)
    assert (county(free, "exits").sel(year=2017) > 40).all()
    assert (county(out, "exits").sel(year=[2017, 2018]) > 10).all()


def test_weighted_rows_are_counted_with_their_weight(people):
    tenfold = people.assign(weight=people["weight"] * 10)
    plan = tied(tie("exits", {2016: 400}), tie("mean_income", {2016: 12_000}))
    out = simulated(tenfold, plan)
    exits = county(out, "exits").sel(year=2016)
    assert ((exits <= 400) & (exits > 300)).all()
    assert np.allclose(mean_income(out).sel(year=2016), 12_000, rtol=1e-6)


def test_the_bar_is_the_nearest_to_one_of_those_that_do():
    rng = np.random.default_rng(3)
    income, heads = rng.normal(9_000, 6_000, 400).astype(np.float32), rng.integers(1, 7, 400)
    candidates, line = Candidates(income, heads.astype(np.float32), heads.astype(np.int64)), np.float32(2_952)
    order = np.argsort(-income / heads)
    reach = np.cumsum(heads[order])
    for goal in (0, 1, 17, 200, 900, 10_000):
        bar, found = find_bar(candidates, line, goal, strict=True)
        assert found == max([0, *reach[reach <= goal]])
        assert found == heads[income > line * bar * candidates.heads].sum()
    nobody = Candidates(income[:0], candidates.heads[:0], candidates.units[:0])
    assert find_bar(nobody, line, 5, strict=True) == (1.0, 0)
    assert find_bar(candidates, np.float32(0), 5, strict=False)[0] == 1.0


def test_income_is_counted_as_the_statistics_count_it(people, sample):
    out, panel = simulated(people, sample, draws=1, keep=("household",))
    names = ("wage", "business", "production_cost", "property", "transfer", "pension", "dibao", "one_off")
    flows = np.zeros((10, people.sizes["household"]), np.float32)
    flows[:8] = [panel[name].values[0, 0, 0] for name in names]
    earned, rest = count_income(flows, people["weight"].values.astype(np.int32), 1.0).tolist()
    sums = county(out, "income_sum").isel(scenario=0, draw=0, year=0)
    assert earned == sums.sel(source=["wage", "business"]).sum()
    assert earned + rest == sums.sel(source="total")


def test_where_nothing_is_earned_no_factor_helps():
    assert find_factor(lambda factor: np.array([0, 50]), 100, 10.0) == (1.0, 50)
    assert find_factor(lambda factor: np.array([round(-20 * factor), 50]), 100, 10.0) == (1.0, 30)


def test_exits_need_an_income_test_that_is_a_veto(sample):
    tests = [test.model_dump() | {"veto": k > 0} for k, test in enumerate(sample.exit_standard.household.tests)]
    with pytest.raises(InputError, match="acts through the income test, which should therefore be a veto"):
        tied(tie("exits", {2016: 40}), **{"exit_standard.household.tests": tests})
    with pytest.raises(InputError, match=r"alignment\.mean_income\.value should be at least 0; found -5"):
        tied(tie("mean_income", {2016: -5}))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("总量约束", "2016 年脱贫", "要求 40；脱贫收入线乘以", "2017 年人均收入 14,000 元/人·年")),
        ("en", ("Totals tied", "of 40 persons; income line", "2017 mean income: 14,000 of 14,000 yuan per head")),
    ],
)
def test_the_command_tells_in_both_languages(tmp_path, lang, words):
    plan = tmp_path / "plan.yaml"
    items = [tie("exits", {2016: 40}), tie("mean_income", {2017: 14_000})]
    plan.write_text(f"base: sample\ncode: tied\nalignment: {items}\n", encoding="utf-8")
    line = ["run", str(plan), "--draws", "2", "--out", str(tmp_path / "run"), "--lang", lang]
    said = CliRunner().invoke(app, line, env={"COLUMNS": "100"})
    assert said.exit_code == 0, said.output
    assert all(word in said.output for word in words), said.output
    with povsim.open_run(tmp_path / "run") as run:
        assert run.outcomes["total"].values.tolist() == ["exits", "mean_income"]
        assert float(run.outcomes["alignment_stretch"].sel(year=2017, total="mean_income").min()) > 0
    listed = (tmp_path / "run" / "assumptions.csv").read_text(encoding="utf-8-sig")
    assert "alignment.exits.value" in listed
