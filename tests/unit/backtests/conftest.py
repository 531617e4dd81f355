"""A nation in a tenth of its households, for tests of back-tests."""

from pathlib import Path

import pytest

from povsim.backtests.nation import backtest_nation
from povsim.backtests.nation_plans import make_plans
from povsim.backtests.nation_runs import run_plans
from povsim.backtests.nation_spec import read_nation

SMALL = """
base: china
code: small
name_zh: 小样本
name_en: small sample
start:
  population.households: {value: 2000, unit: households, source: test, status: assumed}
  population.persons: {value: 6600, unit: persons, source: test, status: assumed}
  registration.households: {value: 200, unit: households, source: test, status: assumed}
  registration.persons: {value: 609, unit: persons, source: test, status: assumed}
"""
DRAWS = 3


@pytest.fixture(scope="session")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the small nation, as a user writes one on top of a shipped one."""
    path = tmp_path_factory.mktemp("nation") / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small(small_file: Path):
    """The small nation."""
    return read_nation(small_file)


@pytest.fixture(scope="session")
def small_plans(small):
    """Its start and plans."""
    return make_plans(small)


@pytest.fixture(scope="session")
def small_paths(small, small_plans):
    """Its simulation."""
    return run_plans(small, small_plans, draws=DRAWS, seed=1)


@pytest.fixture(scope="session")
def result(small):
    """Its back-test."""
    return backtest_nation(small, draws=DRAWS, seed=1)
