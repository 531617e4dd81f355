"""Published figures of real panels: exits and entries, and the effect of a randomised measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import povsim
from povsim.poverty import spell_hazards
from tests.conftest import DATA


def panel(name: str):
    """Return a mapped panel, or skip where the file is not in this checkout."""
    file: Path = DATA / name
    if not file.is_file():
        pytest.skip(f"the panel is not in this checkout: ../shared/data/{name}")
    return povsim.read_panel(file)


@pytest.fixture(scope="module")
def pakistan():
    """The graduation trial."""
    return panel("pakistan_graduation_long.csv")


@pytest.fixture(scope="module")
def bangladesh():
    """Two waves seven years apart."""
    return panel("bangladesh_9198_panel.csv")


def test_exits_of_the_graduation_trial(pakistan) -> None:
    found = povsim.measure_effects(pakistan)
    exits = next(one for one in found.found if (one.outcome, one.years) == ("exit", 2.0))
    # published with three decimals: .304 and .238
    assert exits.treated == pytest.approx(0.304, abs=0.0006)
    assert exits.control == pytest.approx(0.238, abs=0.0006)
    assert exits.effect == pytest.approx(exits.treated - exits.control)
    # two shares of about a quarter among 161 and 168: sqrt(p q / n) of both
    by_hand = np.sqrt(0.304 * 0.696 / 161 + 0.238 * 0.762 / 168)
    assert exits.error == pytest.approx(by_hand, rel=0.02)
    assert exits.households == (161, 168)


def test_the_graduation_trial_raised_consumption_after_two_years(pakistan) -> None:
    # Banerjee et al. 2015, doi:10.1126/science.1260799, pooled over six countries: consumption, food and assets rose
    found = {(one.outcome, one.wave): one for one in povsim.measure_effects(pakistan, method="baseline").found}
    for outcome in ("log_income", "food_consumption", "assets"):
        assert found[outcome, "end"].low > 0


def test_the_trial_was_by_lot_so_the_arms_are_alike_in_consumption(pakistan) -> None:
    balance = {one.covariate: one for one in povsim.measure_effects(pakistan).balance}
    assert abs(balance["log_income"].before) < 0.1
    assert abs(balance["food_security"].before) < 0.1


def test_exits_and_entries_over_seven_years_in_bangladesh(bangladesh) -> None:
    line, weight = bangladesh.attrs["line"], bangladesh["weight"].values
    before, after = (bangladesh["income"].values[:, wave] < line for wave in (0, 1))
    leaving = (weight * (before & ~after)).sum() / (weight * before).sum()
    entering = (weight * (~before & after)).sum() / (weight * ~before).sum()
    # .668 and .131; which household stands at a weighted median is a convention, and one household is .0008
    assert leaving == pytest.approx(0.668, abs=0.0012)
    assert entering == pytest.approx(0.131, abs=0.0012)


def test_two_waves_give_bounds_and_say_so(bangladesh) -> None:
    found = povsim.calibrate(bangladesh, draws=20)
    assert found.total.known == "bounds"
    assert {"note.bounds.two", "note.consumption"} <= {note.key for note in found.notes}
    total, own = found.total, list(found.total.covariances.values())
    # with rho unknown the permanent part is at most the covariance of the waves
    assert total.bounds["permanent"][1] == pytest.approx(own[1] / ((own[0] + own[2]) / 2))


def test_the_controls_of_the_trial_can_barely_be_calibrated(pakistan) -> None:
    found = povsim.calibrate(pakistan, draws=20)
    assert found.total.known == "estimated"
    assert found.total.households == 393
    assert {"note.barely", "note.treated", "note.unsteady"} <= {note.key for note in found.notes}


def test_spells_of_young_women() -> None:
    spells = panel("nlsy_teen_poverty_5waves.csv")
    assert dict(spells.sizes) == {"unit": 1151, "wave": 5}
    hazards = spell_hazards(spells["poor"].values.T == 1)
    assert np.round(hazards.exit[:3], 3).tolist() == [0.572, 0.432, 0.255]
    assert np.round(hazards.reentry[:3], 3).tolist() == [0.315, 0.203, 0.211]
