"""Files on the real pages: tables of weights that come in, workbooks and pictures that go out."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

import povsim
from povsim.views.digests import prepare
from povsim.views.forecast_villages import village_table
from tests.browser.parts import CARD, EVIL, becomes, link, points, ranking, until

PLACE = {"run": "sample", "scorecard": "villages", "year": 2020}
NEW = {
    "housing": 5,
    "insurance": 10,
    "water": 15,
    "broadband": 20,
    "clinic": 10,
    "industry": 10,
    "dibao": 20,
    "jobs": 10,
}
"""Points that add up to 100."""


@pytest.fixture
def bring(visit):
    page = visit.open("weight-tuner", fragment=link(**PLACE, tab="bring"))
    # the page begins with the first scorecard and takes the link over
    page.wait_for_selector('.ps-weight-row[data-code="water"]')
    page.wait_for_selector(".ps-file", state="attached")
    return page


def saved(page, act):
    """Do what makes the page give a file; return its name and what it holds."""
    with page.expect_download() as waiting:
        act()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def notes(page):
    """Return the text of the note below the upload, and its tone."""
    note = page.locator(".ps-note-error, .ps-note-good").last
    return (note.inner_text(), note.get_attribute("class")) if note.count() else ("", "")


def a_workbook(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_workbook_of_weights_goes_out_is_changed_and_comes_back(bring, tmp_path):
    name, data = saved(bring, lambda: bring.get_by_role("button", name="导出 Excel 权重表").last.click())
    assert name == "weights-villages.xlsx"
    path = tmp_path / name
    path.write_bytes(data)
    own = povsim.weight_scheme(povsim.read_scorecard(str(CARD)))
    assert own.from_excel(path).points == own.points
    book = openpyxl.load_workbook(path)
    heads = {cell.value: cell.column for row in book.active.iter_rows() for cell in row if cell.value}
    row_of = {cell.value: cell.row for row in book.active.iter_rows() for cell in row if cell.value in NEW}
    points_column = next(column for head, column in heads.items() if str(head).startswith("分值"))
    for code, value in NEW.items():
        book.active.cell(row_of[code], points_column).value = value
    book.save(path)
    bring.set_input_files(".ps-file", path)
    becomes(lambda: points(bring), NEW)
    assert until(lambda: name in notes(bring)[0] and "ps-note-good" in notes(bring)[1])
    assert bring.inner_text(".ps-weight-total-value") == "100.0"
    bring.locator("h1").click()
    bring.keyboard.press("Control+z")
    becomes(lambda: points(bring), own.points)


def test_a_text_file_of_weights_is_taken(bring, tmp_path):
    path = tmp_path / "新分值.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([("code", "points"), *NEW.items()])
    before = ranking(bring)
    bring.set_input_files(".ps-file", path)
    becomes(lambda: points(bring), NEW)
    assert until(lambda: ranking(bring) != before)


def test_everything_wrong_with_a_file_is_told_at_once(bring, tmp_path):
    rows = [("code", "points"), *(NEW | {"housing": -5, "water": "fifteen", "jobs": 10}).items(), ("jbos", 3)]
    before = points(bring)
    bring.set_input_files(".ps-file", a_workbook(tmp_path / "wrong.xlsx", rows))
    assert until(lambda: "ps-note-error" in notes(bring)[1])
    told = notes(bring)[0]
    assert "wrong.xlsx" in told
    for named in ("jbos", "fifteen", "-5"):
        assert named in told
    assert bring.locator(".ps-note-error:visible").count() == 1
    assert points(bring) == before
    # nothing of the machinery is told
    assert "Traceback" not in told
    assert "/tmp" not in told


def test_points_that_only_do_not_add_up_can_be_rescaled(bring, tmp_path):
    rows = [("code", "points"), *({code: 2 * value for code, value in NEW.items()}).items()]
    bring.set_input_files(".ps-file", a_workbook(tmp_path / "double.xlsx", rows))
    bring.get_by_role("button", name="按比例折算后采用").click()
    becomes(lambda: points(bring), NEW)


def test_a_file_of_twelve_megabytes_is_refused(bring, tmp_path):
    large = tmp_path / "large.xlsx"
    large.write_bytes(b"PK" + bytes(12_000_000))
    before = points(bring)
    bring.set_input_files(".ps-file", large)
    becomes(lambda: bring.inner_text(".ps-upload-told"), "large.xlsx: 文件超过 5 MB，未上传")
    assert bring.locator('.ps-upload-told[data-tone="error"]').count() == 1
    assert points(bring) == before


def test_formulas_are_not_read_and_say_so(bring, tmp_path):
    rows = [("code", "points"), *(NEW | {"water": "=10+5"}).items()]
    before = points(bring)
    bring.set_input_files(".ps-file", a_workbook(tmp_path / "formula.xlsx", rows))
    assert until(lambda: "ps-note-error" in notes(bring)[1])
    assert "公式" in notes(bring)[0]
    assert points(bring) == before


def cells(page, within):
    """Return what a table of the page shows, row by row, its headings first."""
    return page.evaluate(
        """(within) => {
            const table = document.querySelector(within);
            const text = (node) => node.textContent;
            const heads = [...table.querySelectorAll('.ps-sort > span:first-child')].map(text);
            const rows = [...table.querySelectorAll('tbody tr[data-place]')].map((row) => [...row.children].map(text));
            return [heads, ...rows];
        }""",
        within,
    )


def written(value, column):
    """Return a value of a workbook as the page writes it, Chinese page."""
    if value is None:
        return "" if column.kind == "text" else "–"
    if column.kind == "percent":
        return f"{100 * value:,.{column.digits}f}%"
    if column.kind in ("number", "money", "count"):
        return f"{value:,.{column.digits if column.kind != 'count' else 0}f}"
    return str(value)


def test_a_table_comes_as_a_workbook_with_the_same_cells(visit, marked, tmp_path):
    page = visit.open("exit-forecast", fragment=link(run="marked", year=2020, tab="villages"))
    page.wait_for_selector(".ps-grid tbody tr[data-place]")
    until(lambda: len(cells(page, ".ps-table")) == 7)
    shown = cells(page, ".ps-table")
    _, data = saved(page, lambda: page.locator(".ps-table .ps-icon-button").first.click())
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    values = [list(row) for row in sheet.iter_rows(values_only=True)]
    digest = prepare(marked, tmp_path)
    table = village_table(digest.part("forecast"), year=2020, area=None, lang="zh")
    first = next(place for place, row in enumerate(values) if row[0] == table.columns[0].label)
    body = [row for row in values[first + 1 :] if row[0] is not None][: len(table.rows)]
    assert len(body) == len(shown) - 1 == 6
    for line, row, told in zip(table.rows, body, shown[1:], strict=True):
        for column, cell, text in zip(table.columns, row, told, strict=True):
            wanted = line.get(column.code) or None
            assert (cell or None) == wanted or abs(cell - wanted) < 1e-12, column.code
            # halves may be rounded to either side
            assert (
                text == written(cell, column)
                or abs(
                    float(text.rstrip("%").replace(",", "")) - float(written(cell, column).rstrip("%").replace(",", ""))
                )
                <= 10.0**-column.digits
            ), column.code
    assert any(EVIL in str(row) for row in body)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("name", ["exit-forecast", "veto-lab", "scenario-compare"])
def test_the_picture_of_a_chart_shows_something(visit, name):
    page = visit.open(name, fragment=link(run="sample"))
    page.wait_for_selector(".ps-chart-canvas canvas", timeout=60_000)
    page.wait_for_timeout(1500)
    chart = page.locator(".ps-chart:has(canvas)").first
    file, data = saved(page, lambda: chart.locator(".ps-icon-button").nth(1).click(force=True))
    assert file.endswith(".png")
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert picture.width > 600
    assert picture.height > 300
    counted = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
    assert len(counted) > 20
    # what is drawn takes more than a few specks, and leaves ground to be seen on
    assert 0.01 < 1 - counted[0][0] / (picture.width * picture.height) < 0.9
