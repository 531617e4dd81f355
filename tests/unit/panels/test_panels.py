"""Reading panels: grids, units of money, lines, and every kind of fault with its rows."""

from __future__ import annotations

import numpy as np
import pytest

from povsim.errors import InputError
from povsim.panel_mapping import parse_panel_mapping
from povsim.panels import read_panel
from tests.unit.panels.panel_samples import LONG, POOR, WIDE

HEAD = "id,wave,inc,n,w,v,t\n"
FULL = LONG | {
    "income": {"from": "inc", "unit": "CNY per household and month"},
    "persons": {"from": "n"},
    "weight": {"from": "w"},
    "cluster": {"from": ["v", "t"]},
    "treated": {"from": "t"},
}
ROWS = "x,1,100,2,1.5,7,1\nx,2,300,3,1.5,7,1\ny,2,200,4,2,8,0\n"


@pytest.fixture
def panel_of(tmp_path):
    """Return a function from the text of a file and a mapping to the panel."""

    def read(text: str, **change):
        file = tmp_path / "panel.csv"
        file.write_text(text, encoding="utf-8")
        return read_panel(file, mapping=parse_panel_mapping(change.pop("mapping", FULL) | change))

    return read


def test_a_long_file_becomes_grids(panel_of) -> None:
    panel = panel_of(HEAD + ROWS)
    assert panel["unit"].values.tolist() == ["x", "y"]
    assert panel["year"].values.tolist() == [2016, 2018]
    np.testing.assert_array_equal(panel["income"].values, [[600, 1200], [np.nan, 600]])
    np.testing.assert_array_equal(panel["persons"].values, [[2, 3], [np.nan, 4]])
    assert panel["weight"].values.tolist() == [1.5, 2]
    assert panel["treated"].values.tolist() == [1, 0]
    assert panel["treated"].dtype == np.int8
    assert panel["cluster"].dtype == panel["stratum"].dtype == np.int32
    assert panel["cluster"].values.tolist() == [0, 1]
    assert panel["stratum"].values.tolist() == [0, 0]
    assert panel.attrs["currency"] == "CNY"
    assert np.isnan(panel.attrs["line"])


def test_what_is_not_mapped_has_its_plain_value(panel_of) -> None:
    panel = panel_of("id,wave,inc\nx,1,5\nx,2,6\ny,1,7\n", mapping=LONG)
    assert panel["weight"].values.tolist() == [1, 1]
    assert panel["cluster"].values.tolist() == [0, 1]
    assert panel["treated"].values.tolist() == [0, 0]
    assert np.isnan(panel["persons"].values).all()


def test_a_wide_file_becomes_the_same_grids(panel_of) -> None:
    wide = panel_of("id,inc16,inc18\nx,5,6\ny,7,\n", mapping=WIDE)
    long = panel_of("id,wave,inc\nx,1,5\nx,2,6\ny,1,7\n", mapping=LONG)
    np.testing.assert_array_equal(wide["income"].values, long["income"].values)
    assert wide["wave"].values.tolist() == ["a", "b"]


def test_several_headings_are_added_and_a_blank_one_leaves_nothing(panel_of) -> None:
    income = {"from": ["a", "b"], "unit": "CNY per head and year"}
    panel = panel_of("id,wave,a,b\nx,1,5,1\nx,2,6,\ny,1,1,1\n", mapping=LONG, income=income)
    np.testing.assert_array_equal(panel["income"].values, [[6, np.nan], [2, np.nan]])


def test_spells_are_yes_no_or_not_seen(panel_of) -> None:
    panel = panel_of("id,wave,p\nx,1,1\nx,2,0\ny,1,0\n", mapping=POOR)
    assert panel["poor"].values.tolist() == [[1, 0], [0, -1]]
    assert panel["poor"].dtype == np.int8
    assert "income" not in panel


def test_zero_can_mean_not_observed(panel_of) -> None:
    income = {"from": "inc", "unit": "CNY per head and year", "nonpositive": "missing"}
    text = "id,wave,inc\nx,1,0\nx,2,6\ny,1,7\ny,2,-1\n"
    kept = panel_of(text, mapping=LONG)
    assert kept["income"].values.tolist() == [[0, 6], [7, -1]]
    np.testing.assert_array_equal(panel_of(text, mapping=LONG, income=income)["income"], [[np.nan, 6], [7, np.nan]])


def test_keep_by_words_and_by_being_seen_in_every_wave(panel_of) -> None:
    assert panel_of(HEAD + ROWS, keep={"values": {"t": [1]}})["unit"].values.tolist() == ["x"]
    assert panel_of(HEAD + ROWS, keep={"complete": True})["unit"].values.tolist() == ["x"]


def test_ignored_waves_are_not_read(panel_of) -> None:
    wave = {"from": "wave", "years": {1: 2016, 2: 2018}, "ignored": [3]}
    assert panel_of(HEAD + ROWS + "y,3,1,1,2,8,0\n", wave=wave).sizes["wave"] == 2


def test_a_household_number_may_differ_between_waves_if_the_mapping_names_one(panel_of) -> None:
    text = HEAD + "x,1,100,2,1,7,0\nx,2,300,3,4,7,1\n"
    panel = panel_of(text, weight={"from": "w", "wave": 2}, treated={"from": "t", "wave": 2}, cluster={"from": "v"})
    assert panel["weight"].values.tolist() == [4]
    assert panel["treated"].values.tolist() == [1]
    with pytest.raises(InputError, match=r"weight: w differs .*say weight.wave.*; 1 rows: 3") as caught:
        panel_of(text, cluster={"from": "v"})
    assert "treated: t differs" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ({"value": 50, "unit": "CNY per head and month"}, 600.0),
        # incomes per head and year 600 and 1200 and weights 1, 3: half the way of all but the last weight from 600
        ({"share_of_median": 0.5, "wave": 1}, 0.5 * (600 + 600 * 0.5 * 3 / 1)),
        ({"quantile": 0.0001, "wave": 1}, 600.0),
    ],
)
def test_lines(panel_of, line: dict, value: float) -> None:
    text = HEAD + "x,1,100,2,3,7,0\ny,1,200,2,1,8,0\nx,2,1,1,3,7,0\n"
    panel = panel_of(text, line=line | {"source": "made up", "status": "assumed"})
    # between two households the quantile runs evenly with the weight below, from the first to the last
    expected = value if "share_of_median" not in line else 0.5 * np.interp(0.5 * 3, [0, 3], [600, 1200])
    assert panel.attrs["line"] == pytest.approx(expected, rel=1e-3)
    assert panel.attrs["line_note"] == "made up (assumed)"


def test_without_weights_a_quantile_is_that_of_numpy(panel_of) -> None:
    incomes = [3.0, 9, 1, 14, 7, 2]
    text = "id,wave,inc\n" + "".join(f"h{k},1,{value}\nh{k},2,1\n" for k, value in enumerate(incomes))
    panel = panel_of(text, mapping=LONG, line={"quantile": 0.3, "wave": 1, "source": "x", "status": "assumed"})
    assert panel.attrs["line"] == pytest.approx(np.quantile(incomes, 0.3), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,wave,inc,n,w,v\n" + "x,1,1,1,1,1\n", "headings .* not in the file; found t; allowed: id, wave"),
        (HEAD.replace("v,t", "v,w,t") + "x,1,1,1,1,1,1,1\n", "heading stands twice; found w"),
        (HEAD + "x,1,a,2,1,7,1\nx,2,1,1,1,7,1\n", r"income \(inc\): is not a number; found 'a'; 1 rows: 2"),
        (HEAD + "x,1,1,2,1,7,9\nx,2,1,1,1,7,9\n", r"treated \(t\): is not among the words .* found '9'; allowed: 0, 1"),
        (HEAD + "x,1,1,0,1,7,1\nx,2,1,1,1,7,1\n", "persons: too small; found 1 values, such as those of x"),
        (HEAD + "x,1,1,1,0,7,1\nx,2,1,1,0,7,1\n", "weight: is not above zero; found 1 households, such as x"),
        (HEAD + "x,1,1,1,,7,1\nx,2,1,1,2,7,1\n", "weight: blank; found w; 1 rows: 2"),
        (HEAD + "x,1,1,1,1,,1\nx,2,1,1,1,7,1\n", "cluster: blank; found v, t; 1 rows: 2"),
        (HEAD + ROWS + "x,2,1,1,1.5,7,1\n", "household and wave given twice; .*; 1 rows: 5"),
        (HEAD + ROWS + ",2,1,1,1,7,1\n", "the household has no name; 1 rows: 5"),
        (HEAD + ROWS + "x,5,1,1,1,7,1\n", "not a wave of the mapping; found '5'; allowed: 1, 2; .*; 1 rows: 5"),
        (HEAD + "x,1,1,1,1,7,1\n", "wave.years: no row of this wave; found '2'"),
        (HEAD + "x,1,,1,1,7,1\nx,2,,1,1,7,1\n", "income: no household is seen at all"),
    ],
)
def test_faults_are_told_with_their_rows(panel_of, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        panel_of(text)


def test_all_faults_of_the_cells_at_once(panel_of) -> None:
    with pytest.raises(InputError, match="5 problems"):
        panel_of(HEAD + "x,1,a,b,c,7,9\nx,2,1,1,1,,1\n")


def test_a_word_of_keep_that_no_row_has(panel_of) -> None:
    with pytest.raises(InputError, match=r"keep\.values\.t: no row has this word; found 5; allowed: 0, 1"):
        panel_of(HEAD + ROWS, keep={"values": {"t": [5]}})


def test_a_wave_asked_for_that_a_household_lacks(panel_of) -> None:
    with pytest.raises(InputError, match="weight: no value in wave 1; found 1 households, such as y"):
        panel_of(HEAD + ROWS, weight={"from": "w", "wave": 1})


def test_files_that_are_not_there(tmp_path) -> None:
    with pytest.raises(InputError, match="file: not found"):
        read_panel(tmp_path / "none.csv")
    with pytest.raises(InputError, match="file: does not exist"):
        read_panel(tmp_path / "none.csv", mapping=parse_panel_mapping(LONG))


@pytest.mark.parametrize("word", ["1,5", "1234,567", "0,123", "1_000"])
def test_a_comma_that_may_be_a_decimal_point_is_no_number(panel_of, word) -> None:
    with pytest.raises(InputError, match="is not a number"):
        panel_of(f'id,wave,inc\nx,1,"{word}"\nx,2,6\n', mapping=LONG)


def test_commas_between_thousands_are_read(panel_of) -> None:
    panel = panel_of('id,wave,inc\nx,1,"1,234.5"\nx,2,"-1,000,000"\n', mapping=LONG)
    assert panel["income"].values.tolist() == [[1234.5, -1_000_000.0]]
