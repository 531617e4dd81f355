"""The result of a panel's back-test: scores, sentences in both languages, bounds of two waves, the page."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import povsim
from povsim.backtests.pages import backtest_page
from povsim.backtests.panel import backtest_panel
from povsim.backtests.panel_page import cells_of, panel_tables
from povsim.backtests.panel_scoring import brier_parts, crps_columns
from povsim.backtests.panel_study import THREE_PARTS, THREE_WAVES, main
from povsim.backtests.record import ROOM, TABLE
from povsim.backtests.scores import brier, crps
from povsim.backtests.subjects import backtest
from povsim.calibration.simulated import simulated_panel
from povsim.cli import app
from povsim.wording import wording

SMALL = replace(THREE_WAVES, households=300, clusters=60)


def made(setting=SMALL, seed=1):
    panel = simulated_panel(setting, seed=seed)
    return panel.assign_attrs(line=float(np.quantile(panel["income"].values[:, 0], 0.3)), line_status="assumed")


@pytest.fixture(scope="module")
def result():
    return backtest_panel(made(), draws=40)


# ---- scores ----


def test_scores_by_column_are_those_of_one_number():
    rng = np.random.default_rng(1)
    draws, actual = rng.standard_normal((25, 4)), rng.standard_normal(4)
    assert crps_columns(draws, actual).tolist() == pytest.approx([crps(draws[:, k], actual[k]) for k in range(4)])


def test_parts_of_the_brier_score_add_up():
    rng = np.random.default_rng(2)
    chance = rng.random(400)
    event, weight = (rng.random(400) < chance**2).astype(float), 1.0 + rng.random(400)
    parts = brier_parts(chance, event, weight)
    whole = np.average([brier(p, outcome=bool(e)) for p, e in zip(chance, event, strict=True)], weights=weight)
    assert parts.miscalibration - parts.discrimination + parts.uncertainty == pytest.approx(whole)
    assert parts.miscalibration > 0.01
    # told one chance for all, nobody is told apart
    assert brier_parts(np.full(400, 0.5), event, weight).discrimination == pytest.approx(0.0)


def test_every_forecaster_has_every_statistic(result):
    table = result.table
    assert list(table.columns[: len(TABLE)]) == list(TABLE)
    codes = ["model", "engine", "neutral", "ar1", "permanent_transitory"]
    assert set(table["model"]) == {code + end for code in codes for end in ("", "_growth")}
    assert set(table.groupby("model")["quantity"].nunique()) == {7}
    own = table[table["quantity"].isin(["headcount", "exit", "entry", "relapse", "long_exit"])]
    assert (own["low95"] <= own["low"]).all()
    assert (own["high"] <= own["high95"]).all()
    assert (own["inside"] == ((own["low"] <= own["actual"]) & (own["actual"] <= own["high"]))).all()
    assert (own["actual_error"] > 0).all()


def test_told_growth_neutral_forecasts_have_no_spread(result):
    told = result.table[(result.table["model"] == "neutral_growth") & (result.table["quantity"] == "exit")].iloc[0]
    assert told["low95"] == told["high95"] == told["mean"]


def test_the_share_of_error_changes_no_forecast_of_what_surveys_see(result):
    """Error and luck of one year do the same to an observed income; and equal seeds give equal tables."""
    assert backtest_panel(made(), draws=40, error_share=0.9).table.equals(result.table)


def test_another_seed_gives_other_luck(result):
    assert not backtest_panel(made(), draws=40, seed=2).table.equals(result.table)


def test_treated_households_are_left_out(result):
    panel = made()
    more = panel.isel(unit=np.arange(100)).assign(treated=("unit", np.ones(100, dtype=np.int8)))
    more = more.assign_coords(unit=[f"t{k}" for k in range(100)]).assign(income=more["income"] * 50)
    both = panel.merge(more, join="outer", compat="no_conflicts", combine_attrs="override")
    both = both.assign({name: both[name].astype(np.int32) for name in ("cluster", "stratum", "treated")})
    found = backtest_panel(both.sel(unit=[*panel["unit"].values, *more["unit"].values]), draws=40)
    assert found.table["households"].max() == 300
    assert "100 treated households are left out" in " ".join(note.text("en") for note in found.notes)


def test_incomes_without_a_log_are_told_and_count_as_not_seen():
    panel = made()
    panel["income"][:30, 2] = 0.0
    found = backtest_panel(panel, draws=20)
    assert found.table["households"].max() == 270
    assert "30 incomes at or below zero" in " ".join(note.text("en") for note in found.notes)


def test_who_left_is_told_beside_who_stayed():
    panel = made()
    poor = panel["income"].values[:, 1] < panel.attrs["line"]
    panel["income"][np.flatnonzero(poor)[:40], 2] = np.nan
    told = {note.key: note.text("en") for note in backtest_panel(panel, draws=20).notes}
    assert told["panel.note.attrition"].startswith("40 households (13.33 %)")
    assert "100.00 % among those who left" in told["panel.note.attrition"]


# ---- choices ----


def test_all_wrong_choices_are_named_at_once():
    with pytest.raises(povsim.InputError, match=r"(?s)4 problems.*draws.*seed.*rho.*error_share"):
        backtest_panel(made(), draws=3, seed=-1, rho=(0.9, 0.5), error_share=2.0)


def test_a_stated_rho_is_kept():
    found = backtest_panel(made(), draws=20, rho=0.8).parameters.set_index("name")
    assert found.loc["rho", "value"] == pytest.approx(0.8)
    assert found.loc["rho", "status"] == "estimated"


# ---- two waves ----


@pytest.fixture(scope="module")
def two():
    setting = replace(THREE_WAVES, years=(2010.0, 2014.0), households=3000, clusters=3000)
    return backtest_panel(made(setting), draws=40)


def test_two_waves_give_bounds_and_say_that_nothing_was_held_out(two):
    assert "nothing is held out" in two.headline("en")
    assert two.table["inside"].isna().all()
    assert two.table["crps"].isna().all()
    mean = two.table.set_index(["quantity", "model"])["mean"]
    assert mean["exit", "all_permanent"] < mean["exit", "fitted"] < mean["exit", "all_transitory"]
    assert mean["entry", "all_permanent"] < mean["entry", "fitted"] < mean["entry", "all_transitory"]


def test_the_bounds_over_one_year_hold_the_truth(two):
    """Correlation over one year .25 + .35 * .8 = .53; seen over four years are .25 + .35 * .8 ** 4 = .39."""
    panel = simulated_panel(replace(THREE_WAVES, households=40_000, clusters=40_000), seed=3)["income"].values
    line = np.quantile(panel[:, 0], 0.3)
    truth = 1 - (panel[panel[:, 0] < line, 1] * np.exp(-0.03) < line).mean()
    mean = two.table.set_index(["quantity", "model"])["mean"]
    assert mean["exit_year", "least_movement"] < truth < mean["exit_year", "most_movement"]


def test_without_error_all_permanent_spread_means_no_exits():
    setting = replace(THREE_WAVES, years=(2010.0, 2014.0), trend=0.0)
    found = backtest_panel(made(setting), draws=20, error_share=0.0).table.set_index(["quantity", "model"])["mean"]
    assert found["exit", "all_permanent"] + found["entry", "all_permanent"] < 0.12
    assert found["exit", "fitted"] > 0.4


def test_where_everybody_is_poor_nobody_can_enter():
    panel = simulated_panel(replace(SMALL, years=(2010.0, 2014.0)), seed=1)
    panel = panel.assign_attrs(line=float(panel["income"].max()) * 2, line_status="assumed")
    mean = backtest_panel(panel, draws=20).table.set_index(["quantity", "model"])["mean"]
    assert np.isnan(mean["entry", "fitted"])
    assert mean["exit", "fitted"] < 0.01


# ---- sentences and page ----


@pytest.mark.parametrize("name", ["result", "two"])
def test_all_is_said_in_both_languages(name, request):
    found = request.getfixturevalue(name)
    for one in (*found.statements, *found.notes):
        assert one.text("zh") != one.text("en")
        assert "{" not in one.text("zh") + one.text("en")


def test_the_sentences_say_where_a_rival_is_better():
    """Where permanent + transitory is the truth, the model must not be called clearly better than it."""
    truth = replace(THREE_PARTS, permanent=0.5, persistent=0.0, transitory=0.25, error=0.25)
    found = backtest_panel(made(replace(SMALL, parts=truth, households=1200, clusters=1200)), draws=60)
    told = [one.text("en") for one in found.statements if one.key == "panel.rival"]
    assert "clearly worse" not in next(text for text in told if "permanent + transitory" in text)
    assert "clearly worse" in next(text for text in told if "distribution-neutral" in text)


@pytest.mark.parametrize("name", ["result", "two"])
def test_the_page_holds_both_languages(name, request):
    found = request.getfixturevalue(name)
    page = backtest_page(found).decode()
    assert found.headline("en").replace("'", "&#x27;") in page
    assert found.headline("zh") in page
    for lang in ("zh", "en"):
        say = wording(lang, ROOM)
        for table in panel_tables(found, say):
            assert table.title in page
            assert all(len(row) == len(table.columns) for row in cells_of(table, say))


@pytest.fixture
def files(tmp_path):
    """A data file and its mapping."""
    frame = made()["income"].to_dataframe().reset_index()[["unit", "wave", "income"]]
    frame.to_csv(tmp_path / "p.csv", index=False)
    told = {"name_zh": "例", "name_en": "example", "source": "made up", "status": "assumed", "layout": "long"}
    told |= {"unit": {"from": "unit"}, "wave": {"from": "wave", "years": {year: year for year in (2014, 2015, 2016)}}}
    told |= {"income": {"from": "income", "unit": "CNY per head and year"}}
    told |= {"line": {"quantile": 0.3, "wave": "2014", "source": "test", "status": "assumed"}}
    (tmp_path / "p.panel.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return tmp_path / "p.csv", tmp_path / "p.panel.yaml"


@pytest.mark.parametrize(("lang", "words"), [("zh", ("三部分模型", "局限：")), ("en", ("three-part model", "Limits:"))])
def test_the_command_takes_a_data_file(files, tmp_path, lang, words):
    asked = ["backtest", str(files[0]), "--mapping", str(files[1]), "--draws", "20", "--rho", "0.6:0.9"]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out"), "--lang", lang])
    assert done.exit_code == 0, done.output
    assert all(word in done.output for word in words)
    table = pd.read_csv(tmp_path / "out" / "backtest.csv")
    assert {"model", "ar1", "neutral_growth"} <= set(table["model"])


def test_a_data_file_without_a_mapping_is_refused(files):
    with pytest.raises(povsim.InputError, match="no shipped mapping knows this file"):
        backtest(files[0], draws=20)


def test_the_study_prints_its_figures(capsys):
    main(["--panels", "1"])
    assert "five waves, 1 panels of 800 households" in capsys.readouterr().out
