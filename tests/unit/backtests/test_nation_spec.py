"""Files of back-tests: what they say, what is refused, and that they hold what was published."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from povsim.backtests.nation_plans import lines, make_plans, mean_path
from povsim.backtests.nation_spec import is_nation, read_nation, shipped_backtests
from povsim.errors import InputError

SERIES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "series"


def write(folder: Path, **changes: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"base": "china", "code": "mine", **changes}, allow_unicode=True), encoding="utf-8")
    return path


def entry(value: object, unit: str = "share of persons") -> dict[str, object]:
    return {"value": value, "unit": unit, "source": "test", "status": "assumed"}


def series(concept: str, value: object, **more: object) -> dict[str, object]:
    return {"name_zh": "名", "name_en": "name", "concept": concept, "value": entry(value), **more}


@pytest.mark.parametrize("name", shipped_backtests())
def test_shipped_files_can_be_planned(name: str) -> None:
    spec = read_nation(name)
    plans = make_plans(spec)
    assert list(plans.scenarios) == ["luck", "shocks", "growth", "measures"]
    assert plans.margins.year == spec.years[0] - 1
    assert all(scenario.years == spec.years for scenario in plans.scenarios.values())
    assert [sum(m.active for m in scenario.measures.values()) for scenario in plans.scenarios.values()][:3] == [0] * 3


def rows(name: str) -> list[dict[str, str]]:
    if not SERIES.is_dir():
        pytest.skip("the published series are not here")
    with (SERIES / f"{name}.csv").open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["status"] in ("verified", "derived")]


@pytest.mark.parametrize(
    ("name", "file", "factor"),
    [
        ("headcount", "national_incidence", 0.01),
        ("mean", "rural_income_national", 1.0),
        ("median", "rural_income_median", 1.0),
        ("relapses_registered", "relapse_headcount", 10_000.0),
        ("newly_registered", "new_poor_headcount", 10_000.0),
    ],
)
def test_series_are_those_published(name: str, file: str, factor: float) -> None:
    published = {int(row["year"]): float(row["value"]) * factor for row in rows(file)}
    own = read_nation("china").series[name].years
    assert own == pytest.approx({year: published[year] for year in own})


def test_fifths_and_line_are_those_published() -> None:
    spec = read_nation("china")
    line = {int(row["year"]): float(row["value"]) for row in rows("national_poverty_line")}
    assert spec.line_published.value == {year: line[year] for year in spec.line_published.value}
    groups = ("低收入组", "中间偏下组", "中间收入组", "中间偏上组", "高收入组")
    for group, fifth in zip(groups, spec.fifths, strict=True):
        published = {
            int(row["year"]): float(row["value"]) for row in rows("rural_income_quintile_national")
            if row["group"] == group
        }  # fmt: skip
        assert fifth.value == {year: published[year] for year in fifth.value}


def test_a_file_on_top_of_another_takes_series_whole_and_changes_one_by_one(tmp_path: Path) -> None:
    own = {"declared": series("register", {2015: 0.05}), "mean": series("survey", {2013: 9000, 2020: 15000})}
    spec = read_nation(write(tmp_path, series=own, start={"code": "mine"}))
    assert set(spec.series) == {"declared", "mean"}
    assert spec.start == {"code": "mine"}
    assert spec.fifths is not None


def test_the_mean_grows_evenly_over_years_without_a_figure(tmp_path: Path) -> None:
    own = {
        "declared": series("register", {2015: 0.05}),
        "mean": series("survey", {2013: 1000.0, 2015: 1210, 2020: 1500}),
    }
    path = mean_path(read_nation(write(tmp_path, series=own)))
    assert path[2014] == pytest.approx(1100)
    assert path[2020] == 1500
    assert sorted(path) == list(range(2013, 2021))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"series": {"headcount": series("survey", {2015: 0.05})}}, "series.mean is needed"),
        ({"series": {"mean": series("survey", {2015: 1})}}, "give series.headcount"),
        (
            {"series": {"headcount": series("register", {2015: 0.05}), "mean": series("survey", {2015: 1})}},
            "never mixes the two",
        ),
        ({"series": {"headcuont": series("survey", {2015: 0.05})}}, "headcuont"),
        ({"series": {"mean": series("survey", 3)}}, "dated path"),
        ({"series": {"mean": series("survey", {2015: 1}, bounds={2016: "at_most"})}}, "bounds name 2016"),
        ({"years": [2020, 2014]}, "run forward"),
        ({"sries": {}}, "did you mean 'series'"),
        ({"base": "mine.yaml"}, "go round in a circle"),
        ({"base": "chnia"}, "did you mean 'china'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_nation(write(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"start": {"year": 2012}}, "the year before the first"),
        ({"start": {"incme.mean": 3}}, "no such place in the margins"),
        ({"start": {"income.maen": 3}}, "did you mean 'mean'"),
        ({"line_published": entry({2015: 2900}, "yuan per head and year")}, "2015: 2855, published 2900"),
        ({"plan": {"population.margins": None}}, "is needed to make the start"),
        ({"series": {"declared": series("register", {2015: 0.05}), "mean": series("survey", {2014: 1})}}, "2013, 2020"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        make_plans(read_nation(write(tmp_path, **changes)))


def test_a_missing_file_and_an_unknown_name() -> None:
    with pytest.raises(InputError, match="did you mean 'hunan'"):
        read_nation("hunna")
    assert is_nation("my-province.yaml")
    assert not is_nation("my.panel.yaml")


def test_years_filled_are_those_without_a_published_line() -> None:
    spec = read_nation("china")
    line = lines(make_plans(spec).full)
    assert {year for year in line if year not in spec.line_published.value} == {2017, 2018}
