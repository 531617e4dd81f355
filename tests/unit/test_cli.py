"""The command line as a planner meets it: in one process where that will do, in a real one where it matters."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from unicodedata import east_asian_width

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner, Result

import povsim
from povsim import cli_run
from povsim.cli import app
from povsim.cli_show import people_of
from povsim.outlook import forecast
from povsim.project import NATIONAL_COLUMNS, make_project
from povsim.register_words import is_personal
from povsim.wording import wording

COMMAND = [sys.executable, "-c", "from povsim.cli import main; main()"]
EN = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "COLUMNS": "", "PYTHONUTF8": "1"}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in EN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COLUMNS")
    monkeypatch.delenv("LC_MESSAGES", raising=False)


def call(*words: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env=env)


def started(*words: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *words], stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def names(folder: Path | str = ".") -> list[str]:
    return sorted(item.name for item in Path(folder).iterdir())


def columns(line: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


def project(name: str = "county") -> Path:
    make_project(name)
    return Path(name)


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom povsim.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'pandas', 'xarray', 'numba', 'pydantic', 'rich.console'} & set(sys.modules)))"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    # The aim is 0.6 s; the bound is generous because test machines are busy.
    assert time.perf_counter() - began < 3
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("run", "register", "assumptions", "scenarios", "init"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_in_the_language_asked_for(word: str) -> None:
    assert "模拟次数" in call("run", word, env={"LC_ALL": "zh_CN.UTF-8"}).output
    assert "模拟次数" in call("run", "--lang", "zh", word).output
    assert "检查台账" in call("--lang=zh", "register", word).output
    english = call("run", "--lang", "en", word, env={"LC_ALL": "zh_CN.UTF-8"}).output
    assert "how many simulated futures" in english
    assert not re.search("[\u4e00-\u9fff]", english)


def test_version() -> None:
    assert call("--version").output == f"povsim {povsim.__version__}\n"


def test_run_prints_the_forecast_and_writes_the_run() -> None:
    result = call("run", "sample", "--draws", "5", "--seed", "7")
    assert result.exit_code == 0, result.output
    assert "runs/sample" in result.stdout
    with povsim.open_run("runs/sample") as run:
        assert (run.manifest["seed"], run.manifest["draws"]["count"]) == (7, 5)
        table = forecast(run.outcomes, run.scenario).table
        size = len(names("runs/sample"))
    assert f"({size} files" in result.stdout
    for year, row in table.iterrows():
        line = next(line for line in result.stdout.splitlines() if line.startswith(str(year)))
        assert f"{100 * row['headcount_ratio']:.2f} %" in line
        assert f"{100 * row['low']:.2f}-{100 * row['high']:.2f} %" in line
        assert line.split()[5:8] == [f"{row[key]:,.0f}" for key in ("exits", "relapses", "wrong_exits")]
    assert "simulation spread, not sampling error" in result.stdout
    assert re.search(r"Of the scenario's \d+ figures \d+ are documented, \d+ estimated, \d+ assumed", result.stdout)
    assert "All households are synthetic" in result.stdout
    assert "simulating" in result.stderr
    assert "simulating" not in result.stdout


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_run_prints_fits_and_is_in_one_language(lang: str) -> None:
    result = call("run", "sample", "--draws", "3", "--lang", lang, "--no-households")
    assert result.exit_code == 0, result.output
    assert max(columns(line) for line in result.stdout.splitlines()) <= 100
    years = [line for line in result.stdout.splitlines() if re.match(r"20\d\d  ", line)]
    assert len(years) == 5
    words = result.stdout.replace("样例县", "").replace("povsim assumptions sample", "").replace("runs/sample", "")
    if lang == "en":
        assert not re.search("[\u4e00-\u9fff]", words)
        assert "million" in words
        assert "yuan per" in words
    else:
        assert not re.search("[A-Za-z]{3,}", words.replace("MB", "").replace("kB", ""))
        assert "(万元)" in words


def test_a_narrow_terminal_loses_no_digit() -> None:
    wide = call("run", "sample", "--draws", "3", "--no-households").stdout
    narrow = call("run", "sample", "--draws", "3", "--no-households", env={"COLUMNS": "60"}).stdout
    assert re.findall(r"^20\d\d .*", wide, re.MULTILINE) == re.findall(r"^20\d\d .*", narrow, re.MULTILINE)


def test_a_run_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    for name, seed, threads in (("a", "1", "1"), ("b", "1", "2"), ("c", "2", "2")):
        assert call("run", "sample", "--draws", "3", "--seed", seed, "--threads", threads, "--out", name).exit_code == 0
    assert Path("a/patterns.parquet").read_bytes() == Path("b/patterns.parquet").read_bytes()
    assert Path("a/patterns.parquet").read_bytes() != Path("c/patterns.parquet").read_bytes()


def test_no_households_writes_no_table_of_households() -> None:
    assert call("run", "sample", "--draws", "1", "--no-households").exit_code == 0
    assert "households.parquet" not in names("runs/sample")


def test_set_changes_an_entry_and_is_recorded() -> None:
    result = call(
        "run", "sample", "--draws", "1", "--set", "measures.dibao.active=false", "--set", "years=[2016, 2017]"
    )
    assert result.exit_code == 0, result.output
    with povsim.open_run("runs/sample") as run:
        assert run.scenario.measures["dibao"].active is False
        assert run.scenario.years == (2016, 2017)
        assert run.manifest["overrides"] == ["measures.dibao.active=false", "years=[2016, 2017]"]
        assert "dibao" not in run.outcomes["measure"].values


def test_set_with_a_slip_of_the_pen_names_the_nearest_entry() -> None:
    result = call("run", "sample", "--set", "measures.industri.active=false")
    assert result.exit_code == 2
    assert "did you mean 'industry'?" in result.stderr
    assert "Traceback" not in result.output
    assert names() == []


def test_an_unknown_scenario_names_the_nearest_one() -> None:
    result = call("run", "sampel")
    assert result.exit_code == 2
    assert result.stderr.count("did you mean 'sample'?") == 1


@pytest.mark.parametrize(
    "words", [("--draws", "0"), ("--threads", "0"), ("--seed", "-1"), ("--draws", "70000"), ("--lang", "fr")]
)
def test_impossible_numbers_are_refused(words: tuple[str, ...]) -> None:
    assert call("run", "sample", *words).exit_code == 2
    assert names() == []


def test_a_mapping_without_a_register_is_refused() -> None:
    folder = project()
    result = call("run", "sample", "--mapping", folder / "mapping.yaml")
    assert result.exit_code == 2
    assert "add --register" in result.stderr


def test_a_foreign_folder_is_refused_before_anything_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_run, "run_scenarios", lambda *_, **__: pytest.fail("simulated"))
    Path("results").mkdir()
    Path("results/letter.txt").write_text("mine")
    result = call("run", "sample", "--out", "results")
    assert result.exit_code == 2
    assert "exists and is not a povsim run; found letter.txt" in result.stderr
    assert Path("results/letter.txt").read_text() == "mine"


def test_a_run_replaces_the_run_before() -> None:
    for seed in ("1", "2"):
        assert call("run", "sample", "--draws", "1", "--seed", seed, "--out", "out").exit_code == 0
    with povsim.open_run("out") as run:
        assert run.manifest["seed"] == 2
    assert names() == ["out"]


def test_a_full_disk_is_told_in_a_line_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("povsim.folder.write_patterns", full)
    result = call("run", "sample", "--draws", "1")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("a file could not be read or written: [Errno 28] No space left")
    assert names() == []


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    pytest.fail(f"never said {word!r}")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_signal_ends_a_run_and_leaves_nothing(number: signal.Signals, threads: str) -> None:
    process = started("run", "sample", "--draws", "60000", "--threads", threads, "--no-households")
    wait_for(process, "simulating")
    time.sleep(1.0)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Stopped; nothing half-written is left behind."
    assert "Traceback" not in err
    assert out == ""
    assert names() == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_while_writing_keeps_the_run_before() -> None:
    assert call("run", "sample", "--draws", "1", "--out", "out").exit_code == 0
    before = Path("out/manifest.json").read_bytes()
    slow = (
        "import time, povsim.folder as folder\n"
        "def wait(*a, **k):\n    import sys; print('half-way', file=sys.stderr, flush=True); time.sleep(60)\n"
        "folder.write_households = wait\nfrom povsim.cli import main; main()"
    )
    words = [sys.executable, "-c", slow, "run", "sample", "--draws", "2", "--out", "out"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(process, "half-way")
    assert names() == [f".out.part-{process.pid}", "out"]
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert names() == ["out"]
    assert Path("out/manifest.json").read_bytes() == before


def test_a_pipe_that_is_closed_is_no_error() -> None:
    process = started("assumptions", "sample")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert "Traceback" not in err


def test_project_runs_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    made = call("init", "county")
    assert made.exit_code == 0, made.output
    assert names("county") == ["mapping.yaml", "margins.yaml", "plan.yaml", "register.csv"]
    commands = [line.strip() for line in made.stdout.splitlines() if line.startswith("  ")]
    assert commands[0] == "cd county"
    monkeypatch.chdir("county")
    for command in commands[1:]:
        # What is printed as the next step has to work as it is printed.
        result = call(*command.split()[1:], *(["--draws", "2"] if " run " in command else []))
        assert result.exit_code == 0, result.output
    with povsim.open_run("runs/county") as run:
        population = run.manifest["population"]
        assert set(run.manifest["inputs"]) == {"scenario", "exit_standard", "margins", "mapping", "register"}
    assert population["dropped_personal_columns"] == ["姓名", "证件号码", "联系电话"]
    assert population["synthetic_households"] == 530
    assert population["missing"]["housing_area"]["count"] == 70
    again = call("run", "runs/county/scenario.yaml", "--register", "register.csv", "--draws", "2", "--out", "again")
    assert again.exit_code == 0, again.output
    for name in ("patterns.parquet", "scenario.yaml"):
        assert Path("again", name).read_bytes() == Path("runs/county", name).read_bytes()


def test_project_explains_every_block_in_both_languages() -> None:
    text = (project() / "plan.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    data = yaml.safe_load(text)
    for key in (set(data) | {f"  {name}" for name in data["measures"]}) - {"name_zh", "name_en", "note_zh", "note_en"}:
        place = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
        indent = len(key) - len(key.lstrip())
        above = []
        while lines[place - 1].startswith(" " * indent + "#"):
            place -= 1
            above.append(lines[place])
        assert any(re.search("[\u4e00-\u9fff]", line) for line in above), key
        assert any(re.search("[a-z]{3,}", line) and not re.search("[\u4e00-\u9fff]", line) for line in above), key


def test_sample_register_is_national_and_obviously_made_up() -> None:
    with (project() / "register.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == NATIONAL_COLUMNS
    assert len(NATIONAL_COLUMNS) == 26
    assert len(rows) == 231
    assert {row["证件号码"] for row in rows} == {"0" * 18}
    assert {row["联系电话"] for row in rows} == {"0" * 11}
    assert all(row["姓名"].startswith("虚构") for row in rows)
    assert [name for name in NATIONAL_COLUMNS if is_personal(name)] == ["姓名", "证件号码", "联系电话"]
    for row in rows:
        assert sum(other["户编号"] == row["户编号"] for other in rows) == int(row["人数"])


def test_sample_register_says_what_the_sample_county_is() -> None:
    register = povsim.read_register(project() / "register.csv", "county/mapping.yaml")
    whole = povsim.synthesise_register("sample", seed=1)
    listed = whole.isel(household=(whole["status"] > 0).values)
    for name in ("persons", "workers", "ill", "disabled"):
        assert int(register[name].sum()) == int(listed[name].sum()), name
    # In this layout a pupil who dropped out is no pupil.
    dropped = int(listed["deprived"].sel(guarantee="schooling").sum())
    assert int(register["students"].sum()) == int(listed["students"].sum()) - dropped
    for name in ("housing", "water", "insurance", "schooling"):
        there = register["deprived"].sel(guarantee=name).sum()
        assert int(there) == int(listed["deprived"].sel(guarantee=name).sum()), name


def test_init_refuses_a_folder_with_something_in_it_and_takes_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("full").mkdir()
    Path("full/plan.yaml").write_text("mine")
    result = call("init", "full")
    assert result.exit_code == 2
    assert "is not empty; found plan.yaml" in result.stderr
    assert names("full") == ["plan.yaml"]
    assert Path("full/plan.yaml").read_text() == "mine"
    Path("empty").mkdir()
    monkeypatch.chdir("empty")
    assert call("init", ".").exit_code == 0
    assert "plan.yaml" in names()
    assert povsim.read_scenario("plan.yaml").code == "empty"


def test_init_that_fails_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def fail(self: Path, *words: object, **more: object) -> int:
        if self.name == "register.csv":
            raise OSError(28, "No space left on device")
        return write(self, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", fail)
    assert call("init", "deep/county").exit_code == 1
    assert names() == []


def spoiled(folder: Path) -> Path:
    text = (folder / "register.csv").read_text(encoding="utf-8-sig")
    rows = text.splitlines()
    rows[1] = rows[1].replace("五保贫困户", "=HYPERLINK(1)")
    rows[3] = rows[3].replace(",是,未脱贫", ",也许,未脱贫").replace(",是,已脱贫", ",也许,已脱贫")
    (folder / "bad.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "bad.csv"


def test_check_of_a_sound_register_is_zero() -> None:
    folder = project()
    result = call("register", "check", folder / "register.csv", "--mapping", folder / "mapping.yaml", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "没有问题" in result.stdout
    assert "6 个村 70 户 231 人" in result.stdout
    assert "姓名, 证件号码, 联系电话" in result.stdout


def test_check_of_a_faulty_register_is_one_and_its_report_runs_no_formula() -> None:
    folder = project()
    words = ("register", "check", spoiled(folder), "--mapping", folder / "mapping.yaml", "--report", "problems.csv")
    result = call(*words)
    assert result.exit_code == 1
    assert "problem(s)" in result.stdout
    assert "也许" in result.stdout
    with Path("problems.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert any("=HYPERLINK" in cell for row in rows for cell in row.values())
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert {row["row"] for row in rows if row["row"]} >= {"2", "4"}


def test_check_without_problems_leaves_an_empty_report_and_never_overwrites_the_register() -> None:
    folder = project()
    register, mapping = folder / "register.csv", folder / "mapping.yaml"
    before = register.read_bytes()
    assert call("register", "check", register, "--mapping", mapping, "--report", "problems.csv").exit_code == 0
    assert len(Path("problems.csv").read_text(encoding="utf-8-sig").splitlines()) == 1
    for file in (register, mapping):
        result = call("register", "check", register, "--mapping", mapping, "--report", file)
        assert result.exit_code == 2
        assert "is the file that is being checked" in result.stderr
    assert register.read_bytes() == before


def test_check_of_no_file_is_one() -> None:
    result = call("register", "check", "nowhere.csv")
    assert result.exit_code == 1
    assert "does not exist" in result.stdout


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("按乡镇", "未脱贫", "因病")), ("en", ("by township", "registered", "illness"))]
)
def test_describe(lang: str, words: tuple[str, ...]) -> None:
    folder = project()
    result = call("register", "describe", folder / "register.csv", "--mapping", folder / "mapping.yaml", "--lang", lang)
    assert result.exit_code == 0, result.output
    for word in words:
        assert word in result.stdout
    assert re.search(r"西乡\s+43\s+147", result.stdout)


def test_describe_of_a_faulty_register_is_refused() -> None:
    folder = project()
    result = call("register", "describe", spoiled(folder), "--mapping", folder / "mapping.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_assumptions_by_status_and_as_a_file() -> None:
    shown = call("assumptions", "sample", "--status", "documented")
    assert "microcredit: largest loan: 50,000 yuan per household [documented]" in shown.stdout
    assert "[assumed]" not in shown.stdout
    assert "扶贫小额信贷：贷款上限：50,000 元/户 [有出处]" in call("assumptions", "sample", "--lang", "zh").stdout
    assert call("assumptions", "sample", "--csv", "a.csv", "--status", "assumed").exit_code == 0
    frame = pd.read_csv("a.csv")
    assert set(frame["status"]) == {"assumed"}
    assert frame["path"].str.startswith("margins.").any()
    assert names() == ["a.csv"]


def test_assumptions_never_overwrite_the_scenario() -> None:
    plan = project() / "plan.yaml"
    before = plan.read_bytes()
    assert call("assumptions", plan, "--csv", plan).exit_code == 2
    assert plan.read_bytes() == before


def test_numbers_of_assumptions_agree_with_what_run_says() -> None:
    listed = call("assumptions", "sample").stdout
    told = call("run", "sample", "--draws", "1", "--no-households").stdout
    found = re.search(r"(\d+) figures, (\d+) documented, (\d+) estimated, (\d+) assumed", listed)
    said = re.search(r"(\d+) figures (\d+) are documented, (\d+) estimated, (\d+) assumed", told)
    assert found is not None
    assert said is not None
    assert found.groups() == said.groups()
    assert int(found[1]) == sum(int(number) for number in found.groups()[1:])


def test_scenarios_lists_what_ships_and_what_it_needs() -> None:
    lines = call("scenarios").stdout.splitlines()
    assert any(line.startswith("sample ") and "nothing" in line for line in lines)
    assert any(line.startswith("mexico-2014 ") and "a register file" in line for line in lines)


def test_a_scenario_that_needs_a_register_says_so() -> None:
    result = call("run", "mexico-2014")
    assert result.exit_code == 2
    assert "--register FILE" in result.stderr
    assert names() == []


def test_households_without_sizes_are_not_called_persons() -> None:
    register = povsim.complete_population(povsim.read_scenario("sample"))
    say = wording("en", "commands")
    assert people_of(register, say) == "600 households, 1,980 persons"
    counted = register.assign(weight=register["weight"] * 50).assign_attrs(unit_of_persons="households")
    assert people_of(counted, say) == "30,000 households (sizes not known)"


def test_manifest_has_no_place_of_this_machine() -> None:
    folder = project()
    call("run", folder / "plan.yaml", "--register", folder / "register.csv", "--draws", "1", "--out", "out")
    for name in ("manifest.json", "scenario.yaml", "assumptions.csv"):
        assert str(Path.cwd()) not in Path("out", name).read_text(encoding="utf-8")
    assert json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["scenarios"] == ["county"]
