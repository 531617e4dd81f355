"""A run as a folder: what is in it equals what was simulated, it is whole or absent, and it opens again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr

import povsim
from povsim import folder as folder_module
from povsim import folder_files
from povsim.errors import InputError
from povsim.folder import Run, open_run, write_run
from povsim.folder_manifest import Record, input_files
from povsim.outcomes import Results
from povsim.runs import Settings, run_scenarios
from povsim.scenario import Scenario, locate, read_scenario

DRAWS, SEED = 4, 3


@dataclass(frozen=True)
class Made:
    plan: Scenario
    register: xr.Dataset
    results: Results
    record: Record


@pytest.fixture(scope="module")
def made() -> Made:
    plan = read_scenario("sample")
    register = povsim.complete_population(plan)
    results = run_scenarios(register, (plan,), Settings(range(DRAWS), SEED, threads=2, block_size=150))
    record = Record(SEED, 2, input_files(locate("sample"), plan), ("a=1",), 1.5)
    return Made(plan, register, results, record)


@pytest.fixture(scope="module")
def place(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(
        made.results, tmp_path_factory.mktemp("runs") / "first", register=made.register, record=made.record
    )


@pytest.fixture
def run(place: Path) -> Iterator[Run]:
    with open_run(place) as opened:
        yield opened


def write(made: Made, target: Path, **given: object) -> Path:
    return write_run(made.results, target, register=made.register, record=made.record, **given)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_outcomes_are_those_of_simulate(made: Made, run: Run) -> None:
    again = povsim.simulate(made.register, made.plan, draws=DRAWS, seed=SEED, threads=1)
    assert set(run.outcomes.data_vars) == set(again.data_vars)
    for name, array in again.data_vars.items():
        np.testing.assert_array_equal(run.outcomes[name].values, array.values, err_msg=str(name))
        assert run.outcomes[name].dtype == array.dtype, name
        for label in ("units", "long_name", "long_name_zh"):
            assert run.outcomes[name].attrs[label] == array.attrs[label]
    for name in ("township", "veto", "measure", "year"):
        assert run.outcomes[name].values.tolist() == again[name].values.tolist()


def test_counts_are_whole_numbers_and_flags_int8_in_a_compressed_file(place: Path) -> None:
    with netCDF4.Dataset(place / "outcomes.nc") as raw:
        assert raw.data_model == "NETCDF4"
        assert raw["persons"].dtype == np.int32
        assert raw["village_passes"].dtype == np.int8
        assert raw["village_passes"].flag_meanings == "not_applicable false true"
        assert raw["village_passes"].flag_values.tolist() == [-1, 0, 1]
        filters = raw["persons"].filters()
        assert (filters["zlib"], filters["complevel"]) == (True, 1)


def test_writing_leaves_the_results_as_they_were(made: Made, tmp_path: Path) -> None:
    before = made.results.outcomes.copy(deep=True)
    write(made, tmp_path / "run")
    xr.testing.assert_identical(made.results.outcomes, before)


def test_patterns_add_up_to_everybody_and_to_those_below_the_line(run: Run) -> None:
    patterns = run.patterns()
    keys = ["scenario", "draw", "year", "village"]
    assert not patterns.duplicated([*keys, "pattern"]).any()
    sums = patterns.groupby(keys, observed=True)[["households", "persons"]].sum().reset_index()
    poor = patterns[patterns["pattern"] % 2 == 1].groupby(keys, observed=True)["persons"].sum()
    for name in ("households", "persons"):
        wanted = run.outcomes[name].sum("status").to_series()
        found = sums.astype({"scenario": str, "village": str}).set_index(keys)[name].reindex(wanted.index)
        assert found.tolist() == wanted.tolist()
    wanted_poor = run.outcomes["poor_persons"].to_series()
    assert wanted_poor.sum() > 0
    poor.index = poor.index.set_levels(
        [level.astype(str) if i in (0, 3) else level for i, level in enumerate(poor.index.levels)]
    )
    assert poor.reindex(wanted_poor.index, fill_value=0).tolist() == wanted_poor.tolist()


def test_patterns_are_unsigned_dictionary_encoded_and_sorted(place: Path) -> None:
    schema = pq.read_schema(place / "patterns.parquet")
    assert str(schema.field("pattern").type) == "uint16"
    assert "dictionary" in str(schema.field("village").type)
    frame = pd.read_parquet(place / "patterns.parquet")
    codes = frame.assign(village=frame["village"].cat.codes)[["draw", "year", "village", "pattern"]]
    assert codes.equals(codes.sort_values(codes.columns.tolist()).reset_index(drop=True))


def test_files_do_not_depend_on_threads_or_blocks(made: Made, tmp_path: Path, place: Path) -> None:
    settings = Settings(range(DRAWS), SEED, threads=1, block_size=100_000)
    other = run_scenarios(made.register, (made.plan,), settings)
    write_run(other, tmp_path / "run", register=made.register, record=made.record)
    for name in ("patterns.parquet", "households.parquet"):
        assert (tmp_path / "run" / name).read_bytes() == (place / name).read_bytes()


def test_patterns_stream_in_row_groups(
    made: Made, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_files, "ROW_GROUP", 50)
    write(made, tmp_path / "run")
    file = pq.ParquetFile(tmp_path / "run" / "patterns.parquet")
    assert file.num_row_groups > 3
    assert file.read().to_pandas().equals(pd.read_parquet(place / "patterns.parquet"))
    file.close()


def test_household_probabilities_agree_with_the_outcomes(made: Made, run: Run) -> None:
    table = run.households()
    assert table is not None
    assert len(table) == made.register.sizes["household"] * 5
    tests = [test.code for test in made.plan.exit_standard.household.tests]
    shares = ["poor", "registered", "exited", "relapsed", *(f"fails_{code}" for code in tests)]
    shares += [f"receives_{code}" for code in made.plan.active()]
    assert table[shares].min().min() >= 0
    assert table[shares].max().max() <= 1
    assert (table["fails_income"] == table["poor"]).all()
    people = table["persons"] * table["weight"]
    expected = (table["poor"] * people).groupby([table["year"], table["village"]], observed=False).sum()
    wanted = run.outcomes["poor_persons"].isel(scenario=0).mean("draw").to_series()
    assert expected.to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-4)
    status = run.outcomes["households"].isel(scenario=0).mean("draw").sum("village")
    for name, codes in {"exited": ["exited"], "registered": ["registered", "relapsed"]}.items():
        found = (table[name] * table["weight"]).groupby(table["year"]).sum()
        assert found.to_numpy() == pytest.approx(status.sel(status=codes).sum("status").to_numpy(), abs=1e-3)
    # Works and trades count a household also after it has been served, so only equal for what is paid each year.
    for measure in ("dibao", "microcredit"):
        served = (table[f"receives_{measure}"] * table["weight"]).groupby(table["year"]).sum()
        recipients = run.outcomes["recipients"].isel(scenario=0).sel(measure=measure).mean("draw").sum("village")
        assert recipients.sum() > 0
        assert served.to_numpy() == pytest.approx(recipients.to_numpy(), abs=1e-3)


def test_without_household_sums_there_is_no_table_of_households(made: Made, tmp_path: Path) -> None:
    results = run_scenarios(made.register, (made.plan,), Settings(range(1), 1, household_summary=False))
    place = write_run(results, tmp_path / "run", register=made.register, record=Record(1))
    with open_run(place) as run:
        assert run.households() is None
    assert "households.parquet" not in names(place)


def test_margins_come_back(made: Made, run: Run) -> None:
    np.testing.assert_array_equal(run.margins["margin_histogram"], made.results.margins["margin_histogram"])
    assert run.margins["otherwise_blocked"].dtype == bool
    assert run.margins.attrs["draws"] == DRAWS


def test_scenario_comes_back_and_runs_the_same(made: Made, run: Run, tmp_path: Path) -> None:
    read = run.scenario
    there = made.plan.population.model_copy(update={"margins": read.population.margins})
    assert read == made.plan.model_copy(update={"population": there})
    assert Path(str(read.population.margins)).read_bytes() == locate(str(made.plan.population.margins)).read_bytes()
    moved = shutil.copytree(run.path, tmp_path / "elsewhere")
    plan = read_scenario(moved / "scenario.yaml")
    assert Path(str(plan.population.margins)).parent == moved
    again = povsim.simulate(povsim.complete_population(plan), plan, draws=DRAWS, seed=SEED)
    np.testing.assert_array_equal(again["persons"], run.outcomes["persons"])


def test_scenario_written_twice_is_the_same_text_and_names_no_place(made: Made, run: Run, tmp_path: Path) -> None:
    folder_files.write_scenario(run.scenario, tmp_path / "again.yaml", beside={"margins": "population.yaml"})
    text = (run.path / "scenario.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "again.yaml").read_text(encoding="utf-8") == text
    assert "样例县" in text
    assert str(Path(str(made.plan.population.margins)).parent) not in text


def test_manifest_says_what_the_run_is_made_of(made: Made, run: Run) -> None:
    manifest = run.manifest
    assert (manifest["format"], manifest["seed"], manifest["threads"]) == (1, SEED, 2)
    assert manifest["draws"] == {"count": DRAWS, "first": 0}
    assert manifest["packages"]["numpy"] == np.__version__
    assert set(manifest["inputs"]) == {"scenario", "base 1", "exit_standard", "margins"}
    assert manifest["inputs"]["base 1"]["file"] == "xiangyin-2016.yaml"
    assert len(manifest["inputs"]["margins"]["sha256"]) == 64
    assert manifest["population"]["count_unit"] == "1 household"
    assert manifest["population"]["synthetic_households"] == 600
    assert manifest["sizes"]["household"] == 600
    assert set(manifest["files"]) == set(names(run.path)) - {"manifest.json"}
    assert str(Path.home()) not in json.dumps(manifest)


def test_several_scenarios_in_one_folder(made: Made, tmp_path: Path) -> None:
    other = read_scenario("sample", overrides=["code=none", "measures.industry.active=false"])
    results = run_scenarios(made.register, (made.plan, other), Settings(range(2), 1))
    place = write_run(results, tmp_path / "both", register=made.register, record=Record(1))
    with open_run(place) as run:
        assert [plan.code for plan in run.scenarios] == ["sample", "none"]
        patterns, table = run.patterns(), run.households()
    assert table is not None
    assert patterns["scenario"].cat.categories.tolist() == ["sample", "none"]
    assert patterns.groupby("scenario", observed=True)["persons"].sum().tolist() == [1980 * 2 * 5] * 2
    assert table.loc[table["scenario"] == "none", "receives_industry"].max() == 0


class Broken(Exception):
    pass


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["write_patterns", "write_households", "write_manifest"])
def test_failure_leaves_nothing(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: type[BaseException]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(folder_module, step, fail)
    with pytest.raises(error):
        write(made, tmp_path / "deep" / "run")
    assert names(tmp_path) == []


def test_failure_keeps_the_run_that_was_there(made: Made, tmp_path: Path) -> None:
    target = write(made, tmp_path / "run")
    before = (target / "manifest.json").read_bytes()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(made, target, before=stop)
    assert names(tmp_path) == ["run"]
    assert (target / "manifest.json").read_bytes() == before


def test_failure_of_the_last_rename_puts_the_old_run_back(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write(made, tmp_path / "run")
    before, rename = names(target), Path.rename

    def fail(self: Path, other: Path) -> Path:
        if ".part-" in self.name:
            raise OSError("no more")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no more"):
        write(made, target)
    assert names(tmp_path) == ["run"]
    assert names(target) == before


def test_a_previous_run_is_replaced_with_everything_in_it(made: Made, tmp_path: Path) -> None:
    target = write(made, tmp_path / "run")
    old = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    (target / "manifest.json").write_text(json.dumps({**old, "files": {**old["files"], "more.nc": {}}}))
    (target / "more.nc").write_text("of an older povsim")
    (target / ".DS_Store").write_text("")
    results = run_scenarios(made.register, (made.plan,), Settings(range(1), 1, household_summary=False))
    write_run(results, target, register=made.register, record=Record(9))
    assert names(tmp_path) == ["run"]
    assert not {"more.nc", "households.parquet", ".DS_Store"} & set(names(target))
    with open_run(target) as run:
        assert run.manifest["seed"] == 9


def test_an_empty_folder_is_used(made: Made, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert "manifest.json" in names(write(made, tmp_path / "run"))


def test_foreign_folders_and_files_are_refused(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.docx").write_text("years of work")
    with pytest.raises(InputError, match=r"exists and is not a povsim run; found thesis\.docx"):
        write(made, tmp_path / "own")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        write(made, tmp_path / "file")
    with pytest.raises(InputError, match="cannot be made; found file is a file"):
        write(made, tmp_path / "file" / "run")
    target = write(made, tmp_path / "run")
    (target / "my notes.txt").write_text("keep me")
    with pytest.raises(InputError, match=r"would delete; found my notes\.txt"):
        write(made, target)
    monkeypatch.chdir(target)
    for here in (".", "..", str(target)):
        with pytest.raises(InputError, match="is the folder you are in"):
            write(made, Path(here))
    assert (tmp_path / "own" / "thesis.docx").read_text() == "years of work"
    assert (target / "my notes.txt").read_text() == "keep me"
    assert names(tmp_path) == ["file", "own", "run"]


def test_leftovers_of_a_process_killed_outright_are_cleared(made: Made, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale, own = tmp_path / f".run.part-{gone.pid}", tmp_path / f".run.part-{os.getppid()}"
    young, old = tmp_path / ".run.part-999999999", tmp_path / f".run.old-{gone.pid}"
    for folder in (stale, own, young, old):
        folder.mkdir()
    for folder in (stale, own, old):
        os.utime(folder, (1, 1))
    write(made, tmp_path / "run")
    assert names(tmp_path) == sorted([own.name, young.name, "run"])


def test_opening_what_is_no_run_says_so(made: Made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_run(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is not a povsim run"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "html"}')
    with pytest.raises(InputError, match="is not a povsim run"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": 2, "povsim": "9.9"}')
    with pytest.raises(InputError, match=r"was written by a newer povsim; found 2; allowed: up to 1; update povsim"):
        open_run(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": 1, "povsim": "0.1.0"}')
    with pytest.raises(InputError, match=r"outcomes\.nc: is missing from the run"):
        open_run(tmp_path).outcomes  # noqa: B018


def test_assumptions_list_every_figure_in_both_languages(place: Path) -> None:
    frame = pd.read_csv(place / "assumptions.csv", keep_default_na=False)
    assert frame["path"].is_unique
    assert {"incomes.growth.wage", "targets.incidence.value", "margins.population.households"} <= set(frame["path"])
    assert (frame[["meaning_zh", "meaning_en", "value", "unit", "status", "source"]] != "").all().all()
    # A path in the place of a meaning says that nobody wrote what the figure stands for.
    assert not (frame["meaning_zh"] == frame["path"].str.removeprefix("margins.")).any()
    assert frame.loc[frame["path"] == "incomes.growth.wage", "value"].item().startswith("2016: 0.092; 2017:")
    slope = frame.loc[frame["path"] == "margins.income.source_slopes.wage", "value"].item()
    assert slope == "-0.14"
