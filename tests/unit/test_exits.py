"""Exit tests and inspection on households worked out by hand: statuses, wrong exits, relapse, checks, monitoring."""

import numpy as np
import pytest

import povsim
from tests import tiny
from tests.conftest import quantity
from tests.tiny import county, dated, growing, live, luck, measure, plan

EXIT, WRONG, RELAPSE, NEWLY_POOR, LASTING, CAUGHT = 1, 2, 4, 8, 16, 32
NEVER, REGISTERED, EXITED, RELAPSED, MONITORED = range(5)
NOTHING = {"wage": 0, "business": 0, "production_cost": 0}
INCOME = {"type": "income", "name_zh": "收入", "name_en": "income", "comparison": ">",
          "line": quantity(3000, "yuan per head and year")}  # fmt: skip
STATED = {"source": "test", "status": "assumed"}


def passing(n=2, **columns):
    """Return households that lack nothing, with 20,000 yuan of wages: 5,000 a head, the line being 3,000."""
    return county(n, lacks=(), **{"wage": 20_000, "business": 0, "production_cost": 0, **columns})


def wages(*levels):
    """Return the change of a plan that sets the wage of ``passing`` households year by year."""
    return {"incomes__growth__wage": growing(20_000, *levels)}


@pytest.mark.parametrize(
    ("income", "comparison", "fails"),
    [(12_000, ">", True), (12_000, ">=", False), (12_001, ">", False), (11_999, ">=", True), (0, ">", True)],
)
def test_income_against_the_line(income, comparison, fails):
    # transfers do not pass through a logarithm, so they are to the yuan
    people = county(lacks=(), **NOTHING, transfer=income)
    life = live(people, plan(exit_standard__household__tests__income__comparison=comparison))
    assert life.of("pattern") == [int(fails)] * 5
    assert life.sum("poor_persons") == [8 * fails] * 5
    assert life.of("counted_income") == pytest.approx([income] * 5)


@pytest.mark.parametrize(
    "off",
    [(), ("pension",), ("dibao",), ("one_off",), ("medical_cost",), ("pension", "dibao", "one_off", "medical_cost")],
)
def test_what_counts_is_a_switch_of_the_standard(off):
    people = county(lacks=(), **NOTHING, property=20_000, transfer=1_000, pension=300, dibao=200)
    counts = ("pension", "dibao", "one_off", "medical_cost")
    changes = {f"exit_standard__household__counts__{name}": name not in off for name in counts}
    ill = {"shocks__illness__hazard": 0.5, "shocks__illness__cost": 10_000, "shocks__illness__reimbursement": 0.6}
    life = live(people, plan({"m": measure("transfer", amount=70, one_off=True)}, **changes, **ill))
    parts = {"pension": 300, "dibao": 200, "one_off": 70, "medical_cost": -4_000}
    expected = 20_500 + sum(yuan for name, yuan in parts.items() if name not in off)
    assert life.of("counted_income") == pytest.approx([expected] * 5)
    # what inspectors remember for the next year is before dibao
    remembered = (expected - (0 if "dibao" in off else 200)) / 4
    assert life.of("seen_income_per_head") == pytest.approx([remembered] * 5)


def test_the_cost_of_schooling_counts_where_the_standard_says_so():
    stages = ("preschool", "compulsory", "senior", "tertiary")
    cost = {name: quantity(700, "yuan per pupil and year") for name in stages}
    people = passing(2, students=[0, 3], transfer=1_000)
    for counts in (True, False):
        life = live(people, plan(shocks__schooling=cost, exit_standard__household__counts__schooling_cost=counts))
        assert life["schooling_cost"][0].tolist() == [0, 2_100 * counts]
        assert life["counted_income"][0].tolist() == pytest.approx([21_000, 21_000 - 2_100 * counts])


def test_a_pattern_has_a_bit_for_each_test():
    for place, name in enumerate(tiny.NAMES):
        assert live(county(lacks=(name,)), plan()).of("pattern") == [1 << (place + 1)] * 5
    both = county(lacks=("clothing", "water"), **NOTHING)
    assert live(both, plan()).of("pattern") == [1 | 1 << 2 | 1 << 4] * 5


def test_declared_exit_after_years_above():
    for years in (1, 2, 3):
        life = live(passing(), plan(exit_standard__household__stability_years=years))
        assert life.of("events") == [EXIT if year == years else 0 for year in range(1, 6)]
        assert life.of("status") == [REGISTERED] * (years - 1) + [EXITED] * (6 - years)


def test_a_year_below_starts_the_count_again():
    life = live(passing(), plan(exit_standard__household__stability_years=2, **wages(20e3, 8e3, 20e3, 20e3, 20e3)))
    assert life.of("status") == [REGISTERED, REGISTERED, REGISTERED, EXITED, EXITED]


def test_an_unmet_guarantee_blocks_only_as_a_veto():
    people = county(lacks=("water",))
    assert live(people, plan()).of("status") == [REGISTERED] * 5
    lax = live(people, plan(exit_standard__household__tests__water__veto=False))
    assert lax.of("events") == [EXIT, 0, 0, 0, 0]
    assert lax.of("pattern") == [1 << 4] * 5


def test_overlooking_a_guarantee_makes_a_wrong_exit_and_no_relapse():
    life = live(county(), plan(inspection__overlooked=1))
    # found a year after it was first seen to fail as an exited household, and then declared out again
    assert life.of("status") == [EXITED, EXITED, RELAPSED, EXITED, EXITED]
    assert life.of("events") == [EXIT | WRONG, 0, 0, EXIT | WRONG, 0]
    assert life.sum("wrong_exits") == [8, 0, 0, 8, 0]
    assert life.sum("failing_exited_households") == [2, 2, 0, 2, 2]


def test_false_alarms_keep_households_on_the_register():
    people = passing(400)
    life = live(people, plan(inspection__false_alarm=0.3))
    passed = luck(people, "inspection", 2016, lane=1) >= 0.3
    assert np.array_equal(life["status"][0] == EXITED, passed)


def test_error_in_income_makes_wrong_exits():
    people = county(20_000, lacks=(), **NOTHING, transfer=12_000)
    life = live(people, plan(inspection__income_error=0.2))
    # the log of the error is normal with mean -0.02 and sd 0.2: above zero with probability Phi(-0.1)
    wrong = (life["events"][0] & WRONG) > 0
    assert wrong.mean() == pytest.approx(0.4602, abs=0.012)
    assert np.array_equal(wrong, life["seen_income_per_head"][0] > 3_000)
    assert life["seen_income_per_head"][0].mean() == pytest.approx(3_000, rel=0.01)


@pytest.mark.parametrize(("delay", "back"), [(0, 1), (1, 2), (2, 3)])
def test_relapse_is_counted_once_and_registered_after_the_delay(delay, back):
    life = live(passing(), plan(inspection__delay=delay, **wages(20e3, 8e3, 8e3, 8e3, 8e3)))
    assert life.of("events") == [EXIT, RELAPSE, 0, 0, 0]
    assert life.of("status") == [EXITED] * back + [RELAPSED] * (5 - back) if back else None


def test_who_fell_back_may_exit_again():
    life = live(passing(), plan(**wages(20e3, 8e3, 8e3, 20e3, 20e3)))
    assert life.of("status") == [EXITED, EXITED, RELAPSED, EXITED, EXITED]
    # the second year above after two poor ones is a lasting exit
    assert life.of("events") == [EXIT, RELAPSE, 0, EXIT, LASTING]


def test_nobody_is_registered_again_who_is_not_found():
    life = live(passing(), plan(inspection__found=0, **wages(20e3, 8e3, 8e3, 8e3, 8e3)))
    assert life.of("status") == [EXITED] * 5
    assert life.sum("failing_exited_persons") == [0, 8, 8, 8, 8]


def test_new_poverty_and_being_found():
    life = live(passing(status=0), plan(**wages(20e3, 8e3, 8e3, 20e3, 20e3)))
    assert life.of("events") == [0, NEWLY_POOR, 0, EXIT, LASTING]
    assert life.of("status") == [NEVER, NEVER, REGISTERED, EXITED, EXITED]
    assert life.sum("omissions") == [0, 8, 0, 0, 0]


def test_who_failed_in_the_register_s_year_is_not_newly_poor():
    life = live(passing(status=0, wage=8_000), plan())
    assert life.of("events") == [0] * 5
    assert life.of("status") == [REGISTERED] * 5


def test_lasting_exits_need_two_years_above_after_a_poor_one():
    life = live(passing(wage=8_000), plan(incomes__growth__wage=growing(8, 20, 20, 20, 8, 20)))
    assert [event & LASTING for event in life.of("events")] == [0, LASTING, 0, 0, 0]


def test_the_line_of_the_year_is_the_line():
    line = dated("yuan per head and year", y2015=3000, y2016=3000, y2018=6000)
    life = live(passing(), plan(exit_standard__household__tests__income__line=line))
    assert life.of("pattern") == [0, 0, 1, 1, 1]
    assert life.of("status") == [EXITED, EXITED, EXITED, RELAPSED, RELAPSED]


def test_growth_is_asked_of_households_with_labour():
    tests = [INCOME, {"type": "growth", "name_zh": "增幅", "name_en": "growth", **STATED}]
    changes = {
        "exit_standard__household__tests": tests,
        "references__province_mean_income": quantity({2015: 10e3, 2016: 11e3, 2017: 12.1e3}, "yuan per head and year"),
    }
    people = passing(2, workers=[1, 0])
    # a tenth in 2016 and 2017, then the province stands still
    life = live(people, plan(**changes, **wages(24e3, 25e3, 24e3, 24.5e3, 25e3)))
    assert life.of("pattern", 0) == [0, 2, 2, 0, 0]
    assert life.of("pattern", 1) == [0] * 5


def test_dibao_is_no_growth():
    tests = [INCOME, {"type": "growth", "name_zh": "增幅", "name_en": "growth", **STATED}]
    changes = {
        "exit_standard__household__tests": tests,
        "references__province_mean_income": quantity({2015: 10e3, 2016: 11e3}, "yuan per head and year"),
    }
    aided = {"m": measure("dibao", standard=9_000, paid_share=1, years=[2016, 2016])}
    # dibao of 4,000 a head comes in 2016 and is gone in 2017: neither is growth, which the first year lacks
    life = live(passing(), plan(aided, **changes))
    assert life.of("dibao") == pytest.approx([16_000, 0, 0, 0, 0], abs=1)
    assert [pattern & 2 for pattern in life.of("pattern")] == [2, 0, 0, 0, 0]


def test_activity_asks_for_earnings_of_households_with_labour():
    least = quantity(15_000, "yuan per household and year")
    tests = [INCOME, {"type": "activity", "name_zh": "就业", "name_en": "activity", "least": least}]
    people = county(
        4, lacks=(), workers=[1, 1, 1, 0], wage=[16_000, 9_000, 9_000, 0], business=[0, 7_000, 5_000, 0],
        production_cost=0, transfer=20_000,
    )  # fmt: skip
    life = live(people, plan(exit_standard__household__tests=tests))
    # gross business income counts here
    assert life["pattern"][0].tolist() == [0, 0, 2, 0]
    assert life["status"][0].tolist() == [EXITED, EXITED, REGISTERED, EXITED]


def stages(*catches):
    return [
        {"code": f"s{place}", "name_zh": "核查", "name_en": "check", "catch": quantity(catch, "share")}
        for place, catch in enumerate(catches)
    ]


def test_the_stage_that_catches_is_the_luck_of_the_household():
    people = county(400, weight=2)
    life = live(people, plan(inspection__overlooked=1, inspection__checks=stages(0.3, 0.4)))
    u = luck(people, "inspection", 2016, lane=3)
    first, second = u < 0.3, (u >= 0.3) & (u < 1 - 0.7 * 0.6)
    assert np.array_equal((life["events"][0] & CAUGHT) > 0, first | second)
    assert np.array_equal(life["status"][0] == EXITED, ~(first | second))
    for stage, caught in (("s0", first), ("s1", second)):
        assert life.sum("caught_households", check=stage)[0] == 2 * caught.sum()
        assert life.sum("caught_persons", check=stage)[0] == 8 * caught.sum()


def test_who_is_caught_starts_again_and_sound_exits_are_left_alone():
    caught = plan(inspection__overlooked=1, inspection__checks=stages(1), exit_standard__household__stability_years=2)
    life = live(county(), caught)
    assert life.of("events") == [0, CAUGHT, 0, CAUGHT, 0]
    assert life.of("status") == [REGISTERED] * 5
    sound = live(passing(), plan(inspection__checks=stages(1)))
    assert sound.of("events") == [EXIT, 0, 0, 0, 0]


def test_more_stages_of_checking_than_there_is_room_for_are_refused(people):
    with pytest.raises(povsim.InputError, match=r"inspection\.checks: too many; found 9; allowed: at most 8 stages"):
        live(people, plan(inspection__checks=stages(*[0.1] * 9)))


def test_caught_and_wrong_exits_are_the_wrong_exits_without_checks(people):
    one_year = {"years": [2016, 2016], "inspection.overlooked": 0.6, "inspection.income_error": 0.3}
    checks = {"with": stages(0.2, 0.3, 0.4), "without": ()}
    plans = [
        povsim.read_scenario("sample", overrides={**one_year, "code": code, "inspection.checks": listed})
        for code, listed in checks.items()
    ]
    out = povsim.simulate(people, plans, draws=8)
    for end in ("", "_households"):
        caught = out[f"caught_{end[1:] or 'persons'}"].sum("check").sel(scenario="with")
        assert caught.sum() > 0
        for name in ("exits", "wrong_exits"):
            both = out[f"{name}{end}"]
            assert np.array_equal(both.sel(scenario="with") + caught, both.sel(scenario="without"))


def watching(year=2016, line=5_000, hardship=0.5, found=1):
    return {
        "from_year": year,
        "line": quantity(line, "yuan per head and year"),
        "hardship_share": quantity(hardship, "share"),
        "found": quantity(found, "share"),
    }


def test_monitored_classes_and_the_way_back():
    # 4,000, 4,000, 8,000, 2,000 a head and one on the register; wages double in 2018
    people = passing(5, status=[NEVER, EXITED, EXITED, NEVER, REGISTERED], wage=[16_000, 16_000, 32_000, 8_000, 8_000])
    life = live(people, plan(monitoring=watching(), incomes__growth__wage=growing(1, 1, 1, 2, 2, 2)))
    assert life["status"].T.tolist() == [
        [MONITORED, MONITORED, NEVER, NEVER, NEVER],
        [MONITORED, MONITORED, EXITED, EXITED, EXITED],
        [EXITED] * 5,
        [MONITORED] * 5,
        # declared out at 4,000 a head, and seen to be at risk in the year after
        [REGISTERED, REGISTERED, EXITED, MONITORED, MONITORED],
    ]
    assert life["monitored"][0].tolist() == [2, 1, 0, 2, 0]
    for place, code in enumerate(("unstable", "marginal", "hardship"), start=1):
        expected = (life["monitored"] == place).sum(axis=1)
        assert life.sum("monitored_households", monitored_class=code) == expected.tolist()
        assert life.sum("monitored_persons", monitored_class=code) == (4 * expected).tolist()


def test_before_monitoring_begins_households_are_registered_and_after_it_not():
    people = passing(2, status=[NEVER, EXITED])
    life = live(people, plan(monitoring=watching(2018), **wages(8e3, 8e3, 8e3, 8e3, 8e3)))
    assert life.of("status", 0) == [NEVER, REGISTERED, REGISTERED, REGISTERED, REGISTERED]
    assert life.of("status", 1) == [EXITED, RELAPSED, RELAPSED, RELAPSED, RELAPSED]
    at_once = live(people, plan(monitoring=watching(2016), **wages(8e3, 8e3, 8e3, 8e3, 8e3)))
    assert at_once.of("status", 0) == at_once.of("status", 1) == [MONITORED] * 5
    # the truth goes on: the household fell back, whatever it is called
    assert at_once.of("events", 1) == [RELAPSE, 0, 0, 0, 0]


def test_a_sudden_burden_comes_first():
    ill = {
        "shocks__illness__hazard": dated("share", y2016=0, y2017=0.5, y2018=0), "shocks__illness__cost": 40_000,
        "shocks__illness__reimbursement": 0, "shocks__illness__work_loss": 0, "shocks__illness__years": 1,
    }  # fmt: skip
    people = passing(3, status=[NEVER, EXITED, EXITED], wage=[32_000, 32_000, 400_000])
    life = live(people, plan(monitoring=watching(), **ill))
    assert life["monitored"].T.tolist() == [[0, 3, 0, 0, 0], [0, 3, 0, 0, 0], [0] * 5]
    assert life["status"].T.tolist() == [
        [NEVER, MONITORED, NEVER, NEVER, NEVER], [EXITED, MONITORED, EXITED, EXITED, EXITED], [EXITED] * 5
    ]  # fmt: skip


def test_who_is_not_found_is_not_monitored():
    people = passing(400, status=NEVER, wage=16_000)
    life = live(people, plan(monitoring=watching(found=0.3)))
    seen = np.zeros(400, bool)
    for year in range(5):
        seen |= luck(people, "inspection", 2016 + year, lane=2) < 0.3
        assert np.array_equal(life["status"][year] == MONITORED, seen)


def test_a_measure_may_ask_for_monitored_households():
    aid = measure("transfer", amount=100, eligible={"status": ["monitored"]})
    people = passing(2, status=[NEVER, REGISTERED], wage=16_000)
    life = live(people, plan({"m": aid}, monitoring=watching()))
    # the second exits in 2016 and is seen to be at risk in 2017
    assert life["status"].T.tolist() == [[MONITORED] * 5, [EXITED, MONITORED, MONITORED, MONITORED, MONITORED]]
    assert life["transfer"].T.tolist() == [[0, 100, 100, 100, 100], [0, 0, 100, 100, 100]]


def test_identification_at_the_start():
    # on the register and passing, on it and failing, off it and failing, off it and passing
    people = passing(
        4, status=[REGISTERED, REGISTERED, NEVER, NEVER], wage=[20_000, 8_000, 8_000, 20_000], persons=[4, 3, 2, 5],
        weight=[1, 2, 3, 4],
    )  # fmt: skip
    out = live(people, plan()).out.isel(scenario=0, draw=0)
    # 8,000 for three are below the line of 3,000, 8,000 for two are not
    assert (int(out["wrongly_included"].sum()), int(out["wrongly_included_households"].sum())) == (4, 1)
    assert (int(out["omitted_at_start"].sum()), int(out["omitted_at_start_households"].sum())) == (0, 0)
    lacking = people.copy(deep=True)
    lacking["deprived"][2, 0] = True
    lacking["deprived"][0, 3] = True
    out = live(lacking, plan()).out.isel(scenario=0, draw=0)
    assert (int(out["wrongly_included"].sum()), int(out["wrongly_included_households"].sum())) == (0, 0)
    assert (int(out["omitted_at_start"].sum()), int(out["omitted_at_start_households"].sum())) == (6, 3)
