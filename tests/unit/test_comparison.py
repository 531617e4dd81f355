"""Plans side by side: against counting by hand, with themselves, with other luck, from folders and from memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
import xarray as xr

import povsim
from povsim.cli_compare import Order, perform
from povsim.cli_compare_show import answer
from povsim.errors import InputError
from povsim.folder import open_run, write_run
from povsim.folder_manifest import Record
from povsim.planning.comparison import compare
from povsim.runs import Settings, run_scenarios
from povsim.wording import read_room, wording

LESS = {"code": "less", "measures.dibao_new.active": False, "measures.industry.capacity.budget": 0.0}


@pytest.fixture(scope="module")
def plans() -> tuple:
    return povsim.read_scenario("sample"), povsim.read_scenario("sample", overrides=LESS)


@pytest.fixture(scope="module")
def folders(plans, people, tmp_path_factory) -> dict[str, Path]:
    place, made = tmp_path_factory.mktemp("runs"), {}
    for name, chosen, seed, households in (
        ("a", (plans[0],), 1, True), ("b", (plans[1],), 1, True), ("both", plans, 1, True),
        ("other", (plans[1],), 2, False),
    ):  # fmt: skip
        settings = Settings(draws=range(6), seed=seed, household_summary=households)
        results = run_scenarios(people, chosen, settings)
        made[name] = write_run(results, place / name, register=people, record=Record(seed=seed))
    return made


@pytest.fixture(scope="module")
def result(folders):
    return compare([folders["a"], folders["b"]], by="township")


def test_differences_are_those_of_the_draws(folders, result) -> None:
    with open_run(folders["a"]) as a, open_run(folders["b"]) as b:
        apart = (b.outcomes["poor_persons"].isel(scenario=0) - a.outcomes["poor_persons"].isel(scenario=0)).load()
        spent = [run.outcomes["spending"].isel(scenario=0).sum(["village", "measure"]).load() for run in (a, b)]
    whole = apart.sum("village").sel(year=2018)
    one = result.differences.sel(plan="less", statistic="poor_persons", year=2018, area="all")
    assert float(one["difference"]) == pytest.approx(float(whole.mean()))
    assert float(one["low"]) == pytest.approx(float(np.quantile(whole, 0.1)))
    assert float(one["probability_better"]) == pytest.approx(float((whole < 0).mean()))
    assert float(one["standard_error"]) == pytest.approx(float(whole.std(ddof=1)) / 6**0.5)
    parts = result.differences["difference"].sel(plan="less", statistic="poor_persons", year=2018)
    assert float(parts.sel(area="all")) == pytest.approx(float(parts.drop_sel(area="all").sum()))
    money = float((spent[1] - spent[0]).sum("year").mean())
    assert result.money["spending"].iloc[0] == pytest.approx(money)
    quarters = result.money[["more_for_more", "less_for_more", "more_for_less", "less_for_less"]].iloc[0]
    assert quarters.sum() == pytest.approx(1.0)


def test_a_run_compared_with_itself_shows_nothing(folders) -> None:
    same = compare([folders["a"], folders["a"]])
    assert same.names == ("a:sample", "a:sample#2")
    for name in ("difference", "low", "high", "standard_error", "probability_better"):
        assert np.abs(same.differences[name].values).max() == 0.0
    assert (same.differences["probability_equal"].values == 1.0).all()
    assert (same.groups[["won", "lost", "change"]].values == 0).all()
    across = same.decomposition[same.decomposition["from_year"] == same.decomposition["to_year"]]
    assert np.abs(across["share"]).max() == 0.0
    assert same.targets["difference"].abs().max() == 0.0


def test_parts_of_the_change_sum_to_it(result) -> None:
    keys = ["plan", "from_plan", "from_year", "to_year", "measure"]
    for _, rows in result.decomposition.groupby(keys):
        shares = rows.set_index("component")["share"]
        assert shares.drop("change").sum() == pytest.approx(shares["change"], abs=1e-12)
        assert abs(shares["unexplained"]) <= rows["bound"].max()


def test_winners_and_losers_against_the_table_of_households(folders, result) -> None:
    with open_run(folders["a"]) as a, open_run(folders["b"]) as b:
        tables = [run.households().query("year == 2020").set_index("household") for run in (a, b)]
    change = tables[1]["poor"].astype(float) - tables[0]["poor"].astype(float)
    weight = tables[0]["weight"]
    whole = result.groups[result.groups["kind"] == "all"].iloc[0]
    assert whole["won"] == weight[change < -0.05].sum()
    assert whole["lost"] == weight[change > 0.05].sum()
    for kind in ("township", "village", "status"):
        assert result.groups[result.groups["kind"] == kind]["households"].sum() == whole["households"]


def test_luck_of_draws_that_only_one_run_has_makes_no_winners(people, plans, tmp_path) -> None:
    """The same plan with 4 and with 24 draws: nothing wins but what 20 more draws of luck do to few households."""
    made = []
    for draws in (4, 24):
        settings = Settings(draws=range(draws), seed=1, household_summary=True)
        results = run_scenarios(people, plans[:1], settings)
        made.append(write_run(results, tmp_path / str(draws), register=people, record=Record(seed=1)))
    told = compare(made)
    assert told.luck["common"].all()
    assert told.luck["draws"].iloc[0] == 4
    assert told.money["spending"].iloc[0] == 0.0  # pairs of the same luck
    row = told.groups[told.groups["kind"] == "all"].iloc[0]
    plain = _changed(made, 0.05)
    assert row["won"] + row["lost"] < plain / 2


def _changed(made, threshold: float) -> float:
    tables = []
    for place in made:
        with open_run(place) as run:
            tables.append(run.households().query("year == 2020").set_index("household"))
    change = tables[1]["poor"].astype(float) - tables[0]["poor"].astype(float)
    return float(tables[0]["weight"][change.abs() > threshold].sum())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("draws", [20, 100, 300])
def test_a_change_of_exactly_the_threshold_neither_wins_nor_loses(folders, plans, kind, draws) -> None:
    """All changes of exactly 0.05 between shares of draws, then the next larger ones."""
    with open_run(folders["a"]) as a, open_run(folders["b"]) as b:
        tables = [run.households().assign(weight=1) for run in (a, b)]
        outcomes = [run.outcomes.load() for run in (a, b)]
    step = draws // 20
    before = np.arange(len(tables[0])) % (draws - step)
    for more, counted in ((0, False), (1, True)):
        after = np.minimum(before + step + more, draws)
        moves = after - before > step
        for first, second, name in ((before, after, "lost"), (after, before, "won")):
            sides = [
                table.assign(poor=(count / draws).astype(kind))
                for table, count in zip(tables, (first, second), strict=True)
            ]
            told = compare(
                [(one, plan, table) for one, plan, table in zip(outcomes, plans, sides, strict=True)], common_luck=True
            ).groups
            row = told[told["kind"] == "all"].iloc[0]
            year = (tables[0]["year"] == 2020).to_numpy()
            assert row[name] == (moves[year].sum() if counted else 0)
            assert row["won"] + row["lost"] == row[name]


def test_one_run_with_two_scenarios_and_memory_tell_the_same(folders, plans, people, result) -> None:
    inside = compare([folders["both"]], by="township")
    xr.testing.assert_allclose(inside.differences, result.differences)
    outcomes = povsim.simulate(people, plans, draws=6, seed=1)
    memory = compare([(outcomes, plans[0]), (outcomes, plans[1])], by="township", register=people)
    xr.testing.assert_allclose(memory.differences, result.differences)
    assert memory.left_out == (("left_out.households", "less"),)
    assert memory.groups.empty


def test_causes_need_the_register(folders, people) -> None:
    told = compare([folders["a"], folders["b"]], register=people)
    assert {"cause", "category", "status_at_start"} <= set(told.groups["kind"])
    assert told.groups.query("kind == 'cause'")["households"].sum() == 600


def test_other_luck_is_said_and_widens(folders, result) -> None:
    apart = compare([folders["a"], folders["other"]])
    row = apart.luck.iloc[0]
    assert not row["common"]
    assert (row["draws"], row["reason"]) == (36, "luck.other_seed")
    widths = [
        float((each.differences["high"] - each.differences["low"]).sel(statistic="mean_income", area="all").mean())
        for each in (apart, result)
    ]
    assert widths[0] > widths[1]
    assert apart.left_out == (("left_out.households", "less"),)


def test_outcomes_of_two_calls_are_paired_only_when_told(plans, people) -> None:
    pair = [(povsim.simulate(people, plan, draws=range(n, n + 3)), plan) for n, plan in enumerate(plans)]
    assert compare(pair).luck["reason"].tolist() == ["luck.unknown"]
    told = compare(pair, common_luck=True)
    assert told.luck[["common", "draws", "reason"]].values.tolist() == [[True, 2, "luck.some_draws"]]


def test_what_does_not_go_together_is_refused(folders, plans, people) -> None:
    with pytest.raises(InputError, match="two plans are needed; found 1 plans"):
        compare([folders["a"]])
    with pytest.raises(InputError, match=r"year: is not in the runs; found 1999(.|\n)*by: unknown areas; found parish"):
        compare([folders["a"], folders["b"]], year=1999, by="parish")
    with pytest.raises(InputError, match="threshold: should be a share; found 2"):
        compare([folders["a"], folders["b"]], threshold=2)
    short = povsim.simulate(people, plans[0], draws=2)
    cut = short.isel(year=slice(0, 2), village=slice(0, 3)).assign_attrs(currency="MXN")
    with pytest.raises(InputError, match=r"years differ(.|\n)*villages differ(.|\n)*currency differs"):
        compare([(short, plans[0]), (cut, plans[0])])
    with pytest.raises(InputError, match="scenario: is not in the outcomes; found less"):
        compare([(short, plans[1]), (short, plans[0])])


def test_the_command_answers_in_words_first_and_writes_files(folders, tmp_path, capsys) -> None:
    for lang in ("en", "zh"):
        say = wording(lang, "commands", "compare")
        perform(Order((folders["a"], folders["b"]), by="township", out=tmp_path), say)
        text = capsys.readouterr().out
        first = text.splitlines()[0]
        assert "less" in first
        assert "2020" in first
        assert ("80 %" in text) if lang == "en" else ("80%" in text)
        assert all(len(line) <= 100 for line in text.splitlines() if not line.startswith(("Written", "已写入")))
    with xr.open_dataset(tmp_path / "compare.nc") as written:
        assert written.attrs["first_plan"] == "sample"
        assert written["difference"].sizes["plan"] == 1
    book = openpyxl.load_workbook(tmp_path / "compare.xlsx")
    assert "差异" in book.sheetnames
    assert book["差异"].max_row > 100


def test_the_command_shares_the_change_out_over_measures(folders, tmp_path, capsys) -> None:
    perform(Order((folders["a"], folders["b"]), out=tmp_path, orders=2, draws=2), wording("en", "commands", "compare"))
    assert "exact for these draws" in capsys.readouterr().out
    with xr.open_dataset(tmp_path / "compare.nc") as written:
        assert sorted(written["player"].values.tolist()) == ["dibao_new", "industry"]


@pytest.mark.parametrize(
    ("spent", "lasting", "key"),
    [
        (5e6, 10, "per extra"),
        (-5e6, 10, "better on both"),
        (5e6, -10, "worse on both"),
        (-5e6, -10, "saved"),
        (1.0, 0.0, "as many"),
    ],
)
def test_every_quarter_has_its_sentence(result, spent, lasting, key) -> None:
    from dataclasses import replace

    cost = spent / lasting if lasting else np.nan
    money = result.money.assign(spending=spent, lasting_exits=lasting, cost=cost)
    assert key in answer(replace(result, money=money), "less", wording("en", "commands", "compare"))


@pytest.mark.parametrize("room", ["compare", "targets"])
def test_both_languages_have_the_same_placeholders(room) -> None:
    import re

    for key, texts in read_room(room).items():
        assert set(texts) == {"zh", "en"}, key
        found = [set(re.findall(r"{(\w+)}", texts[lang])) for lang in ("zh", "en")]
        assert found[0] == found[1], key


def test_a_target_that_one_plan_sets_lower_is_not_set_against_the_others() -> None:
    plan = povsim.read_scenario("sample")
    target = next(each for each in plan.targets if each.code == "incidence")
    year = next(each for each in plan.span if target.applies(each))
    loose = povsim.read_scenario("sample", overrides={"code": "loose", "targets.incidence.value": {year: 0.5}})
    both = povsim.simulate(povsim.complete_population(plan), [plan, loose], draws=3)
    sides = [(both.sel(scenario=[each.code]), each) for each in (plan, loose)]
    table = povsim.compare(sides, year=year, common_luck=True).targets
    incidence = table[(table["target"] == "incidence") & (table["year"] == year)]
    assert incidence["value_first"].tolist() == [target.value.at(year)]
    assert incidence["value"].tolist() == [0.5]
    assert incidence["difference"].isna().all()
