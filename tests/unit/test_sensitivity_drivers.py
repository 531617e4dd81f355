"""Drivers: indices against known functions, luck as a factor, shared figures, thinning, resuming, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

import povsim
from povsim.errors import InputError
from povsim.sensitivity.driver_design import make_design
from povsim.sensitivity.driver_indices import RANKED, indices, pawn_indices, pawn_noise
from povsim.sensitivity.driver_luck import indices_with_luck, luck_share
from povsim.sensitivity.driver_runs import VARIANCE_PARTS, setting
from povsim.sensitivity.drivers import assemble, driver_table, drivers, find_drivers, ranking, thin, tornado

Floats = npt.NDArray[np.float64]
WAGE, RHO, TWIN = "incomes.growth.wage", "incomes.wage.rho", "incomes.business.rho"


@pytest.fixture(scope="module")
def plan() -> povsim.Scenario:
    return povsim.read_scenario("sample")


@pytest.fixture(scope="module")
def people(plan: povsim.Scenario) -> xr.Dataset:
    return povsim.complete_population(plan)


def ishigami(quantiles: Floats) -> Floats:
    x = np.pi * (2 * quantiles - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def sobol_g(quantiles: Floats, a: Floats) -> Floats:
    return np.asarray(((np.abs(4 * quantiles - 2) + a) / (1 + a)).prod(axis=1))


def test_ishigami() -> None:
    # Ishigami and Homma (1990): exact indices for a = 7, b = 0.1.
    design = make_design("sobol", 3, points=16_000, second_order=True)
    found = indices(design, ishigami(design.quantiles))
    np.testing.assert_allclose(found["first"], [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(found["total"], [0.5576, 0.4424, 0.2437], atol=0.02)
    assert found["second"][0, 2] == pytest.approx(0.2437, abs=0.05)
    assert found["second"][0, 1] == pytest.approx(0.0, abs=0.05)


def test_sobol_g() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])
    part = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + part) - 1
    total = part * np.prod(1 + part) / (1 + part) / whole
    design = make_design("sobol", 6, points=16_000)
    found = indices(design, sobol_g(design.quantiles, a))
    np.testing.assert_allclose(found["first"], part / whole, atol=0.03)
    np.testing.assert_allclose(found["total"], total, atol=0.03)


def test_intervals_cover_about_as_often_as_they_say() -> None:
    hits = 0
    for seed in range(40):
        design = make_design("sobol", 2, points=500, seed=seed)
        found = indices(design, ishigami(np.column_stack([design.quantiles, np.full(len(design.quantiles), 0.5)])))
        # Without the third, the first has variance 1/2 of its own and the second 49/8.
        exact = 0.5 / (0.5 + 49 / 8)
        hits += abs(found["total"][0] - exact) <= found["total_error"][0]
    assert hits >= 32


def test_morris_of_a_linear_function() -> None:
    design = make_design("morris", 3, points=40)
    found = indices(design, design.quantiles @ np.array([2.0, -1.0, 0.0]))
    np.testing.assert_allclose(found["mu"], [1.9, -0.95, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["mu_star"], [1.9, 0.95, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["sigma"], 0.0, atol=1e-12)


def test_pawn_ranks_and_agrees_with_salib() -> None:
    from SALib.analyze import pawn

    design = make_design("pawn", 3, points=400)
    values = np.round(design.quantiles @ np.array([3.0, 1.0, 0.0]), 1)
    found, noise = indices(design, values), pawn_noise(design, values)
    assert found["median"][0] > found["median"][1] > noise > found["median"][2] * 0.8
    theirs = pawn.analyze(design.problem(), design.quantiles, values)
    np.testing.assert_allclose(pawn_indices(design.quantiles, values), [theirs["median"], theirs["maximum"]])


@pytest.mark.parametrize("method", ["sobol", "morris", "pawn"])
@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_constant_or_missing_result_has_no_drivers(method: str, value: float) -> None:
    design = make_design(method, 2, points=30)
    for found in (
        indices(design, np.full(len(design.quantiles), value)),
        indices_with_luck(design, np.full((len(design.quantiles), 3), value)),
    ):
        assert all(np.isnan(item).all() for item in found.values())
    assert np.isnan(luck_share(design, np.full((len(design.quantiles), 3), value)))


def test_luck_as_a_factor_by_brute_force() -> None:
    """Against Sobol with the draw as an ordinary third factor, of a result in which luck interacts."""
    draws = 64
    luck = (np.arange(draws) + 0.5) / draws

    def result(factors: Floats, path: Floats) -> Floats:
        return np.asarray(2 * factors[..., 0] + factors[..., 1] + path + 3 * (factors[..., 0] - 0.5) * (path - 0.5))

    design = make_design("sobol", 2, points=4000)
    found = indices_with_luck(design, result(design.quantiles[:, None, :], luck[None, :]))
    brute = make_design("sobol", 3, points=16_000)
    other = indices(brute, result(brute.quantiles, brute.quantiles[:, 2]))
    np.testing.assert_allclose(found["first"], other["first"], atol=0.02)
    np.testing.assert_allclose(found["total"], other["total"], atol=0.02)
    share = luck_share(design, result(design.quantiles[:, None, :], luck[None, :]))
    assert share == pytest.approx(other["total"][2], abs=0.02)


@pytest.mark.parametrize("method", ["morris", "pawn"])
def test_luck_beside_others_in_screening(method: str) -> None:
    design = make_design(method, 2, points=120)
    noise = 5 * np.random.default_rng(1).normal(size=10)
    found = indices_with_luck(design, (3 * design.quantiles[:, :1] + design.quantiles[:, 1:]) + noise)
    main = found[RANKED[method]]
    assert main.shape == (3,)
    assert main[2] > main[0] > main[1]
    if method == "morris":
        pairs = np.abs(noise[:, None] - noise)
        assert main[2] == pytest.approx(pairs.sum() / 90)
        alone = indices(design, 3 * design.quantiles[:, 0] + design.quantiles[:, 1])
        np.testing.assert_allclose(found["mu"][:2], alone["mu"])


def test_values_follow_the_spread_and_dated_paths_shift_whole(plan: povsim.Scenario) -> None:
    wage, cost = find_drivers(plan, [WAGE, "shocks.illness.cost"])
    path = wage.values(0.975)[WAGE]
    entry = wage.moved[0].entry
    np.testing.assert_allclose([path[year] - entry.at(year) for year in path], 0.0196, atol=1e-4)
    assert cost.values(0.5)["shocks.illness.cost"] == pytest.approx(cost.moved[0].entry.value)
    bounded = find_drivers(plan, {WAGE: (-0.01, 0.01), "shocks.illness.cost": (1.0, 3.0)})
    assert bounded[1].values(0.5)["shocks.illness.cost"] == pytest.approx(2.0)
    assert bounded[0].values(0.0)[WAGE][2016] == pytest.approx(entry.at(2016) - 0.01)
    assert find_drivers(plan, {WAGE: {"type": "normal", "sd": 0.1}})[0].moved[0].entry.spread != entry.spread
    assert wage.en == "growth of wages"


def test_figures_written_alike_move_together_or_are_refused(plan: povsim.Scenario) -> None:
    everything = find_drivers(plan)
    paths = [path for item in everything for path in item.paths]
    assert len(paths) == len(set(paths)) > len(everything)
    assert set(paths) == {path for path, entry, _ in povsim.scenario.entries(plan) if entry.spread is not None}
    (one,) = find_drivers(plan, [TWIN])
    assert set(one.paths) == {RHO, TWIN}
    assert len(set(map(str, one.values(0.3).values()))) == 1
    with pytest.raises(InputError, match="are one figure, or hold the same entry"):
        find_drivers(plan, [RHO, TWIN])
    assert len(find_drivers(plan, [RHO, TWIN], shared="apart")) == 2
    assert find_drivers(plan, [f"{RHO}+{WAGE}"])[0].paths == (RHO, TWIN, WAGE)
    with pytest.raises(InputError, match="are one figure, or hold the same entry"):
        find_drivers(plan, [[RHO, WAGE], WAGE])


def test_all_that_is_wrong_is_named_at_once(plan: povsim.Scenario) -> None:
    with pytest.raises(InputError) as caught:
        drivers(
            plan,
            outputs=["head_count_ratio", "incidence"],
            years=[2031],
            draws=5,
            parameters=["incomes.growth.wages", "incomes.common.county_sd"],
        )
    text = str(caught.value)
    for part in ("headcount_ratio", "2031", "too few for the probability", "incomes.growth.wage'", "has no spread"):
        assert part in text
    with pytest.raises(InputError, match=r"no such method.*did you mean 'sobol'"):
        make_design("sobel", 2)
    with pytest.raises(InputError, match="bounds reach beyond"):
        find_drivers(plan, {RHO: (0.5, 1.5)})
    with pytest.raises(InputError, match="is not \\(low, high\\)"):
        find_drivers(plan, {RHO: (0.9, 0.5)})
    with pytest.raises(InputError, match="quantiles"):
        tornado(plan, "mean_income", quantiles=(0.9, 0.1))
    with pytest.raises(InputError, match=r"by this area|whole county"):
        drivers(plan, outputs=[("exits", "village")], draws=20)  # type: ignore[list-item]


def test_too_few_draws_are_fine_when_luck_is_a_factor(plan: povsim.Scenario, people: xr.Dataset) -> None:
    found = drivers(
        plan,
        outputs=["county_passes_seen", "mean_income"],
        register=people,
        method="morris",
        points=4,
        draws=3,
        parameters=[WAGE],
        luck="factor",
    )
    assert found["parameter"].to_numpy().tolist() == [WAGE, "luck"]
    assert found["mu_star"].dims == ("parameter", "output", "year")
    best = ranking(found, "mean_income", 2020, "zh")
    assert "运气（抽样路径）" in best["meaning"].tolist()


def test_a_broken_off_job_goes_on(plan: povsim.Scenario, people: xr.Dataset, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, whole: int) -> None:
        raise StopError

    keep = {"outputs": "mean_income", "years": [2020], "register": people, "points": 24, "draws": 2}
    rest = {"parameters": [WAGE], "folder": tmp_path / "sweep"}
    with pytest.raises(StopError):
        drivers(plan, **keep, **rest, progress=stop)  # type: ignore[arg-type]
    parts = sorted((tmp_path / "sweep").glob("part-*.nc"))
    written = [part.stat().st_mtime_ns for part in parts]
    assert len(parts) == 1
    again = drivers(plan, **keep, **rest)  # type: ignore[arg-type]
    assert [part.stat().st_mtime_ns for part in parts] == written
    fresh = drivers(plan, **keep, parameters=[WAGE])  # type: ignore[arg-type]
    xr.testing.assert_identical(again, fresh)
    assert float(again["total"].item()) > 0.5
    table = driver_table(again)
    assert {"output_zh", "meaning_zh", "meaning_en", "luck_share", "total_error"} <= set(table.columns)
    with pytest.raises(InputError, match="is not in the result"):
        ranking(again, "mean_incom", 2031)


def test_a_tornado(plan: povsim.Scenario, people: xr.Dataset) -> None:
    found = tornado(plan, ["mean_income"], years=[2020], register=people, draws=2, parameters=[WAGE, RHO])
    wage = found.sel(parameter=WAGE).squeeze()
    assert float(wage["low"]) < float(found["base"].item()) < float(wage["high"])
    np.testing.assert_allclose(found["swing"], found["high"] - found["low"])
    assert ranking(found).index[0] == WAGE


def test_thinning_keeps_villages_and_whole_weights(people: xr.Dataset) -> None:
    small = thin(people, 90, seed=3)
    assert small.sizes["household"] == 90
    villages = [np.bincount(item["household_village"], weights=item["weight"]) for item in (people, small)]
    np.testing.assert_array_equal(*villages)
    assert small["weight"].dtype == people["weight"].dtype
    assert thin(people, 600) is people
    again = thin(small, 30)
    assert int(again["weight"].sum()) == int(people["weight"].sum())
    with pytest.raises(InputError, match="one for each village"):
        thin(people, 3)


def test_thinning_is_unbiased(people: xr.Dataset) -> None:
    errors = [thin(people, 60, seed=seed).attrs["thinned_persons_error"] for seed in range(60)]
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(60) + 1e-3
    assert np.std(errors) < 0.08


def test_results_of_any_function_can_be_assembled(plan: povsim.Scenario) -> None:
    found = find_drivers(plan, [WAGE, RHO])
    design = make_design("pawn", 2, points=60)
    values = design.quantiles @ np.array([1.0, 5.0])
    results = xr.DataArray(
        values[:, None, None, None] + np.zeros((1, 2, 1, 1)),
        {"output": ["mine"], "year": [2020]},
        ("point", "draw", "output", "year"),
    )
    assert ranking(assemble(design, found, results)).index[0] == RHO


@pytest.mark.parametrize("name", ["sample", "xiangyin-2016"])
def test_every_uncertain_figure_of_a_shipped_plan_can_be_moved_alone_and_with_all_others(name: str) -> None:
    plan = povsim.read_scenario(name)
    found = find_drivers(plan)
    alone = [np.full(len(found), np.nan) for _ in found]
    for place, row in enumerate(alone):
        row[place] = 0.95 if place % 2 else 0.05
    together = [np.full(len(found), quantile) for quantile in (0.05, 0.5, 0.95)]
    rows = [*(row for row, one in zip(alone, found, strict=True) if one.paths[0].startswith("incomes.")), *together]
    for row in rows:
        moved = povsim.read_scenario(name, overrides=setting(plan, found, row))
        wage = moved.incomes.wage
        assert wage is not None
        assert sum(getattr(wage, part).at(0) for part in VARIANCE_PARTS) == pytest.approx(1, abs=1e-12)


def test_parts_of_a_variance_that_do_not_move_stay_as_written() -> None:
    plan = povsim.read_scenario("xiangyin-2016")
    (one,) = find_drivers(plan, ["incomes.wage.permanent"])
    still = setting(plan, [one], np.array([np.nan]))
    assert still["incomes.wage.persistent"] == plan.incomes.wage.persistent.at(0)
    moved = setting(plan, [one], np.array([1.0]))
    assert moved["incomes.wage.permanent"] == pytest.approx(0.66)
    assert moved["incomes.wage.persistent"] == pytest.approx(0.27 * 0.34 / 0.42)
    assert moved["incomes.business.error"] == pytest.approx(0.08 * 0.34 / 0.42)
