"""``povsim backtest`` on a nation: what it prints and writes, and what it refuses before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from povsim.cli import app


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_prints_and_writes(small_file: Path, tmp_path: Path, lang: str) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["backtest", str(small_file), "--draws", "1", "--out", str(out), "--lang", lang])
    assert done.exit_code == 0, done.output
    assert {"zh": "固定对数正态", "en": "fixed lognormal"}[lang] in done.output
    assert {"zh": "局限：", "en": "Limits:"}[lang] in done.output
    assert "5.70" in done.output
    page = (out / "backtest.html").read_text(encoding="utf-8")
    assert f'data-lang="{lang}"' in page[:300]


def test_a_folder_with_something_else_is_refused_before_the_run(small_file: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(app, ["backtest", str(small_file), "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "is not a povsim run" in done.output
    assert [item.name for item in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_of_that_name(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["backtest", "chnia", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "did you mean 'china'" in done.output
    assert not (tmp_path / "out").exists()


def test_choices_for_panels_are_refused_for_published_series(small_file: Path, tmp_path: Path) -> None:
    words = ["backtest", str(small_file), "--rho", "0.8", "--mapping", "pakistan-graduation"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "mapping: is for panels" in done.output
    assert "rho: is for panels" in done.output
