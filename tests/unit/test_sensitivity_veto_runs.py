"""Vetoes of scorecards and of finished runs, and the command that tells of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr

import povsim
from povsim import cli_sensitivity_vetoes as command
from povsim.errors import InputError
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.quantity import Quantity
from povsim.rulebook import CountyTest
from povsim.runs import Settings, run_scenarios
from povsim.sensitivity import vetoes as v
from povsim.wording import wording

# ---- scorecards ----


@pytest.fixture(scope="module")
def sample():
    plan = povsim.read_scenario("sample")
    return plan, povsim.complete_population(plan)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sample) -> Path:
    plan, people = sample
    results = run_scenarios(people, (plan,), Settings(draws=range(5), seed=1))
    return write_run(results, tmp_path_factory.mktemp("runs") / "sample", register=people, record=Record(seed=1))


def with_veto(effect: str = "fail") -> povsim.scoring.schema.Scorecard:
    from povsim.scoring.verdict_schema import Condition, Veto

    card = povsim.read_scorecard("xiangyin-2016-townships")
    below = Condition(total=True, comparison="<", threshold=75.0)
    told = {"name_zh": "低分", "name_en": "low", "source": "test", "status": "assumed"}
    return card.model_copy(update={"vetoes": (Veto(code="low", when=below, effect=effect, **told),)})


def test_ranks_move_as_the_effect_of_a_veto_says(run: Path) -> None:
    card = with_veto()
    with open_run(run) as opened:
        values = povsim.indicator_values(opened.outcomes, card)
    found = v.rank_displacement(values, card, "low")
    assert found["effect"].values.tolist() == ["off", "deduct", "zero", "cap", "disqualify", "fail"]
    hit = found["vetoed"].astype(bool)
    assert 0 < int(hit.sum()) < hit.size
    rank, total = found["rank"], found["total"]
    assert ((rank.sel(effect="fail") == 0) == hit).all()
    assert ((rank.sel(effect="disqualify") == 0) == hit).all()
    assert (total.sel(effect="zero").where(hit, 0) == 0).all()
    drop = total.sel(effect="off") - total.sel(effect="deduct")
    np.testing.assert_allclose(drop.where(hit, 5), 5, atol=1e-3)
    assert (rank.sel(effect="cap") == rank.sel(effect="off")).all()
    assert (found["grade"].sel(effect="cap") >= len(card.grades.grades) - 2)[..., :].where(hit, True).all()
    assert (found["displacement"].sel(effect="fail").where(~hit) <= 0).where(~hit, True).all()


def test_unknown_vetoes_and_effects_are_refused() -> None:
    card = with_veto()
    with pytest.raises(InputError, match="did you mean 'low'"):
        v.with_effect(card, "lo", "off")
    with pytest.raises(InputError, match="no such rule; found wipe"):
        v.with_effect(card, "low", "wipe")
    with pytest.raises(InputError, match="zero or more points"):
        v.with_effect(card, "low", "deduct", value=-1)
    with pytest.raises(InputError, match="no grade of the scorecard"):
        v.with_effect(card, "low", "cap", grade="zz")
    own = povsim.read_scorecard("xiangyin-2016")
    with pytest.raises(InputError, match="strikes items"):
        v.with_effect(own, own.vetoes[0].code, "zero")


# ---- runs ----


def test_a_run_answers_what_its_patterns_hold(run: Path) -> None:
    with open_run(run) as opened:
        stored = v.stored_patterns(opened, 2018)
        found = v.excluded_by_draw(stored)
        one = opened.outcomes.sel(year=2018).isel(scenario=0)
        assert (
            found["excluded"].sel(count="persons").values.tolist()
            == one["failing_persons"].sum("village").values.tolist()
        )
        by_test = one["failing_by_test"].sel(veto=stored.codes).sum("village").transpose("draw", "veto")
        assert found["any_hit"].sel(count="persons").values.tolist() == by_test.values.tolist()
        off = v.switched_off(stored, ["housing"])
        assert (off["released"] == found["sole_blocker"].sel(veto="housing", drop=True)).all()
        assert "re-run" not in off.attrs
        assert off.attrs["set"] == ["exit_standard.household.tests.housing.veto=false"]
        curve = v.margin_curve(opened.margins, "income", 2018)
        now = float(curve.at([1.0])["low"][0])
        assert now == pytest.approx(float(found["excluded"].sel(count="persons").mean()), abs=0.5)
        villages = v.rolled_up(stored, ["housing"])
        share = one["failing_persons"] / one["persons"].sum("status")
        assert villages["failing"].values.tolist() == (share >= 0.02).sum("village").values.tolist()
        assert (villages["still_failing"] <= villages["failing"]).all()
        with pytest.raises(InputError, match="did you mean 'housing'"):
            v.switched_off(stored, ["hosing"])
        with pytest.raises(InputError, match="not in the run; found 1999"):
            v.stored_patterns(opened, 1999)
        with pytest.raises(InputError, match="keeps no distances"):
            v.margin_curve(opened.margins, "housing", 2018)


def broken(run: Path, place: Path, without: str) -> Path:
    copy = place / "copy"
    shutil.copytree(run, copy)
    (copy / without).unlink()
    return copy


def test_runs_without_patterns_are_refused_and_without_margins_say_so(run: Path, tmp_path: Path, capsys) -> None:
    say = wording("en", "commands", "vetoes")
    with pytest.raises(InputError, match=r"patterns\.parquet: is missing"):
        command.perform(command.Order(broken(run, tmp_path / "a", "patterns.parquet")), say)
    command.perform(command.Order(broken(run, tmp_path / "b", "margins.nc")), say)
    assert "has no margins.nc" in capsys.readouterr().out
    other = tmp_path / "c"
    shutil.copytree(run, other)
    pd.DataFrame({"year": [2020], "x": [1]}).to_parquet(other / "patterns.parquet")
    with pytest.raises(InputError, match="lacks columns; found draw"):
        command.perform(command.Order(other), say)


@pytest.mark.parametrize("level", ["household", "village"])
def test_the_command_answers_in_both_languages(run: Path, tmp_path: Path, capsys, level: str) -> None:
    for lang in ("zh", "en"):
        order = command.Order(
            run, 2018, level, ("housing",), ("income=3500", "income=110%"), ("income=0.2",), "xiangyin-2016", tmp_path
        )
        command.perform(order, wording(lang, "commands", "vetoes"))
        text = capsys.readouterr().out
        assert "tests.housing.veto=false" in text
        assert "tests.income.line=3500" in text
        assert all(len(line) <= 100 for line in text.splitlines() if not line.startswith(("  povsim", "已", "Written")))
    with xr.open_dataset(tmp_path / "vetoes.nc") as found:
        assert "curve_low" in found
    assert len(openpyxl.load_workbook(tmp_path / "vetoes.xlsx").sheetnames) > 3


def test_all_that_is_wrong_with_an_order_is_said_at_once(run: Path) -> None:
    order = command.Order(run, None, "household", ("hosing",), ("food=3", "income"), ("income=-1", "food=.1"))
    with pytest.raises(InputError, match="5 problems") as caught:
        command.perform(order, wording("en", "commands", "vetoes"))
    for words in ("did you mean 'housing'", "use --off food", "RULE=NUMBER", "above zero", "keeps no distances"):
        assert words in str(caught.value)


def test_a_county_that_is_sampled_shows_how_often_the_test_passes(sample, tmp_path: Path, capsys) -> None:
    plan, people = sample
    bound = Quantity(value=0.02, unit="share", source="national rule", status="documented")
    tests = tuple(
        CountyTest(code=code, name_zh=code, name_en=code, column=code, comparison="<", threshold=bound)
        for code in ("composite_incidence", "wrong_exit_rate", "omission_rate")
    )
    standard = plan.exit_standard.model_copy(update={"county": tests})
    tested = plan.model_copy(update={"exit_standard": standard})
    results = run_scenarios(people, (tested,), Settings(draws=range(2), seed=1))
    folder = write_run(results, tmp_path / "run", register=people, record=Record(seed=1))
    command.perform(command.Order(folder), wording("en", "commands", "vetoes"))
    text = capsys.readouterr().out
    assert "Probability that the sampled county test passes" in text
    assert "omission_rate" in text
