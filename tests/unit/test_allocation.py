"""Allocation: the programme against all splits, curves on a made-up bench, and the whole on the sample county."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import povsim
from povsim import cli_allocate, cli_goals
from povsim.errors import InputError
from povsim.planning.allocation import allocate, allocation_from
from povsim.planning.allocation_curves import Aim, change_of, choose_measures, make_arms, read_aim
from povsim.planning.allocation_split import Responses, best_split, least_cost
from povsim.wording import wording

SIZES = st.lists(st.integers(2, 4), min_size=1, max_size=4)


def random_responses(sizes, seed, scale=1.0):
    rng = np.random.default_rng(seed)

    def surface(shape):
        made = rng.normal(size=shape)
        made[0] = 0
        if len(shape) == 2:
            made[:, 0] = 0
        return made

    pairs = [pair for pair in itertools.combinations(range(len(sizes)), 2) if rng.random() < 0.7]
    return Responses(
        tuple(surface((size,)) for size in sizes),
        tuple(scale * surface((size,)) for size in sizes),
        3 * scale,
        {pair: surface(tuple(sizes[place] for place in pair)) for pair in pairs},
        {pair: scale * surface(tuple(sizes[place] for place in pair)) / 3 for pair in pairs},
    )


@given(SIZES, st.integers(0, 10_000), st.sampled_from([1.0, 1e7]), st.integers(0, 2))
def test_the_best_split_is_that_of_all_splits(sizes, seed, scale, left_out):
    responses = random_responses(sizes, seed, scale)
    splits = list(itertools.product(*map(range, sizes)))
    rng = np.random.default_rng(seed)
    excluded = [splits[place] for place in rng.integers(0, len(splits), left_out)]
    budget = scale * (3 + float(rng.normal()))
    fitting = [split for split in splits if split not in excluded and responses.of(split)[1] <= budget]
    found = best_split(responses, budget, excluded)
    if not fitting:
        assert found is None
    else:
        assert found not in excluded
        assert responses.of(found)[0] == pytest.approx(max(responses.of(split)[0] for split in fitting), abs=1e-6)
        assert responses.of(found)[1] <= budget + 1e-5 * scale
    assert least_cost(responses) == pytest.approx(min(responses.of(split)[1] for split in splits), abs=1e-6 * scale)


def made_up(sample, respond):
    """A bench whose figures are a function of the levers' values, with luck by draw."""

    class Bench:
        base, seed, runs = sample, 1, 0

        def expect(self, runs):
            pass

        def ask(self, asked, draws):
            luck = np.random.default_rng(0).normal(size=1000)[draws.start : draws.stop]
            return np.array([respond(dict(variant), luck) for variant in asked])

    return Bench()


INDUSTRY, REPAIR = "measures.industry.capacity.budget", "measures.repair.capacity.budget"


def respond(levers, luck):
    """Industry earns 2 a thousand up to its plan and 1 beyond; repair 3, less 0.02 a thousand of industry's excess."""
    industry, repair = levers.get(INDUSTRY, 60_000) / 1000, levers.get(REPAIR, 30_000) / 1000
    output = 2 * min(industry, 60) + max(industry - 60, 0) + (3 - 0.02 * max(industry - 60, 0)) * repair
    return np.stack([output + luck, np.full_like(luck, 1000 * industry), np.full_like(luck, 1000 * repair)], axis=1)


def both_arms(sample):
    return make_arms(sample, choose_measures(sample, ["industry", "repair"])[0])


@pytest.mark.parametrize("budget", [45_000.0, 90_000.0, 120_000.0, 500_000.0])
def test_curves_and_interactions_of_a_known_response(sample, budget):
    arms = both_arms(sample)
    found = allocation_from(made_up(sample, respond), Aim("lasting_exits"), arms, (budget, 40), ((), ()))

    def worth(split):
        figures = respond(dict(change_of(arms, split)), np.zeros(1))[0]
        return figures[0], figures[1:].sum()

    splits = [
        split for split in itertools.product(*(range(len(arm.factors)) for arm in arms)) if worth(split)[1] <= budget
    ]
    best = max(worth(split)[0] for split in splits)
    assert (found.best or found.plan).output == pytest.approx(
        best + np.random.default_rng(0).normal(size=1000)[20:60].mean()
    )
    assert (found.best or found.plan).cost <= budget
    assert found.gain == pytest.approx(best - worth((2, 2))[0])
    assert found.status == "better"
    assert (found.scaled is None) == (budget == 90_000)
    for lang in ("en", "zh"):
        assert len(list(cli_allocate.sentences(found, wording(lang, "commands", "goals")))) >= 2
    steep = found.curves.set_index(["measure", "factor"])["marginal_cost"]
    assert steep["industry", 0.5] == pytest.approx(500)
    assert steep["industry", 2.0] == pytest.approx(2500)
    dataset = found.dataset()
    assert all({"long_name", "long_name_zh", "units"} <= set(array.attrs) for array in dataset.values())


def test_fewer_is_better_turns_the_sign(sample):
    def worse(levers, luck):
        figures = respond(levers, luck)
        figures[:, 0] *= -1
        return figures

    one, other = (
        allocation_from(made_up(sample, of), Aim(name), both_arms(sample), (90_000.0, 40), ((), ()))
        for name, of in (("lasting_exits", respond), ("poor_persons", worse))
    )
    assert one.gain == pytest.approx(other.gain)
    assert one.split["best"].tolist() == other.split["best"].tolist()


def test_the_plan_is_kept_where_nothing_beats_it(sample):
    def peak(levers, luck):
        figures = respond(levers, luck)
        off = abs(levers.get(INDUSTRY, 60_000) - 60_000) + abs(levers.get(REPAIR, 30_000) - 30_000)
        figures[:, 0] = 100 - off + luck
        return figures

    found = allocation_from(made_up(sample, peak), Aim("lasting_exits"), both_arms(sample), (90_000.0, 40), ((), ()))
    assert (found.status, found.best, found.gain) == ("plan", None, 0.0)
    assert found.split["best"].tolist() == found.split["plan"].tolist()
    for lang in ("en", "zh"):
        assert list(cli_allocate.sentences(found, wording(lang, "commands", "goals")))


def test_a_gain_within_chance_is_not_called_one(sample):
    arms, called = both_arms(sample), 0
    for seed in range(30):
        calls = np.random.default_rng(seed)

        def noise(levers, luck, calls=calls):
            figures = respond({}, luck)
            figures[:, 0] = 50 + calls.normal(size=len(luck))
            return figures

        found = allocation_from(made_up(sample, noise), Aim("lasting_exits"), arms, (90_000.0, 40), ((), ()))
        assert (found.status == "better") == (found.gain > found.gain_error)
        called += found.status == "better"
    assert called <= 4


def test_splits_that_cost_more_when_run_are_passed_over(sample):
    def dear(levers, luck):
        figures = respond(levers, luck)
        # The check's draws come after the sample's: what is moved costs more there.
        figures[:, 1:] *= 2.0 if len(luck) == 40 and levers else 1.0
        return figures

    found = allocation_from(made_up(sample, dear), Aim("lasting_exits"), both_arms(sample), (90_000.0, 40), ((), ()))
    assert found.status in ("none_fits", "better", "not_shown", "plan")
    if found.best is not None:
        assert found.best.cost <= 90_000


def test_a_split_over_the_budget_by_less_than_the_error_is_passed_over(sample):
    def dear(levers, luck):
        figures = respond(levers, luck)
        if len(luck) == 40:
            # On the check's draws a little more, well within the noise of spending.
            figures[:, 1] += 100 + 2000 * (luck - luck.mean())
        return figures

    budget = 120_000.0
    found = allocation_from(made_up(sample, dear), Aim("lasting_exits"), both_arms(sample), (budget, 40), ((), ()))
    assert found.best is not None
    assert found.best.cost <= budget
    assert found.split["best"].tolist() == [60_000, 45_000]
    assert (found.status, found.over_budget) == ("better", 0.0)


def test_a_split_of_exactly_the_budget_fits_however_its_mean_is_rounded(sample):
    def sevenths(levers, luck):
        figures = respond(levers, luck)
        figures[:, 1:] /= 7.0
        return figures

    mean = np.full(30, 60_000 / 7).mean()
    assert mean + mean > 120_000 / 7
    asked = (120_000 / 7, 30)
    found = allocation_from(made_up(sample, sevenths), Aim("lasting_exits"), both_arms(sample), asked, ((), ()))
    assert found.split["best"].tolist() == [60_000, 60_000]
    assert found.over_budget == 0.0


def test_a_plan_that_is_kept_says_by_how_much_it_is_over_the_budget(sample):
    def peak(levers, luck):
        figures = respond(levers, luck)
        off = abs(levers.get(INDUSTRY, 60_000) - 60_000) + abs(levers.get(REPAIR, 30_000) - 30_000)
        figures[:, 0] = 100 - off + luck
        figures[:, 1] += 50.0 * (len(luck) == 40)
        return figures

    found = allocation_from(made_up(sample, peak), Aim("lasting_exits"), both_arms(sample), (90_000.0, 40), ((), ()))
    assert found.status == "plan"
    assert found.over_budget == pytest.approx(50.0)
    assert found.dataset().attrs["over_budget"] == pytest.approx(50.0)


def test_a_budget_below_what_has_to_be_spent(sample):
    def fixed(levers, luck):
        figures = respond(levers, luck)
        figures[:, 1] += 10_000
        return figures

    with pytest.raises(InputError, match=r"too small.*at least 10,000 yuan"):
        allocation_from(made_up(sample, fixed), Aim("lasting_exits"), both_arms(sample), (9_000.0, 20), ((), ()))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"measures": ["indutry"]}, "did you mean 'industry'"),
        ({"measures": ["dibao"]}, "no limit that a budget could move"),
        ({"measures": ["industry", "industry"]}, "given twice"),
        ({"output": "lasting_exit"}, "did you mean 'lasting_exits'"),
        ({"output": "spending"}, "no such aim"),
        ({"budget": -1.0}, "0 or more"),
        ({"budget": float("nan")}, "0 or more"),
        ({"draws": 2}, "at least 10"),
    ],
)
def test_bad_questions(sample, more, said):
    with pytest.raises(InputError, match=said):
        allocate(sample, **({"budget": 90_000.0, "draws": 10} | more))


def test_measures_that_are_off_or_nothing_to_move(sample):
    off = povsim.read_scenario("sample", overrides={"measures.industry.active": False})
    with pytest.raises(InputError, match="the measure is off"):
        choose_measures(off, ["industry"])
    zero = povsim.read_scenario("sample", overrides={INDUSTRY: 0})
    with pytest.raises(InputError, match="no multiples"):
        make_arms(zero, choose_measures(zero, ["industry"])[0])
    assert "dibao" in choose_measures(sample, None)[1]
    assert read_aim("headcount_ratio").is_share


def test_levels_are_whole_shares_at_most_one_and_dated_paths_scaled(sample):
    jobs, loans, roads = make_arms(sample, choose_measures(sample, ["jobs", "microcredit", "road_poor"])[0])
    assert [jobs.scaled(3, factor) for factor in jobs.factors] == [0, 2, 3, 5, 6]
    assert loans.change(2.0) == (("measures.microcredit.capacity.share", ((2016, 0.4), (2017, 0.6))),)
    assert loans.scaled(0.8, 2.0) == 1.0
    assert roads.factors == (0.0, 1.0, 1.5)
    assert jobs.change(1.0) == ()


def test_the_sample_county_from_budget_to_split(tmp_path, capsys):
    common = cli_goals.Common("sample", draws=10, out=tmp_path / "out")
    order = cli_allocate.AllocateOrder(common, 40_000.0, ("industry", "road_poor"))
    cli_allocate.perform_allocate(order, wording("en", "commands", "goals"))
    text = capsys.readouterr().out
    assert "dibao" in text
    assert max(len(line) for line in text.splitlines() if "Written" not in line) <= 100
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["allocation.csv", "allocation.nc", "allocation_curves.csv", "runs"]
    cli_allocate.perform_allocate(order, wording("zh", "commands", "goals"))
    assert "万元" in capsys.readouterr().out


def test_without_names_the_six_dearest_are_moved(monkeypatch, sample):
    monkeypatch.setattr("povsim.planning.allocation.MOST_MEASURES", 2)
    monkeypatch.setattr("povsim.planning.allocation_curves.FACTORS", (1.0, 2.0))
    found = allocate(sample, budget=1e6, draws=10)
    assert len(found.split) == 2
    assert len(found.set_aside) > 10
    assert set(found.split["measure"]).isdisjoint(found.set_aside)
