"""Numbers that other programs print for household files; the files are read where they lie, none is in the package."""

import numpy as np
import pandas as pd
import pytest

from povsim import poverty
from tests.conftest import DATA

EUSILC = DATA / "eusilc_synthetic.csv.gz"
NLSY = DATA / "nlsy_teen_poverty_5waves.csv"


@pytest.fixture(scope="module")
def silc():
    if not EUSILC.is_file():
        pytest.skip(f"household file not at hand: {EUSILC.name}")
    return pd.read_csv(EUSILC)


@pytest.fixture(scope="module")
def sample(silc):
    return silc["eqIncome"].to_numpy(), silc["rb050"].to_numpy()


def test_laeken_threshold(sample):
    assert round(poverty.at_risk_threshold(sample[0], weight=sample[1]), 2) == 10859.24


@pytest.mark.parametrize(
    ("fraction", "percent", "digits"), [(0.6, 14.44422, 5), (0.4, 4.766885, 6), (0.5, 7.988134, 6), (0.7, 21.85638, 5)]
)
def test_laeken_rate(sample, fraction, percent, digits):
    assert round(100 * poverty.at_risk_rate(sample[0], weight=sample[1], fraction=fraction), digits) == percent


def test_laeken_quintile_ratio(sample):
    assert round(poverty.quintile_ratio(sample[0], weight=sample[1]), 6) == 3.970004


def test_laeken_median_gap(sample):
    assert round(100 * poverty.median_gap(sample[0], weight=sample[1]), 4) == 18.9286


def test_two_published_conventions_of_gini(sample):
    income, weight = sample
    assert round(100 * poverty.gini(income, weight=weight), 5) == 26.48962
    # published 26.49652 is cut off, not rounded: 26.496529
    assert 26.49652 <= 100 * poverty.gini(income, weight=weight, convention="upper") < 26.49653


def test_the_register_of_errors_on_a_real_design(silc, sample):
    """Persons of one household are alike: an error that takes them one by one is too small."""
    income, weight = sample
    strata, homes = silc["db040"].to_numpy(), silc["db030"].to_numpy()
    whole = poverty.Design(weight=weight, stratum=strata, cluster=homes)
    single = poverty.Design(weight=weight)
    for measure in (poverty.at_risk_rate, poverty.gini):
        found = poverty.standard_error(measure, income, design=whole)
        assert found.degrees_of_freedom == silc["db030"].nunique() - silc["db040"].nunique()
        assert 1.3 < found.error / poverty.standard_error(measure, income, design=single).error < 2.2
        assert found.low < found.value < found.high


def test_spell_hazards_of_teenagers():
    if not NLSY.is_file():
        pytest.skip(f"household file not at hand: {NLSY.name}")
    waves = pd.read_csv(NLSY)[[f"pov{wave}" for wave in range(1, 6)]].to_numpy().T
    found = poverty.spell_hazards(waves)
    assert np.round(found.exit[:3], 3).tolist() == [0.572, 0.432, 0.255]
    assert np.round(found.reentry[:3], 3).tolist() == [0.315, 0.203, 0.211]
    assert found.exit_at_risk[:3].tolist() == [580, 169, 55]
