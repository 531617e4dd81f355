"""Comparisons out of digests: as ``povsim.compare`` tells them of the runs themselves."""

from __future__ import annotations

import re

import numpy as np
import pytest

import povsim
from povsim.planning.comparison import compare
from povsim.views import comparison as views
from povsim.views import comparison_groups as groups
from povsim.views import comparison_money as money
from povsim.views import comparison_tables as tables
from povsim.views import comparison_targets as targets
from povsim.views.comparison_due import targets_of
from povsim.views.comparison_plans import Plan
from povsim.views.comparison_sums import bargain_of, between, within
from tests.unit.views.comparison_samples import KINDS, digested, make


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def folders(people, place) -> dict:
    return {name: make(name, people, place) for name in KINDS}


@pytest.fixture(scope="module")
def digests(folders, place) -> dict:
    return {name: digested(folder, place) for name, folder in folders.items()}


@pytest.fixture(scope="module")
def result(folders, people):
    return compare([folders["a"], folders["b"]], by="township", register=people)


def plans_of(digests, *names: str) -> tuple[Plan, ...]:
    return views.plans_of([digests[name] for name in names])


@pytest.fixture(scope="module")
def one(digests):
    return views.pair(*plans_of(digests, "a", "b"))


def test_every_difference_is_that_of_the_runs(one, result) -> None:
    first, told = one.first, result.differences
    for statistic in tables.statistics(first):
        for area in told["area"].to_numpy().tolist():
            mine = one.difference(statistic.code, area)
            theirs = told.sel(plan="less", statistic=statistic.code, area=area)
            for name, key in (("mean", "difference"), ("low", "low"), ("high", "high"), ("error", "standard_error"),
                              ("better", "probability_better"), ("equal", "probability_equal")):  # fmt: skip
                np.testing.assert_allclose(getattr(mine, name), theirs[key].to_numpy(), err_msg=f"{statistic} {name}")
            values = told["value"].sel(side="sample", statistic=statistic.code, area=area).to_numpy()
            np.testing.assert_allclose(first.value(statistic.code, area).mean(axis=0), values)


def test_luck_that_is_not_shared_widens_bands_as_it_does_for_runs(digests, folders) -> None:
    apart = views.pair(*plans_of(digests, "a", "other"))
    told = compare([folders["a"], folders["other"]])
    assert apart.reason == told.luck["reason"].iloc[0] == "luck.other_seed"
    assert not apart.pairs.common
    mine = apart.difference("poor_persons")
    for name, key in (("mean", "difference"), ("low", "low"), ("high", "high"), ("error", "standard_error")):
        theirs = told.differences[key].sel(statistic="poor_persons", area="all").isel(plan=0).to_numpy()
        np.testing.assert_allclose(getattr(mine, name), theirs)
    assert "(another seed)" in views.luck_words(apart, ("a", "other"), "en")


def test_money_is_that_of_the_runs(one, result) -> None:
    told, row = bargain_of(one, 4), result.money.iloc[0]
    for mine, name in ((told.spending, "spending"), (told.lasting, "lasting_exits"), (told.cost, "cost")):
        assert mine == pytest.approx((row[name], row[f"{name}_low"], row[f"{name}_high"]), nan_ok=True)
    assert told.negative == row["probability_negative"]
    keys = ["more_for_more", "less_for_more", "more_for_less", "less_for_less"]
    assert told.quarters == pytest.approx(tuple(row[keys]))
    _, extra, quarters = money.money_tables([one], 4, "en")
    assert extra.rows[0]["spent"] == pytest.approx(row["spending"] / 1e6)
    assert extra.rows[0]["exits"] == pytest.approx(row["lasting_exits"])
    assert [quarters.rows[0][code] for code in money.QUARTERS] == list(told.quarters)


def test_targets_are_those_of_the_runs(one, result) -> None:
    rows = {(row["target"], row["plan"]): row for row in targets.targets_table([one.first, one.second], "en").rows}
    called = views.names([one.first, one.second], "en")
    for row in result.targets.to_dict("records"):
        for name, key in ((called[0], "probability_first"), (called[1], "probability")):
            assert rows[row["name_en"], name][str(row["year"])] == pytest.approx(row[key])
    assert any(row["required"] for row in rows.values())


def test_parts_of_the_change_are_those_of_the_runs(one, result) -> None:
    told = result.decomposition
    for measure in ("headcount_ratio", "poverty_gap"):
        own = told[(told["measure"] == measure)].set_index("component")
        beside = own[own["from_year"] == own["to_year"]]
        since = own[(own["from_year"] != own["to_year"]) & (own["plan"] == "less")]
        for mine, theirs in ((between(one, 4, measure), beside), (within(one.second, 4, measure), since)):
            assert [part.code for part in mine] == list(theirs.index)
            for part in mine:
                row = theirs.loc[part.code]
                found = (part.mean, part.low, part.high, part.bound)
                assert found == pytest.approx((row["share"], row["low"], row["high"], row["bound"]), abs=1e-12)
    assert within(one.second, 0, "headcount_ratio") == []
    parts = {part.code: part.mean for part in between(one, 4, "headcount_ratio")}
    assert sum(parts[code] for code in parts if code != "change") == pytest.approx(parts["change"])


def test_winners_and_losers_are_those_of_the_runs(one, result) -> None:
    assert set(groups.kinds(one.first)) == set(result.groups["kind"]) == set(groups.KINDS)
    for kind in groups.KINDS:
        theirs = result.groups[result.groups["kind"] == kind].set_index("group")
        mine = {row["_key"]: row for row in groups.winners(one, 4, kind, "en")}
        assert set(mine) == set(theirs.index), kind
        for code, row in mine.items():
            for name in ("households", "persons", "won", "lost", "share_won", "change", "income_change"):
                assert row[name] == pytest.approx(theirs.loc[code, name], rel=1e-4, abs=1e-5), (kind, code, name)
    ladder = groups.ladder_table([one], ["less"], 4, "zh").rows
    assert [row["lost0"] for row in ladder] == sorted((row["lost0"] for row in ladder), reverse=True)
    at = next(row for row in ladder if row["threshold"] == 100 * groups.THRESHOLD)
    whole = result.groups[result.groups["kind"] == "all"].iloc[0]
    assert (at["won0"], at["lost0"]) == (whole["won"], whole["lost"])


def test_a_run_of_several_plans_gives_several_plans(digests, one) -> None:
    both = plans_of(digests, "both")
    assert [plan.code for plan in both] == ["both", "both:less"]
    inside = views.pair(*both)
    assert inside.pairs.common
    np.testing.assert_allclose(inside.difference("poor_persons").mean, one.difference("poor_persons").mean)
    assert groups.winners(inside, 4, "all", "en") == groups.winners(one, 4, "all", "en")
    assert views.names(both, "zh")[1].startswith("<img onerror=x>")


def test_runs_with_other_draws_are_compared_on_those_that_both_have(digests, folders) -> None:
    first, second = views.chosen(plans_of(digests, "a", "few"), None, ())
    assert first.draws.tolist() == second.draws.tolist() == [2, 3, 4]
    pair = views.pair(first, second)
    told = compare([folders["a"], folders["few"]]).differences.sel(statistic="poor_persons", area="all").isel(plan=0)
    np.testing.assert_allclose(pair.difference("poor_persons").mean, told["difference"].to_numpy())
    apart = told["value_plan"] - told["value_first"]
    np.testing.assert_allclose(apart.to_numpy(), told["difference"].to_numpy())
    # means of what is shown differ by the difference that is told
    means = [plan.value("poor_persons").mean(axis=0) for plan in (first, second)]
    np.testing.assert_allclose(means[1] - means[0], pair.difference("poor_persons").mean)
    chances = compare([folders["a"], folders["few"]]).targets
    assert len(chances) > 0
    for name, side in (("probability_first", first), ("probability", second)):
        due = {(one.target, one.year): one for one in targets_of(side)}
        for row in chances.to_dict("records"):
            # the three that both have, not all of a run
            assert row[name] == pytest.approx(due[row["target"], row["year"]].probability), (name, row["target"])
    assert pair.reason == "luck.some_draws"
    assert "only the 3" in views.luck_words(pair, ("a", "few"), "en")
    # shares of households are of all draws of a run: luck alone may move them, and counts for less
    assert groups.luck(pair) == "draws"
    rows = groups.winners(pair, 4, "all", "en")[0]
    whole = views.pair(*plans_of(digests, "a", "few"))
    assert rows["won"] + rows["lost"] <= np.sum(np.abs(groups.changes(whole, 4).change) > groups.THRESHOLD)


def test_plans_are_chosen_that_fit(digests, folders) -> None:
    every = plans_of(digests, "other", "a", "b", "both")
    assert [plan.code for plan in views.chosen(every, "a", ())] == ["a", "b"]
    assert [plan.code for plan in views.chosen(every, "both", ())] == ["both", "both:less"]
    assert [plan.code for plan in views.chosen(every, "a", ("both:less", "other", "gone"))] == [
        "a",
        "both:less",
        "other",
    ]
    assert [plan.code for plan in views.chosen(every[:1], None, ())] == ["other"]
    assert views.misfit(every[1], every[2]) == ""


def test_a_plan_of_other_years_does_not_fit(digests, people, place, monkeypatch) -> None:
    short = povsim.read_scenario("sample", overrides=["code=short", "years=[2016,2019]", "targets=[]"])
    monkeypatch.setitem(KINDS, "short", ((0,), range(2), 1, False))
    monkeypatch.setattr("tests.unit.views.comparison_samples.plans", lambda: (short,))
    odd = digested(make("short", people, place), place)
    plans = views.plans_of([digests["a"], odd])
    assert views.misfit(*plans) == "misfit.year"
    assert views.chosen(plans, None, ("short",)) == plans[:1]
    assert targets.targets_table(plans[1:], "en").rows == []


def test_what_is_set_differently_is_listed_with_its_meaning(one) -> None:
    table = targets.changes_table([one.first, one.second], "zh")
    rows = {row["path"]: row for row in table.rows}
    assert set(rows) == {"measures.dibao_new.active", "measures.industry.capacity.budget"}
    active = rows["measures.dibao_new.active"]
    assert active["meaning"].endswith("：是否实施")
    assert (active["value0"], active["value1"], active["status"]) == ("是", "否", "设置")
    assert rows["measures.industry.capacity.budget"]["value1"] == "0"
    assert targets.changes_table([one.first, one.first], "en").rows == []


def test_without_households_there_are_no_winners(digests) -> None:
    assert not groups.known(views.pair(*plans_of(digests, "a", "bare")))


def test_big_numbers_say_what_the_runs_say(one, result) -> None:
    base = {number.code: number for number in views.numbers(one.first, None, 4, "en")}
    mine = {number.code: number for number in views.numbers(one.second, one, 4, "en")}
    value = float(result.differences["value"].sel(side="less", statistic="poor_persons", year=2020, area="all"))
    assert mine["poor_persons"].value == f"{value:,.0f} persons"
    apart = float(result.differences["difference"].sel(statistic="poor_persons", year=2020, area="all").isel(plan=0))
    assert mine["poor_persons"].spread.startswith(f"{apart:+,.0f} persons")
    assert base["poor_persons"].spread.startswith("80 % band")
    assert list(base) == list(mine)
    assert mine["cost"].tone in ("plain", "bad", "good")
    zh = views.numbers(one.second, one, 4, "zh")
    assert zh[0].label == "2020年末收入贫困人口"
    from povsim.cli_compare_show import answer
    from povsim.wording import wording

    for lang, to in (("zh", " 至 "), ("en", " to ")):
        told = answer(result, "less", wording(lang, "commands", "compare"))
        mine = views.answer(one, 2020, ("sample", "less"), lang)
        assert mine == told
        assert to in re.search(r"80 ?%(?:区间：|: )(.*?)[）)]", mine)[1]


def test_tables_by_village_add_up_to_the_whole(one) -> None:
    rows = tables.areas_table([one], "poor_persons", 4, "village", "en").rows
    assert len(rows) == 6
    whole = tables.years_table([one], "poor_persons", "en").rows[-1]
    for code in ("value0", "difference1"):
        assert sum(row[code] for row in rows) == pytest.approx(whole[code])
    towns = tables.areas_table([one], "poor_persons", 4, "township", "en").rows
    assert sum(row["value0"] for row in towns) == pytest.approx(whole["value0"])


def test_tables_keep_numbers_apart_by_what_they_are(one) -> None:
    found = [tables.statistics_table([one], 4, form, "en") for form in tables.SHEETS]
    assert sum(len(table.rows) for table in found) == len(tables.statistics(one.first))
    kinds = [next(column.kind for column in table.columns if column.code == "value0") for table in found]
    assert kinds == ["count", "percent", "money"]
