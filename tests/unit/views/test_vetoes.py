"""The veto lab's numbers are those of the analysis package, and switching everything back gives the run again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import povsim
from povsim.folder import Run, open_run, write_run
from povsim.folder_manifest import Record
from povsim.runs import Settings, run_scenarios
from povsim.sensitivity import vetoes as analysis
from povsim.views import store, vetoes
from povsim.views.vetoes import Asked
from povsim.views.vetoes_boards import reach
from povsim.views.vetoes_counts import mean_count
from povsim.wording import read_room

YEAR = 2018


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    plan = povsim.read_scenario("sample")
    people = povsim.complete_population(plan)
    results = run_scenarios(people, (plan,), Settings(draws=range(6), seed=3))
    folder = tmp_path_factory.mktemp("runs") / "first"
    write_run(results, folder, register=people, record=Record(seed=3))
    with open_run(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def part(run: Run, tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    folder: Path = tmp_path_factory.mktemp("digest")
    store.write(vetoes.digest(run), folder)
    return store.read(folder)


@pytest.fixture
def asked(part: xr.Dataset) -> Asked:
    return Asked(part, YEAR, "en")


@pytest.fixture(scope="module")
def stored(run: Run) -> analysis.Stored:
    return analysis.stored_patterns(run, YEAR)


def test_base_is_the_attribution_of_the_package(asked: Asked, stored: analysis.Stored) -> None:
    found = analysis.excluded_by_draw(stored)
    for name in ("any_hit", "sole_blocker", "shapley", "excluded"):
        np.testing.assert_allclose(asked.found[name], found[name].to_numpy(), rtol=1e-12, err_msg=name)
    for name in ("overlap", "both"):
        np.testing.assert_allclose(asked.found[name], found[name].mean("draw").to_numpy(), rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("off", [("housing",), ("income", "water"), ("food", "income", "schooling")])
def test_rules_off_release_what_the_package_says(asked: Asked, stored: analysis.Stored, off: tuple[str, ...]) -> None:
    found = analysis.switched_off(stored, off)
    changed = replace(asked, off=off)
    np.testing.assert_array_equal(changed.found["excluded"], found["still_excluded"].to_numpy())
    villages = analysis.rolled_up(stored, off)["still_failing"].to_numpy()
    np.testing.assert_array_equal(vetoes.failing_villages(asked.part, YEAR, off), villages)
    for place, code in enumerate(stored.codes):
        left = 0 if code in off else asked.found["any_hit"][:, :, place].sum()
        assert changed.found["any_hit"][:, :, place].sum() == left


def test_all_rules_off_exclude_nobody(asked: Asked) -> None:
    free = replace(asked, off=(*asked.codes, *asked.villages.codes))
    assert vetoes.excluded(free).estimate == 0
    assert vetoes.failing_villages(asked.part, YEAR, free.off).sum() == 0
    assert not free.villages.standing(free.off, {}).any()
    assert vetoes.numbers(free)[0].value == "0"
    assert {one.code: (one.value, one.spread) for one in vetoes.numbers(free)}["main"] == ("-", "Nobody fails")
    assert {one.code: (one.value, one.spread) for one in vetoes.numbers(free)}["alone"] == ("0", "Nobody fails")
    assert vetoes.patterns_table(free).rows == []


def test_base_of_villages_is_stored(asked: Asked, stored: analysis.Stored, run: Run) -> None:
    np.testing.assert_array_equal(
        vetoes.failing_villages(asked.part, YEAR, ()), analysis.rolled_up(stored)["failing"].to_numpy()
    )
    blocked = analysis.village_blocks(run, YEAR, "sample").to_numpy()
    np.testing.assert_array_equal(asked.villages.flags, blocked)


def test_threshold_at_its_own_value_is_the_base(asked: Asked) -> None:
    base = vetoes.excluded(asked)
    same = replace(asked, thresholds={"income": asked.line})
    assert vetoes.excluded(same) == base
    assert vetoes.changes(same) == []
    board = asked.villages
    own = {board.key(place): float(board.thresholds[place]) for place in range(len(board.codes))}
    assert board.movable.all()
    assert len(own) == 3
    np.testing.assert_array_equal(board.standing((), own), board.flags)
    for place in range(len(board.codes)):
        curve = vetoes.board_curve(board, place, (), {})
        at = curve.excluded[np.flatnonzero(curve.thresholds == curve.own)[0]]
        assert at == pytest.approx(board.flags.any(axis=2).sum() / board.draws)


def test_village_threshold_moved_by_hand(asked: Asked, run: Run) -> None:
    moved = replace(asked, thresholds={"village_collective": 60_000.0}, off=("village_incidence",))
    income = run.outcomes["collective_income"].sel(year=YEAR).isel(scenario=0).transpose("draw", "village").to_numpy()
    board = asked.villages
    poor = board.flags[..., list(board.codes).index("village_income")]
    expected = ((income < 60_000) | poor).sum(axis=1)
    np.testing.assert_array_equal(board.standing(moved.off, moved.thresholds).any(axis=2).sum(axis=1), expected)
    table = {row["_key"]: row for row in vetoes.board_rules_table(moved, board).rows}
    assert table["village_incidence"]["any_hit"] == 0
    assert table["village_collective"]["any_hit"] == pytest.approx((income < 60_000).sum(axis=1).mean())
    assert [change.path for change in vetoes.changes(moved)] == [
        "exit_standard.village.village_incidence.veto", "exit_standard.village.village_collective.threshold",
    ]  # fmt: skip
    assert vetoes.levers(moved)["exit_standard.village.village_collective.threshold"] == 60_000


def test_share_of_the_mean_is_written_back_as_a_share(asked: Asked) -> None:
    place = list(asked.villages.codes).index("village_income")
    double = 2 * float(asked.villages.thresholds[place])
    levers = vetoes.levers(replace(asked, thresholds={"village_income": double}))
    assert levers["exit_standard.village.village_income.threshold"] == pytest.approx(1.4)


def test_moved_line_is_the_margin_curve(asked: Asked, run: Run) -> None:
    curve = analysis.margin_curve(run.margins, "income", YEAR)
    factors = [0.8, 1.0, float(np.exp(0.1)), 1.13]
    found = curve.at(factors)
    rows = vetoes.bounds(asked, np.array(factors))
    for row, name in zip(rows, ("low", "estimate", "high"), strict=True):
        np.testing.assert_allclose(row, found[name].to_numpy())
    assert vetoes.excluded(replace(asked, thresholds={"income": asked.line * float(np.exp(0.1))})).surety == "exact"
    moved = vetoes.excluded(replace(asked, thresholds={"income": asked.line * 1.13}))
    assert moved.surety == "bounded"
    assert moved.low < moved.estimate < moved.high


def test_bounds_with_rules_off_hold_what_a_new_line_would_give() -> None:
    """Persons with known incomes: bounds from margins have to hold the count, and meet it at today's line."""
    part, people = _known_people()
    asked = Asked(part, YEAR, "en", off=("housing",))
    factors = np.exp(np.array([-0.6, -0.3, -0.1, 0.0, 0.1, 0.25, 0.5]))
    low, middle, high = vetoes.bounds(asked, factors)
    truth = [((people["income"] < np.log(factor)) | people["water"]).sum() for factor in factors]
    assert (low <= truth).all()
    assert (truth <= high).all()
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert low[3] == high[3] == truth[3]
    assert (high - low).sum() > 0


def _known_people() -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    rng = np.random.default_rng(5)
    # incomes in the middle of bins, so that none lies on an edge
    people = {"income": (rng.integers(-30, 30, 3000) + 0.5) * 0.05}
    people |= {name: rng.random(3000) < 0.2 - 0.1 * np.tanh(people["income"]) for name in ("housing", "water")}
    poor = people["income"] < 0
    pattern = poor + 2 * people["housing"] + 4 * people["water"]
    counts = np.bincount(pattern, minlength=8)
    edges = np.round(-2 + 0.05 * np.arange(1, 80), 12)
    other = people["housing"] | people["water"]
    place = np.searchsorted(edges, people["income"])
    free, blocked = (np.bincount(place[flags], minlength=80).astype(float) for flags in (~other, other))
    data = {
        "pattern": ("pattern_number", np.arange(8, dtype=np.uint64)),
        "cases": (("year", "draw", "pattern_number", "count"), np.stack([counts, counts], -1)[None, None]),
        "margin_free": (("year", "bin"), free[None]), "margin_blocked": (("year", "bin"), blocked[None]),
        "margin_edge": ("edge", edges), "line": ("year", [3000.0]),
    }  # fmt: skip
    codes = ["income", "housing", "water"]
    coords = {"year": [YEAR], "rule": codes, "rule_en": ("rule", codes), "rule_kind": ("rule", ["income", "g", "g"])}
    return xr.Dataset(data, coords), people


def test_cures_are_those_of_the_package(run: Run, asked: Asked, stored: analysis.Stored) -> None:
    from povsim.sensitivity.veto_runs import village_histograms, village_limit

    limit, comparison = village_limit(stored.scenario, YEAR)
    cures = analysis.area_cures(village_histograms(stored), limit=limit, comparison=comparison).reset_index()
    cures["village"] = cures["area"].astype(int) % len(stored.villages)
    table = {row["_key"]: row for row in vetoes.cures_table(asked).rows}
    assert len(table) == cures["village"].nunique()
    for village, group in cures.groupby("village"):
        row = table[stored.villages[village]]
        assert row["fails"] == pytest.approx(len(group) / 6)
        common = group[group["rules"] == group["rules"].mode().iloc[0]]
        assert row["cost"] == pytest.approx(common["cost"].mean())


def test_rollup_is_that_of_the_package(asked: Asked, stored: analysis.Stored) -> None:
    found = analysis.rolled_up(stored)
    rows = vetoes.rollup_table(asked).rows
    for name in ("alone", "sole_blocker", "shapley"):
        np.testing.assert_allclose([row[name] for row in rows], found[name].to_numpy(), err_msg=name)


def test_patterns_add_up_to_the_excluded(asked: Asked) -> None:
    rows = vetoes.patterns_table(asked).rows
    assert sum(row["persons"] for row in rows) == pytest.approx(vetoes.excluded(asked).estimate)
    assert sum(row["part"] for row in rows) == pytest.approx(1)
    singles = {row["pattern"]: row["persons"] for row in rows if row["rules"] == 1}
    for row in vetoes.rules_table(asked).rows:
        assert singles.get(row["rule"], 0.0) == pytest.approx(row["sole_blocker_persons"])


def test_a_run_without_margins_says_that_the_line_needs_a_new_run(run: Run, part: xr.Dataset) -> None:
    bare = part.drop_vars([name for name in part.data_vars if str(name).startswith("margin_")])
    asked = Asked(bare, YEAR, "en", thresholds={"income": 3333.0})
    assert vetoes.excluded(asked).surety == "rerun"
    assert not vetoes.has_margins(asked)
    assert "needs a new run" in vetoes.told(asked)
    assert "income" not in [one.key for one in vetoes.sliders(asked)]


def test_sliders_reach_their_own_threshold_in_whole_steps(asked: Asked) -> None:
    found = vetoes.sliders(asked)
    assert [one.key for one in found] == ["income", "village_incidence", "village_income", "village_collective"]
    for one in found:
        steps = (one.own - one.low) / one.step
        assert one.low <= one.own <= one.high, one.key
        assert steps == pytest.approx(round(steps), abs=1e-6), one.key
        assert one.value == one.own
    assert found[1].percent == "yes"
    assert found[1].setting(found[1].own) == 0.02


def test_thresholds_that_are_measures_can_be_halved_whatever_the_units_have(asked: Asked) -> None:
    for one in vetoes.sliders(asked):
        assert one.low <= 0.5 * one.own + one.step, one.key
        assert one.high >= 1.5 * one.own - one.step, one.key
    board = asked.villages
    place = list(board.codes).index("village_collective")
    own = float(board.thresholds[place])
    rich = replace(board, figures=np.full_like(board.figures, 3 * own))
    low, high, _ = reach(rich, place)
    assert (low, high) == pytest.approx((0.5 * own, 3 * own), rel=0.05)
    # what is not there cannot be halved: counts keep to whole units
    few = replace(board, units=["facilities"] * len(board.codes), figures=np.full_like(board.figures, 2.0))
    few = replace(few, thresholds=np.full_like(board.thresholds, 2.0))
    assert reach(few, place) == (0.0, 4.0, 1.0)


@pytest.mark.parametrize(("lang", "test", "limit"), [("zh", "村级标准", "2%"), ("en", "village test", "2 %")])
def test_the_two_chances_of_a_village_are_named_apart(asked: Asked, lang: str, test: str, limit: str) -> None:
    told = replace(asked, lang=lang)
    table = vetoes.villages_table(told)
    labels = {column.code: column.label for column in table.columns}
    assert test in labels["fails"]
    assert limit in labels["persons"]
    assert test not in labels["persons"]
    cures = vetoes.cures_table(told)
    assert limit in next(column.label for column in cures.columns if column.code == "fails")
    # villages whose poor are few on the register, while many truly fail some rule
    persons = {row["_key"]: row["persons"] for row in table.rows}
    failing = asked.villages.flags.any(axis=2).mean(axis=0)
    assert any(persons[code] > chance for code, chance in zip(asked.villages.members, failing, strict=True))
    untested = asked.part.isel(village_rule=slice(0, 0))
    assert [one.code for one in vetoes.villages_table(Asked(untested, YEAR, "en")).columns] == ["village", "persons"]


def test_that_no_village_needs_a_cure_is_said(asked: Asked) -> None:
    assert vetoes.nothing_cured(asked) == ""
    none = asked.part.assign(cure_fails=xr.zeros_like(asked.part["cure_fails"]))
    assert vetoes.nothing_cured(Asked(none, YEAR, "en")).startswith("In the first 6 draws no village has 2 % or more")


def test_both_languages_say_the_same_numbers(part: xr.Dataset) -> None:
    for off in ((), ("housing", "village_income")):
        zh, en = (Asked(part, YEAR, lang, off=off, thresholds={"income": 3300.0}) for lang in ("zh", "en"))
        assert [one.code for one in vetoes.numbers(zh)] == [one.code for one in vetoes.numbers(en)]
        assert vetoes.rules_table(zh).rows[0]["shapley_persons"] == vetoes.rules_table(en).rows[0]["shapley_persons"]
        assert len(vetoes.told(zh).splitlines()) == len(vetoes.told(en).splitlines())


# ---- how numbers are written ----


def _told(asked: Asked) -> dict[str, tuple[str, str]]:
    return {one.code: (one.value, one.spread) for one in vetoes.numbers(asked)}


def test_held_back_by_one_rule_alone_is_not_known_on_a_moved_line(asked: Asked) -> None:
    value, spread = _told(asked)["alone"]
    assert re.fullmatch(r"[\d,]+", value)
    moved = replace(asked, thresholds={"income": asked.line * 1.1})
    assert _told(moved)["alone"] == ("-", f"{value}, at the run's line")
    assert _told(moved)["main"] == ("-", f"{_told(asked)['main'][0]}, at the run's line")
    assert _told(moved)["excluded"][0] != "-"
    assert asked.say("answer.patterns.line") in vetoes.told(moved)
    assert asked.say("answer.patterns.line") not in vetoes.told(replace(moved, off=("income",)))
    # the line itself, and a line moved while its rule is off, are none
    for same in (replace(asked, thresholds={"income": asked.line}), replace(moved, off=("income",))):
        assert _told(same)["alone"][0] != "-"
    assert _told(replace(asked, thresholds={"income": asked.line}))["alone"] == (value, spread)


@pytest.mark.parametrize(("lang", "between"), [("zh", " 至 "), ("en", " to ")])
def test_bands_are_from_low_to_high_in_words(part: xr.Dataset, lang: str, between: str) -> None:
    asked = Asked(part, YEAR, lang)
    found = [*vetoes.numbers(asked), *vetoes.flip_numbers(asked)]
    found += vetoes.numbers(replace(asked, thresholds={"income": asked.line * 1.13}))
    spreads = [one.spread for one in found]
    assert not [text for text in spreads if re.search(r"\d *[-–—] *\d", text)]
    assert sum(between in text for text in spreads) == 6


def test_no_text_of_the_page_writes_a_range_with_a_dash() -> None:
    for key, texts in read_room("page_vetoes").items():
        for text in texts.values():
            assert "{high}" not in text or re.search(r"\{low\}( 至 | to )\{high\}", text), key
            assert not re.search(r"\}[-–—]\{", text), key


def test_villages_are_counted_in_a_number_that_does_not_break(asked: Asked) -> None:
    by_draw = asked.villages.flags.any(axis=2).sum(axis=1)
    for lang, value, spread in (
        ("zh", "{} 个", "共 {} 个村；80%区间 {} 至 {}"), ("en", "{}", "of {} villages; 80 % band {} to {}"),
    ):  # fmt: skip
        told = _told(replace(asked, lang=lang))["villages"]
        assert told[0] == value.format(mean_count(by_draw.mean()))
        low, high = (f"{edge:,.0f}" for edge in np.quantile(by_draw, (0.1, 0.9)))
        assert told[1] == spread.format(len(asked.villages.members), low, high)
        assert not re.search(r"\.0\b", " ".join(told))
    free = replace(asked, off=tuple(asked.villages.codes), lang="zh")
    assert _told(free)["villages"][0] == "0 个"


def test_the_summary_is_one_line_with_before_and_now(asked: Asked) -> None:
    assert vetoes.summary(asked) == "As in the run: nothing is changed. Exact."
    before, now = (f"{vetoes.excluded(one).estimate:,.0f}" for one in (asked, replace(asked, off=("housing",))))
    off = vetoes.summary(replace(asked, off=("housing",)))
    assert off.startswith(f"1 changed (exact): {before} → {now} persons fail")
    every = replace(asked, off=(*asked.codes[1:], *asked.villages.codes), thresholds={"income": asked.line * 1.13})
    told = vetoes.summary(every)
    assert told.startswith(f"{len(every.off) + 1} changed (bounded): ")
    assert told.endswith(" → 0 villages")
    assert "\n" not in told
    assert len(told) < 90


def test_no_share_of_somebody_is_written_as_nothing(asked: Asked) -> None:
    for table in (vetoes.rules_table(asked), vetoes.rules_table(replace(asked, off=("income",)))):
        (column,) = (one for one in table.columns if one.code == "part")
        shares = [row["part"] for row in table.rows if row["part"]]
        assert shares
        assert all(float(f"{100 * share:.{column.digits}f}") > 0 for share in shares)
    few = asked.part["shapley"].copy(deep=True)
    few[:, 1, :, 1] = 1e-4 * few[:, 1].sum("rule")
    rare = vetoes.rules_table(Asked(asked.part.assign(shapley=few), YEAR, "en"))
    assert next(one.digits for one in rare.columns if one.code == "part") == 2


def test_counts_have_decimals_only_where_they_say_something(asked: Asked) -> None:
    kinds = {column.code: column.kind for column in vetoes.patterns_table(asked).columns}
    assert kinds["persons"] == kinds["households"] == "count"
    free = replace(asked, off=tuple(asked.villages.codes))
    table = vetoes.board_rules_table(free, free.villages)
    assert [one.digits for one in table.columns] == [0] * len(table.columns)


def test_only_one_note_says_shapley() -> None:
    for lang in ("zh", "en"):
        assert [key for key, texts in read_room("page_vetoes").items() if "Shapley" in texts[lang]] == [
            "table.rules.note"
        ]


def test_what_charts_have_nothing_to_draw_of_is_said(asked: Asked) -> None:
    assert vetoes.nothing_held(asked) == vetoes.nothing_paired(asked) == ""
    off = replace(asked, off=tuple(asked.codes))
    assert vetoes.nothing_held(off) == vetoes.nothing_paired(off) == asked.say("empty.off")
    one = replace(asked, off=tuple(asked.codes[1:]))
    assert vetoes.nothing_held(one) == ""
    assert vetoes.nothing_paired(one) == asked.say("empty.pairs")
    none = asked.part["excluded"].copy(data=np.zeros_like(asked.part["excluded"]))
    assert vetoes.nothing_held(Asked(asked.part.assign(excluded=none), YEAR, "en")) == asked.say("empty.nobody")
