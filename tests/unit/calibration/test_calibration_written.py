"""A calibration as a file: read_scenario takes it, and it runs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml

import povsim
from povsim.calibration import calibration_yaml
from povsim.calibration.simulated import Setting, simulated_panel
from povsim.errors import InputError

SMALL = Setting(households=600, clusters=120)


@pytest.fixture(scope="module")
def found():
    """The calibration of a panel of five waves."""
    return povsim.calibrate(simulated_panel(SMALL, seed=3), draws=40)


def read(text: str, folder):
    file = folder / "calibrated.yaml"
    file.write_text(text, encoding="utf-8")
    return povsim.read_scenario(file)


def test_a_scenario_stands_on_its_base_with_the_incomes_of_the_panel(found, tmp_path) -> None:
    plan, base = read(calibration_yaml(found, base="sample"), tmp_path), povsim.read_scenario("sample")
    assert plan.code == "sample-calibrated"
    assert plan.incomes.growth == base.incomes.growth
    assert plan.incomes.common == base.incomes.common
    assert plan.measures == base.measures
    wage = plan.incomes.wage
    for name in ("permanent", "persistent", "transitory", "error", "rho"):
        assert getattr(wage, name).value == pytest.approx(getattr(found.total, name), abs=2e-4)
    assert plan.incomes.business == wage
    assert (wage.error.status, wage.transitory.status, wage.rho.status) == ("assumed", "estimated", "estimated")
    assert "simulated panel (made up): autocovariances of log income per head" in wage.permanent.source
    assert "95 % interval" in wage.permanent.note
    assert wage.log_sd is None


def test_it_runs_and_its_incomes_count(found, tmp_path) -> None:
    plan = read(calibration_yaml(found, base="sample"), tmp_path)
    people = povsim.complete_population(plan)
    mine, base = (
        povsim.simulate(people, one, draws=range(6), seed=1)["poor_persons"].values
        for one in (plan, povsim.read_scenario("sample"))
    )
    assert mine.sum() > 0
    assert (mine != base).any()


def test_another_plan_stands_on_the_file(found, tmp_path) -> None:
    (tmp_path / "incomes.yaml").write_text(calibration_yaml(found, base="sample"), encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(
        "base: incomes.yaml\ncode: mine\nname_zh: 甲\nname_en: mine\n", encoding="utf-8"
    )
    plan = povsim.read_scenario(tmp_path / "plan.yaml")
    assert plan.code == "mine"
    assert "simulated panel" in plan.incomes.wage.rho.source


def test_shares_sum_to_one_whatever_is_rounded(found, tmp_path) -> None:
    rng = np.random.default_rng(1)
    for _ in range(8):
        shares = rng.dirichlet([1, 1, 1, 1])
        names = ("permanent", "persistent", "transitory", "error")
        total = dataclasses.replace(found.total, **dict(zip(names, shares, strict=True)))
        data = yaml.safe_load(calibration_yaml(dataclasses.replace(found, total=total), base="sample"))
        assert sum(data["incomes"]["wage"][name]["value"] for name in names) == pytest.approx(1.0, abs=1e-12)


def test_sources_are_written_where_the_panel_has_them(tmp_path) -> None:
    panel = simulated_panel(SMALL, seed=4)
    other = simulated_panel(dataclasses.replace(SMALL, trend=0.1), seed=5)
    both = panel.assign(wage=panel["income"], transfer=other["income"])
    found = povsim.calibrate(both, draws=20)
    plan = read(calibration_yaml(found, base="sample"), tmp_path)
    growth = plan.incomes.growth
    assert growth.wage.value == pytest.approx(np.expm1(found.trends["wage"][0]), abs=1e-4)
    assert growth.transfer.value == pytest.approx(np.expm1(found.trends["transfer"][0]), abs=1e-4)
    assert growth.wage.spread is not None
    assert growth.business == povsim.read_scenario("sample").incomes.growth.business
    assert "log wage income per head" in plan.incomes.wage.rho.source
    assert "log income per head" in plan.incomes.business.rho.source


def test_bounds_are_written_as_a_central_value_within_them(tmp_path) -> None:
    found = povsim.calibrate(simulated_panel(dataclasses.replace(SMALL, years=(0, 4)), seed=6), draws=20)
    plan = read(calibration_yaml(found, base="sample"), tmp_path)
    wage = plan.incomes.wage
    assert "the panel only says between" in wage.permanent.note
    assert wage.rho.status == "assumed"
    spread = wage.persistent.spread
    assert spread is not None
    assert found.total.bounds["persistent"][0] <= spread.low < wage.persistent.value < spread.high
    assert spread.high <= found.total.bounds["persistent"][1]


def test_a_stated_rho_is_assumed_and_not_drawn(tmp_path) -> None:
    found = povsim.calibrate(simulated_panel(SMALL, seed=7), rho=0.7, draws=20)
    rho = read(calibration_yaml(found, base="sample"), tmp_path).incomes.wage.rho
    assert (rho.value, rho.status, rho.spread, rho.note) == (0.7, "assumed", None, "stated, not estimated")


def test_a_base_that_is_none(found) -> None:
    with pytest.raises(InputError, match="did you mean 'sample'"):
        calibration_yaml(found, base="sampel")
