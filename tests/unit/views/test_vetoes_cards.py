"""A scorecard's vetoes and gates: flags, standings without them, ranks, near vetoes; the package's, rule by rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import povsim
from povsim.folder import Run
from povsim.outcomes import Results
from povsim.runs import Settings, run_scenarios
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import read_scorecard
from povsim.scoring.scores import score
from povsim.scoring.verdict_schema import Condition, Veto
from povsim.sensitivity import vetoes as analysis
from povsim.views import vetoes
from povsim.views.vetoes import Asked
from povsim.views.vetoes_card_digest import digest_card, without_vetoes
from povsim.views.vetoes_cards import kept
from povsim.views.vetoes_numbers import _of

YEAR = 2018


@pytest.fixture(scope="module")
def outcomes() -> xr.Dataset:
    plan = povsim.read_scenario("sample")
    results: Results = run_scenarios(povsim.complete_population(plan), (plan,), Settings(draws=range(4), seed=3))
    return results.outcomes


@pytest.fixture
def run(outcomes: xr.Dataset, tmp_path) -> Run:
    run = Run(tmp_path, {})
    run.__dict__["outcomes"] = outcomes
    return run


def _veto(code: str, effect: str, when: dict, **more: object) -> Veto:
    about = {"name_zh": code, "name_en": code, "source": "test", "status": "assumed"}
    return Veto(code=code, effect=effect, when=Condition(**when), **about, **more)


@pytest.fixture(scope="module")
def graded() -> Scorecard:
    """Townships with grades by points, a cap and a veto that fails: both on items of the card."""
    card = read_scorecard("xiangyin-2016-townships")
    item = next(one for one in card.indicators if one.target is not None)
    cap = _veto("capped", "cap", {"target_missed": item.code}, grade=card.grades.grades[-1].code)
    fail = _veto(
        "failed", "fail", {"all": [{"total": True, "comparison": ">", "threshold": 0}, {"target_missed": item.code}]}
    )
    return card.model_copy(update={"vetoes": (cap, fail)})


def _asked(card: xr.Dataset, **more: object) -> Asked:
    bare = xr.Dataset(
        coords={"rule": np.array([], dtype=str), "rule_en": ("rule", np.array([], dtype=str)), "year": [YEAR]}
    )
    return Asked(bare, YEAR, "en", card=card, **more)


def test_gates_hold_where_the_card_fails_units(run: Run) -> None:
    card = read_scorecard("guangxi-village-2017")
    part = digest_card(run, card)
    scores = score(povsim.indicator_values(run.outcomes, card), card).isel(scenario=0, scheme=0)
    failed = ~scores["passed"].transpose("year", "draw", "unit").to_numpy()
    np.testing.assert_array_equal(part["holds"].any("rule").to_numpy(), failed)
    board = _asked(part).units
    assert failed.any()
    assert board is not None
    assert len(board.codes) == 12


def test_standings_without_gates_are_scored_anew(run: Run) -> None:
    card = read_scorecard("guangxi-village-2017")
    part = digest_card(run, card)
    free = without_vetoes(card)
    scores = score(povsim.indicator_values(run.outcomes, free), free).isel(scenario=0, scheme=0)
    np.testing.assert_array_equal(
        part["free_rank"].to_numpy(), scores["rank"].transpose("year", "draw", "unit").to_numpy()
    )
    assert (part["free_rank"] > 0).all()
    np.testing.assert_allclose(part["before"].to_numpy(), scores["total"].transpose("year", "draw", "unit").to_numpy())


def test_vetoes_are_taken_apart_only_where_each_part_strikes(run: Run, graded: Scorecard) -> None:
    part = digest_card(run, graded)
    movable = dict(zip(part["rule"].to_numpy().tolist(), part["rule_movable"].to_numpy().tolist(), strict=True))
    item = graded.vetoes[0].when.target_missed
    assert list(movable) == [item, "failed"]
    assert movable["failed"] is False
    held = part["vetoed"].sel(veto="capped").to_numpy()
    np.testing.assert_array_equal(part["holds"].sel(rule=item).to_numpy(), held)


def test_kept_from_a_grade_is_grade_by_grade(run: Run, graded: Scorecard) -> None:
    part = digest_card(run, graded)
    asked = _asked(part)
    one = part.sel(year=YEAR)
    expected = (one["grade"] > one["free_grade"]).to_numpy()
    np.testing.assert_array_equal(kept(asked), expected)
    table = {row["_key"]: row for row in vetoes.kept_table(asked).rows}
    units = part["unit"].to_numpy().tolist()
    assert set(table) == {units[place] for place in np.flatnonzero(expected.any(axis=0))}
    assert table
    cut = analysis.lowest_cut(graded)
    for unit, row in table.items():
        chosen = expected[:, units.index(unit)]
        assert row["kept"] == chosen.mean()
        before = one["before"].to_numpy()[chosen, units.index(unit)]
        assert row["above"] == pytest.approx(before.mean() - cut, rel=1e-5)


def test_ranks_move_as_the_package_says(run: Run, graded: Scorecard) -> None:
    part = digest_card(run, graded)
    asked = _asked(part)
    assert set(vetoes.vetoes_of(asked)) == {"capped", "failed"}
    values = povsim.indicator_values(run.outcomes, graded)
    found = analysis.rank_displacement(values, graded, "failed").sel(year=YEAR)
    rows = {row["_key"]: row for row in vetoes.moved_table(asked, "failed").rows}
    assert set(rows) <= set(analysis.rank_displacement(values, graded, "failed")["effect"].to_numpy())
    hit = found["vetoed"].any("draw").to_numpy()
    mean = found["displacement"].sel(effect="zero").mean("draw").to_numpy()
    known = mean[hit][np.isfinite(mean[hit])]
    assert rows["off"]["lost"] in (None, 0.0)
    assert rows["zero"]["lost"] == pytest.approx(known.mean()) if known.size else rows["zero"]["lost"] is None


def test_a_rule_of_the_card_off_releases_its_own(run: Run) -> None:
    asked = _asked(digest_card(run, read_scorecard("guangxi-village-2017")))
    board = asked.units
    assert board is not None
    off = replace(asked, off=("card.industry",))
    before, after = (vetoes.board_rules_table(one, board).rows for one in (asked, off))
    assert next(row for row in after if row["_key"] == "card.industry")["any_hit"] == 0
    assert sum(row["shapley"] for row in after) < sum(row["shapley"] for row in before)
    every = replace(asked, off=tuple(board.key(place) for place in range(len(board.codes))))
    assert not board.standing(every.off, {}).any()


def test_near_vetoes_count_units(run: Run) -> None:
    card = read_scorecard("hunan-city-2017")
    asked = _asked(digest_card(run, card))
    rows = vetoes.near_table(asked).rows
    table = analysis.near_vetoes(card)
    assert [row["points"] for row in rows] == table["points"].tolist()
    scores = score(povsim.indicator_values(run.outcomes, card), card).isel(scenario=0, scheme=0).sel(year=YEAR)
    for row, code in zip(rows, table.index, strict=True):
        points = scores["points"].sel(indicator=code)
        assert row["lost"] == pytest.approx(float((points <= 0).sum("unit").mean()))


def test_close_units_lie_close(run: Run) -> None:
    asked = _asked(digest_card(run, read_scorecard("guangxi-village-2017")))
    for row in vetoes.close_table(asked).rows:
        assert abs(row["gap"]) <= 0.05


def test_a_single_unit_that_is_struck_is_told_from_one_that_loses_its_grade(run: Run, graded: Scorecard) -> None:
    part = digest_card(run, graded)
    one = part.isel(unit=slice(0, 1))
    same = one.assign(free_grade=one["grade"], free_rank=one["rank"], holds=xr.ones_like(one["holds"]))
    for lang, spread in (("zh", "共 1 个单位；"), ("en", "of 1 unit; ")):
        asked = replace(_asked(same), lang=lang)
        assert vetoes.kept_table(asked).rows == []
        assert vetoes.nothing_kept(asked) == asked.say("empty.kept")
        assert _of(asked, "units", 1, np.zeros(4)).startswith(spread)
        assert "2" in _of(asked, "units", 2, np.zeros(4)).split("；")[0].split(";")[0]
        assert asked.units is not None
        table = vetoes.board_rules_table(asked, asked.units)
        assert max(row["any_hit"] for row in table.rows) == 1
        assert table.note == asked.say("table.card_rules.note")
    unknown = same.assign(before=xr.full_like(same["before"], np.nan))
    assert vetoes.nothing_kept(_asked(unknown)) == asked.say("empty.kept.unknown")
    assert vetoes.nothing_kept(_asked(part)) == ""


def test_that_no_unit_is_close_is_said(run: Run) -> None:
    asked = _asked(digest_card(run, read_scorecard("guangxi-village-2017")))
    every = replace(asked, off=tuple(asked.units.key(place) for place in range(len(asked.units.codes))))
    assert vetoes.nothing_close(every) == asked.say("empty.close")
    assert bool(vetoes.close_table(asked).rows) == (vetoes.nothing_close(asked) == "")
