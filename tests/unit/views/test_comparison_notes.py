"""What comparisons say beside their numbers: luck of households, what bins hide, one and many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from povsim.views import comparison as views
from povsim.views import comparison_groups as groups
from povsim.views import comparison_money as money
from povsim.views.comparison_plans import texts
from povsim.views.comparison_sums import Part
from povsim.views.comparison_words import in_points, points_text
from tests.unit.views.comparison_samples import digested, make

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def plans(people, tmp_path_factory) -> dict:
    place = tmp_path_factory.mktemp("runs")
    every = views.plans_of([digested(make(name, people, place), place) for name in ("a", "b", "few", "other")])
    return {plan.code: plan for plan in every}


def beside(plans, *codes: str) -> list:
    return views.pairs_of(views.chosen([plans[code] for code in codes], codes[0], codes[1:]))


def note(pair, lang: str) -> str:
    return groups.groups_table(pair, "x", (4, "all", 0.05), lang).note


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_note_says_which_luck_households_met(plans, lang) -> None:
    say = texts(lang)
    for code, kind in (("b", "common"), ("few", "draws"), ("other", "apart")):
        (pair,) = beside(plans, "a", code)
        counts = {"mine": 6, "theirs": 3 if code == "few" else 6}
        assert groups.luck(pair) == kind
        assert note(pair, lang).endswith(say(f"vs.groups.note.{kind}", **counts))
        assert bool(groups.caution(pair, ("A", "B"), lang)) == (kind != "common")
        ladder = groups.ladder_table([pair], ["B"], 4, lang)
        assert (say("vs.ladder.note.luck") in ladder.note) == (kind != "common")


def test_a_caution_tells_counts_and_what_to_do(plans) -> None:
    (uneven,), (apart,) = beside(plans, "a", "few"), beside(plans, "a", "other")
    told = groups.caution(uneven, ("A", "B"), "en")
    assert "6 of A against 3 of B" in told
    assert "only the 3 that both have" in told
    assert told.endswith("with the same --draws.")
    assert "“A”6 次，“B”3 次" in groups.caution(uneven, ("A", "B"), "zh")
    assert "another seed" in groups.caution(apart, ("A", "B"), "en")
    assert "--seed" in groups.caution(apart, ("A", "B"), "zh")


def test_a_third_plan_takes_no_draws_from_households_of_the_others(plans) -> None:
    first, _ = beside(plans, "a", "b", "few")
    (alone,) = beside(plans, "a", "b")
    assert first.pairs.first.size == 3
    assert groups.luck(first) == "common"
    assert groups.winners(first, 4, "all", "en") == groups.winners(alone, 4, "all", "en")
    assert "all 6 draws" in note(first, "en")
    assert "over the 3 that" in note(first, "en")
    assert "all 6 draws" not in note(alone, "en")


def test_a_column_is_not_called_by_its_unit(plans) -> None:
    (pair,) = beside(plans, "a", "b")
    for lang in LANGUAGES:
        table = groups.groups_table(pair, "x", (4, "all", 0.01), lang)
        assert all(column.label.casefold() != column.unit.casefold() for column in table.columns)
    assert table.title.endswith("change above 1 point)")


def test_one_of_them_is_a_point() -> None:
    assert [in_points(text, "en") for text in ("1", "+1", "-1", "11", "0.1", "<0.1")] == [
        "1 point", "+1 point", "-1 point", "11 points", "0.1 points", "<0.1 points",
    ]  # fmt: skip
    assert points_text(0.2, "zh") == "20 个百分点"


def test_one_target_is_told_as_one(plans) -> None:
    number = next(one for one in views.numbers(plans["a"], None, 4, "en") if one.code == "targets")
    assert "in which the target holds" in number.note


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_bins_hide_more_than_the_effect_only_the_total_is_read(plans, monkeypatch, lang) -> None:
    pairs, say = beside(plans, "a", "b"), texts(lang)
    small = [Part("growth", 3e-5, 0, 0, 0.008), Part("unexplained", 0.5, 0, 0, 0.008), Part("change", 4e-5, 0, 0, 0.0)]
    large = [replace(small[0], mean=-0.02), *small[1:]]
    monkeypatch.setattr(money, "between", lambda *_: small)
    monkeypatch.setattr(money, "within", lambda *_: large)
    table = money.parts_table(pairs, 4, "headcount_ratio", lang)
    assert table.note.endswith(say("vs.parts.hidden", changes=table.rows[0]["change"]))
    monkeypatch.setattr(money, "within", lambda *_: small)
    assert money.parts_table(pairs, 4, "headcount_ratio", lang).note.endswith(say("vs.parts.hidden.all"))
    for name in ("between", "within"):
        monkeypatch.setattr(money, name, lambda *_: large)
    assert money.parts_table(pairs, 4, "headcount_ratio", lang).note == say("note.bins")
    monkeypatch.setattr(money, "between", lambda *_: [])
    monkeypatch.setattr(money, "within", lambda *_: [])
    assert money.parts_table(pairs, 4, "headcount_ratio", lang).note == say("vs.parts.none")
