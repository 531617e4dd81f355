"""Two counties at once: each has its own shocks, and townships of the same name stay apart."""

import numpy as np
import xarray as xr

import povsim


def _two_counties(people):
    other = people.assign_coords(
        county=("village", np.full(people.sizes["village"], "邻县")),
        household=people["household"].values + 10**15,
        village=[f"邻县/{name}" for name in people["village"].values],
        household_village=("household", people["household_village"].values + people.sizes["village"]),
    )
    both = {}
    for name, array in people.variables.items():
        if name == "guarantee":
            continue
        both[name] = (array.dims, np.concatenate([array.values, other[name].values]))
    data = {name: values for name, values in both.items() if name in people.data_vars}
    coordinates = {name: values for name, values in both.items() if name in people.coords}
    return xr.Dataset(data, {**coordinates, "guarantee": people["guarantee"]}, people.attrs)


def test_counties_have_their_own_shocks_and_townships(people, bare):
    both = _two_counties(people)
    assert both.sizes["household"] == 1200
    wild = povsim.read_scenario(
        "sample",
        overrides={f"measures.{code}.active": False for code in bare.measures}
        | {"incomes.common.county_sd": 0.2, "incomes.common.village_sd": 0.0},
    )
    out = povsim.simulate(both, wild, draws=20)
    assert out.sizes["township_name"] == 4
    townships = povsim.ratios(out, "township")
    assert sorted(townships["township"].values.tolist()) == sorted(out["township_name"].values.tolist())
    income = povsim.ratios(out, "county")["mean_income"].isel(scenario=0, year=-1)
    a, b = (np.log(income.sel(county=name)) for name in income["county"].values)
    assert abs(float(np.corrcoef(a, b)[0, 1])) < 0.6
    assert (a - b).std() > 0.1
