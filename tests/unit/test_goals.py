"""Goal seek: the grammar, levers and their bounds, the search against fine grids, the whole on the sample county."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import povsim
from povsim import cli_goals
from povsim.errors import InputError
from povsim.planning import goals
from povsim.planning.goal_error import crossing_interval, wilson
from povsim.planning.goal_grammar import Goal, check_goal, parse_goal
from povsim.planning.goal_search import Quest, direction_of, seek
from povsim.planning.goals import goal_seek
from povsim.planning.lever_bench import Bench, open_parts
from povsim.planning.levers import changed, find_levers, ladder, read_bounds
from povsim.sweep_outputs import OUTPUTS
from povsim.wording import wording

BUDGET, GROWTH, POSTS = "measures.industry.capacity.budget", "incomes.growth.wage", "measures.posts.take_up"
WAGE = "headcount_ratio(2020) <= 1.5%"

AREAS = st.text(st.characters(blacklist_characters="(),", blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12)
GOALS = st.builds(
    lambda name, year, area, sign, number: Goal(name, year, area.strip(), sign, number if sign else 0.0),
    st.sampled_from(OUTPUTS) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True),
    st.integers(0, 9999),
    AREAS,
    st.sampled_from(["", "<", "<=", ">", ">="]),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(GOALS)
def test_a_goal_reads_back(goal):
    assert parse_goal(str(goal)) == goal


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        goal = parse_goal(text)
    except InputError:
        return
    assert parse_goal(str(goal)) == goal


@pytest.mark.parametrize(
    "text",
    ["", "headcount_ratio", "headcount_ratio(20) < 1", "headcount_ratio(2020, ) < 1", "__import__('os')(2020) < 1",
     "exits(2020) == 5", "exits(2020) <", "exits(2020) < 1; exits(2019) < 1", "exits(2020) < nan",
     "exits(２０２０) < 1"],
)  # fmt: skip
def test_what_is_no_goal(text):
    with pytest.raises(InputError, match="cannot be read"):
        parse_goal(text)


def test_percent_is_exact_and_large_numbers_are_refused():
    assert parse_goal("headcount_ratio(2020) ≤ 2 %").number == 0.02
    assert parse_goal("headcount_ratio(2020)<=2%") == parse_goal("headcount_ratio(2020) =< 0.02")
    assert parse_goal("headcount_ratio(2020) <= 2%").shown("zh") == "headcount_ratio(2020) <= 2%"
    with pytest.raises(InputError, match="too large"):
        parse_goal("exits(2020) < 1e999")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("headcont_ratio(2020) < 2%", "did you mean 'headcount_ratio'"),
        ("headcount_ratio(2031) < 2%", "2016 to 2020"),
        ("headcount_ratio(2020, 东阵) < 2%", "no such area.*东镇, 西乡"),
        ("headcount_ratio(2020)", "needs a comparison"),
        ("incidence(2020) < 2%", "states its own comparison"),
        ("incidence(2018)", "not set for this year.*2020"),
        ("incidence(2020, 东镇)", "whole county"),
        ("county_passes_seen(2020, 东镇) >= 1", "whole county"),
        ("exits(2018) >= 50%", r"is not a share; found 50%; allowed: .*headcount_ratio.*write exits\(2018\) >= 50,"),
        ("exits(2018, 东镇) >= 29 %", r"found 29%; .*write exits\(2018, 东镇\) >= 29,"),
        ("mean_income(2020) >= 0%", "is not a share; found 0%"),
        ("watts(2020) < 3%", "is not a share; found 3%"),
        ("county_passes_seen(2020) >= 100%", "is not a share; found 100%"),
    ],
)
def test_goals_that_do_not_fit(sample, people, text, said):
    with pytest.raises(InputError, match=said):
        check_goal(parse_goal(text), sample, people)


def test_levers_have_bounds_and_labels(sample):
    budget, growth, posts = find_levers(sample, [BUDGET, f"{GROWTH}.value", POSTS])
    assert (budget.low, budget.high, budget.zh) == (0.0, 180000.0, "产业扶贫：年度预算")
    assert growth.low == 0.0
    assert growth.high == pytest.approx(3 * 0.098)
    assert (posts.low, posts.high) == (0.0, 1.0)
    assert ladder(posts, 0.004).size == 1001
    years = find_levers(sample, ["measures.industry.support_years"])[0]
    assert ladder(years).tolist() == list(range(1, 10))


def test_a_tolerance_that_asks_for_too_many_values_is_refused(sample):
    budget, posts, years = find_levers(sample, [BUDGET, POSTS, "measures.industry.support_years"])
    for tolerance in (1e-9, 1e-300, 5e-324):
        with pytest.raises(InputError, match=r"tolerance: too fine.*; found .*; allowed: at least 1e-06"):
            ladder(posts, tolerance)
    with pytest.raises(InputError, match=r"allowed: at least 1 yuan per year"):
        ladder(budget, 1e-4)
    assert ladder(posts, 1e-5).size == 100_001
    assert ladder(budget, 1.0).size == 180_001
    # Whole numbers are not made finer.
    assert ladder(years, 1e-12).tolist() == list(range(1, 10))


def test_the_tolerance_is_checked_before_anything_runs(sample, monkeypatch):
    def never(*_, **__):
        raise AssertionError("run")

    monkeypatch.setattr("povsim.planning.lever_bench.run_scenarios", never)
    with pytest.raises(InputError, match="tolerance: too fine"):
        goal_seek(sample, target=WAGE, probability=0.9, vary=POSTS, draws=10, tolerance=1e-12)


@pytest.mark.parametrize(
    ("path", "bounds", "said"),
    [
        ("measures.loan.coverage", None, "did you mean 'measures.microcredit.capacity.share'"),
        ("measures.industry.capacity.bugdet", None, "did you mean 'measures.industry.capacity.budget'"),
        ("years", None, "cannot be a lever"),
        ("targets.incidence.value", None, "cannot be a lever"),
        ("measures.industry.priority", None, "no such lever"),
        (POSTS, (0.5, 1.5), "beyond what makes sense.*0 to 1"),
        (POSTS, (0.5, 0.5), "lower to a higher"),
        (POSTS, (0.5, float("nan")), "lower to a higher"),
        ("measures.credit_line.unit_cost", (0.0, 1.0), None),
        ("measures.training.yearly_cost", None, "which is 0"),
        ("incomes.wage.permanent", None, "should sum to 1"),
    ],
)
def test_levers_that_do_not_fit(sample, path, bounds, said):
    if said is None:
        assert find_levers(sample, [path], [bounds])[0].high == 1.0
        return
    with pytest.raises(InputError, match=said):
        find_levers(sample, [path], [bounds])


def test_a_lever_of_a_measure_that_is_off(sample):
    off = povsim.read_scenario("sample", overrides={"measures.industry.active": False})
    with pytest.raises(InputError, match="the measure is off"):
        find_levers(off, [BUDGET])
    with pytest.raises(InputError, match="given twice"):
        find_levers(sample, [BUDGET, BUDGET])
    with pytest.raises(InputError, match="more than levers"):
        find_levers(sample, [BUDGET], [None, None])


def test_changed_is_what_reading_with_overrides_is(sample):
    for path, value in (
        (BUDGET, 5.0),
        (GROWTH, 0.2),
        (GROWTH, ((2016, 0.1), (2018, 0.2))),
        ("inspection.other_villages", 3.0),
    ):
        plain = dict(value) if isinstance(value, tuple) else value
        read = povsim.read_scenario("sample", overrides={path: plain})
        made = changed(sample, ((path, value),))
        assert made.model_dump(exclude={"population"}) == read.model_dump(exclude={"population"})


def test_bounds_are_read():
    assert read_bounds(["1:2", "", "5%: 10%"]) == [(1.0, 2.0), None, (0.05, 0.1)]
    with pytest.raises(InputError, match="cannot be read"):
        read_bounds(["1-2"])


def asker(response, values, luck):
    """An evaluator made of a function of the lever and luck; it counts what it is asked."""
    asked = []

    def ask(places, draws):
        asked.append((len(places), draws))
        return np.array([response(values[place], luck[:draws]) for place in places])

    return ask, asked


def brute(response, values, luck, probability, strict=False):
    """All values at which the goal holds often enough, by trying all."""
    held = [(response(value, luck) > 0 if strict else response(value, luck) >= 0).mean() for value in values]
    return [float(value) for value, share in zip(values, held, strict=True) if share >= probability - 1e-12]


RISING = {
    "line": lambda x, luck: x - 0.5 + 0.1 * luck,
    "bend": lambda x, luck: 1 - np.exp(-3 * x) - 0.6 + 0.1 * luck,
    "steps": lambda x, luck: np.floor(20 * x) / 20 - 0.4 + 0.05 * np.round(luck * 4) / 4,
    "flags": lambda x, luck: np.where(x + 0.2 * luck > 0.5, 0.5, -0.5),
    "jump": lambda x, luck: np.where(x > 0.77, 1.0, -1.0) + 0.1 * luck,
}


@pytest.mark.parametrize("name", RISING)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("probability", [0.5, 0.9])
def test_bisection_against_a_fine_grid(name, sign, probability):
    values = np.linspace(0, 1, 201)
    for seed in range(8):
        luck = np.random.default_rng(seed).normal(size=80)

        def response(x, luck):
            return RISING[name](x if sign > 0 else 1 - x, luck)

        ask, asked = asker(response, values, luck)
        found = seek(Quest(values, probability, 80, tolerance=0.005), ask)
        good = brute(response, values, luck, probability)
        assert found.status == "found"
        assert found.direction == sign
        assert found.value == pytest.approx(good[0] if sign > 0 else good[-1], abs=1e-9)
        assert found.low <= found.value <= found.high
        assert sum(draws == 80 for _, draws in asked) <= 14


def test_the_interval_covers_the_truth():
    values, covered = np.linspace(0, 1, 501), 0
    for seed in range(200):
        luck = np.random.default_rng(seed).normal(size=100)
        ask, _ = asker(lambda x, luck: x - 0.5 + 0.1 * luck, values, luck)
        found = seek(Quest(values, 0.9, 100), ask)
        covered += found.low <= 0.5 + 0.1 * 1.2815516 <= found.high
    assert covered >= 180


def test_few_full_evaluations_where_margins_are_smooth():
    values = np.linspace(0, 1, 501)
    counts = []
    for seed in range(50):
        ask, asked = asker(RISING["bend"], values, np.random.default_rng(seed).normal(size=100))
        seek(Quest(values, 0.9, 100), ask)
        counts.append(sum(draws == 100 for _, draws in asked))
    assert np.mean(counts) <= 3.1


@pytest.mark.parametrize(
    ("response", "status", "value"),
    [
        (lambda x, luck: x - 2 + 0.1 * luck, "unreachable", 1.0),
        (lambda x, luck: -x - 1 + 0.1 * luck, "unreachable", 0.0),
        (lambda x, luck: x + 2 + 0.1 * luck, "everywhere", 0.0),
        (lambda x, luck: 0 * x + luck, "no_effect", 0.0),
        (lambda x, luck: 0 * x + np.abs(luck), "everywhere", 0.0),
        (lambda x, luck: np.full_like(luck, -0.5), "no_effect", 0.0),
    ],
)
def test_met_by_everything_or_nothing(response, status, value):
    values = np.linspace(0, 1, 101)
    ask, _ = asker(response, values, np.random.default_rng(1).normal(size=40))
    found = seek(Quest(values, 0.9, 40), ask)
    assert (found.status, found.value) == (status, value)


def late(x, luck):
    """Moved by the lever only where luck is at least 0."""
    return np.where((luck >= 0) & (x > 0.6), 0.5, -0.5)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_effect_is_not_said_after_few_draws(sign):
    values, luck = np.linspace(0, 1, 101), np.r_[np.full(10, -1.0), np.ones(90)]
    assert Quest(values, 0.5, 100).pilot == 10
    ask, _ = asker(lambda x, luck: late(x if sign > 0 else 1 - x, luck), values, luck)
    found = seek(Quest(values, 0.5, 100), ask)
    assert (found.status, found.direction) == ("found", sign)
    assert found.held == 90
    assert found.value == pytest.approx(0.62 if sign > 0 else 0.38, abs=0.02)


def test_everywhere_is_not_said_after_few_draws():
    values, luck = np.linspace(0, 1, 101), np.r_[np.full(10, -1.0), np.ones(90)]
    ask, _ = asker(lambda x, luck: -late(x, luck), values, luck)
    found = seek(Quest(values, 0.5, 100), ask)
    assert (found.status, found.direction) == ("found", -1)
    assert 0.58 <= found.value <= 0.6


def test_what_moves_both_ways_after_the_first_draws_is_no_lever_without_effect():
    values, luck = np.linspace(0, 1, 101), np.r_[np.full(10, -1.0), np.tile([1.0, 2.0], 45)]

    def turning(x, luck):
        return np.where(luck < 0, -0.5, np.where((luck > 1) == (x > 0.5), 0.5, -0.5))

    ask, _ = asker(turning, values, luck)
    found = seek(Quest(values, 0.9, 100), ask)
    assert (found.status, found.held) == ("unreachable", 45)


@pytest.mark.parametrize("tilt", [0.0, 0.01])
def test_a_hill_that_the_first_draws_do_not_show_is_found(tilt):
    values, luck = np.linspace(0, 1, 101), np.r_[np.full(10, -1.0), np.ones(90)]

    def hill(x, luck):
        return np.where(luck < 0, -0.5, 0.15 - np.abs(x - 0.5) - tilt * x)

    ask, _ = asker(hill, values, luck)
    found = seek(Quest(values, 0.9, 100), ask)
    assert (found.status, found.direction, found.held) == ("found", 0, 90)
    assert found.value in brute(hill, values, luck, 0.9)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("share", [91, 100])
def test_on_a_plateau_the_near_end_is_answered(sign, share):
    """From 0.3 on the goal holds in just enough draws, or in all; the first draws are unlucky ones."""
    values = np.linspace(0, 1, 201)
    luck = np.r_[np.full(100 - share, -1.0), np.linspace(0.1, 1, share)]

    def plateau(x, luck):
        return np.where((x if sign > 0 else 1 - x) > 0.3, luck, luck - 10.0)

    ask, asked = asker(plateau, values, luck)
    found = seek(Quest(values, 0.9, 100), ask)
    assert (found.status, found.direction) == ("found", sign)
    assert 0.3 < (found.value if sign > 0 else 1 - found.value) <= 0.32
    assert sum(draws == 100 for _, draws in asked) <= 10


def test_without_a_tolerance_the_answer_is_within_a_fiftieth_of_the_least_that_holds():
    values = np.linspace(0, 1, 501)
    for name in RISING:
        for seed in range(10):
            luck = np.random.default_rng(seed).normal(size=100)
            ask, _ = asker(RISING[name], values, luck)
            found = seek(Quest(values, 0.9, 100), ask)
            least = brute(RISING[name], values, luck, 0.9)[0]
            assert least <= found.value <= least + 0.02 + 1e-9


def test_a_strict_goal_fails_at_equality():
    values = np.linspace(0, 10, 11)
    ask, _ = asker(lambda x, luck: x - 5 + 0 * luck, values, np.zeros(20))
    assert seek(Quest(values, 0.5, 20), ask).value == 5
    assert seek(Quest(values, 0.5, 20, strict=True), ask).value == 6


@pytest.mark.parametrize(("now", "value"), [(0.0, 0.4), (1.0, 0.6)])
def test_a_response_that_is_not_monotone(now, value):
    def hill(x, luck):
        return 0.15 - np.abs(x - 0.5) + 0.02 * luck

    values = np.linspace(0, 1, 101)
    luck = np.random.default_rng(2).normal(size=60)
    ask, _ = asker(hill, values, luck)
    found = seek(Quest(values, 0.9, 60, now=now), ask)
    assert (found.status, found.direction) == ("found", 0)
    assert found.value in brute(hill, values, luck, 0.9)
    assert found.value == pytest.approx(value, abs=0.04)
    ask, _ = asker(lambda x, luck: hill(x, luck) - 0.5, values, luck)
    found = seek(Quest(values, 0.9, 60, now=now), ask)
    assert (found.status, found.value) == ("unreachable", pytest.approx(0.5))


def test_noise_is_not_taken_for_a_turn():
    rows = np.array([[0.0, 1, 2, 3], [1.1, 0.9, 3, 4.2], [2.0, 3.0, 4.0, 5.0]])
    assert direction_of(rows, rows > 2) == 1
    assert direction_of(rows[::-1], rows[::-1] > 2) == -1


@given(st.integers(1, 500).flatmap(lambda draws: st.tuples(st.integers(0, draws), st.just(draws))))
def test_wilson_holds_the_share(counted):
    held, draws = counted
    low, high = wilson(held, draws)
    assert 0 <= low <= held / draws + 1e-12
    assert held / draws - 1e-12 <= high <= 1


def test_too_few_draws_leave_the_interval_open():
    assert crossing_interval(np.arange(10.0), 0.9)[1] == np.inf


def bench_of(people, sample, seed=1, parts=None, progress=None):
    goal = parse_goal(WAGE)
    sight = check_goal(goal, sample, people)
    return Bench(people, sample, lambda *given: goals._figures(sight, sample, *given), seed, None, parts, progress)


def test_a_bench_runs_each_draw_once_and_as_alone(sample, people, monkeypatch):
    monkeypatch.setattr("povsim.planning.lever_bench.MOST_CELLS", 12)
    bench = bench_of(people, sample)
    change = ((GROWTH, 0.15),)
    few = bench.ask([(), change], range(2))
    more = bench.ask([change, ()], range(3))
    assert bench.runs == 6
    np.testing.assert_array_equal(few, more[::-1, :2])
    alone = povsim.simulate(people, povsim.read_scenario("sample", overrides={GROWTH: 0.15}), draws=3)
    expected = 0.015 - povsim.ratios(alone)["headcount_ratio"].sel(year=2020).to_numpy().ravel()
    np.testing.assert_array_equal(more[0, :, 0], expected)


def test_the_sample_county_from_question_to_answer(sample, tmp_path, capsys):
    common = cli_goals.Common("sample", draws=20, out=tmp_path / "out")
    order = cli_goals.GoalOrder(common, WAGE, 0.8, (GROWTH,))
    cli_goals.perform_goal_seek(order, wording("en", "commands", "goals"))
    printed = capsys.readouterr().out
    first = " ".join(printed.split())
    assert "To hold headcount_ratio(2020) <= 1.5 % with probability 80 %" in first
    assert "within simulation error" in first
    assert max(len(line) for line in printed.splitlines() if "povsim run" not in line and "/" not in line) <= 100
    stored = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in stored] == ["goal.csv", "goal.nc", "runs"]
    answer = goal_seek(sample, target=WAGE, probability=0.8, vary=GROWTH, draws=20)
    assert answer.found is not None
    plan = povsim.read_scenario("sample", overrides={GROWTH: answer.found.value})
    outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=20)
    held = (povsim.ratios(outcomes)["headcount_ratio"].sel(year=2020) <= 0.015).sum().item()
    assert held == answer.found.held >= 16
    again = goal_seek(sample, target=WAGE, probability=0.8, vary=GROWTH, draws=20, folder=tmp_path / "out" / "runs")
    assert again.found == answer.found
    dataset = answer.dataset()
    assert dataset.attrs["value"] == answer.found.value
    assert all({"long_name", "long_name_zh", "units"} <= set(array.attrs) for array in dataset.values())
    with pytest.raises(InputError, match="is not that of the sweep"):
        goal_seek(sample, target=WAGE, probability=0.7, vary=GROWTH, draws=20, folder=tmp_path / "out" / "runs")


def test_resumed_batches_are_not_run_again(sample, people, tmp_path, monkeypatch):
    parts = open_parts(tmp_path / "runs", (sample, people), {"question": "x"})
    before = bench_of(people, sample, parts=parts).ask([(), ((GROWTH, 0.1),)], range(3))

    def never(*_, **__):
        raise AssertionError("run again")

    monkeypatch.setattr("povsim.planning.lever_bench.run_scenarios", never)
    parts = open_parts(tmp_path / "runs", (sample, people), {"question": "x"})
    np.testing.assert_array_equal(bench_of(people, sample, parts=parts).ask([(), ((GROWTH, 0.1),)], range(3)), before)


def test_a_stop_ends_it(sample, people):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench_of(people, sample, progress=stop).ask([()], range(2))


def test_already_held_and_out_of_reach(sample):
    easy = goal_seek(sample, target="headcount_ratio(2020) <= 90%", probability=0.9, vary=BUDGET, draws=10)
    assert (easy.status, easy.plan_held, easy.plan_draws, easy.found) == ("held", 10, 10, None)
    hard = goal_seek(sample, target="headcount_ratio(2020, 东镇) < 0", probability=0.9, vary=BUDGET, draws=10)
    assert hard.status == "unreachable"
    assert hard.found is not None
    assert hard.found.held == 0
    for lang in ("en", "zh"):
        say = wording(lang, "commands", "goals")
        assert len([*cli_goals.sentences(easy, say), *cli_goals.sentences(hard, say)]) >= 3


def test_two_levers_give_a_frontier(sample):
    answer = goal_seek(
        sample, target=WAGE, probability=0.8, vary=(GROWTH, POSTS), draws=10, bounds={GROWTH: (0.0, 0.3)}
    )
    assert answer.found is None
    assert answer.frontier[POSTS].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert set(answer.frontier["status"]) <= {"found", "everywhere", "unreachable"}
    text = "\n".join(cli_goals.sentences(answer, wording("zh", "commands", "goals")))
    assert POSTS in text
    assert json.loads(json.dumps(answer.dataset().attrs))["status"] == answer.status


def test_a_target_of_the_scenario(sample):
    answer = goal_seek(sample, target="incidence(2020)", probability=0.5, vary=GROWTH, draws=10)
    assert answer.status in ("held", "found", "unreachable", "everywhere")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"probability": 1.0}, "between 0 and 1"),
        ({"probability": float("nan")}, "between 0 and 1"),
        ({"draws": 3}, "at least 10"),
        ({"vary": [BUDGET, GROWTH, POSTS]}, "too many levers"),
        ({"vary": []}, "no lever given"),
        ({"tolerance": 0.0}, "above 0"),
        ({"bounds": {GROWTH: (0, 1)}}, "not a lever"),
        ({"target": "x"}, "cannot be read"),
    ],
)
def test_bad_questions(sample, more, said):
    asked = {"target": WAGE, "probability": 0.9, "vary": BUDGET} | more
    with pytest.raises(InputError, match=said):
        goal_seek(sample, **asked)


def test_a_share_above_one_is_refused_with_what_was_probably_meant(sample):
    people = povsim.complete_population(sample)
    with pytest.raises(InputError, match=r"is a share; found 2; allowed: 0 to 1.*write 2%"):
        check_goal(parse_goal("headcount_ratio(2020) <= 2"), sample, people)
