"""What several test files share: the sample county, its plan, and short ways to run it."""

from pathlib import Path

import pytest
from hypothesis import settings

import povsim

# the first example may have to compile: no deadline
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"

ALL_OFF = {f"measures.{code}.active": False for code in povsim.read_scenario("sample").measures}
"""Every measure of the sample off. What only holders of another measure may have cannot be on without it."""


def only(*codes):
    """Return overrides that leave these measures of the sample on and no other."""
    return {path: value for path, value in ALL_OFF.items() if path.split(".")[1] not in codes}


def pytest_addoption(parser):
    """Add the flag that writes golden files anew."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def update_golden(request):
    """Whether golden files are to be written anew."""
    return request.config.getoption("--update-golden")


@pytest.fixture(scope="session")
def sample():
    """The plan of the sample county."""
    return povsim.read_scenario("sample")


@pytest.fixture(scope="session")
def people(sample):
    """The population of the sample county: 600 households in six villages."""
    return povsim.complete_population(sample)


@pytest.fixture(scope="session")
def bare():
    """The sample county without any measure."""
    return povsim.read_scenario("sample", overrides=ALL_OFF)


def quantity(value, unit):
    """Return an entry of a scenario made up for a test."""
    return {"value": value, "unit": unit, "source": "test", "status": "assumed"}


def flat_transfer(amount, **more):
    """Return a flat transfer to everybody, made up for a test."""
    everybody = ["never_registered", "registered", "exited", "relapsed", "monitored"]
    return {
        "type": "transfer",
        "name_zh": "普惠补助",
        "name_en": "flat transfer",
        "years": [2016, 2020],
        "eligible": {"status": everybody},
        "take_up": quantity(1.0, "share"),
        "amount": quantity(amount, "yuan per recipient and year"),
        "payer": {"name_zh": "财政", "name_en": "budget"},
        **more,
    }
