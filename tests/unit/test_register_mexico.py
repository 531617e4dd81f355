"""The shipped mapping on real data, where these are at hand; no row of them is kept here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from povsim.register import check_register, describe_register, read_register

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "mexico_coneval2014_households.csv.gz"
MAPPING = ROOT / "scenarios" / "mexico-2014.mapping.yaml"
INDICATORS = {
    "food": "ic_ali",
    "health": "ic_asalud",
    "housing": "ic_cv",
    "education": "ic_rezedu",
    "basic_services": "ic_sbv",
    "social_security": "ic_segsoc",
}

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"real data not at hand: {DATA.name}")


@pytest.fixture(scope="module")
def register() -> xr.Dataset:
    return read_register(DATA, MAPPING)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(DATA)


def test_size_and_weights(register: xr.Dataset) -> None:
    assert register.sizes["household"] == 58_121
    assert int(register.weight.sum(dtype=np.int64)) == 32_149_140
    assert register.attrs["unit_of_persons"] == "households"
    assert (register.persons == 1).all()
    assert (register.status == 0).all()


def test_deprivations_equal_those_of_the_file(register: xr.Dataset, table: pd.DataFrame) -> None:
    assert register.guarantee.values.tolist() == list(INDICATORS)
    for code, heading in INDICATORS.items():
        here = register.deprived.sel(guarantee=code).values
        assert here.sum() == (table[heading] >= 0.5).sum()
        assert (here * register.weight.values).sum() == table.loc[table[heading] >= 0.5, "factor_hog"].sum()


def test_income_is_the_file_s(register: xr.Dataset, table: pd.DataFrame) -> None:
    expected = np.sort(12 * np.maximum(np.exp(table["ict_norm"]) - np.exp(table["ict_norm"].min()), 0))
    assert np.allclose(np.sort(register.income_total.values), expected, rtol=1e-6, atol=1e-3)
    assert (register.income_total == 0).sum() == 125


def test_localities_are_the_areas(register: xr.Dataset, table: pd.DataFrame) -> None:
    counts = np.bincount(register.household_village.values).tolist()
    assert counts == table["tam_loc"].value_counts().sort_index().tolist()
    assert register.name_en.values[3] == "under 2,500 inhabitants"
    townships = describe_register(register, lang="en")["township"]
    assert townships["households"].sum() == 32_149_140
    assert check_register(DATA, MAPPING) == []
