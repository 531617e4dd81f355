"""Sweeps: equal to separate runs, on common luck, resumable after a kill, and every mistake named beforehand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import povsim
from povsim import sweep_parts, sweeps
from povsim.errors import InputError
from povsim.outlook import forecast
from povsim.sweep_outputs import OUTPUTS
from povsim.sweep_parts import read_netcdf, register_digest, scenario_digest

BUDGET, GROWTH, LOANS = "measures.industry.capacity.budget", "incomes.growth.wage.value", "measures.microcredit.active"
GRID = {BUDGET: [0.0, 60000.0, 150000.0], GROWTH: [0.05, 0.14], LOANS: [True, False]}
NAMED = ["headcount_ratio", ("headcount_ratio", "township"), ("exits", "village"), "spending", "incidence"]
PATH, DRAWS, SEED = {2016: 0.05, 2018: 0.1}, 2, 5


def industry_spending(one: xr.Dataset) -> xr.DataArray:
    return one["spending"].sel(measure="industry").sum("village").assign_attrs(units="yuan per year")


def measures_on(one: xr.Dataset) -> float:
    return one.sizes["measure"]


@pytest.fixture(scope="module")
def whole(people, sample):
    """The grid in memory: twelve sets, two batches."""
    outputs = [*NAMED, "villages_passing", "county_passes_seen", "mean_income", industry_spending, measures_on]
    return povsim.sweep(people, sample, GRID, outputs=outputs, draws=DRAWS, seed=SEED)


def run(people, grid, **more):
    return povsim.sweep(people, "sample", grid, **{"outputs": NAMED, "draws": DRAWS, "seed": SEED} | more)


def alone(people, overrides):
    plan = povsim.read_scenario("sample", overrides=overrides)
    return plan, povsim.simulate(people, plan, draws=DRAWS, seed=SEED)


@pytest.mark.parametrize("place", [(0, 0, 0), (1, 1, 1), (2, 0, 1), (2, 1, 0)])
def test_grid_equals_separate_runs(people, whole, place):
    values = {path: axis[index] for (path, axis), index in zip(GRID.items(), place, strict=True)}
    plan, outcomes = alone(people, values)
    one, there = whole.sel(values), outcomes.isel(scenario=0)
    for area, end in (("county", ""), ("township", "_by_township")):
        expected = povsim.ratios(outcomes, area)["headcount_ratio"].isel(scenario=0)
        np.testing.assert_array_equal(one[f"headcount_ratio{end}"], expected.transpose("draw", "year", area))
    np.testing.assert_array_equal(one["exits_by_village"], there["exits"])
    np.testing.assert_array_equal(one["spending"].squeeze(), there["spending"].sum(["village", "measure"]))
    np.testing.assert_array_equal(one["industry_spending"], industry_spending(there))
    np.testing.assert_array_equal(one["villages_passing"].squeeze(), (there["village_passes"] == 1).sum("village"))
    np.testing.assert_array_equal(one["county_passes_seen"], there["county_passes_seen"])
    assert one["measures_on"].item() == len(plan.active())
    targets = forecast(outcomes, plan).targets.set_index("year")["probability"]
    assert one["incidence"].sel(year=2020).mean("draw").item() == targets[2020]
    assert np.isnan(one["incidence"].sel(year=2016)).all()


def test_dims_units_and_labels(whole):
    assert whole["headcount_ratio"].dims == (BUDGET, GROWTH, LOANS, "draw", "year", "county")
    assert whole[BUDGET].attrs == {"units": "yuan per year", "long_name": "budget a year", "long_name_zh": "年度预算"}
    assert whole[GROWTH].attrs["units"] == "share per year"
    assert whole[LOANS].dtype == bool
    assert whole[LOANS].attrs["long_name"] == LOANS
    for name in ("headcount_ratio", "exits_by_village", "spending", "incidence", "mean_income"):
        assert set(whole[name].attrs) >= {"units", "long_name", "long_name_zh"}
    assert whole["mean_income"].attrs["units"] == "yuan per head and year"
    assert whole["industry_spending"].attrs["units"] == "yuan per year"
    assert (whole.attrs["seed"], whole.attrs["draws"], whole.attrs["scenario"]) == (SEED, DRAWS, "sample")


def test_every_documented_output_comes_by_each_of_its_areas(people):
    counties = [(name, "county") for name in OUTPUTS]
    others = [(name, area) for name in OUTPUTS for area in ("township", "village") if "passes" not in name]
    result = run(people, [{BUDGET: 0.0}], outputs=[*counties, *others], draws=1)
    assert set(result.data_vars) == {*OUTPUTS, *(f"{name}_by_{area}" for name, area in others)}
    for name in OUTPUTS:
        assert result[name].dims == ("sample", "draw", "year", "county")
    np.testing.assert_array_equal(result["exits_by_village"].sum("village"), result["exits"].sum("county"))
    text = (Path(__file__).resolve().parents[2] / "docs" / "sweeping.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in OUTPUTS)


def test_samples_as_table_or_list_equal_the_grid(people, whole):
    table = pd.DataFrame({BUDGET: [150000.0, 0.0, 60000.0], LOANS: [False, True, True], GROWTH: [0.05, 0.14, 0.05]})
    result = run(people, table)
    assert result["spending"].dims == ("sample", "draw", "year", "county")
    assert result["sample"].values.tolist() == [0, 1, 2]
    xr.testing.assert_identical(result, run(people, table.to_dict("records")))
    for place, row in enumerate(table.to_dict("records")):
        for name in ("headcount_ratio", "exits_by_village", "spending", "incidence"):
            np.testing.assert_array_equal(result[name].isel(sample=place), whole[name].sel(row))
            assert all(result[path].values[place] == value for path, value in row.items())


def test_order_of_sets_and_threads_do_not_matter(people):
    sets = [{BUDGET: 10000.0 * place, LOANS: place % 3 > 0} for place in range(11)]
    outputs = [*NAMED, industry_spending, measures_on]
    forward = run(people, sets, outputs=outputs, threads=1)
    backward = run(people, sets[::-1], outputs=outputs, threads=2)
    turned = backward.isel(sample=slice(None, None, -1)).assign_coords(sample=forward["sample"])
    xr.testing.assert_identical(forward, turned)


def test_values_that_are_no_numbers(people):
    result = run(people, {"incomes.growth.wage": [PATH, 0.05], "measures.repair.capacity": [None]}, outputs="exits")
    assert result["incomes.growth.wage"].values.tolist() == ['{"2016": 0.05, "2018": 0.1}', "0.05"]
    assert result["measures.repair.capacity"].values.tolist() == ["null"]
    _, outcomes = alone(people, {"incomes.growth.wage": PATH, "measures.repair.capacity": None})
    np.testing.assert_array_equal(result["exits"].to_numpy()[0, 0, ..., 0], outcomes["exits"].sum("village")[0])


def test_progress_counts_sets_and_results_come_in_order(people, whole):
    steps, seen = [], []
    run(people, GRID, progress=lambda *step: steps.append(step), on_result=seen.append)
    assert steps == [(8, 12), (12, 12)]
    assert [part.sizes["sample"] for part in seen] == [8, 4]
    flat = whole["spending"].to_numpy().reshape(12, DRAWS, 5, 1)
    np.testing.assert_array_equal(np.concatenate([part["spending"] for part in seen]), flat)
    np.testing.assert_array_equal(seen[1][BUDGET], np.full(4, 150000.0))


def test_everything_wrong_is_named_before_anything_runs(people, monkeypatch):
    def never(*_, **__):
        raise AssertionError("should not run")

    monkeypatch.setattr(sweeps, "run_scenarios", never)
    wrong = {
        "measures.industy.margin": [0.5],
        "incomes.growth.wages": [0.1],
        "years": [[2016, 2017]],
        "measures.industry.take_up": [0.5, 2.0, "much"],
        "incomes.wage.rho": [0.8, 1.5],
    }
    with pytest.raises(InputError, match="sweep of sample") as caught:
        run(people, wrong, outputs=["exit", ("exits", "town"), ("incidence", "county"), lambda _: 1])
    lines = [problem.line() for problem in caught.value.problems]
    for parts in (
        ("outputs: no such output", "exit", "did you mean 'exits'?"),
        ("outputs exits", "town", "township"),
        ("outputs incidence", "not by this area"),
        ("a function needs a name",),
        ("measures.industy.margin: no such entry", "0.5", "did you mean 'industry'?"),
        ("incomes.growth.wages: no such entry", "business", "did you mean 'wage'?"),
        ("years: cannot differ",),
        ("measures.industry.take_up: should lie between 0 and 1", "found 2", "set 2 and 1 more"),
        ("measures.industry.take_up", "should be a number", "much"),
        ("incomes.wage.rho: should lie between 0 and 1", "1.5"),
    ):
        assert any(all(part in line for part in parts) for line in lines), parts
    assert len(lines) == 10


def test_a_rule_over_several_entries_names_the_set(people):
    sets = [{"incomes.wage.permanent": a, "incomes.wage.persistent": b} for a, b in ((0.3, 0.3), (0.9, 0.4))]
    with pytest.raises(InputError, match=r"sum to 1.*incomes.wage.permanent = 0.9, incomes.wage.persistent = 0.4"):
        run(people, sets)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({}, "none given"),
        ([], "none given"),
        ({BUDGET: []}, "none given"),
        ({BUDGET: 3.0}, "should be a list"),
        ({BUDGET: [1.0, 2.0, 1.0]}, "given twice"),
        ({BUDGET: [1.0], f"{BUDGET}.value": [2.0]}, "same entry"),
        ({BUDGET: [object()]}, "not plain data"),
        ([{BUDGET: 1.0}, {GROWTH: 1.0}], "same entries as the first"),
        (pd.DataFrame({BUDGET: [1.0, np.nan]}), "is empty; found sample 1"),
        ("budget", "cannot be read"),
    ],
)
def test_sets_that_make_no_sense(people, sets, message):
    with pytest.raises(InputError, match=message):
        run(people, sets)


def part_of_the_years(one: xr.Dataset) -> xr.DataArray:
    return one["exits"].sum("village").isel(year=slice(2))


def measures_served(one: xr.Dataset) -> xr.DataArray:
    return one["recipients"].sum(["village", "draw", "year"])


def text(one: xr.Dataset) -> str:
    return "many"


@pytest.mark.parametrize(
    ("function", "message"),
    [(part_of_the_years, "other labels"), (measures_served, "differs in shape"), (text, "returned; found str")],
)
def test_functions_that_return_what_cannot_be_put_together(people, function, message):
    with pytest.raises(InputError, match=message):
        run(people, {LOANS: [True, False]}, outputs=["exits", function])


@pytest.mark.parametrize(
    ("outputs", "message"), [(["exits", ("exits", "county")], "share this name"), ([], "none given")]
)
def test_a_name_twice_and_no_output(people, outputs, message):
    with pytest.raises(InputError, match=message):
        run(people, {BUDGET: [0.0]}, outputs=outputs)


@pytest.fixture(scope="module")
def folder(people, tmp_path_factory):
    """An uninterrupted sweep on disk."""
    place = tmp_path_factory.mktemp("sweeps") / "whole"
    return place, run(people, GRID, folder=place)


def names(place: Path) -> list[str]:
    return sorted(item.name for item in place.iterdir())


def copied(folder, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    place.mkdir()
    for item in folder[0].iterdir():
        (place / item.name).write_bytes(item.read_bytes())
    return place


class Ran:
    """Lists the sizes of the batches that are really run."""

    def __init__(self, monkeypatch):
        self.sets, self.real = [], sweeps.run_scenarios
        monkeypatch.setattr(sweeps, "run_scenarios", self)

    def __call__(self, register, scenarios, settings):
        self.sets.append(len(scenarios))
        return self.real(register, scenarios, settings)


def test_folder_holds_parts_and_the_whole(folder, whole):
    place, result = folder
    assert names(place) == ["part-00000.json", "part-00000.nc", "part-00001.json", "part-00001.nc", "sweep.nc"]
    xr.testing.assert_identical(result, whole[list(result.data_vars)])
    xr.testing.assert_identical(read_netcdf(place / "sweep.nc"), result)
    arguments = json.loads((place / "part-00000.json").read_text(encoding="utf-8"))["arguments"]
    part = xr.load_dataset(place / "part-00000.nc")
    assert json.loads(part.attrs["arguments"]) == arguments
    assert part[GROWTH].values.tolist() == [0.05, 0.05, 0.14, 0.14] * 2


def test_a_second_call_runs_nothing_and_writes_the_same_bytes(people, folder, tmp_path, monkeypatch):
    place, ran, steps = copied(folder, tmp_path), Ran(monkeypatch), []
    (place / "sweep.nc").unlink()
    result = run(people, GRID, folder=place, progress=lambda *step: steps.append(step))
    assert ran.sets == []
    assert steps == [(8, 12), (12, 12)]
    xr.testing.assert_identical(result, folder[1])
    assert (place / "sweep.nc").read_bytes() == (folder[0] / "sweep.nc").read_bytes()


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone", "no note", "note cut"])
def test_a_damaged_part_is_run_again(people, folder, tmp_path, monkeypatch, harm):
    place, ran = copied(folder, tmp_path), Ran(monkeypatch)
    part, note = place / "part-00001.nc", place / "part-00001.json"
    content = part.read_bytes()
    if harm == "cut":
        part.write_bytes(content[: len(content) // 2])
    elif harm == "flipped":
        middle = len(content) // 2
        part.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif harm == "note cut":
        note.write_text(note.read_text(encoding="utf-8")[:40], encoding="utf-8")
    else:
        (part if harm == "gone" else note).unlink()
    result = run(people, GRID, folder=place)
    assert ran.sets == [4]
    xr.testing.assert_identical(result, folder[1])
    assert names(place) == names(folder[0])
    assert (place / "sweep.nc").read_bytes() == (folder[0] / "sweep.nc").read_bytes()


OTHERS = [({"seed": 6}, ["seed"]), ({"draws": range(1, 3), "outputs": ["exits"]}, ["outputs", "draws"])]


@pytest.mark.parametrize(("change", "named"), OTHERS)
def test_parts_of_other_arguments_are_refused(people, folder, change, named):
    before = names(folder[0])
    with pytest.raises(InputError, match="is not that of the sweep in the folder") as caught:
        run(people, GRID, folder=folder[0], **change)
    assert [problem.where for problem in caught.value.problems] == named
    assert names(folder[0]) == before


def test_other_sets_scenario_and_register_are_refused(people, sample, folder):
    with pytest.raises(InputError, match="sets: is not that"):
        run(people, {**GRID, BUDGET: [0.0, 60000.0, 150001.0]}, folder=folder[0])
    other = povsim.read_scenario("sample", overrides={"inspection.found": 0.11})
    more = people.assign(wage=people["wage"] + 1)
    with pytest.raises(InputError, match=r"(?s)scenario: is not that.*register: is not that"):
        povsim.sweep(more, other, GRID, outputs=NAMED, draws=DRAWS, seed=SEED, folder=folder[0])
    elsewhere = sample.model_copy(update={"population": sample.population.model_copy(update={"margins": "elsewhere"})})
    assert scenario_digest(elsewhere) == scenario_digest(sample)
    assert register_digest(people.assign_attrs(source="elsewhere")) == register_digest(people)


def test_folders_of_something_else_are_refused(people, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds files that no sweep wrote; found notes\.txt"):
        run(people, GRID, folder=tmp_path)
    with pytest.raises(InputError, match="is a file"):
        run(people, GRID, folder=tmp_path / "notes.txt")


def test_interrupt_leaves_finished_parts_only(people, folder, tmp_path, monkeypatch):
    place, real = tmp_path / "cut", sweep_parts._to_disk

    def interrupted(path):
        if path.name.startswith(".part-00001.nc"):
            raise KeyboardInterrupt
        real(path)

    monkeypatch.setattr(sweep_parts, "_to_disk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(people, GRID, folder=place)
    assert names(place) == ["part-00000.json", "part-00000.nc"]
    monkeypatch.setattr(sweep_parts, "_to_disk", real)
    ran = Ran(monkeypatch)
    xr.testing.assert_identical(run(people, GRID, folder=place), folder[1])
    assert ran.sets == [4]


CHILD = """
import json, sys, time
import povsim
from povsim import sweep_parts

job = json.loads(sys.argv[1])
real = sweep_parts._to_disk

def stuck(path):
    if job["writing"] and path.name.startswith(".part-00001.nc"):
        time.sleep(120)
    real(path)

sweep_parts._to_disk = stuck
people = povsim.complete_population(povsim.read_scenario("sample"))
povsim.sweep(
    people, "sample", job["grid"], outputs=[tuple(x) if isinstance(x, list) else x for x in job["outputs"]],
    draws=job["draws"], seed=job["seed"], folder=job["folder"],
    on_result=lambda part: None if job["writing"] else time.sleep(120),
)
"""


def killed(place: Path, *, writing: bool) -> None:
    """Run the sweep in a process of its own, and kill it after the first part, or while it writes the second."""
    job = {"grid": GRID, "outputs": NAMED, "draws": DRAWS, "seed": SEED, "folder": str(place), "writing": writing}
    awaited = ".part-00001.nc.part-*" if writing else "part-00000.json"
    # what a killed process leaves in the system's temporary folder goes with the test's
    surroundings = os.environ | {"TMPDIR": str(place.parent)}
    with subprocess.Popen([sys.executable, "-c", CHILD, json.dumps(job)], env=surroundings) as child:
        try:
            until = time.monotonic() + 400  # the first run on a machine compiles
            while not list(place.glob(awaited)):
                assert child.poll() is None, "ended before its first part"
                assert time.monotonic() < until, "no part came"
                time.sleep(0.02)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(timeout=20)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("writing", [False, True])
def test_a_killed_sweep_goes_on_to_the_same_file(people, folder, tmp_path, monkeypatch, writing):
    place = tmp_path / "killed"
    killed(place, writing=writing)
    assert [name for name in names(place) if not name.startswith(".")] == ["part-00000.json", "part-00000.nc"]
    assert any(name.startswith(".") for name in names(place)) == writing
    ran = Ran(monkeypatch)
    result = run(people, GRID, folder=place)
    assert ran.sets == [4]
    xr.testing.assert_identical(result, folder[1])
    assert names(place) == names(folder[0])
    assert all((place / name).read_bytes() == (folder[0] / name).read_bytes() for name in names(place))
