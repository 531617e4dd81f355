from __future__ import annotations

import numpy as np
import pytest

from povsim.draws import uniforms
from povsim.errors import InputError
from povsim.quantity import validate
from povsim.scoring.entered import entered_template, units_entered
from povsim.scoring.entered_files import KINDS_SHOWN
from povsim.scoring.schema import Scorecard
from tests.unit.entered_samples import CARD, UNITS, YEARS, entry, frame, make_card, read, refused, save, values

CHINESE = frame(
    ("东镇", 2016, "群众认可度(%)", "９８．５％"),
    ("西乡", "2016年", "known", 0.97),
    ("南镇", 2017, "RECOGNITION", "0.9"),
    columns=("单位", "年度", "指标", "值"),
)


@pytest.mark.parametrize("name", ["a.csv", "gb.csv", "plain.csv", "a.tsv", "a.xlsx", "frame"])
def test_both_languages_and_every_kind_of_file_give_the_same(tmp_path, name):
    encoding = {"gb.csv": "gb18030", "plain.csv": "utf-8"}.get(name, "utf-8-sig")
    source = CHINESE if name == "frame" else save(CHINESE, tmp_path / name, encoding)
    entered = read(source if name != "a.csv" else str(source))
    expected = np.array([[0.985, 0.97, np.nan], [np.nan, np.nan, 0.9]], dtype=np.float32)
    assert entered.codes == ("known",)
    assert np.array_equal(values(entered, "known"), np.broadcast_to(expected, (4, 2, 3)), equal_nan=True)
    assert np.array_equal(entered.given("known", YEARS, UNITS), ~np.isnan(expected))
    assert not entered.given("strict", YEARS, UNITS).any()
    assert np.isnan(values(entered, "strict")).all()


def test_order_and_choice_of_draws_years_and_units_make_no_difference():
    entered = read(entry(low=0.2, high=0.6))
    whole = values(entered, "known", range(6), seed=5)
    part = entered.values(CARD.indicator("known"), draws=[4, 1], years=[2016], units=["西乡", "东镇"], seed=5)
    assert np.array_equal(part[:, 0, 1], whole[[4, 1], 0, 0])
    assert np.isnan(part[:, 0, 0]).all()


def test_ranges_are_uniform_and_triangular_by_addressed_luck():
    table = frame(
        ("东镇", 2016, "known", None, 0.2, 0.6),
        ("西乡", 2016, "known", 0.3, 0.2, 0.6),
        ("南镇", 2016, "known", None, 0.5, 0.5),
        columns=("unit", "year", "indicator", "value", "low", "high"),
    )
    found = values(read(table), "known", range(3000), seed=7)[:, 0]
    luck = np.array([uniforms(UNITS, seed=7, draw=d, year=2016, decision="entered:test:known") for d in range(3000)])
    assert np.allclose(found[:, 0], 0.2 + 0.4 * luck[:, 0], atol=1e-6)
    assert found[:, 1].mean() == pytest.approx((0.2 + 0.3 + 0.6) / 3, abs=0.005)
    # below the mode: a quarter of the range, so a quarter of the draws
    assert np.mean(found[:, 1] < 0.3) == pytest.approx(0.25, abs=0.03)
    assert found[:, 1].min() >= 0.2
    assert found[:, 1].max() <= 0.6
    assert (found[:, 2] == np.float32(0.5)).all()


COLUMNS = ("unit", "year", "indicator", "value", "rater", "month")


def test_raters_are_averaged_within_kinds_and_weighed_between_them():
    table = frame(
        ("东镇", 2016, "rated", 0.9, "county:1", None),
        ("东镇", 2016, "rated", 0.7, "county:2", None),
        ("东镇", 2016, "rated", 0.5, "households", None),
        ("西乡", 2016, "rated", 0.6, "households", None),
        columns=COLUMNS,
    )
    found = values(read(table), "rated")[0, 0]
    # kinds that are not there have no say: their weights go to the others
    assert found == pytest.approx([0.6 * 0.8 + 0.4 * 0.5, 0.6, np.nan], nan_ok=True)


def test_the_latest_month_counts_and_the_whole_year_goes_before_it():
    table = frame(
        ("东镇", 2016, "spent", 20, None, "3月"),
        ("东镇", 2016, "spent", 40, None, 6),
        ("西乡", 2016, "spent", 77, None, None),
        ("西乡", 2016, "spent", 40, None, 6),
        ("南镇", 2016, "spent", 55, None, 12),
        columns=COLUMNS,
    )
    found = values(read(table), "spent")[:, 0]
    # persistence 1 and 0.4 done by June: the pace
    assert np.allclose(found, [100, 77, 55])


def test_values_to_date_start_from_the_prior():
    prior = np.full((2, 2, 3), np.nan)
    prior[:, 0, 0] = 0.8, 1.0
    table = frame(("东镇", 2016, "settled", 0.6, None, 6), columns=COLUMNS)
    found = values(read(table), "settled", range(2), prior)[:, 0, 0]
    assert found == pytest.approx([0.5 * 0.6 + 0.5 * 0.8, 0.5 * 0.6 + 0.5 * 1.0])
    assert values(read(table), "settled", range(2))[0, 0, 0] == pytest.approx(0.6)


def test_an_entered_profile_takes_the_place_of_the_cards():
    table = frame(
        ("东镇", 2016, "spent", 40, None, 6),
        (None, None, "profile:spending", 0.25, None, 3),
        (None, None, "进度：支出进度", "50%", None, 6),
        (None, None, "Profile: spending", 1, None, 12),
        columns=COLUMNS,
    )
    entered = read(table)
    assert values(entered, "spent")[0, 0, 0] == pytest.approx(80)
    assert entered.profiles["spending"].done == {3: 0.25, 6: 0.5, 12: 1.0}
    assert entered.profiles["spending"].kind == "flow"
    assert set(entered.profiles) == {"spending"}


def test_findings_classes_grades_and_peers():
    table = frame(
        ("东镇", 2016, "misuse", "是", None, None),
        ("西乡", 2017, "挪用资金", 3, None, 3),
        ("西乡", 2017, "misuse", 0, None, 6),
        ("南镇", 2017, "misuse", "no", None, None),
        ("东镇", None, "class", "一类", None, None),
        ("东镇", 2014, "等次", "优秀", None, None),
        ("西乡", 2015, "grade", "rest", None, None),
        ("peer:汨罗", 2016, "known", "95%", None, None),
        ("同类：岳阳", 2016, "known", 0.9, None, None),
        columns=COLUMNS,
    )
    entered = read(table)
    assert entered.findings("misuse", YEARS, UNITS).tolist() == [[1, -1, -1], [-1, 3, 0]]
    assert entered.findings("other", YEARS, UNITS).tolist() == [[-1] * 3] * 2
    assert entered.classes(UNITS) == ["一类", "", ""]
    assert entered.history() == {2014: {"东镇": "good"}, 2015: {"西乡": "rest"}}
    assert entered.peers(CARD.indicator("known")) == {"汨罗": {2016: 0.95}, "岳阳": {2016: 0.9}}
    assert entered.peers(CARD.indicator("strict")) == {}
    assert entered.codes == ()
    assert units_entered(table) == ("东镇", "西乡", "南镇")


def test_wide_tables_have_a_column_for_each_indicator(tmp_path):
    wide = frame(
        ("东镇", 2016, "98%", 1.2, 1),
        ("西乡", 2016, None, 0.5, None),
        columns=("单位", "年度", "群众认可度（%）", "kpi", "misuse"),
    )
    for source in (wide, save(wide, tmp_path / "a.csv"), save(wide, tmp_path / "a.xlsx")):
        entered = read(source)
        assert values(entered, "known")[0, 0] == pytest.approx([0.98, np.nan, np.nan], nan_ok=True)
        assert values(entered, "done")[0, 0] == pytest.approx([1.2, 0.5, np.nan], nan_ok=True)
        assert entered.findings("misuse", YEARS, UNITS)[0].tolist() == [1, -1, -1]


def test_items_that_share_an_entered_name_all_take_the_value():
    changed = CARD.model_dump()
    for code in (3, 5):
        changed["indicators"][code]["value_from"] = {"entered": "kpi"}
        changed["indicators"][code].update(unit="ratio", missing="zero", profile="", possible=(None, None))
    card = validate(Scorecard, changed, "test")
    entered = read(frame(("东镇", 2016, "KPI", 0.8)), card)
    assert entered.codes == ("spent", "done")


REFUSALS = {
    "unit": (
        {"unit": "东真", "value": 0.5},
        "unit: unknown unit; found 东真; allowed: 东镇, 西乡, 南镇; 1 rows: 2",
    ),
    "no unit": ({"unit": None, "value": 0.5}, "unit: is missing; .*1 rows: 2"),
    "indicator": ({"indicator": "knwon", "value": 0.5}, r"unknown indicator; found knwon; .*did you mean 'known'"),
    "no indicator": ({"indicator": None, "value": 0.5}, "indicator: is missing"),
    "year": ({"year": 2019, "value": 0.5}, "year: outside the run; found 2019; allowed: 2016, 2017"),
    "no year": ({"year": None, "value": 0.5}, "year: is missing; allowed: 2016, 2017"),
    "odd year": ({"year": "2016-17", "value": 0.5}, "year: outside the run; found 2016-17"),
    "month": ({"month": 13, "value": 0.5}, "month: impossible month; found 13; allowed: 1 to 12"),
    "part of a month": ({"month": 6.5, "value": 0.5}, "month: impossible month; found 6.5"),
    "no profile": ({"month": 6, "value": 0.5}, "known: month 6: the indicator has no profile"),
    "text": ({"value": "about 90"}, "known: value should be a number; found about 90"),
    "nothing finite": ({"indicator": "spent", "value": float("inf")}, "spent: value should be a number; found inf"),
    "text in low": (
        {"low": "x", "high": "y"},
        "low should be a number; found x(.|\n)*high should be a number; found y",
    ),
    "bare": ({"value": 98}, r"value should be a share; found 98; .*write 98% or 0.98"),
    "bare ratio": ({"indicator": "done", "value": 98}, r"done: value should be a share; .*write 98% or 0.98"),
    "per cent": ({"indicator": "spent", "value": "98%"}, "spent: value is in per cent; found 98%; allowed: .* yuan"),
    "bounds": ({"value": "101%"}, "known: value is impossible; found 1.01; allowed: 0 to 1"),
    "below": ({"indicator": "spent", "value": -1}, "spent: value is impossible; found -1; allowed: 0 or more"),
    "reversed": ({"low": 0.6, "high": 0.2}, "known: low above high; found 0.6 to 0.2"),
    "half a range": ({"low": 0.6}, "known: low and high go together"),
    "mode": ({"low": 0.2, "value": 0.7, "high": 0.6}, "value outside its range; found 0.7; allowed: 0.2 to 0.6"),
    "not rated": ({"value": 0.5, "rater": "county"}, "known: is not rated: rater stays blank; found county"),
    "no rater": ({"indicator": "rated", "value": 0.5}, "rated: rater is missing; allowed: county, households"),
    "rater": (
        {"indicator": "rated", "value": 0.5, "rater": "contry:2"},
        "rated: unknown kind of rater; found contry:2; .*did you mean 'county'.*county:1",
    ),
    "no weight": ({"indicator": "rated", "value": 0.5, "rater": "nobody"}, "rated only by raters without weight"),
    "severity": ({"indicator": "misuse", "value": 10}, "misuse: impossible severity; found 10; allowed: 0 to 9, yes"),
    "part of a severity": ({"indicator": "misuse", "value": "0.5"}, "misuse: impossible severity"),
    "finding with range": ({"indicator": "misuse", "value": 1, "low": 0}, "misuse: takes a value only"),
    "finding in no year": ({"indicator": "misuse", "value": 1, "year": 2030}, "year: outside the run; found 2030"),
    "class of nobody": ({"indicator": "class", "value": "A", "unit": "?"}, "unit: unknown unit"),
    "class without value": (
        {"indicator": "class", "low": 1, "high": 2},
        "class: takes a value only(.|\n)*value is missing",
    ),
    "grade": ({"indicator": "grade", "value": "god", "year": 2015}, r"unknown grade; found god; .*did you mean 'good'"),
    "grade of the run": (
        {"indicator": "grade", "value": "good"},
        "year: of a grade lies outside; found 2016; .*before 2016",
    ),
    "grade of no year": ({"indicator": "grade", "value": "good", "year": None}, "year: is missing"),
    "profile": ({"unit": None, "indicator": "profile:speding", "value": 1, "month": 12}, "mean 'profile:spending'"),
    "profile of a unit": ({"indicator": "profile:spending", "value": 1, "month": 12}, "holds for all units"),
    "profile without month": ({"unit": None, "indicator": "profile:spending", "value": 1}, "month is missing"),
    "profile beyond": ({"unit": None, "indicator": "profile:spending", "value": 3, "month": 12}, "should be a share"),
    "profile unfinished": (
        {"unit": None, "indicator": "profile:spending", "value": 0.5, "month": 6},
        "profile:spending: the profile should end with month 12 at 1; found 6: 0.5; .*rows: 2",
    ),
    "peer with range": (
        {"unit": "peer:A", "low": 0.2, "high": 0.3, "value": 0.25},
        "a peer has one value for the year",
    ),
    "peer of no year": ({"unit": "peer:A", "value": 0.2, "year": 2010}, "year: outside the run; found 2010"),
    "peer's finding": ({"unit": "peer:A", "value": 1, "indicator": "misuse"}, "unit: unknown unit; found peer:A"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name):
    cells, match = REFUSALS[name]
    assert refused(entry(**cells), match).source == "entered"


def test_names_of_units_are_suggested_and_listed_in_short():
    many = [f"横岭湖第{n}村" for n in range(40)]
    match = r"unknown unit; found 横岭胡第7村; allowed: .*横岭湖第11村 and 28 more; did you mean '横岭湖第7村'"
    refused(entry(unit="横岭胡第7村", value=0.5), match, units=many)


def test_grades_and_peers_that_the_card_does_not_have():
    card = make_card(grades=None, awards=[], peers=None)
    refused(entry(indicator="grade", value="good", year=2015), "the scorecard has no grades", card=card)
    refused(entry(unit="peer:A", value=0.5), "the scorecard declares no peers; found peer:A", card=card)


def test_falling_profiles_are_refused():
    rows = [(None, None, "profile:spending", share, None, month) for month, share in ((3, 0.5), (6, 0.2), (12, 1))]
    refused(frame(*rows, columns=COLUMNS), "should be above 0 and not fall from month to month; found 3: 0.5, 6: 0.2")


def test_names_that_stand_for_several_are_refused():
    changed = CARD.model_dump()
    changed["indicators"][1]["name_zh"] = "民主评议"
    card = validate(Scorecard, changed, "test")
    refused(entry(indicator="民主评议", value=0.5), "stands for several; .*allowed: strict, rated", card=card)


def test_all_problems_come_at_once_with_their_rows(tmp_path):
    table = frame(
        ("东真", 2016, "known", 0.5),
        ("东真", 2017, "known", 0.5),
        ("东镇", 2019, "known", 98),
        ("西乡", 2016, "nothing", 1),
    )
    error = refused(save(table, tmp_path / "a.csv"), "a.csv: 4 problems")
    assert [problem.rows for problem in error.problems] == [(2, 3), (4,), (4,), (5,)]
    error = refused(save(table, tmp_path / "a.xlsx"), "a.xlsx: 4 problems")
    assert [problem.rows for problem in error.problems] == [(2, 3), (4,), (4,), (5,)]


def test_many_slips_of_a_sort_are_told_together():
    error = refused(frame(*((f"甲{n}", 2016, "known", 0.5) for n in range(100))), "80 other entries")
    assert len(error.problems) == KINDS_SHOWN + 1
    assert len(error.problems[-1].rows) == 100 - KINDS_SHOWN


def test_duplicates_are_refused_also_by_name_and_month():
    table = frame(
        ("东镇", 2016, "known", 0.5, None, None),
        ("东镇", 2016, "Recognition", 0.6, None, 12),
        ("东镇", 2016, "rated", 0.6, "county", None),
        ("东镇", 2016, "rated", 0.6, "county", None),
        ("东镇", None, "class", "A", None, None),
        ("东镇", 2016, "class", "B", None, None),
        columns=COLUMNS,
    )
    error = refused(table, "known: is entered twice; found 东镇 2016; 2 rows: 2, 3")
    assert [problem.rows for problem in error.problems] == [(2, 3), (4, 5), (6, 7)]


def test_missing_units_are_named_where_nothing_stands_in_for_them():
    refused(
        frame(("东镇", 2016, "strict", 0.5), ("南镇", 2017, "strict", 0.5), ("西乡", 2017, "strict", 0.5)),
        "strict: is entered for some units of 2016 only; found missing 西乡, 南镇(.|\n)*2017 only; found missing 东镇",
    )
    whole = frame(*((unit, 2016, "strict", 0.5) for unit in UNITS))
    assert read(whole).given("strict", YEARS, UNITS).tolist() == [[True] * 3, [False] * 3]
    # others have something that stands in: a simulated value, an assumed one, a policy
    read(frame(("东镇", 2016, "simulated", 0.5), ("东镇", 2016, "spent", 50), ("东镇", 2016, "done", 1)))


HEADING_FAULTS = {
    "no unit": (("name", "year", "indicator", "value"), r"unit: column is missing; found name, year, .*单位 or unit"),
    "nothing": (("unit", "year", "month", "note"), "indicator: column is missing, and no column is an indicator"),
    "no indicator": (("unit", "year", "x", "value"), "indicator: column is missing"),
    "no value": (("unit", "year", "indicator", "low"), "value: column is missing, and so are low and high"),
    "unknown": (("unit", "year", "indicator", "valeu"), "valeu: unknown column; .*did you mean 'value'"),
    "twice": (("unit", "单位", "indicator", "value"), "unit: stands under two headings"),
    "wide with low": (("unit", "year", "known", "low"), "low: does not go with one column per indicator"),
}


@pytest.mark.parametrize("name", HEADING_FAULTS)
def test_headings_that_do_not_fit(name):
    columns, match = HEADING_FAULTS[name]
    refused(frame(("东镇", 2016, "known", 0.5), columns=columns), match)


def test_units_have_to_be_named():
    with pytest.raises(InputError, match="unit: no row names a unit"):
        units_entered(frame((None, 2016, "known", 0.5)))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_template_reads_back(tmp_path, lang, suffix):
    template = entered_template(CARD, UNITS, YEARS, lang=lang)
    indicator, value, rater, year = (template.columns[place] for place in (2, 3, 7, 1))
    counts = template[indicator].value_counts()
    simulated = template[indicator] == "simulated"
    noted = template.iloc[:, -1].str.contains("模拟可得|known from the simulation")
    assert simulated.sum() == 6
    assert (noted == simulated).all()
    assert counts["known"] == 6
    assert counts["rated"] == 18
    assert counts["misuse"] == 6
    assert counts["class"] == 3
    assert template.loc[template[indicator] == "grade", year].tolist() == [2014, 2015] * 3
    assert read(save(template, tmp_path / f"blank{suffix}")).codes == ()
    fill = (template[indicator] == "known") | ((template[indicator] == "rated") & (template[rater] == "county"))
    template.loc[fill, value] = "95%"
    entered = read(save(template, tmp_path / f"a{suffix}"))
    assert (values(entered, "known") == np.float32(0.95)).all()
    assert (values(entered, "rated") == np.float32(0.95)).all()
    assert entered.codes == ("known", "rated")


def test_the_template_without_units_has_one_blank_unit():
    assert set(entered_template(CARD, [], [2016])["unit"]) == {""}
