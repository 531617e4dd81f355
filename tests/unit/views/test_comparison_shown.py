"""How a comparison is written: targets on the same draws everywhere, units, dashes, words for entries and quarters."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import povsim
from povsim.planning.comparison_draws import Difference
from povsim.scenario import read_scenario, shipped_scenarios
from povsim.views import comparison as views
from povsim.views import comparison_groups as groups
from povsim.views import comparison_money as money
from povsim.views import comparison_tables as tables
from povsim.views import comparison_targets as targets
from povsim.views.comparison_due import Due, due, targets_of
from povsim.views.comparison_numbers import points
from povsim.views.comparison_plans import Plan
from povsim.views.comparison_settings import meaning, value
from povsim.views.comparison_sources import parameters
from povsim.views.comparison_sums import hold
from povsim.views.comparison_units import change_scale, level_scale
from povsim.wording import read_room
from tests.unit.views.comparison_samples import digested, make

LANGUAGES = ("zh", "en")
TWO = {"target": "second", "name_zh": "第二个目标", "name_en": "second target", "unit": "", "comparison": ">=",
       "units": "persons", "bound": 40.0}  # fmt: skip


@pytest.fixture(scope="module")
def digests(people, tmp_path_factory) -> dict:
    place = tmp_path_factory.mktemp("runs")
    return {name: digested(make(name, people, place), place) for name in ("a", "b", "both", "few", "other")}


def plans_of(digests, *names: str) -> tuple[Plan, ...]:
    return views.plans_of([digests[name] for name in names])


@pytest.fixture
def one(digests):
    return views.pair(*plans_of(digests, "a", "b"))


@pytest.fixture
def alike(digests):
    """A plan beside itself, run again on the same luck."""
    return views.pair(*plans_of(digests, "a", "both")[:2])


def setting(monkeypatch, plan: Plan, held, second=None) -> None:
    """Let the targets of 2020 hold in such draws of a plan: its own target, and a second one if asked for."""
    first = next(at for at, told in enumerate(targets_of(plan)) if told.year == 2020 and not told.verdict)
    arrays = {name: values.copy() for name, values in plan.arrays.items() if name.startswith("target")}
    arrays["target_held"][first] = held
    if second is not None:
        for name in [name for name in arrays if name.startswith("target_")]:
            key = name.removeprefix("target_")
            more = second if key == "held" else TWO.get(key, arrays[name][first])
            arrays[name] = np.concatenate([arrays[name], np.asarray([more])])
    arrays["targets_hold"][plan.place, :, 4] = np.minimum(held, held if second is None else second)
    for name, values in arrays.items():
        monkeypatch.setitem(plan.arrays, name, values)


def card(plan: Plan, pair, lang: str):
    return next(number for number in views.numbers(plan, pair, 4, lang) if number.code == "targets")


# ---- targets ----


def test_the_digest_keeps_in_which_draws_each_target_holds(digests) -> None:
    for name in ("a", "both"):
        part = digests[name].part("comparison")
        held, hold_all = part["target_held"], part["targets_hold"].to_numpy()
        assert (held.dims, held.dtype) == (("target", "draw"), np.int8)
        for plan in plans_of(digests, name):
            for place, year in enumerate(plan.years):
                mine = [told.held for told in due(plan, year)]
                together = np.minimum.reduce(mine) if mine else np.full(6, -1)
                assert together.tolist() == hold_all[plan.place, :, place].tolist()
    assert len(due(plans_of(digests, "a")[0], 2020)) == 1


def test_card_and_table_count_the_draws_that_plans_share(digests, monkeypatch) -> None:
    first, few = views.chosen(plans_of(digests, "a", "few"), None, ())
    assert first.draws.tolist() == [2, 3, 4]
    setting(monkeypatch, first, [1, 1, 0, 1, 0, 0])
    for lang in LANGUAGES:
        table = targets.targets_table((first, few), lang)
        row = next(row for row in table.rows if row["_key"].endswith("/0") and row["2020"] is not None)
        assert row["2020"] == pytest.approx(1 / 3) == hold(first, 4).mean()
        assert card(first, None, lang).value.startswith("33")
        assert re.search(r"\b3\b", table.note)
        assert "3" in card(first, None, lang).note
    # plans of different luck keep all their draws: each number is told
    other = plans_of(digests, "other")[0]
    assert "first" not in targets.targets_table((replace(first, span=(0, 2)), other), "en").note
    assert re.search(r": 2; .*: 6", targets.targets_table((replace(first, span=(0, 2)), other), "en").note)


def test_a_card_says_which_targets_it_counts(one, monkeypatch) -> None:
    setting(monkeypatch, one.first, [1, 1, 1, 0, 1, 1])
    told = due(one.first, 2020)
    number = card(one.first, None, "zh")
    assert number.spread.startswith(told[0].zh)
    assert f"{told[0].zh}，{told[0].required('zh')}：83%" in number.note
    setting(monkeypatch, one.first, [1, 1, 1, 0, 1, 1], [0, 1, 1, 1, 1, 0])
    for lang, counted, bound in (
        ("zh", "2 项目标同时实现", "不低于40 人"),
        ("en", "all 2 targets together", "at least 40"),
    ):
        number = card(one.first, None, lang)
        assert number.spread.startswith(counted)
        assert number.value == ("50%" if lang == "zh" else "50 %")
        assert bound in number.note
        assert all(share in number.note for share in ("83", "67"))
        assert all(target.name(lang) in number.note for target in due(one.first, 2020))


def test_where_no_target_is_due_the_card_says_so(one) -> None:
    number = next(number for number in views.numbers(one.first, None, 0, "en") if number.code == "targets")
    assert (number.value, number.spread) == ("-", "No target is due that year.")


@pytest.mark.parametrize(("held", "said"), [([1] * 6, "met in all 6 draws"), ([0] * 6, "met in none of the 6 draws")])
def test_all_draws_or_none_have_no_error(one, monkeypatch, held, said) -> None:
    for plan in (one.first, one.second):
        setting(monkeypatch, plan, held)
    assert card(one.first, None, "en").spread.endswith(f"; {said}")
    assert card(one.second, one, "en").spread.endswith(f"; {said}, as with the first plan")
    setting(monkeypatch, one.first, [1 - one for one in held])
    sign = "+" if held[0] else "-"
    assert card(one.second, one, "en").spread.endswith(f"; {sign}100 points, in every draw")
    assert "误差" not in card(one.second, one, "zh").spread


def test_some_draws_have_an_error_and_the_same_ones_no_difference(one, monkeypatch) -> None:
    for plan in (one.first, one.second):
        setting(monkeypatch, plan, [1, 0, 1, 1, 0, 1])
    assert "standard error 19 points" in card(one.first, None, "en").spread
    assert card(one.second, one, "zh").spread.endswith("；各次模拟都与首个方案相同")
    setting(monkeypatch, one.second, [1, 1, 1, 1, 0, 1])
    assert re.search(r"\+17 points \(error 17\)$", card(one.second, one, "en").spread)


def test_points_are_never_nothing_where_there_is_something() -> None:
    assert [points(share) for share in (0.0, 1e-9, 0.0004, 0.0006, 0.0044, 0.005, 0.0096, 0.5)] == [
        "0", "<0.1", "<0.1", "0.1", "0.4", "0.5", "1", "50",
    ]  # fmt: skip


def test_a_verdict_on_one_of_several_counties_names_it() -> None:
    told = Due("passes", "East", 2020, ">=", 1.0, "flag", "达标", "passes", np.array([1, -1, 0, 1], dtype=np.int8))
    assert (told.name("zh"), told.name("en")) == ("达标（East）", "passes (East)")
    assert told.probability == pytest.approx(2 / 3)
    assert replace(told, held=np.full(2, -1, dtype=np.int8)).probability is None


# ---- differences ----


def test_what_is_equal_in_all_draws_is_neither_better_nor_worse(alike, one) -> None:
    for lang, dash in (("zh", "“–”"), ("en", "dash")):
        for table in (
            tables.statistics_table([alike], 4, "count", lang),
            tables.years_table([alike], "poor_persons", lang),
            tables.areas_table([alike], "poor_persons", 4, "village", lang),
        ):
            assert [row["better1"] for row in table.rows] == [None] * len(table.rows)
            assert dash in table.note
    number = views.numbers(alike.second, alike, 4, "zh")[0]
    assert number.spread == "各次模拟都与首个方案相同"
    told = {row["_key"]: row["better1"] for row in tables.statistics_table([one], 4, "count", "en").rows}
    assert told["poor_persons"] == float(one.difference("poor_persons", place=4).better)
    unknown = Difference(*map(np.float64, (np.nan, np.nan, np.nan, np.nan, 0.0, 0.0)))
    assert tables.better(unknown) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_differences_of_rates_are_points(one, lang) -> None:
    told, unit = one.difference("headcount_ratio"), "个百分点" if lang == "zh" else "points"
    rates, years = tables.statistics_table([one], 4, "share", lang), tables.years_table([one], "headcount_ratio", lang)
    row = next(row for row in rates.rows if row["_key"] == "headcount_ratio")
    for mine in (row, years.rows[4]):
        found = (mine["difference1"], mine["low1"], mine["high1"])
        assert found == pytest.approx([100 * float(end[4]) for end in (told.mean, told.low, told.high)])
        assert mine["value0"] == pytest.approx(float(one.first.value("headcount_ratio")[:, 4].mean()))
    for table in (rates, years):
        columns = {column.code: column for column in table.columns}
        assert [columns[code].unit for code in ("difference1", "low1", "high1")] == [unit] * 3
        assert (columns["difference1"].kind, columns["value0"].kind) == ("signed", "percent")
    changes = groups.groups_table(one, "x", (4, "all", 0.05), lang)
    column = next(column for column in changes.columns if column.code == "change")
    assert (column.kind, column.unit) == ("signed", unit)
    assert changes.rows[0]["change"] == pytest.approx(100 * groups.winners(one, 4, "all", lang)[0]["change"])


@pytest.mark.parametrize(("lang", "factor", "unit"), [("zh", 1e4, "万元"), ("en", 1e6, "million yuan")])
def test_money_of_a_countys_size_is_scaled_everywhere(one, lang, factor, unit) -> None:
    spent = one.first.value("spending_so_far").mean(axis=0)
    apart = float(one.difference("spending_so_far", place=4).mean)
    sheet, years = tables.statistics_table([one], 4, "money", lang), tables.years_table([one], "spending_so_far", lang)
    row = next(row for row in sheet.rows if row["_key"] == "spending_so_far")
    for mine in (row, years.rows[4]):
        assert mine["value0"] == pytest.approx(spent[4] / factor)
        assert mine["difference1"] == pytest.approx(apart / factor)
    areas = tables.areas_table([one], "spending_so_far", 4, "village", lang)
    assert sum(row["value0"] for row in areas.rows) == pytest.approx(spent[4] / factor)
    for table in (sheet, years, areas):
        assert {one.unit for one in table.columns if one.code in ("value0", "difference1", "low1")} == {unit}
    totals, extra, _ = money.money_tables([one], 4, lang)
    units = {one.code: one.unit for table in (totals, extra) for one in table.columns}
    assert units["spending"] == units["spent"] == units["spent_band"] == unit
    assert units["cost"] == units["extra"] == ("万元/人" if lang == "zh" else "yuan per person")
    assert totals.rows[0]["spending"] == pytest.approx(spent[4] / factor)
    each = spent[4] / one.first.value("lasting_exits_so_far")[:, 4].mean()
    assert totals.rows[0]["cost"] == pytest.approx(each / (1e4 if lang == "zh" else 1))


def test_decimals_let_nothing_look_like_nothing_that_is_not(one) -> None:
    spending, villages = one.first.statistic("spending"), one.first.statistic("villages_passing")
    assert change_scale(spending, one.first, "zh", [-3.8e7, -3.1e4]).digits == 0
    assert change_scale(spending, one.first, "zh", [-3.8e7, -3.1e2]).text(-3.1e2) == "-0.03"
    assert change_scale(villages, one.first, "en", [0.3]).text(0.3) == "+0.3"
    assert level_scale(villages, one.first, "en").digits == 1


def test_bands_of_money_are_texts_of_one_form(one) -> None:
    for lang, to in (("zh", " 至 "), ("en", " to ")):
        _, extra, quarters = money.money_tables([one], 4, lang)
        assert re.fullmatch(rf"[-+]?[\d,.]+{to}[-+]?[\d,.]+", extra.rows[0]["spent_band"])
        assert re.fullmatch(rf"[-+]?[\d,.]+{to}[-+]?[\d,.]+", extra.rows[0]["exits_band"])
        assert sum(quarters.rows[0][code] for code in money.QUARTERS) == pytest.approx(1)
        # headings that a narrow page can show
        assert all(len(column.label) <= 20 for column in extra.columns)


def test_the_note_of_the_plane_names_the_quarter_in_which_most_draws_lie(one, alike) -> None:
    from povsim.views.comparison_sums import bargain_of

    told = bargain_of(one, 4).quarters
    where = ("右上", "右下", "左上", "左下")[int(np.argmax(told))]
    note = money.plane_note([one], 4, "zh")
    assert f"{max(told):.0%}的模拟在{where}" in note
    assert sum(place in note for place in ("右上", "右下", "左上", "左下")) == 1
    assert "same money and exits as the first plan" in money.plane_note([alike], 4, "en")


# ---- names and words ----


def test_a_plan_that_is_called_by_a_code_is_told_in_full_too(digests) -> None:
    twice = plans_of(digests, "a", "both")[:2]
    title = povsim.read_scenario("sample").label("zh")
    assert views.names(twice, "zh") == ("a", "both")
    assert [views.about(plan, plan.code, "zh") for plan in twice] == [f"{title}（共 6 次模拟）"] * 2
    plans = plans_of(digests, "a", "b")
    assert [views.about(plan, name, "en") for plan, name in zip(plans, views.names(plans, "en"), strict=True)] == [
        "",
        "",
    ]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_setting_of_what_ships_has_a_meaning_in_both_languages(name) -> None:
    for row in parameters(read_scenario(name), 0):
        for lang, other in (("zh", "其他设置"), ("en", "another setting")):
            said, word = meaning(row, lang), row["path"].rpartition(".")[2]
            assert lang == "en" or said != row["path"]
            assert other not in said, row["path"]
            assert "_" not in said.replace(row[lang], ""), row["path"]
            if lang == "zh" and not row["status"]:
                assert not re.search(rf"[：:]{word}$|^{word}$", said), row["path"]
            assert value(row, lang)


def test_the_path_of_an_entry_comes_last(one) -> None:
    table = targets.changes_table([one.first, one.second], "zh")
    assert (table.columns[0].code, table.columns[-1].code) == ("meaning", "path")
    assert not any("measures." in str(row["meaning"]) for row in table.rows)


def test_what_one_plan_leaves_unset_is_called_as_the_figure_of_the_other(one, monkeypatch) -> None:
    path = "incomes.wage.log_sd"
    figure = dict.fromkeys(("spread", "note"), "") | {"path": path, "zh": "工资：户间差异", "en": "wages: spread"}
    figure |= {"value": "0.3", "unit": "share", "status": "assumed", "source": "x"}
    unset = {**figure, "zh": "", "en": "", "value": "", "status": "", "unit": "", "source": ""}
    rows = {one.first.code: [unset], one.second.code: [figure]}
    monkeypatch.setattr(targets, "parameter_rows", lambda plan: rows[plan.code])
    row = targets.changes_table([one.first, one.second], "zh").rows[0]
    assert (row["meaning"], row["value0"], row["value1"], row["status"]) == ("工资：户间差异", "无", "0.3", "假定")
    assert meaning(unset, "zh") == "工资性收入：户间差异"


def test_every_text_of_the_page_is_asked_for() -> None:
    source = Path(povsim.__file__).parent
    files = [*source.glob("views/comparison*.py"), *source.glob("charts/comparison*.py"),
             *source.glob("dashboard/pages/scenario_compare*.py"), source / "report" / "basis.py"]  # fmt: skip
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    asked = set(re.findall(r'"((?:vs|misfit)(?:\.\w+)+)"', code))
    families = tuple(f"{stem}." for stem in re.findall(r'f"((?:vs|misfit)(?:\.\w+)*)\.\{', code))
    plain = {"vs.tab", "vs.key", "vs.block", "vs.word", "vs.kind", "vs.number", "vs.drivers.note"}
    kept = {key for key in read_room("page_compare") if key not in asked and not key.startswith(families)}
    assert kept == set()
    assert plain <= {family[:-1] for family in families}
    missing = {key for key in asked if key not in read_room("page_compare")}
    assert missing == set()
