"""Rulebooks: which tests a standard may hold, and what is refused."""

import pytest

import povsim
from povsim.errors import InputError
from povsim.quantity import read_yaml, validate
from povsim.rulebook import ExitStandard, HouseholdStandard
from povsim.scenario import locate
from tests.conftest import quantity


def village_test(column, comparison, threshold, unit, **more):
    """Return one village test made up for a test."""
    names = {"code": "tried", "name_zh": "t", "name_en": "t"}
    return {**names, "column": column, "comparison": comparison, "threshold": quantity(threshold, unit), **more}


GROWTH = {"type": "growth", "code": "growth", "name_zh": "增幅", "name_en": "growth", "veto": False,
          "source": "test", "status": "assumed"}  # fmt: skip
ACTIVITY = {"type": "activity", "code": "activity", "name_zh": "产业", "name_en": "activity",
            "least": quantity(3000, "yuan per household and year")}  # fmt: skip
LINE = {"type": "income", "code": "income", "name_zh": "收入", "name_en": "income", "comparison": ">",
        "line": quantity(3000, "yuan per head and year")}  # fmt: skip
COUNTS = {"source": "test", "status": "assumed"}


def standard_of(*tests):
    """Return a household standard with the tests given after the income test, and its counts."""
    data = {"tests": [LINE, *tests], "counts": COUNTS, "stability_years": quantity(1, "years")}
    return validate(HouseholdStandard, data, "standard")


def test_growth_and_activity_are_household_tests():
    standard = standard_of(GROWTH, ACTIVITY)
    assert [test.type for test in standard.tests] == ["income", "growth", "activity"]
    assert [test.veto for test in standard.tests] == [True, False, True]
    assert standard.counts.schooling_cost is False


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ([{**GROWTH, "source": None}], "source"),
        ([{key: value for key, value in GROWTH.items() if key != "status"}], "status: is missing"),
        ([{**ACTIVITY, "least": quantity(3000, "yuan per head and year")}], "yuan per household and year"),
        ([{**ACTIVITY, "least": quantity(-1, "yuan per household and year")}], "should lie between 0 and"),
        ([{key: value for key, value in ACTIVITY.items() if key != "least"}], "least: is missing"),
        ([{**GROWTH, "least": quantity(1, "share")}], "unknown key"),
        ([{**GROWTH, "type": "grow"}], "unknown type"),
        ([GROWTH, {**GROWTH, "code": "again"}], "at most one test should be of type growth"),
        ([ACTIVITY, {**ACTIVITY, "code": "again"}], "at most one test should be of type activity"),
        ([GROWTH, {**ACTIVITY, "code": "growth"}], "two tests share a code"),
        ([{**LINE, "code": "again"}], "only the first, should be of type income"),
    ],
)
def test_slips_in_household_tests_are_refused(tests, message):
    with pytest.raises(InputError, match=message):
        standard_of(*tests)


FACILITY = village_test("facilities", ">=", 1, "facilities", facility="road")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({**FACILITY, "threshold": quantity(1, "share")}, "the unit should be 'facilities'"),
        ({**FACILITY, "facility": "all"}, "the unit should be 'share'"),
        ({**FACILITY, "facility": "raod"}, "found 'raod'"),
        ({**FACILITY, "facility": "haves", "haves": {"road": ["raod"]}}, "found 'raod'"),
        ({**FACILITY, "facility": None}, "facility should be given with column facilities"),
        ({**FACILITY, "facility": "haves"}, "a list of haves should be given"),
        ({**FACILITY, "haves": {"road": ["road"]}}, "a list of haves should be given"),
        (
            {**FACILITY, "facility": "haves", "haves": {"road": ["road"]}, "threshold": quantity(2, "facilities")},
            "at most the 1 haves",
        ),
        (village_test("incidence", "<", 0.02, "share", facility="road"), "only with it"),
        (village_test("poor_without_relapses", "<=", 0, "share"), "the unit should be 'persons'"),
        (village_test("incidence", "<", 0.02, "share", of="province_mean_income"), "goes with column mean_income"),
    ],
)
def test_slips_in_village_tests_are_refused(test, message):
    with pytest.raises(InputError, match=message):
        povsim.read_scenario("sample", overrides={"exit_standard.village": [test]})


@pytest.mark.parametrize("name", ["exit-national-2016", "exit-yichang-2018", "exit-mexico-2014"])
def test_shipped_rulebooks_are_read(name):
    path = locate(name)
    standard = validate(ExitStandard, read_yaml(path), name)
    assert standard.code == name
    assert standard.household.tests[0].type == "income"
