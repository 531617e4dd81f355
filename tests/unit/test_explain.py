"""One household explained: arithmetic on a panel made by hand, the rest against the engine and as it is printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner, Result

import povsim
from povsim import cli_explain, household_year, remedies
from povsim.cli import app
from povsim.cli_explain import Voice, account_table, year_lines
from povsim.errors import InputError
from povsim.explanation import Explanation, explain
from povsim.folder import write_run
from povsim.folder_manifest import Record, input_files
from povsim.household_account import EVENTS, ITEMS, MARKS, SPELLS, STOCKS
from povsim.household_year import Case, Household, household_years, read_household
from povsim.process import BlockYear, Process
from povsim.project import make_project
from povsim.quantity import read_yaml
from povsim.remedies import figures_of_draw
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario, locate, read_scenario
from povsim.wording import read_room, wording

SEED, DRAWS = 5, range(2, 6)
GUARANTEES = ("food", "clothing", "housing", "water", "schooling", "insurance")
COLUMNS = (
    *("wage", "business", "production_cost", "property", "transfer", "pension", "dibao", "one_off", "medical"),
    *("counted_income", "loan_balance", "arrears", "debt", "seen_income_per_head"),
    *("status", "deprived", "pattern", "events", "received"),
)
HOME = Household(
    household=7,
    village="a/b",
    township="a",
    county="c",
    village_zh="乙村",
    village_en="B",
    poor_village=True,
    persons=4,
    workers=2,
    students=1,
    ill=0,
    disabled=0,
    weight=1,
    synthetic=False,
    category="general",
    cause="illness",
    status="registered",
    status_year=2014,
    lacking=("housing",),
    income_per_head=2000.0,
    income_before_dibao=2000.0,
    register_year=2015,
)


def case(sample: Scenario, *years: dict[str, Any], home: Household = HOME, **more: Any) -> Case:
    """Return a household made by hand; columns not given are zero."""
    names = dict.fromkeys([*COLUMNS, *(name for year in years for name in year)])
    columns = {name: ("year", [year.get(name, 0) for year in years]) for name in names}
    panel = xr.Dataset(columns | more, {"year": [2016 + place for place in range(len(years))]})
    lines = {2016: 2952.0, 2017: 3041.0, 2018: 3130.0}
    number, luck = (lambda entry, year: entry.at(year)), (lambda code, year: 0.5)
    return Case(sample, home, GUARANTEES, tuple(sample.active()), lines, number, panel, luck)


def poor(**more: Any) -> dict[str, Any]:
    return {"status": 1, "pattern": 1, "counted_income": 10000.0, "seen_income_per_head": 2500.0, **more}


def test_the_gap_is_exact(sample: Scenario) -> None:
    (year,) = household_years(case(sample, poor()))
    (failed,) = year.failed
    assert (failed.code, failed.type, failed.veto, failed.strict) == ("income", "income", True, True)
    assert (failed.short_per_head, failed.short) == (452.0, 1808.0)
    assert failed.share_of_line == pytest.approx(452 / 2952, abs=1e-15)
    assert (year.line, year.counted_per_head, year.seen_per_head) == (2952.0, 2500.0, 2500.0)


def test_half_a_yuan_short_needs_a_whole_one(sample: Scenario) -> None:
    (year,) = household_years(case(sample, poor(counted_income=4 * 2951.5)))
    text = " ".join(year_lines(year, Voice(wording("en", "commands", "explain"), sample)))
    assert "income: 1 yuan a head short, 0.0 % of the line" in text
    assert "more than 1 yuan a head and year, 2 for the household" in text


def test_a_household_on_a_line_that_has_to_be_exceeded_fails_by_nothing(sample: Scenario) -> None:
    (year,) = household_years(case(sample, poor(counted_income=4 * 2952.0)))
    text = " ".join(year_lines(year, Voice(wording("en", "commands", "explain"), sample)))
    assert "more than 0 yuan a head and year" in text


def test_income_by_source_net_of_costs(sample: Scenario) -> None:
    flows = {
        "wage": 100,
        "business": 90,
        "production_cost": 95,
        "transfer": 10,
        "pension": 20,
        "dibao": 30,
        "medical": 7,
    }
    (year,) = household_years(case(sample, poor(**flows, one_off=5)))
    assert year.amounts == {
        "wage": 100, "business": -5, "property": 0, "transfer": 65, "dibao": 30, "pension": 20, "one_off": 5,
        "medical": -7,
    }  # fmt: skip


def test_guarantees_lost_and_met_are_told_against_the_register_and_the_year_before(sample: Scenario) -> None:
    first, second, third = household_years(
        case(sample, {"deprived": 0b001100, "pattern": 0b11000}, {"deprived": 0b001000}, {"deprived": 0b101000})
    )
    assert (first.lost, first.met, first.lacking) == (("water",), (), ("housing", "water"))
    assert (second.lost, second.met) == ((), ("housing",))
    assert (third.lost, third.met) == (("insurance",), ())
    assert [failed.guarantee for failed in first.failed] == ["housing", "water"]
    assert all(failed.short is None for failed in first.failed)


def test_status_and_events(sample: Scenario) -> None:
    first, second = household_years(case(sample, {"status": 2, "events": 0b00011}, {"status": 3, "events": 0b00100}))
    assert (first.status_before, first.status, first.events) == ("registered", "exited", ("exit", "wrong_exit"))
    assert (second.status_before, second.status, second.events) == ("exited", "relapsed", ("relapse",))


def test_what_inspectors_saw_has_dibao_put_back(sample: Scenario) -> None:
    (year,) = household_years(case(sample, poor(dibao=2000.0, seen_income_per_head=2200.0)))
    assert year.seen_before_dibao == 2200.0
    assert year.seen_per_head == pytest.approx(2500 * 2200 / 2000)


def test_dibao_received_is_told_in_yuan_and_other_help_by_name(sample: Scenario) -> None:
    order = list(sample.active())
    bits = 1 << order.index("dibao") | 1 << order.index("industry")
    (year,) = household_years(case(sample, poor(received=bits, dibao=1204.0)))
    assert {each.measure: each.money for each in year.received} == {"industry": None, "dibao": 1204.0}


def test_remedies_name_the_conditions_that_are_not_met(sample: Scenario) -> None:
    loan = 1 << list(sample.active()).index("microcredit")
    state = poor(pattern=0b1001, deprived=0b000100, status=2, seen_income_per_head=9000.0)
    _, year = household_years(
        case(sample, state | {"received": loan, "loan_balance": 500.0}, state | {"arrears": 500.0})
    )
    found = {each.measure: each for each in year.remedies}
    money = [code for code, each in sample.active().items() if each.type in remedies.FIGURES and each.type != "medical"]
    assert sorted(found) == sorted([*money, "relocation", "repair"])
    assert [gap.condition for gap in found["industry"].unmet] == ["status"]
    assert found["industry"].unmet[0].wanted == ("registered", "relapsed")
    asked = {gap.condition: gap.found for gap in found["microcredit"].unmet}
    assert asked == {"holding": (), "arrears": (500.0,)}
    assert [gap.condition for gap in found["dibao"].unmet] == ["category", "income_below"]
    assert (found["repair"].tests, found["repair"].unmet, found["repair"].limit) == (("housing",), (), "budget")
    measure = sample.measures["industry"]
    full = measure.gross_sales.at(2018) * measure.margin.at(2018)
    assert found["industry"].yearly == pytest.approx(full)


def test_every_condition_of_a_filter_is_looked_at_and_has_words(sample: Scenario) -> None:
    who = {
        "status": ["exited"], "category": ["dibao"], "cause": ["disaster"], "failing": ["water"], "workers_at_least": 3,
        "persons_at_least": 5, "townships": ["z"], "villages": ["z/z"],
    }  # fmt: skip
    plan = read_scenario(
        "sample",
        overrides={"measures.industry.eligible": who, "measures.industry.years": [2019, 2020]},
    )
    (year,) = household_years(case(plan, poor()))
    unmet = next(each for each in year.remedies if each.measure == "industry").unmet
    assert [gap.condition for gap in unmet] == ["years", *who]
    for lang in ("zh", "en"):
        lines = list(year_lines(year, Voice(wording(lang, "commands", "explain"), plan)))
        text = next(line for line in lines if plan.measures["industry"].label(lang) in line)
        assert "2019-2020" in text
    assert "main cause is illness, open to disaster" in text


def test_one_off_aid_that_is_not_counted_mends_nothing(sample: Scenario) -> None:
    aid = sample.measures["dibao"].model_dump() | {"type": "transfer", "one_off": True}
    aid["eligible"] |= {"category": ()}
    aid = {key: value for key, value in aid.items() if key not in ("standard", "paid_share")}
    amount = {"value": 100, "unit": "yuan per recipient and year", "source": "test", "status": "assumed"}
    for one_off, per, yearly in ((True, "person", None), (False, "person", 400.0), (False, "ill", 0.0)):
        entry = aid | {"amount": amount, "one_off": one_off, "per": per}
        plan = read_scenario("sample", overrides={"measures.aid": entry})
        (year,) = household_years(case(plan, poor()))
        found = {each.measure: each for each in year.remedies}
        assert ("aid" in found) is not one_off
        if yearly is not None:
            assert found["aid"].yearly == yearly
            assert [gap.condition for gap in found["aid"].unmet] == ([] if yearly else ["members_ill"])


def test_cause_jobs_illness_monitoring_and_schooling_are_told(sample: Scenario) -> None:
    order = list(sample.active())
    money = (("year", "measure"), np.array([[10.0] * len(order), [20.0] * len(order)]))
    first = {"schooling_cost": 300.0, "cause": 1, "received": 1}
    second = {"cause": 4, "jobless_until": 3, "ill_until": 2, "flags": 32, "monitored": 3, "received": 1, "events": 32}
    made = case(sample, first, second)
    made.panel["received_money"] = money
    made.panel["measure"] = order
    years = household_years(made)
    assert years[0].amounts["schooling"] == -300.0
    assert [dict(each.marks) for each in years] == [
        {},
        {"cause": "disaster", "monitored": "hardship"},
    ]
    assert [dict(each.spells) for each in years] == [{}, {"ill": 2017, "jobless": 2018}]
    assert [each.newly_disabled for each in years] == [False, True]
    assert years[1].events == ("caught",)
    assert [each.received[0].money for each in years] == [10.0, 20.0]
    for lang in ("zh", "en"):
        voice = Voice(wording(lang, "commands", "explain"), sample)
        assert account_table(years, voice).row_count > 8
        assert len(list(year_lines(years[1], voice))) == 8
    lines = list(year_lines(years[1], voice))
    assert "monitored: sudden hardship" in lines
    assert "a job lost, lower wages until 2018" in lines


def judged() -> tuple[Scenario, dict[str, int]]:
    """Return the sample plan under the tests of another standard, and each test's bit."""
    plan = read_scenario("sample", overrides={"exit_standard": read_yaml(locate("exit-yichang-2018"))})
    return plan, {test.type: 1 << place for place, test in enumerate(plan.exit_standard.household.tests)}


def test_growth_and_activity_tell_their_gap() -> None:
    plan, bits = judged()
    state = {"status": 1, "counted_income": 16000.0, "dibao": 4000.0, "wage": 700.0, "business": 300.0}
    state |= {"pattern": bits["growth"] | bits["activity"], "seen_income_per_head": 3500.0}
    first, second = household_years(case(plan, state, state))
    mean = plan.references.province_mean_income
    assert mean is not None
    for year, before in ((first, 2000.0), (second, 3500.0)):
        growth, activity = year.failed
        wanted = before * mean.at(year.year) / mean.at(year.year - 1)
        assert (growth.found, growth.wanted) == (3000.0, pytest.approx(wanted))
        assert growth.short == pytest.approx(4 * (wanted - 3000.0), abs=0.01)
        assert (activity.found, activity.wanted, activity.short) == (1000.0, 3000.0, 2000.0)
    helps = {each.measure: each.tests for each in second.remedies}
    assert helps["jobs"] == ("growth", "activity")
    assert helps["assets"] == ("growth",)
    assert "dibao" not in helps
    for lang in ("zh", "en"):
        text = " ".join(year_lines(second, Voice(wording(lang, "commands", "explain"), plan)))
        assert "1,000" in text
        assert "2,000" in text


def test_medical_assistance_helps_only_those_whom_medical_cost_pushes_below(sample: Scenario) -> None:
    for cost, helps in ((0.0, False), (1800.0, False), (6000.0, True)):
        (year,) = household_years(case(sample, poor(medical=cost)))
        found = {each.measure: each for each in year.remedies}
        assert ("medical" in found) is helps
    measure = sample.measures["medical"]
    paid = min(measure.reimbursed.at(2017) * (6000 - measure.deductible.at(2017)), measure.ceiling.at(2017))
    assert found["medical"].yearly == pytest.approx(paid)


def test_works_address_the_guarantees_they_cure(sample: Scenario) -> None:
    tests = [each.guarantee for each in sample.exit_standard.household.tests if each.type == "guarantee"]
    for place, (guarantee, measures) in enumerate(
        {
            "food": ["relief"], "clothing": ["relief"], "housing": ["relocation", "repair"],
            "water": ["relocation", "water"], "schooling": ["return_to_school"], "insurance": ["enrolment"],
        }.items()
    ):  # fmt: skip
        state = {"status": 1, "pattern": 2 << tests.index(guarantee), "deprived": 1 << place, "counted_income": 2e4}
        (year,) = household_years(case(sample, state | {"seen_income_per_head": 5000.0}))
        assert [each.measure for each in year.remedies] == measures


def test_what_is_held_bars_and_what_failed_does_not(sample: Scenario) -> None:
    plan = read_scenario("sample", overrides={"measures.jobs.failure": 0.4})
    order = list(plan.active())
    state = poor(received=1 << order.index("jobs") | 1 << order.index("credit_line"))
    made = case(plan, state, poor())
    for chance, conditions in ((0.5, ["not_holding"]), (0.3, [])):
        first, second = household_years(replace(made, luck=lambda code, year, chance=chance: chance))
        found = {each.measure: each for each in first.remedies}
        assert [gap.condition for gap in found["workshop"].unmet] == conditions
        assert found["jobs"].receives
        assert found["microcredit"].unmet == ()
        # support is over in the second year, but the job goes on
        later = {each.measure: [gap.condition for gap in each.unmet] for each in second.remedies}
        assert ("held" in later["jobs"]) is bool(conditions)


def test_a_registered_household_that_passes_is_told_why_it_waits(sample: Scenario) -> None:
    voice = Voice(wording("en", "commands", "explain"), sample)
    state = {"status": 1, "counted_income": 16000.0}
    low, high = household_years(
        case(sample, state | {"seen_income_per_head": 2000.0}, state | {"seen_income_per_head": 4000.0})
    )
    assert "inspectors saw its income below the line" in next(year_lines(low, voice))
    assert "in a row" in next(year_lines(high, voice))


def written(folder: Path, plans: tuple[Scenario, ...], people: xr.Dataset, **more: Any) -> Path:
    results = run_scenarios(people, plans, Settings(DRAWS, SEED), **more)
    record = Record(SEED, inputs=input_files(locate("sample"), plans[0]))
    return write_run(results, folder, register=people, record=record)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample: Scenario, people: xr.Dataset) -> Path:
    """A run with two scenarios, the second without industry support and with a line that differs by draw."""
    line = sample.exit_standard.household.tests[0].model_dump()
    line["line"] |= {"spread": {"type": "lognormal", "sd": 0.1}}
    tests = [line, *(test.model_dump() for test in sample.exit_standard.household.tests[1:])]
    changes = {"code": "other", "measures.industry.active": False, "exit_standard.household.tests": tests}
    other = read_scenario("sample", overrides=changes)
    return written(tmp_path_factory.mktemp("explain") / "run", (sample, other), people)


@pytest.fixture(scope="module")
def panel(folder: Path, people: xr.Dataset) -> xr.Dataset:
    with povsim.open_run(folder) as run:
        _, kept = povsim.simulate(people, run.scenarios, draws=DRAWS, seed=SEED, keep=("household",))
    return kept


def some(panel: xr.Dataset, scenario: str, draw: int) -> Iterator[int]:
    """Yield households to which something happens."""
    one = panel.sel(scenario=scenario, draw=draw)
    busy = ((one["pattern"] | one["events"] | one["received"]) != 0).any("year").values
    yield from one["household"].values[busy][::9].tolist()


@pytest.fixture(scope="module")
def told(folder: Path, panel: xr.Dataset) -> list[Explanation]:
    with povsim.open_run(folder) as run:
        return [
            explain(run, name, scenario=code, draw=draw)
            for code, draw in (("sample", 3), ("other", 4))
            for name in list(some(panel, code, draw))[:12]
        ]


def test_the_draw_that_is_simulated_again_is_that_of_the_run(told: list[Explanation], panel: xr.Dataset) -> None:
    assert len(told) > 12
    for each in told:
        assert each.agrees
        stored = panel.sel(scenario=each.scenario.code, draw=each.draw, household=each.household.household)
        for name in ("counted_income", "pattern", "status", "deprived"):
            np.testing.assert_array_equal(each.panel[name].values, stored[name].values)


def test_the_parts_of_income_add_up_to_what_is_counted(told: list[Explanation]) -> None:
    for each in told:
        counts = each.scenario.exit_standard.household.counts
        uncounted = [item for item in ITEMS if item.switch and item.within and not getattr(counts, item.switch)]
        for year in each.years:
            parts = sum(year.amounts[item.code] for item in ITEMS if item.code in year.amounts and not item.within)
            parts -= sum(year.amounts[item.code] for item in uncounted)
            assert parts == pytest.approx(year.counted, abs=0.1)


def test_the_line_is_that_of_the_draw_and_gaps_agree_with_the_engine(told: list[Explanation]) -> None:
    lines = {(each.scenario.code, each.years[0].line) for each in told}
    assert ("sample", 2952.0) in lines
    assert next(line for code, line in lines if code == "other") != 2952.0
    checked = 0
    for each in told:
        for year in each.years:
            short = [failed.short_per_head for failed in year.failed if failed.type == "income"]
            assert bool(short) == (year.counted_per_head <= year.line)
            assert all(amount is not None and amount >= 0 for amount in short)
            checked += len(short)
    assert checked > 5


@pytest.mark.parametrize("change", ["spread", "quantile"])
def test_the_line_parts_the_poor_from_the_others_of_the_whole_county(
    change: str, people: xr.Dataset, sample: Scenario, tmp_path: Path
) -> None:
    test = sample.exit_standard.household.tests[0].model_dump()
    if change == "spread":
        test["line"] |= {"spread": {"type": "normal", "sd": 200.0}}
    else:
        share = {"value": 0.2, "unit": "share", "source": "test", "status": "assumed"}
        test |= {"line": None, "line_quantile": share}
    tests = [test, *(each.model_dump() for each in sample.exit_standard.household.tests[1:])]
    plan = read_scenario("sample", overrides={"exit_standard.household.tests": tests})
    place = written(tmp_path / "run", (plan,), people)
    each = explain(place, people["household"].values[0], draw=3)
    _, kept = povsim.simulate(people, plan, draws=range(3, 4), seed=SEED, keep=("household",))
    kept = kept.isel(scenario=0, draw=0)
    line = np.array([year.line for year in each.years], dtype=np.float32)[:, None]
    needed = line * people["persons"].values.astype(np.float32)
    np.testing.assert_array_equal(kept["counted_income"].values <= needed, (kept["pattern"].values & 1) == 1)


def test_who_is_taken_on_next_year_was_eligible_when_this_one_closed(told: list[Explanation]) -> None:
    seen = 0
    for each in told:
        for now, then in zip(each.years, each.years[1:], strict=False):
            new = {receipt.measure for receipt in then.received} - {receipt.measure for receipt in now.received}
            for remedy in now.remedies:
                if remedy.measure in new:
                    # a line may be granted at the same close as the loan that draws on it
                    lines = {receipt.measure for receipt in then.received}
                    missing = [
                        gap for gap in remedy.unmet if gap.condition != "holding" or lines.isdisjoint(gap.wanted)
                    ]
                    assert missing == []
                    seen += 1
    assert seen > 3


def test_probabilities_of_all_draws_stand_beside_the_first(folder: Path, people: xr.Dataset) -> None:
    name = people["household"].values[3]
    each = povsim.explain(folder, str(name), scenario="other")
    assert (each.draw, each.draws, each.household.household) == (2, DRAWS, name)
    with povsim.open_run(folder) as run:
        table = run.households()
    assert table is not None
    rows = table[(table["household"] == name) & (table["scenario"] == "other")]
    assert each.probabilities is not None
    assert each.probabilities["exited"].tolist() == rows["exited"].tolist()
    assert povsim.explain(folder, name, draw=2).probabilities is None


def test_a_run_that_cannot_be_made_again_is_told(tmp_path: Path, sample: Scenario, people: xr.Dataset) -> None:
    def halve(block: BlockYear) -> None:
        block.wage = block.wage * np.float32(0.5)

    place = written(tmp_path / "run", (sample,), people, processes=[Process("halve", halve)])
    each = explain(place, people["household"].values[0])
    assert not each.agrees
    assert {item.year for item in each.differences} <= set(sample.span)
    assert sum(item.stored for item in each.differences) != 0
    with povsim.open_run(place) as run:
        item = each.differences[0]
        stored = run.outcomes["persons"].sel(draw=2, year=item.year, status=item.status).sum()
    assert item.stored == int(stored)
    assert "Beware" in call("explain", place, people["household"].values[0]).stdout


def test_everything_the_run_does_not_have_is_refused(folder: Path, people: xr.Dataset) -> None:
    name = int(people["household"].values[10])
    with pytest.raises(InputError, match=r"draw: is not in the run; found 7; allowed: 2 to 5") as error:
        explain(folder, name, draw=7, scenario="othr")
    assert "did you mean 'other'?" in str(error.value)
    with pytest.raises(InputError, match=rf"is not in the population; found {name}0; the nearest: \d+, \d+, \d+"):
        explain(folder, f"{name}0")
    with pytest.raises(InputError, match="is not in the population; found abc; the nearest"):
        explain(folder, "abc")
    with pytest.raises(InputError, match="does not exist"):
        explain("nowhere", name)
    with pytest.raises(InputError, match="register: not found"):
        explain(folder, name, register="none.csv")
    with pytest.raises(InputError, match="allowed: none"):
        explain(folder, name, register=folder / "scenario.yaml")


def call(*words: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(
        app, [str(word) for word in words], env={"LC_ALL": "C.UTF-8", "COLUMNS": "80"} | (env or {})
    )


def columns(line: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_printed_fits_into_eighty_columns_in_one_language(
    lang: str, folder: Path, told: list[Explanation]
) -> None:
    each = max(told, key=lambda each: sum(len(year.remedies) + len(year.events) for year in each.years))
    result = call(
        "explain",
        folder,
        each.household.household,
        "--lang",
        lang,
        "--scenario",
        each.scenario.code,
        "--draw",
        each.draw,
    )
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(columns(line) for line in lines) <= 80
    words = result.stdout.replace(each.household.village, "").replace("元/年", "")
    if lang == "en":
        assert not re.search("[\u4e00-\u9fff]", words)
        assert "agrees with what the run stored" in words
    else:
        assert not re.search("[A-Za-z]{3,}", words)
    heads = [re.split(r"\s{2,}", line.strip()) for line in lines]
    per_head = next(row for row in heads if row[0] in ("per head", "人均"))
    assert per_head[1:] == [f"{int(np.floor(year.counted_per_head + 0.5)):,d}" for year in each.years]
    starts = [line[:4] for line in lines if re.match(r"20\d\d  \S", line)]
    assert starts == [str(year.year) for year in each.years]


def test_probabilities_are_printed_without_a_draw_and_json_is_written(
    folder: Path, people: xr.Dataset, tmp_path: Path
) -> None:
    name = int(people["household"].values[3])
    result = call("explain", folder, name, "--json", tmp_path / "a.json")
    assert result.exit_code == 0, result.output
    assert "in all 4 draws" in result.stdout
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (data["household"]["household"], data["draw"], data["agrees"]) == (name, 2, True)
    assert [year["year"] for year in data["years"]] == [row["year"] for row in data["probabilities"]]
    assert "in all 4 draws" not in call("explain", folder, name, "--draw", 2).stdout
    refused = call("explain", folder, name, "--json", folder / "a.json")
    assert refused.exit_code == 2
    assert "is in the run's folder" in refused.stderr


def test_mistakes_on_the_command_line_are_told_without_a_traceback(folder: Path) -> None:
    for words in (("1",), ("1", "--draw", "99")):
        result = call("explain", folder, *words)
        assert result.exit_code == 2
        assert "1 problem" in result.stderr


def test_a_run_made_from_a_register_needs_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_project("county")
    monkeypatch.chdir("county")
    ran = call("run", "plan.yaml", "--register", "register.csv", "--draws", 2, "--mapping", "mapping.yaml")
    assert ran.exit_code == 0, ran.output
    with povsim.open_run("runs/county") as run:
        table = run.households()
    assert table is not None
    name = table.loc[~table["synthetic"], "household"].iloc[0]
    refused = call("explain", "runs/county", name)
    assert refused.exit_code == 2
    assert "--register FILE" in refused.stderr
    result = call("explain", "runs/county", name, "--register", "register.csv")
    assert result.exit_code == 0, result.output
    assert "agrees with what the run stored" in result.stdout
    assert "synthetic household" not in result.stdout
    Path("register.csv").write_text(Path("register.csv").read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed = call("explain", "runs/county", name, "--register", "register.csv")
    assert (
        "is not what the run was made from; found register.csv; allowed: register.csv as it was then" in changed.stderr
    )


def test_every_row_event_and_condition_has_its_text_and_no_text_is_left_over() -> None:
    code = "".join(
        Path(str(each.__file__)).read_text(encoding="utf-8") for each in (cli_explain, household_year, remedies)
    )
    conditions = set(re.findall(r'^        \("([a-z_]+)", ', code, re.MULTILINE))
    members = {"household", "person", "student", "ill", "disabled"}
    wanted = {f"item.{item.code}" for item in ITEMS} | {f"stock.{name}" for name in STOCKS}
    wanted |= {f"mark.{mark.column}" for mark in MARKS} | {f"event.{name}" for name in EVENTS}
    wanted |= {f"unmet.{name}" for name in conditions} | {f"unmet.members_{name}" for name in members}
    wanted |= {f"limit.{name}" for name in ("share", "households", "budget")}
    wanted |= {f"chance.{name}" for name in ("poor", "registered", "exited", "relapsed")}
    wanted |= set(re.findall(r'"(explain\.[a-z_]+)"', code)) | {"phase.explain"}
    wanted |= {f"spell.{name}" for name in SPELLS} | {"gap.growth", "gap.activity"}
    assert len(conditions) == 16
    assert wanted == set(read_room("explain"))
    assert not set(read_room("explain")) & set(read_room("commands"))


def test_a_household_is_read_from_the_register(people: xr.Dataset, sample: Scenario) -> None:
    place = int(np.flatnonzero(people["deprived"].values.any(axis=1) & (people["status"].values == 1))[0])
    home = read_household(people, place)
    assert home.lacking
    assert home.status == "registered"
    assert home.village in people["village"].values
    number = figures_of_draw(sample, seed=1, draw=0)
    assert number(sample.measures["industry"].take_up, 2016) == sample.measures["industry"].take_up.at(2016)
