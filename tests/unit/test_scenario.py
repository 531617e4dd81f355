"""Scenarios: what ships is valid, variants are made by name, and every slip is named with its mending."""

from typing import get_args

import pytest
import yaml

from povsim.errors import InputError
from povsim.plan import CALENDAR, SUBSIDIES, Earning, HouseholdMeasure
from povsim.quantity import Quantity
from povsim.rulebook import Meaning
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
        (["incomes.wage.permanent=0.9"], "should sum to 1; found 1.32"),
        (["measures.repair.type=repairs"], "unknown type; found repairs; allowed: .*did you mean 'repair'"),
        (["measures.industry.eligible.cause=[il]"], "unknown cause 'il'; allowed: illness"),
        (["code=a b"], "code: string should match pattern"),
        (["references.province_mean_income=null"], "province_mean_income is needed by the village test"),
        (
            ["measures.training.fund=speciall"],
            "measures.training.fund names 'speciall'; funds of the scenario: special",
        ),
        (
            ["measures.industry.fund=special"],
            "measures.industry draws on a fund, so its capacity may not have a budget",
        ),
        (["measures.medical.fund=special"], "measures.medical can have no budget and no fund"),
        (["measures.microcredit.eligible.holding=[credit]"], "eligible.holding names 'credit', which is no household"),
        (["measures.credit_line.active=false"], "measures.microcredit is on, but what its holding asks for is off"),
        (["measures.jobs.eligible.not_holding=[road_poor]"], "eligible.not_holding names 'road_poor', which is no"),
        (["funds.special.order=[training, nothing]"], "funds.special.order names 'nothing', which is no measure that"),
        (["funds.special.order=[industry]"], "funds.special.order names 'industry', which is no measure that draws"),
        (["funds.special.area=village"], "funds.special.area: input should be 'township' or 'county'"),
        (["shocks.lapses.housing=0.6", "shocks.lapses.water=0.6"], r"lapses sum to at most 1; found 1\.2045"),
        (["shocks.illness.cause_factor=0.5"], "should lie between 1 and 20 factor; found 0.5"),
        (["inspection.other_villages=null"], "give poor_villages and other_villages both or neither"),
        (["measures.jobs.margin=0.5"], "measures.jobs.margin: unknown key"),
        (["measures.jobs.wages=1"], "measures.jobs.wages: unknown key.*did you mean 'wage'"),
        (["monitoring.from_year=soon"], "monitoring.from_year: input should be a valid integer"),
        (["shocks.schooling=null", "exit_standard.household.counts.schooling_cost=true"], "shocks.schooling is needed"),
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


def test_a_budget_is_refused_where_cost_is_not_known_beforehand():
    budget = {"area": "county", "budget": quantity(1e6, "yuan per year")}
    with pytest.raises(InputError, match=r"measures\.medical can have no budget and no fund"):
        read_scenario("sample", overrides={"measures.medical.capacity": budget})


def test_a_fund_may_go_with_a_capacity_of_households_or_share():
    plan = read_scenario("sample")
    assert plan.measures["training"].capacity.limit()[0] == "share"
    assert plan.measures["workshop"].capacity.limit()[0] == "households"
    assert plan.measures["training"].fund == plan.measures["workshop"].fund == "special"
    assert (plan.funds["special"].area, plan.funds["special"].budget.at(2017)) == ("county", 60_000)


def test_several_loans_may_stand_side_by_side():
    second = read_scenario("sample").measures["microcredit"].model_dump()
    plan = read_scenario("sample", overrides={"measures.second_loan": second})
    assert [code for code in plan.active() if plan.measures[code].type == "microcredit"] == [
        "microcredit",
        "second_loan",
    ]


def test_slips_in_several_rooms_are_named_together():
    changes = ["measures.training.fund=none", "references.province_mean_income=null"]
    with pytest.raises(InputError, match=r"training\.fund names 'none'.*; references\.province_mean_income is needed"):
        read_scenario("sample", overrides=changes)


def test_two_checks_may_not_share_a_code():
    check = {"code": "village", "name_zh": "村", "name_en": "village", "catch": quantity(0.1, "share")}
    with pytest.raises(InputError, match="two checks share the code 'village'"):
        read_scenario("sample", overrides={"inspection.checks": [check, check]})


def _total(total, value, unit, **more):
    return {"total": total, "name_zh": "总数", "name_en": "total", "value": {**quantity(value, unit), **more}}


def test_totals_to_align_to_are_dated_in_their_unit_and_named_once():
    persons, yuan = (
        _total("exits", {2016: 20}, "persons"),
        _total("mean_income", {2018: 15e3}, "yuan per head and year"),
    )
    plan = read_scenario("sample", overrides={"alignment": [persons, yuan]})
    found = {path: entry.at(2018) for path, entry, _ in entries(plan) if path.startswith("alignment.")}
    assert found == {"alignment.exits.value": 20, "alignment.mean_income.value": 15e3}
    for items, message in (
        ([_total("exits", 20, "persons")], "should be a dated path, one figure for each year to align"),
        ([_total("exits", {2016: 20}, "households")], "the unit should be 'persons'; found 'households'"),
        ([_total("mean_income", {2016: 1}, "yuan")], "the unit should be 'yuan per head and year'; found 'yuan'"),
        ([_total("mean_income", {2016: 1}, "MXN per head and year")], r"amounts should be in yuan; alignment\.mean"),
        ([persons, persons], "alignment names a total twice"),
        (
            [_total("exits", {2016: 20}, "persons", spread={"type": "normal", "sd": 1})],
            r"alignment\.exits\.value is one",
        ),
    ):
        with pytest.raises(InputError, match=message):
            read_scenario("sample", overrides={"alignment": items})


@pytest.mark.parametrize(
    "path",
    [
        "measures.jobs.wage",
        "measures.solar.dividend",
        "measures.education.senior",
        "measures.road_poor.cost",
        "funds.special.budget",
        "shocks.lapses.housing",
        "shocks.job_loss.hazard",
        "shocks.schooling.tertiary",
        "inspection.checks.third_party.catch",
        "monitoring.line",
    ],
)
def test_every_room_is_reached_by_its_path(path):
    plan = read_scenario("sample", overrides=[f"{path}=0.25"])
    entry, meaning = next((entry, meaning) for where, entry, meaning in entries(plan) if where == path)
    assert (entry.value, entry.status, entry.spread) == (0.25, "assumed", None)
    assert entry.source.startswith("set by hand; before: ")
    assert isinstance(meaning, Meaning)


@pytest.mark.parametrize("path", ["sample_villages", "poor_villages", "approval"])
def test_figures_of_the_sampled_county_test_take_no_spread(path):
    wide = {**read_scenario("sample").inspection.model_dump()[path], "spread": {"type": "normal", "sd": 0.01}}
    with pytest.raises(InputError, match=f"inspection.{path} is one figure for all draws, so it takes no spread"):
        read_scenario("sample", overrides={f"inspection.{path}": wide})


def _figures(node):
    """Count the entries of plain data: mappings with value, unit and source."""
    if isinstance(node, dict):
        inner = sum(_figures(value) for value in node.values())
        return inner + ({"value", "unit", "source"} <= set(node))
    return sum(_figures(value) for value in node) if isinstance(node, list | tuple) else 0


@pytest.mark.parametrize("name", shipped_scenarios())
def test_the_walk_over_entries_covers_every_figure(name):
    plan = read_scenario(name)
    paths = [path for path, _, _ in entries(plan)]
    assert len(paths) == len(set(paths)) == _figures(plan.model_dump())


def test_the_documents_cases_are_read_as_what_they_are():
    plan = read_scenario("xiangyin-2016").measures
    assert plan["contracts"].gross_sales.value == round(3_520_000 / 1_098)
    assert plan["contracts"].margin.value < 1
    assert plan["workshop"].wage.value == 12 * 2_100
    assert plan["workshop"].capacity.households.value == 86
    assert (plan["rangers"].wage.spread.low, plan["rangers"].wage.spread.high) == (7_600, 10_000)
    assert "credit_line" in plan["microcredit"].eligible.holding


def test_the_income_test_comes_first():
    tests = [test.model_dump() for test in read_scenario("sample").exit_standard.household.tests]
    with pytest.raises(InputError, match=r"the first test, and only the first, should be of type income"):
        read_scenario("sample", overrides={"exit_standard.household.tests": tests[::-1]})


def test_the_growth_test_needs_the_province_s_income():
    tests = [test.model_dump() for test in read_scenario("sample").exit_standard.household.tests]
    growth = {"type": "growth", "name_zh": "增幅", "name_en": "growth", "source": "test", "status": "assumed"}
    changes = {"exit_standard.household.tests": [*tests, growth], "exit_standard.village": []}
    with pytest.raises(InputError, match="province_mean_income is needed by the household test 'growth'"):
        read_scenario("sample", overrides={**changes, "references.province_mean_income": None})


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
    plan = read_scenario("xiangyin-2016")
    places = [CALENDAR.index(measure.type) for measure in plan.active().values()]
    assert places == sorted(places)
    assert set(data["measures"]) == {*plan.active(), *plan.village_measures()}


def test_every_family_is_in_the_calendar_and_in_the_shipped_plan():
    types = {get_args(family.model_fields["type"].annotation)[0] for family in get_args(HouseholdMeasure)}
    assert types == set(CALENDAR)
    assert len(CALENDAR) == len(types)
    assert CALENDAR[-len(SUBSIDIES) :] == SUBSIDIES
    plan = read_scenario("xiangyin-2016")
    assert {measure.type for measure in plan.active().values()} == types
    assert {measure.type for measure in plan.village_measures().values()} == {"village_works", "collective"}


def test_village_measures_stand_apart_in_the_order_of_the_file():
    off = {"measures.road_poor.active": False, "measures.dibao.active": False}
    plan = read_scenario("sample", overrides=off)
    assert "road_poor" not in plan.village_measures()
    assert "dibao" not in plan.active()
    assert list(plan.village_measures())[:2] == ["road_rest", "power_poor"]
    assert not set(plan.active()) & set(plan.village_measures())


@pytest.mark.parametrize("family", [item for item in get_args(HouseholdMeasure) if issubclass(item, Earning)])
def test_earning_types_differ_in_amount_margin_and_where_it_goes(family):
    own = {*family.model_fields} - {*Earning.model_fields}
    assert own == {"type", family.AMOUNT} | ({"margin"} if family.DESTINATION == "business" else set())
    assert (family.AMOUNT == "gross_sales") == (family.DESTINATION == "business")
    assert not family.PAID or family.AMOUNT in {"wage", "compensation"}


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
