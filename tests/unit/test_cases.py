"""Every case of every scorecard that ships, and the runner itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from povsim.errors import InputError
from povsim.quantity import validate
from povsim.scoring.cases import Case, case_values, run_cases, shipped_cases
from povsim.scoring.schemes import weight_scheme
from povsim.scoring.scorecard import read_scorecard, shipped_scorecards
from povsim.scoring.scores import score_values


def test_every_shipped_scorecard_has_cases() -> None:
    assert set(shipped_cases()) == set(shipped_scorecards())


@pytest.mark.parametrize("name", shipped_cases())
def test_the_cases_of_a_scorecard_come_out(name: str) -> None:
    results = run_cases(shipped_cases()[name])
    failed = [f"{result.name} ({result.clause}): {problem}" for result in results for problem in result.problems]
    assert not failed
    assert results


def test_a_wrong_expectation_is_found(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    case = {
        "name": "wrong",
        "clause": "none",
        "year": 2017,
        "inputs": {"poverty_reduction_plan": 1.0},
        "expect": {"points": {"poverty_reduction_plan": 15}},
    }
    path.write_text(yaml.safe_dump({"scorecard": "xiangyin-2016", "cases": [case]}), encoding="utf-8")
    (result,) = run_cases(path)
    assert result.problems == ("points of poverty_reduction_plan: 16; expected 15",)


def test_unknown_codes_are_refused_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    case = {
        "name": "odd",
        "clause": "none",
        "year": 2017,
        "inputs": {"poverty_reduction_plann": 1.0},
        "expect": {"vetoes": {"nothing": True}, "points": {"x": 1}},
    }
    path.write_text(yaml.safe_dump({"scorecard": "xiangyin-2016", "cases": [case]}), encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'poverty_reduction_plan'") as caught:
        run_cases(path)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(("media_short", "total"), [(0, 80), (1, 50), (2, 50)])
def test_fewer_than_two_media_empty_publicity_under_any_weights(media_short: int, total: float) -> None:
    card = read_scorecard("village-detail")
    inputs = {item.code: 0 for item in card.indicators} | {"media_short": media_short}
    case = validate(Case, {"name": "media", "clause": "none", "year": 2019, "inputs": inputs, "expect": {}}, "case")
    heavier = weight_scheme(card).with_points({"households_uninformed": 30, "handbook_errors": 10})
    scores = score_values(case_values(card, case), card, [heavier])
    assert scores["total"].item() == pytest.approx(total)
