"""Reading scorecards: what ships reads, what is wrong is told all at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

import povsim
from povsim.errors import InputError
from povsim.scoring.scorecard import figures_of, read_scorecard, shipped_scorecards

SHIPPED = (
    "xiangyin-2016", "xiangyin-2016-townships", "hunan-city-2017", "national-2016", "county-exit-2016",
    "sichuan-2017", "yueyang-village-2018", "yueyang-county-2015", "guangxi-village-2017", "yichang-2018",
    "huizhou-2017", "shanxi-2016", "wuyi-2016", "gansu-2017",
)  # fmt: skip


def known(text: str) -> dict[str, Any]:
    return {"source": text, "status": "assumed"}


def item(code: str, points: float, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name_zh": code,
        "name_en": code,
        "points": points,
        "unit": "share",
        "rule": {"type": "proportional", **known("example")},
        "value_from": {"entered": "own"},
        **known("example"),
        **more,
    }


def plain() -> dict[str, Any]:
    return {
        "scorecard": {
            "code": "plain",
            "name_zh": "例",
            "name_en": "example",
            "level": "township",
            "total_points": 100,
            "document": "example",
        },
        "groups": [{"code": "one", "name_zh": "一", "name_en": "one"}],
        "indicators": [item("a", 60, group="one"), item("b", 40, group="one")],
    }


def write(tmp_path: Path, data: dict[str, Any], name: str = "card.yaml") -> Path:
    path = tmp_path / name
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_what_should_ship_ships_and_reads(name: str) -> None:
    card = read_scorecard(name)
    assert name in shipped_scorecards()
    assert card.code == name
    assert sum(one.points for one in card.indicators) == pytest.approx(card.total_points)


@pytest.mark.parametrize("name", shipped_scorecards())
def test_every_entry_of_a_shipped_card_is_known_by_something(name: str) -> None:
    rows = list(figures_of(read_scorecard(name)))
    assert rows
    assert all(source and status in ("documented", "estimated", "assumed") for *_, source, status in rows)


def test_the_countys_table_is_the_printed_one() -> None:
    reference = Path(__file__).parents[3] / "shared" / "reference" / "scorecard_xiangyin_2016.yaml"
    if not reference.is_file():
        pytest.skip("the printed table is not in this checkout: ../shared/reference/scorecard_xiangyin_2016.yaml")
    printed = yaml.safe_load(reference.read_text(encoding="utf-8"))["indicators"]
    card = povsim.read_scorecard("xiangyin-2016")
    assert [one.points for one in card.indicators] == [row["points"] for row in printed]
    assert [list(one.departments) for one in card.indicators] == [row["responsible_units"] for row in printed]
    assert [one.name_zh for one in card.indicators] == [row["name_zh"] for row in printed]
    assert len(card.groups) == 6


def test_the_township_league_takes_items_whose_units_name_townships_and_rebases() -> None:
    county, league = read_scorecard("xiangyin-2016"), read_scorecard("xiangyin-2016-townships")
    named = [one for one in county.indicators if any("乡镇" in unit for unit in one.departments)]
    assert [one.code for one in league.indicators] == [one.code for one in named]
    assert [one.original_points for one in league.indicators] == [one.points for one in named]
    kept = sum(one.points for one in named)
    assert kept == 85
    for one in league.indicators:
        assert one.points == pytest.approx(100 * (one.original_points or 0) / kept)


def test_a_good_card_reads(tmp_path: Path) -> None:
    card = read_scorecard(write(tmp_path, plain()))
    assert [one.code for one in card.indicators] == ["a", "b"]
    assert card.indicators[0].bounds == (0.0, 1.0)


def test_all_slips_are_told_at_once(tmp_path: Path) -> None:
    data = plain()
    data["indicators"][0] |= {"points": 70, "group": "two", "profile": "none"}
    data["indicators"].append(item("a", 5, group="one", value_from={"simulated": "exit_plan_compeltion"}))
    data["vetoes"] = [
        {
            "code": "v",
            "name_zh": "v",
            "name_en": "v",
            "effect": "fail",
            "when": {"finding": "fraud"},
            **known("example"),
        }
    ]
    data["ties"] = {"break_by": ["c"], **known("example")}
    with pytest.raises(InputError) as caught:
        read_scorecard(write(tmp_path, data))
    text = str(caught.value)
    for part in (
        "points do not sum to total_points; found 115; allowed: 100",
        "unknown group; found two",
        "is given 2 times",
        "unknown profile; found none",
        "did you mean 'exit_plan_completion'?",
        "unknown finding; found fraud",
        "ties.break_by: unknown indicator; found c",
    ):
        assert part in text


BANDS = {
    "gap": ([{"high": 1, "points": 0}, {"low": 2, "points": 60}], "leave a gap from 1 to 2"),
    "overlap": ([{"high": 2, "points": 0}, {"low": 1, "points": 60}], "overlap from 1 to 2"),
    "open": ([{"low": 0, "high": 1, "points": 0}, {"low": 1, "points": 60}], "values below 0 belong to no band"),
    "inner": ([{"points": 0}, {"low": 1, "points": 60}], "an edge between bands may not be left out"),
}


@pytest.mark.parametrize("kind", BANDS)
def test_bands_with_gaps_or_overlaps_are_refused(kind: str, tmp_path: Path) -> None:
    data = plain()
    bands, message = BANDS[kind]
    data["indicators"][0]["rule"] = {"type": "bands", "closed": "low", "bands": bands, **known("example")}
    with pytest.raises(InputError, match=message):
        read_scorecard(write(tmp_path, data))


def target(path: Any) -> dict[str, Any]:
    return {"target": {"value": path, "unit": "share", **known("example")}}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "needs target": ({"rule": {"type": "all_or_nothing", **known("x")}}, "all_or_nothing needs a target"),
    "reversed": (target(0.0), "every possible value meets it where higher is better"),
    "falling": (target({2016: 0.9, 2017: 0.8}), "gets easier from year to year"),
    "beyond": (target(1.2), "outside the possible values 0 to 1; found 1.2"),
    "two sources": ({"value_from": {"entered": "own", "scorecard": "x"}}, "give exactly one of simulated"),
    "unit": ({"value_from": {"simulated": "exits"}}, "exits is in another unit than the indicator; found persons"),
    "of": ({"value_from": {"simulated": "coverage"}}, r"value_from\.of: is needed; allowed: measures"),
    "level": ({"value_from": {"simulated": "fund_use_rate"}}, "fund_use_rate is not known by township"),
    "unknown key": ({"wieght": 3}, "unknown key; .*weight|unknown key"),
    "rule": ({"rule": {"type": "linear", **known("x")}}, "unknown type; found linear"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_faulty_item_is_refused(kind: str, tmp_path: Path) -> None:
    data = plain()
    change, message = WRONG[kind]
    data["indicators"][0] |= change
    with pytest.raises(InputError, match=message):
        read_scorecard(write(tmp_path, data))


def profile(kind: str) -> dict[str, Any]:
    return {"name_zh": "例", "name_en": "example", "kind": kind, "done": {6: 0.4, 12: 1}, "persistence": 0.5}


@pytest.mark.parametrize(
    ("source", "unit", "stock"),
    [
        ({"simulated": "facility_coverage", "of": ["road"]}, "share", True),
        ({"simulated": "coverage_so_far", "of": ["industry"]}, "share", True),
        ({"simulated": "village_exit_plan_completion"}, "ratio", True),
        ({"simulated": "exit_plan_completion"}, "ratio", False),
        ({"simulated": "coverage", "of": ["industry"]}, "share", False),
    ],
    ids=lambda value: value.get("simulated") if isinstance(value, dict) else None,
)
def test_a_stock_may_not_follow_a_flow(source: dict[str, Any], unit: str, stock: bool, tmp_path: Path) -> None:
    data = plain()
    data["indicators"][0] |= {"value_from": source, "unit": unit, "profile": "pace"}
    data["profiles"] = {"pace": {**profile("flow"), **known("example")}}
    path = write(tmp_path, data)
    if stock:
        message = rf"{source['simulated']} does not add up over the year; found pace \(flow\); .*kind level"
        with pytest.raises(InputError, match=message):
            read_scorecard(path)
    else:
        assert read_scorecard(path).indicators[0].profile == "pace"
    data["profiles"]["pace"]["kind"] = "level"
    assert read_scorecard(write(tmp_path, data)).indicators[0].profile == "pace"


@pytest.mark.parametrize("name", ["xiangyin-2016", "xiangyin-2016-townships", "hunan-city-2017"])
def test_stocks_of_shipped_cards_mostly_stand(name: str) -> None:
    card = read_scorecard(name)
    standing = [one for one in card.indicators if one.profile == "standing"]
    assert len(standing) >= 4
    assert card.profiles["standing"].kind == "level"
    assert card.profiles["standing"].done[6] > card.profiles["plans"].done[6]


def test_a_fixed_mix_is_kept(tmp_path: Path) -> None:
    data = plain()
    data["groups"][0]["mix"] = {"a": 0.6, "b": 0.4}
    read_scorecard(write(tmp_path, data))
    data["groups"][0]["mix"] = {"a": 0.5, "b": 0.5}
    with pytest.raises(InputError, match=r"does not follow the fixed mix; found 60; allowed: 0\.5 x 100 = 50"):
        read_scorecard(write(tmp_path, data))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'xiangyin-2016'"):
        read_scorecard("xiangyin-2061")


def test_a_derived_card_may_not_change_items_it_does_not_have(tmp_path: Path) -> None:
    base = plain()
    base["indicators"][0]["levels"] = ["township"]
    write(tmp_path, base, "plain.yaml")
    derived = {
        "scorecard": {**base["scorecard"], "code": "own", "derived_from": "plain"},
        "indicators": [{"code": "b"}],
    }
    with pytest.raises(InputError, match="not among the items taken over; found b; allowed: a"):
        read_scorecard(write(tmp_path, derived, "own.yaml"))
    derived["indicators"] = [{"code": "a", "missing": "zero"}]
    card = read_scorecard(write(tmp_path, derived, "own.yaml"))
    assert [(one.code, one.points, one.original_points, one.missing) for one in card.indicators] == [
        ("a", 100.0, 60.0, "zero")
    ]


def test_cards_that_derive_from_each_other_are_refused(tmp_path: Path) -> None:
    for one, other in (("x", "y"), ("y", "x")):
        data = copy.deepcopy(plain())
        data["scorecard"] |= {"code": one, "derived_from": other}
        write(tmp_path, data, f"{one}.yaml")
    with pytest.raises(InputError, match="in a circle"):
        read_scorecard(tmp_path / "x.yaml")


def test_a_card_derived_twice_keeps_the_printed_points_and_the_bounds_of_groups(tmp_path: Path) -> None:
    base = plain()
    for one in base["indicators"]:
        one["levels"] = ["township"]
    base["indicators"].append(item("c", 100, group="one"))
    base["scorecard"]["total_points"] = 200
    base["groups"][0] |= {"cap": 90, "floor": 10}
    write(tmp_path, base, "plain.yaml")
    for name, below, total in (("once", "plain", 10), ("twice", "once", 50)):
        head = {**base["scorecard"], "code": name, "derived_from": below, "total_points": total}
        write(tmp_path, {"scorecard": head}, f"{name}.yaml")
    card = read_scorecard(tmp_path / "twice.yaml")
    assert [(one.points, one.original_points) for one in card.indicators] == [(30, 60), (20, 40)]
    assert (card.groups[0].cap, card.groups[0].floor) == (45, 5)


FAULTY = {
    "shared code": ({"groups": [{"code": "a", "name_zh": "a", "name_en": "a"}]}, "has the code of a group"),
    "severity": (
        {
            "findings": [{"code": "f", "name_zh": "f", "name_en": "f", **known("x")}],
            "vetoes": [
                {
                    "code": "v",
                    "name_zh": "v",
                    "name_en": "v",
                    "effect": "fail",
                    "when": {"finding": "f", "threshold": 2},
                    **known("x"),
                }
            ],
        },
        "both comparison and threshold, or neither",
    ),
    "chance": (
        {
            "findings": [
                {
                    "code": "f",
                    "name_zh": "f",
                    "name_en": "f",
                    "probability": {"value": 1.5, "unit": "share", **known("x")},
                    **known("x"),
                }
            ]
        },
        r"findings\.f\.probability: lies outside the possible; allowed: 0 to 1",
    ),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_a_faulty_part_is_refused(kind: str, tmp_path: Path) -> None:
    data = plain()
    change, message = FAULTY[kind]
    data |= change
    if "groups" in change:
        data["indicators"] = [{**one, "group": "a"} for one in data["indicators"]]
    with pytest.raises(InputError, match=message):
        read_scorecard(write(tmp_path, data))
