"""The command: files written whole or not at all, everything wrong told at once."""

from __future__ import annotations

import io

import openpyxl
import pytest
from pptx import Presentation
from typer.testing import CliRunner

from povsim import cli_report
from povsim.cli import app
from povsim.report import KINDS

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path_factory, digest) -> None:
    """Digests are taken from the test's own cache, which has them already."""
    monkeypatch.setattr(cli_report, "_kept", lambda: digest.folder.parent)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_of_each_form_is_written(kind, run_folder, tmp_path) -> None:
    out = tmp_path / "new" / f"annex.{kind}"
    told = runner.invoke(
        app, ["report", str(run_folder), "--format", kind, "--lang", "both", "--year", "2018", "--out", str(out)]
    )
    assert told.exit_code == 0, told.output
    assert str(out.name) in told.output.replace("\n", "")
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    if kind == "xlsx":
        assert {"目录", "Contents"} <= set(openpyxl.load_workbook(io.BytesIO(out.read_bytes())).sheetnames)
    elif kind == "pptx":
        assert 16 <= len(Presentation(io.BytesIO(out.read_bytes())).slides) <= 24
    else:
        assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_form_is_that_of_the_file_and_the_default_name_that_of_the_run(run_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["report", str(run_folder), "--lang", "en", "--out", "a.html"]).exit_code == 0
    assert (tmp_path / "a.html").read_bytes().startswith(b'<!DOCTYPE html>\n<html lang="en"')
    assert runner.invoke(app, ["report", str(run_folder)]).exit_code == 0
    assert (tmp_path / f"{run_folder.name}-report.xlsx").is_file()


def test_everything_wrong_is_told_at_once(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    told = runner.invoke(
        app,
        [
            "report",
            str(tmp_path),
            "--format",
            "pdf",
            "--scorecard",
            "no-such",
            "--out",
            str(tmp_path / "file" / "a.pdf"),
        ],
    )
    assert told.exit_code == 2
    for text in ("4 problems", "--format", "pdf", "--scorecard", "--out", "is a file", "not a povsim run"):
        assert text in told.output


def test_a_scorecard_and_a_year_that_do_not_go_with_the_run_are_refused(run_folder, tmp_path) -> None:
    out = tmp_path / "a.xlsx"
    asked = ["report", str(run_folder), "--scorecard", "household-card", "--year", "1999", "--out", str(out)]
    told = runner.invoke(app, asked)
    assert told.exit_code == 2
    assert "--year" in told.output
    assert "--scorecard" in told.output
    assert not out.exists()


def test_a_file_that_does_not_end_as_its_form_is_refused(run_folder, tmp_path) -> None:
    told = runner.invoke(app, ["report", str(run_folder), "--format", "pptx", "--out", str(tmp_path / "a.xlsx")])
    assert told.exit_code == 2
    assert "a.pptx" in told.output


def test_a_stop_leaves_no_file_behind(run_folder, tmp_path, monkeypatch) -> None:
    def stopped(*_args: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_report, "pack", stopped)
    out = tmp_path / "a.xlsx"
    out.write_text("before")
    assert runner.invoke(app, ["report", str(run_folder), "--out", str(out)]).exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
    assert out.read_text() == "before"
