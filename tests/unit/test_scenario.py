"""Scenarios: what ships is valid, variants are made by name, and every slip is named with its mending."""

import pytest
import yaml

from povsim.errors import InputError
from povsim.quantity import Quantity
from povsim.scenario import entries, read_scenario, shipped, shipped_scenarios
from tests.conftest import quantity


@pytest.mark.parametrize("name", shipped_scenarios())
def test_what_ships_is_valid_and_every_figure_has_its_source(name):
    scenario = read_scenario(name)
    found = list(entries(scenario))
    assert len(found) > 40
    for path, entry, meaning in found:
        assert entry.source.strip(), path
        assert entry.unit, path
        if meaning is not None:
            assert meaning.zh, path
            assert meaning.en, path


def test_no_figure_is_without_a_meaning_beside_village_thresholds_and_targets():
    without = [path for path, _, meaning in entries(read_scenario("xiangyin-2016")) if meaning is None]
    assert all(path.startswith(("exit_standard.village.", "targets.")) for path in without)


def test_documented_lines_and_caps_are_the_documents():
    plan = read_scenario("xiangyin-2016")
    line = plan.exit_standard.household.tests[0].line
    assert [line.at(year) for year in (2014, 2015, 2016, 2019, 2020)] == [2800, 2855, 2952, 3218, 4000]
    loan = plan.measures["microcredit"]
    assert (loan.max_amount.at(2016), loan.term.at(2016), loan.rate.at(2016)) == (50_000, 3, 0.0475)
    assert [loan.capacity.share.at(year) for year in (2016, 2017)] == [0.2, 0.3]
    assert plan.exit_standard.county == ()


def test_a_base_is_merged_and_lists_are_replaced():
    sample, whole = read_scenario("sample"), read_scenario("xiangyin-2016")
    assert sample.measures["industry"].gross_sales == whole.measures["industry"].gross_sales
    assert sample.measures["industry"].capacity.budget.at(2016) == 60_000
    assert len(sample.targets) == 1


def test_a_change_of_value_says_where_it_comes_from():
    plan = read_scenario("sample", overrides=["measures.dibao.take_up=0.9", "years=[2016, 2018]"])
    entry = plan.measures["dibao"].take_up
    assert (entry.value, entry.status, entry.spread) == (0.9, "assumed", None)
    assert entry.source.startswith("set by hand; before: own judgement")
    assert plan.years == (2016, 2018)


def test_dated_values_and_value_paths_can_be_set():
    plan = read_scenario("sample", overrides=["measures.dibao.standard={2016: 4000, 2018: 5000}"])
    assert plan.measures["dibao"].standard.at(2017) == 4000
    plan = read_scenario("sample", overrides=["measures.dibao.take_up.value=0.5"])
    assert plan.measures["dibao"].take_up.source.startswith("set by hand")


def test_a_variant_leaves_the_original_alone():
    before = read_scenario("sample")
    read_scenario("sample", overrides={"measures.dibao.active": False})
    assert read_scenario("sample") == before
    with pytest.raises(Exception, match="frozen"):
        before.code = "x"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["measures.industri.active=false"], "measures.industri: no such entry.*did you mean 'industry'"),
        (["measures.dibao.takeup=1"], "measures.dibao.takeup: unknown key.*did you mean 'take_up'"),
        (["measures.dibao.take_up=1.5"], "should lie between 0 and 1 share; found 1.5"),
        (["measures.dibao.take_up=lots"], "take_up.value: should be a number"),
        (["years=[2020, 2016]"], "years should run forward"),
        (["measures.dibao"], "should read path=value"),
        (["measures.dibao.years=[2019, 2016]"], "years should run forward; found 2019 to 2016"),
        (["incomes.wage.permanent=0.9"], "should sum to 1; found 1.5"),
        (["measures.repair.type=repairs"], "unknown type; found repairs; allowed: .*did you mean 'repair'"),
        (["measures.industry.eligible.cause=[il]"], "unknown cause 'il'; allowed: illness"),
        (["code=a b"], "code: string should match pattern"),
        (["references.province_mean_income=null"], "province_mean_income is needed by the village test"),
    ],
)
def test_slips_are_named_with_their_mending(overrides, message):
    with pytest.raises(InputError, match=message):
        read_scenario("sample", overrides=overrides)


def test_all_problems_are_named_at_once():
    changes = ["measures.dibao.take_up=2", "shocks.illness.hazard=-1", "inspection.found=3"]
    with pytest.raises(InputError) as caught:
        read_scenario("sample", overrides=changes)
    where = {problem.where for problem in caught.value.problems}
    assert {"measures.dibao.dibao.take_up", "measures.dibao.take_up"} & where
    assert {"shocks.illness.hazard", "inspection.found"} <= where


def test_units_are_checked():
    wrong = quantity(12, "months")
    with pytest.raises(InputError, match="the unit should be 'years'; found 'months'"):
        read_scenario("sample", overrides={"measures.microcredit.term": wrong})


def test_two_currencies_are_refused():
    pesos = quantity(1000, "MXN per household")
    with pytest.raises(InputError, match=r"amounts should be in yuan; measures\.industry\.unit_cost is not"):
        read_scenario("sample", overrides={"measures.industry.unit_cost": pesos})


def test_capacity_is_one_limit():
    two = {"area": "county", "share": quantity(0.1, "share"), "households": quantity(1, "households per year")}
    with pytest.raises(InputError, match=r"exactly one of share, households and budget"):
        read_scenario("sample", overrides={"measures.industry.capacity": two})


def test_the_income_test_comes_first():
    tests = [test.model_dump() for test in read_scenario("sample").exit_standard.household.tests]
    with pytest.raises(InputError, match=r"the first test, and only the first, should be of type income"):
        read_scenario("sample", overrides={"exit_standard.household.tests": tests[::-1]})


def test_a_scenario_that_is_not_there():
    with pytest.raises(InputError, match=r"xiangyin-216: 1 problem\n.*not found.*did you mean 'xiangyin-2016'"):
        read_scenario("xiangyin-216")


def test_bases_may_not_go_in_a_circle(tmp_path):
    (tmp_path / "a.yaml").write_text("base: b.yaml\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("base: a.yaml\n", encoding="utf-8")
    with pytest.raises(InputError, match="the bases go round in a circle"):
        read_scenario(tmp_path / "a.yaml")


def test_a_file_of_the_user_s_own(tmp_path):
    text = "base: sample\ncode: mine\nmeasures: {industry: {active: false}}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    plan = read_scenario(tmp_path / "mine.yaml")
    assert plan.code == "mine"
    assert "industry" not in plan.active()


def test_no_scenario_runs_code():
    for path in shipped("scenarios").glob("*.yaml"):
        assert "!!python" not in path.read_text(encoding="utf-8")


def test_python_tags_are_refused(tmp_path):
    (tmp_path / "bad.yaml").write_text("code: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        read_scenario(tmp_path / "bad.yaml")


def test_calendar_order_does_not_depend_on_the_file():
    data = yaml.safe_load((shipped("scenarios") / "xiangyin-2016.yaml").read_text(encoding="utf-8"))
    order = [read_scenario("xiangyin-2016").measures[code].type for code in read_scenario("xiangyin-2016").active()]
    assert order == ["industry", "microcredit", "relocation", "repair", "repair", "repair", "dibao"]
    assert set(data["measures"]) == set(read_scenario("xiangyin-2016").active())


def test_quantities_take_the_value_of_the_latest_date():
    entry = Quantity(value={2016: 1.0, 2018: 2.0}, unit="share", source="test", status="assumed")
    assert [entry.at(year) for year in (2015, 2016, 2017, 2018, 2030)] == [1, 1, 1, 2, 2]


def test_an_alias_is_no_tie():
    plan = read_scenario("sample", overrides=["incomes.wage.rho=0.5"])
    assert (plan.incomes.wage.rho.value, plan.incomes.business.rho.value) == (0.5, 0.83)


def test_list_items_are_reached_by_their_code():
    changes = ["targets.incidence.value={2020: 0.03}", "exit_standard.village.village_income.threshold=0.6"]
    plan = read_scenario("sample", overrides=[*changes, "exit_standard.household.tests.income.line.value=3000"])
    assert plan.targets[0].value.at(2020) == 0.03
    assert plan.exit_standard.village[1].threshold.at(2020) == 0.6
    assert plan.exit_standard.household.tests[0].line.at(2020) == 3000


def test_numbers_with_an_exponent_are_numbers():
    plan = read_scenario("sample", overrides=["measures.industry.capacity.budget=2e6"])
    assert plan.measures["industry"].capacity.budget.at(2016) == 2_000_000


def test_a_spread_is_refused_where_one_figure_serves_all_draws():
    spread = {**quantity(6000, "yuan per village and year"), "spread": {"type": "normal", "sd": 100}}
    with pytest.raises(InputError, match=r"references\.collective_growth is one figure for all draws"):
        read_scenario("sample", overrides={"references.collective_growth": spread})


def test_units_of_targets_and_village_tests_are_checked():
    with pytest.raises(InputError, match="the unit should be 'share'; found 'percent'"):
        read_scenario("sample", overrides={"targets.incidence.value": quantity(2, "percent")})
    with pytest.raises(InputError, match="the unit should be 'yuan per village and year'; found 'yuan'"):
        read_scenario("sample", overrides={"exit_standard.village.village_collective.threshold": quantity(4, "yuan")})


def test_sampled_values_stay_within_their_range(people):
    import povsim

    wide = {**quantity(0.6, "share"), "spread": {"type": "normal", "sd": 2.0}}
    plan = read_scenario("sample", overrides={"shocks.illness.reimbursement": wide})
    _, panel = povsim.simulate(people, plan, draws=20, keep=("household",))
    assert float(panel["medical"].min()) >= 0
