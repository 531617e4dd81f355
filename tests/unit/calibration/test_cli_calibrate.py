"""The command: tables in both languages, files whole or not at all, mistakes told before anything is estimated."""

from __future__ import annotations

import pytest
import yaml
from typer.testing import CliRunner

import povsim
from povsim import cli_calibrate
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.cli import app

MAPPING = """
name_zh: 甲县面板
name_en: panel of county A
source: made up
status: assumed
layout: long
unit: {from: id}
wave: {from: wave, years: {2014: 2014, 2015: 2015, 2017: 2017, 2018: 2018}}
income: {from: income, unit: CNY per head and year}
sources: {wage: {from: wage, unit: CNY per head and year}}
cluster: {from: village}
treated: {from: arm, name_zh: 培训, name_en: training}
outcomes: {land: {from: land, unit: mu, name_zh: 土地, name_en: land}}
line: {quantile: 0.4, wave: 2014, source: made up, status: assumed}
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A panel file and its mapping in the folder one stands in."""
    panel = simulated_panel(Setting(households=300, clusters=60, years=(2014.0, 2015.0, 2017.0, 2018.0)), seed=1)
    frame = panel[["income", "cluster"]].to_dataframe().reset_index()
    frame = frame.assign(
        wage=frame["income"] * 0.5, arm=(frame["cluster"] < 15).astype(int), land=frame["unit"].str.len()
    )
    frame = frame.rename(columns={"unit": "id", "cluster": "village"})
    frame.to_csv(tmp_path / "panel.csv", index=False)
    (tmp_path / "panel.panel.yaml").write_text(MAPPING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str):
    return CliRunner().invoke(app, ["calibrate", "panel.csv", "--mapping", "panel.panel.yaml", "--draws", "10", *words])


def test_tables_in_english(files) -> None:
    done = call("--lang", "en")
    assert done.exit_code == 0, done.output
    # lines are folded at the width of the terminal that the tests run in
    text = " ".join(done.output.split())
    assert "panel of county A" in text
    assert "225 households (900 amounts above zero), 4 waves: 2014, 2015, 2017, 2018; 45 clusters" in text
    assert "permanent share" in text
    assert "Of the variance of one year 50 % is taken for misreporting (the default" in text
    assert "75 households had the measure and are left out" in text
    assert "Effect of: training (intention to treat, baseline and stratum held fixed)" in text
    assert "Growth of the mean by source" in text
    assert "Add --out FILE.yaml" in text


def test_tables_in_chinese(files) -> None:
    done = call("--lang", "zh", "--rho", "0.8", "--error-share", "0.3")
    assert done.exit_code == 0, done.output
    for word in (
        "甲县面板",
        "持续系数（给定）",
        "永久成分占比",
        "误报占 30%（给定）",
        "“培训”的效果",
        "脱贫率",
        "工资",
    ):
        assert word.replace(" ", "") in "".join(done.output.split()), word


def test_files_are_a_scenario_and_figures(files) -> None:
    done = call("--out", "out/mine.yaml", "--base", "sample", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (files / "out").iterdir()) == ["mine.treated.effects.yaml", "mine.yaml"]
    plan = povsim.read_scenario(files / "out" / "mine.yaml")
    assert plan.code == "sample-calibrated"
    assert "panel of county A" in plan.incomes.growth.wage.source
    effects = yaml.safe_load((files / "out" / "mine.treated.effects.yaml").read_text(encoding="utf-8"))
    assert set(effects["effects"]["treated"]) == {"income", "log_income", "exit", "land"}


def test_a_base_that_is_a_file_is_named_from_where_the_new_one_lies(files) -> None:
    (files / "plan.yaml").write_text("base: sample\ncode: mine\nname_zh: 甲\nname_en: mine\n", encoding="utf-8")
    done = call("--out", "out/mine.yaml", "--base", "plan.yaml")
    assert done.exit_code == 0, done.output
    text = (files / "out" / "mine.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["base"] == "../plan.yaml"
    assert povsim.read_scenario("out/mine.yaml").code == "mine-calibrated"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rho", "high"], "--rho: is not a number; found high"),
        (["--rho", "1:2:3"], "--rho: is not a number"),
        (["--error-share", "50"], "error_share: is not a share; found 50"),
        (["--out", "mine.txt", "--base", "sampel"], "2 problems"),
        (["--out", "mine.txt"], "--out: does not end as a scenario does; found mine.txt"),
        (["--base", "sampel"], "did you mean 'sample'"),
        (["--groups", "clster"], "did you mean 'cluster'"),
        (["--mapping", "none.yaml"], "mapping: not found"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(files, words: list[str], told: str) -> None:
    before = set(files.iterdir())
    done = call(*words)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert set(files.iterdir()) == before


def test_the_base_is_not_written_over(files) -> None:
    (files / "plan.yaml").write_text("base: sample\ncode: mine\nname_zh: 甲\nname_en: mine\n", encoding="utf-8")
    done = call("--out", "plan.yaml", "--base", "plan.yaml")
    assert (done.exit_code, "is the base itself" in done.output) == (2, True)


def test_a_stop_leaves_nothing_half_written(files, monkeypatch) -> None:
    written = []

    def stop(*_: object) -> str:
        written.append(sorted(path.name for path in files.iterdir()))
        raise KeyboardInterrupt

    # the second file's text is asked for after the first one's, before either is written
    monkeypatch.setattr(cli_calibrate, "effects_yaml", stop)
    done = call("--out", "mine.yaml")
    assert done.exit_code == 130
    assert written == [["panel.csv", "panel.panel.yaml"]]
    assert sorted(path.name for path in files.iterdir()) == ["panel.csv", "panel.panel.yaml"]


def test_a_stop_within_the_bootstrap_ends_it(files, monkeypatch) -> None:
    monkeypatch.setattr(cli_calibrate.Reporter, "__call__", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    done = call("--out", "mine.yaml")
    assert done.exit_code == 130
    assert not (files / "mine.yaml").exists()


def test_a_file_that_calibrate_did_not_write_is_not_replaced(files) -> None:
    before = (files / "panel.panel.yaml").read_bytes()
    done = call("--out", "panel.panel.yaml", "--lang", "en")
    assert done.exit_code != 0
    assert (files / "panel.panel.yaml").read_bytes() == before
    assert call("--out", "own.yaml").exit_code == 0
    assert call("--out", "own.yaml").exit_code == 0, "its own file may be replaced"
