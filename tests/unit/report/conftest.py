"""A small run with names that nobody would give a village, and its report."""

import numpy as np
import pytest

import povsim
from povsim.folder import write_run
from povsim.folder_manifest import Record
from povsim.report.contents import contents
from povsim.report.wanted import Plain
from povsim.runs import Settings, run_scenarios
from povsim.views.digests import prepare
from tests.unit.report.poisoned import FORMULA, MARKUP, PLAN, YEAR


def run(people, folder, **overrides):
    """Write a run: a township is called by a formula, a village by markup, the plan by a script."""
    plan = povsim.read_scenario("sample", overrides={"name_zh": PLAN, "name_en": PLAN, **overrides})
    townships, names = (people[name].to_numpy().astype(object) for name in ("township", "name_zh"))
    townships, names[0] = np.where(townships == "东镇", FORMULA, townships).astype(str), MARKUP
    villages = np.array([f"{town}/{name}" for town, name in zip(townships, names, strict=True)], dtype=str)
    called = {"village": ("village", villages), "township": ("village", townships)}
    poisoned = people.assign_coords(called).assign(name_zh=("village", names.astype(str)))
    results = run_scenarios(poisoned, (plan,), Settings(range(6), seed=1))
    write_run(results, folder, register=poisoned, record=Record(seed=1))
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, people):
    """A run with names that nobody would give."""
    return run(people, tmp_path_factory.mktemp("runs") / "poisoned")


@pytest.fixture(scope="session")
def leaner(tmp_path_factory, people):
    """The digest of a leaner plan on the same luck."""
    overrides = {"code": "leaner", "measures.dibao_new.active": False}
    folder = run(people, tmp_path_factory.mktemp("runs") / "leaner", **overrides)
    return prepare(folder, tmp_path_factory.mktemp("digests"))


@pytest.fixture(scope="session")
def digest(run_folder, tmp_path_factory):
    """The digest of the run."""
    return prepare(run_folder, tmp_path_factory.mktemp("digests"))


@pytest.fixture(scope="session")
def wanted():
    """What the report is asked for."""
    return Plain(year=YEAR)


@pytest.fixture(scope="session")
def reports(digest, wanted):
    """The report in Chinese and in English."""
    return [contents(digest, wanted, lang) for lang in ("zh", "en")]
