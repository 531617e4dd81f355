"""The nation's back-test on a small sample: rivals, the table, the gap, what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from povsim.backtests.drawing import chart_of
from povsim.backtests.files import write_backtest
from povsim.backtests.nation import backtest_nation
from povsim.backtests.nation_gap import gaps, growth_needed
from povsim.backtests.nation_plans import lines, mean_path
from povsim.backtests.nation_reference import grown_alike, implied_by_fifths, lognormal_headcount, lognormal_sigma
from povsim.backtests.nation_runs import run_plans
from povsim.backtests.nation_table import rivals
from povsim.backtests.pages import backtest_contents, backtest_page
from povsim.backtests.record import PARAMETERS, TABLE, skill
from povsim.backtests.scores import crps
from povsim.errors import InputError
from povsim.margins_report import net_income


def test_the_lognormal_fixed_at_2013_has_the_published_headcounts() -> None:
    # design: 5.7 % in 2015 (official 5.7) and 2.96 % in 2019 (official 0.6)
    sigma = lognormal_sigma(headcount=0.085, line=2736, mean=9433)
    assert lognormal_headcount(sigma, line=2736, mean=9433) == pytest.approx(0.085, abs=1e-12)
    assert lognormal_headcount(sigma, line=2855, mean=11422) == pytest.approx(0.057, abs=5e-5)
    # the derived mean of 2013 lies between 9,428 and 9,437, which moves 2019 by less than .02 points
    assert lognormal_headcount(sigma, line=3218, mean=16021) == pytest.approx(0.0296, abs=2e-4)


def test_no_lognormal_has_nobody_poor_or_a_line_above_the_mean() -> None:
    with pytest.raises(InputError, match=r"(?s)2 problems.*headcount.*line.*below the mean, 9"):
        lognormal_sigma(headcount=0.0, line=10, mean=9)


def test_the_start_has_the_published_headcount_and_mean(small, small_plans) -> None:
    persons = small_plans.register["persons"].to_numpy()
    # one household of 2,000 has about .05 % of the persons
    assert grown_alike(small_plans.register, factor=1.0, line=2736) == pytest.approx(0.085, abs=1e-3)
    assert net_income(small_plans.register).sum() / persons.sum() == pytest.approx(9433, rel=1e-6)


def test_growth_of_all_alike_moves_the_line_instead(small_plans) -> None:
    assert grown_alike(small_plans.register, factor=1.25, line=3000) == pytest.approx(
        grown_alike(small_plans.register, factor=1.0, line=2400), abs=1e-9
    )


def test_published_fifths_put_more_below_the_line_than_was_published(small, small_plans) -> None:
    of = {"line": lines(small_plans.full)[2019], "mean": mean_path(small)[2019]}
    implied = implied_by_fifths(small, small_plans.register, shape=2019, **of)
    # The lowest fifth had 4,263 yuan on average, so more than a tenth of it had less than 3,218.
    assert 0.02 < implied < 0.2
    assert implied > 3 * small.series["headcount"].years[2019]


def test_paths_are_the_same_however_draws_are_batched(small, small_plans, small_paths, monkeypatch) -> None:
    monkeypatch.setattr("povsim.backtests.nation_runs.BATCH", 1)
    told = []
    again = run_plans(small, small_plans, draws=2, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    for key, values in again.values.items():
        np.testing.assert_array_equal(values, small_paths.values[key][:2], err_msg=str(key))


def test_the_mean_is_tied_and_the_sample_stands_for_the_nation(small, small_plans, small_paths) -> None:
    published = small.series["mean"].years
    for plan in ("growth", "measures"):
        mean = small_paths.values["mean", plan]
        np.testing.assert_allclose(mean, np.tile([published[year] for year in small.span], (3, 1)), rtol=1e-4)
    persons = float(small_plans.register["persons"].sum())
    assert small_paths.scale * persons == pytest.approx(970_470_000)
    # nobody is registered, relapsed or newly poor more often than there are persons
    assert small_paths.values["newly_registered", "growth"].max() < 970_470_000


def test_measures_lower_the_headcount_and_luck_alone_leaves_registers_out(small_paths) -> None:
    bare, full = (small_paths.values["headcount", plan].mean(axis=0) for plan in ("growth", "measures"))
    assert (full[3:] < bare[3:]).all()
    assert ("declared", "luck") not in small_paths.values


def test_the_table_scores_what_was_published_and_keeps_concepts_apart(result, small_paths) -> None:
    table = result.table
    assert tuple(table.columns) == TABLE
    row = table[(table["quantity"] == "headcount") & (table["model"] == "measures") & (table["when"] == 2017)].iloc[0]
    draws = small_paths.values["headcount", "measures"][:, 3]
    assert row["mean"] == pytest.approx(draws.mean())
    assert row["crps"] == pytest.approx(crps(draws, 0.031))
    assert table.groupby("quantity")["concept"].nunique().max() == 1
    concepts = table.drop_duplicates("quantity").set_index("quantity")["concept"]
    assert concepts["headcount"] == "survey"
    assert concepts["declared_beside_survey"] == "register"
    assert table.loc[table["quantity"] == "declared", "actual"].isna().all()
    assert table.loc[table["quantity"] == "mean", "crps"].isna().all()


def test_bounds_have_a_brier_score_and_no_error(result) -> None:
    newly = result.table[(result.table["quantity"] == "newly_registered") & result.table["actual"].notna()]
    assert newly["brier"].notna().all()
    assert newly["crps"].isna().all()
    found = skill(result.table)
    assert found.loc[found["quantity"] == "newly_registered", "error"].isna().all()


def test_the_steps_lead_from_the_lognormal_to_the_model(small, small_plans, small_paths) -> None:
    found = gaps(small, small_paths, rivals(small, small_plans))
    assert [gap.year for gap in found] == list(small.span)
    for gap in found:
        assert gap.lognormal + sum(gap.steps.values()) == pytest.approx(gap.model, abs=1e-12)
        assert gap.model + gap.rest == pytest.approx(gap.actual, abs=1e-12)


def test_growth_needed_of_the_poorest_leaves_the_published_share(small, small_plans) -> None:
    needed = growth_needed(small, small_plans)
    factor = (1 + needed.poor) ** 6
    left = grown_alike(small_plans.register, factor=factor * (1 + 1e-9), line=3218)
    # up to one household of 2,000
    assert left == pytest.approx(0.006, abs=2e-3)
    assert needed.poor > needed.mean


def test_parameters_have_source_and_status_and_changes_count(result) -> None:
    table = result.parameters
    assert tuple(table.columns) == PARAMETERS
    assert (table[["name_zh", "name_en", "value", "unit", "source"]] != "").all().all()
    assert set(table["status"]) == {"documented", "estimated", "assumed"}
    value = table.set_index("name")["value"]
    assert value["margins.population.households"] == "2000"
    assert value["series.headcount.value"].startswith("2013: 0.085")
    assert not any(name.startswith(("measures.tourism", "funds")) for name in value.index)
    assert not table["name_en"].str.contains("[\u4e00-\u9fff]").any()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sentences_pictures_and_page_in_both_languages(result, lang) -> None:
    contents = backtest_contents(result, lang)
    told = [contents.message, *(line for chapter in contents.chapters for line in chapter.lead)]
    assert len(told) == len(result.statements) + len(result.notes)
    assert all("{" not in line for line in told)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in contents.message) == (lang == "zh")
    for picture in result.pictures:
        chart = chart_of(picture, lang)
        assert {one["id"] for one in chart.option["series"]} == set(chart.data)
        assert not [name for name in chart.option["legend"]["data"] if name.startswith("_")]
        if any(len(line.low) for line in picture.lines):
            # a band is told apart from its line
            names = [one["name"] for one in chart.option["series"]]
            assert len(set(names)) == len(names)
    page = backtest_page(result, lang=lang).decode()
    assert page.index(contents.message) > 0
    assert "nation." not in contents.message


def test_a_band_is_stacked_upon_its_lower_end(result) -> None:
    picture = result.pictures[0]
    line = picture.lines[-1]
    data = chart_of(picture, "en").data
    top = np.add(data["_low_measures"], data["_band_measures"])
    np.testing.assert_allclose(top, line.high)


def test_the_folder_appears_whole_and_strangers_stay(result, tmp_path: Path) -> None:
    folder = write_backtest(result, tmp_path / "out", lang="zh")
    assert {file.name for file in folder.iterdir()} == {
        "backtest.html", "backtest.csv", "parameters.csv", "manifest.json"
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["draws"] == 3
    table = pd.read_csv(folder / "backtest.csv", encoding="utf-8-sig")
    assert len(table) == len(result.table)
    write_backtest(result, folder)

    def stop() -> None:
        raise KeyboardInterrupt("stopped")

    before = (folder / "manifest.json").stat().st_ino
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        write_backtest(result, folder, before=stop)
    assert (folder / "manifest.json").stat().st_ino == before
    assert [item.name for item in tmp_path.iterdir()] == ["out"]
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.txt"):
        write_backtest(result, folder)


def test_draws_out_of_range() -> None:
    with pytest.raises(InputError, match="draws: out of range"):
        backtest_nation("china", draws=0)
