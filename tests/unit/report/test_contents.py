"""What a report says: the numbers of the views, in both languages, and what it refuses."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import povsim
from povsim.dashboard.settings import Settings
from povsim.errors import InputError
from povsim.report import KINDS, pack
from povsim.report.apart import pack_apart
from povsim.report.contents import CHAPTERS, contents
from povsim.report.forecast import wider
from povsim.report.parts import Item
from povsim.report.slides import MOST, chosen
from povsim.report.wanted import Plain
from povsim.views.forecast_numbers import numbers
from povsim.views.parts import Column, Table
from povsim.wording import read_room
from tests.unit.report.poisoned import YEAR


def items(report) -> list[Item]:
    return [item for chapter in report.chapters for item in chapter.items]


def test_big_numbers_are_those_of_the_page(digest, reports) -> None:
    for report in reports:
        told = numbers(digest.part("forecast"), year=YEAR, area=None, lang=report.lang)
        assert list(report.chapters[0].numbers) == told
        assert all(one.value for one in told)


def test_both_languages_have_the_same_tables_and_numbers(reports) -> None:
    zh, en = reports
    assert [chapter.code for chapter in zh.chapters] == [chapter.code for chapter in en.chapters]
    assert [item.table.code for item in items(zh)] == [item.table.code for item in items(en)]
    for one, other in zip(items(zh), items(en), strict=True):
        assert one.table.title != other.table.title
        assert len(one.table.rows) == len(other.table.rows), one.table.code
        numeric = [column.code for column in one.table.columns if column.kind not in ("text", "flag")]
        assert numeric == [column.code for column in other.table.columns if column.kind not in ("text", "flag")]


def test_chapters_stand_in_their_order_and_no_table_is_empty(reports) -> None:
    codes = [chapter.code for chapter in reports[0].chapters]
    assert codes == [code for code in CHAPTERS if code in codes]
    assert {"forecast", "scores", "vetoes", "basis"} <= set(codes)
    assert all(item.table.rows and item.table.columns for report in reports for item in items(report))


def test_every_plot_draws_columns_that_are_there_and_hold_numbers(reports) -> None:
    for item in items(reports[0]):
        if item.plot is None:
            continue
        table = item.plot.table or item.table
        codes = {column.code for column in table.columns}
        assert {item.plot.label, *(one.column for one in item.plot.strokes)} <= codes
        drawn = [row.get(one.column) for one in item.plot.strokes for row in table.rows]
        assert any(isinstance(value, float) and np.isfinite(value) for value in drawn), table.code


def test_slides_are_eight_to_twelve_and_spare_ones_go_first(reports) -> None:
    for report in reports:
        assert 8 <= len(chosen(report)) + 1 <= MOST
    chapter = reports[0].chapters[0]
    plain = [Item(Table(f"t{n}", "T", (), ()), message="m") for n in range(10)]
    spare = [dataclasses.replace(one, spare="yes") for one in plain[:3]]
    long = dataclasses.replace(reports[0], chapters=[dataclasses.replace(chapter, items=[*spare, *plain])])
    kept = [item for _, item in chosen(long)]
    assert len(kept) == MOST - 1
    assert kept == [spare[0], *plain]


def test_settings_of_a_page_change_the_report(digest) -> None:
    board = digest.scorecards[0]
    off = digest.part("vetoes")["rule"].to_numpy().tolist()[0]
    settings = Settings(year=2017, scorecard=board).changed("vetoes", off=(str(off),))
    report = contents(digest, settings, "en")
    plain = contents(digest, Plain(year=2017), "en")
    rules = {item.table.code: item for chapter in report.chapters for item in chapter.items}
    as_is = {item.table.code: item for chapter in plain.chapters for item in chapter.items}
    first = next(row for row in rules["veto_rules"].table.rows if row["_key"] == off)
    assert first["any_hit_persons"] == 0
    assert next(row for row in as_is["veto_rules"].table.rows if row["_key"] == off)["any_hit_persons"] > 0
    assert [row["value"] for row in rules["used"].table.rows if row["what"] == "Rule switched off"] == [off]


def test_points_as_set_are_told_beside_the_printed_ones(digest) -> None:
    from povsim.scoring.schemes import weight_scheme
    from povsim.views.weights_board import board_of
    from povsim.views.weights_scheme import moved

    board = board_of(digest.part(f"weights.{digest.scorecards[0]}"), YEAR)
    own = weight_scheme(board.card)
    code = own.codes[0]
    scheme = moved(own, code, own.points[code] / 2)
    points = {one: value for one, value in scheme.points.items() if value != own.points[one]}
    settings = Settings(year=YEAR).changed("weights", points=points)
    report = contents(digest, settings, "zh")
    table = next(item.table for item in items(report) if item.table.code == "scheme-points")
    row = next(row for row in table.rows if row["_key"] == code)
    assert (row["points0"], row["points1"]) == (own.points[code], scheme.points[code])
    assert any(item.table.code == "schemes" for item in items(report))


def test_what_the_run_does_not_have_is_refused_at_once(digest) -> None:
    with pytest.raises(InputError) as error:
        contents(digest, Plain(year=1999, scorecard="no-such-card"), "en")
    assert [one.where for one in error.value.problems] == ["year", "scorecard"]


def test_wider_keeps_every_number() -> None:
    rows = [
        {"year": y, "n": n, "v": float(k)} for k, (y, n) in enumerate((y, n) for y in ("2016", "2017") for n in "ab")
    ]
    wide = wider(Table("t", "T", [Column("v", "V", "percent", 1)], rows), "n", "v", ["a", "b"])
    assert [(row["a"], row["b"]) for row in wide.rows] == [(0.0, 1.0), (2.0, 3.0)]
    assert [column.kind for column in wide.columns] == ["text", "percent", "percent"]


def test_every_text_of_the_room_is_asked_for() -> None:
    source = Path(povsim.__file__).parent
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (*source.glob("report/*.py"), source / "cli_report.py")
    )
    asked = set(re.findall(r'"([a-z_]+(?:\.\w+)*)"', code))
    families = tuple(f"{stem}." for stem in re.findall(r'f"([a-z_]+)\.\{', code))
    assert {key for key in read_room("report") if key not in asked and not key.startswith(families)} == set()


def test_a_process_of_its_own_makes_the_same_page_and_refuses_the_same(digest) -> None:
    settings = Settings(year=YEAR).changed("vetoes", off=("income",))
    assert pack_apart(digest, settings, "html", "en") == pack(digest, settings, "html", "en")
    with pytest.raises(InputError, match="year: is not in the run; found 1999"):
        pack_apart(digest, Plain(year=1999), "html", "en")


def test_another_plan_is_put_beside_with_the_numbers_of_the_page(digest, leaner, wanted) -> None:
    from povsim.views.comparison import answer, names, pairs_of, plans_of
    from povsim.views.comparison_tables import years_table

    report = contents(digest, wanted, "zh", [leaner])
    chapter = next(one for one in report.chapters if one.code == "comparison")
    plans = plans_of([digest, leaner])
    pairs = pairs_of(plans)
    table = next(item.table for item in chapter.items if item.table.code == "compare_years")
    assert list(table.rows) == list(years_table(pairs, "poor_persons", "zh").rows)
    assert chapter.lead[0] == answer(pairs[0], YEAR, names(plans, "zh"), "zh")
    changed = next(item.table for item in chapter.items if item.table.code == "compare_changes")
    assert [row["path"] for row in changed.rows] == ["measures.dibao_new.active"]
    assert len(chosen(report)) + 1 <= MOST
    for kind in KINDS:
        assert len(pack(digest, wanted, kind, "zh", [leaner])) > 50_000
