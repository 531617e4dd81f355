"""Each shipped scenario's main numbers against a file; `pytest tests/golden --update-golden` writes the files anew.

A change of a file needs a line "Results change:" in the changelog that says which numbers, by how much and why. The
Mexican scenario has no file: it needs a register that is not part of the project.
"""

import json
from pathlib import Path

import pytest

import povsim
from povsim.scenario import shipped_scenarios

HERE = Path(__file__).resolve().parent
CASES = {"sample": 20, "xiangyin-2016": 2}
"""Scenario and draws."""
COUNTS = (
    "poor_persons", "failing_persons", "exits", "wrong_exits", "relapses", "omissions", "newly_poor", "lasting_exits",
    "loans_outstanding", "arrears", "village_passes", "collective_projects",
)  # fmt: skip


def main_numbers(name, draws):
    """Return whole numbers of the county summed over draws, by year, and sums of money by measure."""
    plan = povsim.read_scenario(name)
    outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=draws, seed=1)
    one = outcomes.isel(scenario=0)
    county = {code: one[code].astype("int64").sum(["draw", "village"]).values.tolist() for code in COUNTS}
    by_status = one["persons"].astype("int64").sum(["draw", "village"]).transpose("status", "year")
    monitored = one["monitored_persons"].astype("int64").sum(["draw", "village"]).transpose("monitored_class", "year")
    money = one["spending"].sum(["draw", "village"]).transpose("measure", "year")
    return {
        "draws": draws,
        "seed": 1,
        "years": one["year"].values.tolist(),
        "county": county,
        "persons": dict(zip(one["status"].values.tolist(), by_status.values.tolist(), strict=True)),
        "monitored": dict(zip(one["monitored_class"].values.tolist(), monitored.values.tolist(), strict=True)),
        "spending": dict(zip(one["measure"].values.tolist(), money.values.tolist(), strict=True)),
    }


@pytest.mark.parametrize("name", CASES)
def test_main_numbers_are_those_of_the_file(name, update_golden):
    path = HERE / f"{name}.json"
    found = main_numbers(name, CASES[name])
    if update_golden:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def test_every_shipped_scenario_that_can_have_a_file_has_one():
    made_here = {name for name in shipped_scenarios() if povsim.read_scenario(name).population.margins}
    assert made_here == {path.stem for path in HERE.glob("*.json")} == set(CASES)
