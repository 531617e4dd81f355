"""Values of indicators: simulated, assumed, entered, nested; their origin; what cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

import povsim
from povsim.errors import InputError
from povsim.scoring.assumed import at_quantiles
from povsim.scoring.scores import score
from povsim.scoring.spread import spread_by_origin
from povsim.scoring.values import indicator_values
from tests.unit.scoring_samples import card, item, known


@pytest.fixture(scope="module")
def outcomes() -> xr.Dataset:
    plan = povsim.read_scenario("sample")
    return povsim.simulate(povsim.complete_population(plan), plan, draws=6)


def figure(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": "share", **known(), **more}


WIDE = {"type": "uniform", "low": 0.5, "high": 1.0}


def test_assumed_values_are_addressed_and_within_bounds(outcomes: xr.Dataset) -> None:
    small = card(item("a", 100, value_from={"assumed": figure(0.9, spread={"type": "normal", "sd": 0.2})}))
    first, again = indicator_values(outcomes, small, seed=3), indicator_values(outcomes, small, seed=3)
    other = indicator_values(outcomes, small, seed=4)
    array = first["value"].to_numpy()
    np.testing.assert_array_equal(array, again["value"].to_numpy())
    assert not np.array_equal(array, other["value"].to_numpy())
    assert 0 <= array.min() < array.max() <= 1
    one_year = indicator_values(outcomes.isel(year=[1], draw=[2]), small, seed=3)["value"].to_numpy()
    np.testing.assert_array_equal(array[:, 2:3, 1:2], one_year)
    assert first["value_origin"].item() == "assumed"


@pytest.mark.parametrize("kind", ["normal", "lognormal", "uniform", "triangular", "path"])
def test_many_quantiles_are_those_taken_one_by_one(kind: str) -> None:
    spreads: dict[str, Any] = {
        "normal": {"type": "normal", "sd": 0.1},
        "lognormal": {"type": "lognormal", "sd": 0.3},
        "uniform": {"type": "uniform", "low": 0.2, "high": 0.9},
        "triangular": {"type": "triangular", "low": 0.2, "high": 0.9},
        "path": {"type": "triangular", "low": -0.1, "high": 0.3},
    }
    value: Any = {2016: 0.4, 2018: 0.6} if kind == "path" else 0.5
    entry = povsim.quantity.Quantity.model_validate(figure(value, spread=spreads[kind]))
    chance = np.linspace(0.01, 0.99, 37)
    wanted = [entry.at_quantile(2018, float(each)) for each in chance]
    np.testing.assert_allclose(at_quantiles(entry, 2018, chance), wanted, rtol=1e-12)


def test_what_is_entered_goes_first_and_its_range_is_kept(outcomes: xr.Dataset) -> None:
    small = card(
        item("a", 50, value_from={"assumed": figure(0.5)}),
        item("b", 50, unit="ratio", value_from={"simulated": "exit_plan_completion"}, missing="rebase"),
    )
    unit = str(indicator_values(outcomes, small)["unit"].to_numpy()[0])
    table = pd.DataFrame(
        [
            {"unit": unit, "year": 2016, "indicator": "a", "value": 0.8},
            {"unit": unit, "year": 2017, "indicator": "a", "low": 0.6, "high": 0.7},
        ]
    )
    values = indicator_values(outcomes, small, entered=table)
    a = values["value"].sel(unit=unit, indicator="a").isel(scenario=0)
    assert a.sel(year=2016).to_numpy() == pytest.approx(0.8)
    ranged = a.sel(year=2017).to_numpy()
    assert 0.6 <= ranged.min() < ranged.max() <= 0.7
    assert a.sel(year=2018).to_numpy() == pytest.approx(0.5)
    assert values["value_source"].sel(unit=unit, indicator="a").to_numpy().tolist() == [1, 1, 2, 2, 2]
    assert values["value_origin"].to_numpy().tolist() == ["entered", "simulated"]


def test_the_spread_is_split_by_origin(outcomes: xr.Dataset) -> None:
    small = card(
        item("a", 50, value_from={"assumed": figure(0.8, spread=WIDE)}),
        item("b", 50, unit="ratio", value_from={"simulated": "exit_plan_completion"}, missing="rebase"),
    )
    scores = score(indicator_values(outcomes, small), small)
    found = spread_by_origin(scores).isel(scenario=0, scheme=0)
    variance = found["variance"].sum("origin").to_numpy()
    total = scores["total_before_vetoes"].isel(scenario=0, scheme=0).transpose("draw", "year", "unit").to_numpy()
    np.testing.assert_allclose(variance, total.astype(np.float64).var(axis=0), rtol=1e-4, atol=1e-5)
    assert (found["variance"].sel(origin="assumed") > 0).all()
    assert (found["variance"].sel(origin="entered") == 0).all()


def test_a_scorecard_within_another_gives_its_total(outcomes: xr.Dataset, tmp_path: Path) -> None:
    inner = card(item("a", 40, value_from={"assumed": figure(0.5)}), item("b", 60, value_from={"assumed": figure(1.0)}))
    path = tmp_path / "inner.yaml"
    data = inner.model_dump(mode="json", by_alias=True)
    data["scorecard"]["code"] = "inner"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    outer = card(
        item("own", 50, value_from={"assumed": figure(0.5)}), item("work", 50, value_from={"scorecard": str(path)})
    )
    values = indicator_values(outcomes, outer)
    assert values["value"].sel(indicator="work").to_numpy() == pytest.approx(0.8)
    assert values["value_origin"].to_numpy().tolist() == ["assumed", "scorecard"]
    assert score(values, outer)["total"].to_numpy() == pytest.approx(65)


def test_a_scorecard_within_itself_is_refused(outcomes: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "circle.yaml"
    circle = card(item("a", 100, value_from={"scorecard": str(path)}))
    path.write_text(yaml.safe_dump(circle.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    with pytest.raises(InputError, match="nested in a circle; found small > small"):
        indicator_values(outcomes, circle)


def test_units_of_a_level_that_is_not_simulated_have_to_be_entered(outcomes: xr.Dataset) -> None:
    small = card(item("a", 100))
    own = small.model_copy(update={"scorecard": small.scorecard.model_copy(update={"level": "department"})})
    with pytest.raises(InputError, match="units of level department are not simulated"):
        indicator_values(outcomes, own)
    table = pd.DataFrame({"unit": ["扶贫办"] * 5, "year": range(2016, 2021), "indicator": "a", "value": 0.7})
    scores = score(indicator_values(outcomes, own, entered=table), own)
    assert scores["unit"].to_numpy().tolist() == ["扶贫办"]
    assert scores["total"].to_numpy() == pytest.approx(70)


def test_a_value_to_date_is_carried_to_the_years_end(outcomes: xr.Dataset) -> None:
    profile = {
        "name_zh": "季度",
        "name_en": "quarters",
        "kind": "flow",
        "done": {3: 0.2, 6: 0.4, 9: 0.7, 12: 1.0},
        "persistence": 1.0,
        **known(),
    }
    small = card(
        item("a", 100, unit="ratio", profile="q", value_from={"assumed": {**figure(1.0), "unit": "ratio"}}),
        profiles={"q": profile},
    )
    unit = str(indicator_values(outcomes, small)["unit"].to_numpy()[0])
    table = pd.DataFrame([{"unit": unit, "year": 2016, "month": 6, "indicator": "a", "value": 0.3}])
    found = indicator_values(outcomes, small, entered=table)["value"].sel(unit=unit, year=2016).to_numpy()
    assert found == pytest.approx(0.75)


def test_units_of_a_scorecard_within_are_matched_by_name(outcomes: xr.Dataset, tmp_path: Path) -> None:
    def of_departments(small: Any, code: str) -> Any:
        head = small.scorecard.model_copy(update={"level": "department", "code": code})
        return small.model_copy(update={"scorecard": head})

    inner = of_departments(card(item("a", 100)), "inner")
    path = tmp_path / "inner.yaml"
    path.write_text(yaml.safe_dump(inner.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    outer = of_departments(
        card(item("own", 50), item("work", 50, value_from={"scorecard": str(path)}, missing="zero")), "outer"
    )

    def table(code: str, rows: dict[str, float]) -> pd.DataFrame:
        return pd.DataFrame(
            [
                {"unit": unit, "year": year, "indicator": code, "value": value}
                for unit, value in rows.items()
                for year in range(2016, 2021)
            ]
        )

    tables = {"outer": table("own", {"x": 1.0, "y": 1.0, "z": 1.0}), "inner": table("a", {"y": 0.2, "x": 0.6})}
    found = indicator_values(outcomes, outer, entered=tables)["value"].isel(scenario=0, draw=0, year=0)
    assert found.sel(indicator="work").to_numpy()[:2] == pytest.approx([0.6, 0.2])
    assert np.isnan(found.sel(indicator="work", unit="z"))
    with pytest.raises(InputError, match="is for no scorecard used here; found iner"):
        indicator_values(outcomes, outer, entered={"iner": tables["inner"]})


def test_peers_differ_in_number_and_share_their_luck(outcomes: xr.Dataset) -> None:
    spread = {"type": "uniform", "low": 2, "high": 8}
    peers = {
        "name_zh": "同类县",
        "name_en": "peers",
        "count": {"value": 5, "unit": "counties", "spread": spread, **known()},
        "share": figure(0.8, spread=WIDE),
        "common": 1.0,
        **known(),
    }
    items = [item(code, 50, value_from={"assumed": figure(0.5)}) for code in ("a", "b")]
    found = indicator_values(outcomes, card(*items, peers=peers))["peer_share"].transpose(
        "draw", "year", "peer", "indicator"
    )
    array = found.to_numpy()
    counts = (~np.isnan(array[..., 0])).sum(axis=-1)
    assert 2 <= counts.min() < counts.max() <= 8
    np.testing.assert_allclose(array[..., 0], array[..., 1], atol=1e-6)
