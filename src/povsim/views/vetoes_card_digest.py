"""What the veto lab keeps of a scorecard on a run: its vetoes and gates rule by rule, and units without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.rulebook import Comparison
from povsim.views.vetoes_boards import passes

if TYPE_CHECKING:
    from povsim.folder import Run
    from povsim.scoring.schema import Indicator, Scorecard
    from povsim.scoring.verdict_schema import Condition

Array = npt.NDArray[Any]
LEAD = ("year", "draw", "unit")
PASSING: dict[str, Comparison] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
"""How a figure passes a veto that holds where it is above, at least, below or at most a threshold."""


@dataclass(frozen=True, eq=False)
class _Rule:
    """One thing that can strike a unit: an item compared with a threshold, or a veto that cannot be taken apart."""

    code: str
    name_zh: str
    name_en: str
    unit: str = ""
    comparison: Comparison = ">="
    thresholds: tuple[float, ...] = ()
    item: str = ""
    by: tuple[str, ...] = ()
    effects: tuple[str, ...] = field(default=())


def digest_card(run: Run, card: Scorecard) -> xr.Dataset:
    """Return what the veto lab keeps of a scorecard on a run.

    Parameters
    ----------
    run : Run
        Its first scenario is scored, without entered values.
    card : Scorecard
        The scorecard.

    Returns
    -------
    Dataset
        ``holds``, ``figure`` (year, draw, unit, rule), ``threshold`` (year, rule): vetoes taken apart into what they
        compare, and gates. ``before``, ``total``, ``grade``, ``rank`` and, with neither vetoes nor gates,
        ``free_grade``, ``free_rank`` (year, draw, unit). ``vetoed`` (year, draw, unit, veto); ``moved_rank``,
        ``moved_places`` (veto, effect, year, unit), means over draws; ``lost_all``, ``lost_some`` (year, near):
        units that lose all, or some, of a near-veto item's points.

    Raises
    ------
    InputError
        The card does not fit the run.
    """
    from povsim.scoring.values import indicator_values
    from povsim.sensitivity.veto_ranks import scored_as_known

    values = indicator_values(run.outcomes, card)
    scores = _one(scored_as_known(values, card))
    free = _one(scored_as_known(values, without_vetoes(card)))
    years = [int(year) for year in values["year"].to_numpy()]
    parts = [
        _rules(card, scores, years),
        _standings(card, scores, free),
        _vetoes(card, scores),
        _moved(card, values, scores),
        _near(card, scores),
    ]
    attrs = {"level": card.level, **_left_out(card, scores), **_about(card)}
    return xr.merge(parts, compat="override", join="exact", combine_attrs="drop").assign_attrs(attrs)


def _one(scores: xr.Dataset) -> xr.Dataset:
    return scores.isel(scenario=0, scheme=0, drop=True)


def without_vetoes(card: Scorecard) -> Scorecard:
    """Return a scorecard whose vetoes are off and whose gates only give or take their own points."""
    from povsim.scoring.rule_schema import AllOrNothing, Gate

    items = [
        item.model_copy(update={"rule": AllOrNothing(**{**item.rule.model_dump(), "type": "all_or_nothing"})})
        if isinstance(item.rule, Gate)
        else item
        for item in card.indicators
    ]
    vetoes = tuple(veto.model_copy(update={"active": False}) for veto in card.vetoes)
    return card.model_copy(update={"indicators": tuple(items), "vetoes": vetoes})


def _about(card: Scorecard) -> dict[str, str | float]:
    from povsim.sensitivity.veto_ranks import lowest_cut

    cut = lowest_cut(card)
    grades = card.grades.grades if card.grades else ()
    told: dict[str, str | float] = {"cut": float("nan") if cut is None else cut, "gates": float(_gates(card))}
    for lang in ("zh", "en"):
        told[f"label_{lang}"] = card.label(lang)
        told[f"grades_{lang}"] = "\n".join(grade.label(lang) for grade in grades)
    return told


def _gates(card: Scorecard) -> int:
    from povsim.scoring.rule_schema import Gate

    return sum(isinstance(item.rule, Gate) for item in card.indicators)


def _left_out(card: Scorecard, scores: xr.Dataset) -> dict[str, str]:
    items = [card.indicator(code) for code in str(scores.attrs.get("left_out", "")).split() if code in card.by_code()]
    return {
        f"left_out_{lang}": mark.join(item.label(lang) for item in items) for lang, mark in (("zh", "、"), ("en", ", "))
    }


# ---- rules ----


def _rules(card: Scorecard, scores: xr.Dataset, years: Sequence[int]) -> xr.Dataset:
    rules = _joined([*_gate_rules(card, years), *_veto_rules(card, years)])
    value = scores["value"].transpose(*LEAD, "indicator")
    vetoed = scores["vetoed"].transpose(*LEAD, "veto")
    shape = (*value.shape[:3], len(rules))
    figure, holds = np.full(shape, np.nan, dtype=np.float32), np.zeros(shape, dtype=bool)
    bounds = np.full((len(years), len(rules)), np.nan)
    for place, rule in enumerate(rules):
        if not rule.item:
            holds[..., place] = vetoed.sel(veto=rule.by[0]).to_numpy()
            continue
        figure[..., place] = value.sel(indicator=rule.item).to_numpy()
        bounds[:, place] = rule.thresholds
        holds[..., place] = ~passes(figure[..., place], bounds[:, place, None, None], rule.comparison)
    coords: dict[str, Any] = {"rule": np.array([rule.code for rule in rules], dtype=str)}
    columns = {
        "rule_zh": [rule.name_zh for rule in rules],
        "rule_en": [rule.name_en for rule in rules],
        "rule_unit": [rule.unit for rule in rules],
        "rule_comparison": [rule.comparison for rule in rules],
        "rule_by": [" ".join(rule.by) for rule in rules],
        "rule_effects": [" ".join(dict.fromkeys(rule.effects)) for rule in rules],
    }
    coords |= {name: ("rule", np.array(texts, dtype=str)) for name, texts in columns.items()}
    data = {
        "figure": ((*LEAD, "rule"), figure),
        "holds": ((*LEAD, "rule"), holds),
        "threshold": (("year", "rule"), bounds),
        "rule_movable": ("rule", np.array([bool(rule.item) and _varies(figure, p) for p, rule in enumerate(rules)])),
    }
    return xr.Dataset(data, coords)


def _varies(figure: Array, place: int) -> bool:
    """Tell whether a figure is known and differs between units or draws: else no threshold would make a difference."""
    known = figure[..., place][~np.isnan(figure[..., place])]
    return bool(known.size and known.min() < known.max())


def _gate_rules(card: Scorecard, years: Sequence[int]) -> Iterator[_Rule]:
    from povsim.scoring.rule_schema import Gate

    for item in card.indicators:
        if isinstance(item.rule, Gate):
            yield _of_target(item, years, "", "gate")


def _veto_rules(card: Scorecard, years: Sequence[int]) -> Iterator[_Rule]:
    """Yield what each active veto compares; as a whole where its conditions do not each strike by themselves."""
    for veto in card.vetoes:
        if not veto.active:
            continue
        parts = list(_alternatives(veto.when))
        taken = [_compared(card, part, years, (veto.code, veto.effect)) for part in parts]
        if veto.scope == "unit" and all(one is not None for one in taken):
            yield from (one for one in taken if one is not None)
        else:
            yield _Rule(veto.code, veto.name_zh, veto.name_en, by=(veto.code,), effects=(veto.effect,))


def _alternatives(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions of which each alone makes the whole hold."""
    if condition.any:
        for part in condition.any:
            yield from _alternatives(part)
    else:
        yield condition


def _compared(card: Scorecard, part: Condition, years: Sequence[int], by: tuple[str, str]) -> _Rule | None:
    if part.target_missed is not None:
        return _of_target(card.indicator(part.target_missed), years, *by)
    if part.indicator is None or part.of != "value" or part.comparison is None or part.threshold is None:
        return None
    item, bounds = card.indicator(part.indicator), (float(part.threshold),) * len(years)
    passing = PASSING[part.comparison]
    return _Rule(item.code, item.name_zh, item.name_en, item.unit, passing, bounds, item.code, (by[0],), (by[1],))


def _of_target(item: Indicator, years: Sequence[int], by: str, effect: str) -> _Rule:
    if item.target is None:
        raise AssertionError("a target that can be missed is there")
    strict = getattr(item.rule, "strict", False)
    higher: Comparison = ">" if strict else ">="
    lower: Comparison = "<" if strict else "<="
    bounds = tuple(float(item.target.at(year)) for year in years)
    passing = higher if item.direction == "higher" else lower
    by_whom = (by,) if by else ()
    return _Rule(item.code, item.name_zh, item.name_en, item.unit, passing, bounds, item.code, by_whom, (effect,))


def _joined(rules: Sequence[_Rule]) -> list[_Rule]:
    """Return rules with those that compare the same thing in the same way made one; codes are told apart."""
    found: dict[tuple[Any, ...], _Rule] = {}
    for rule in rules:
        key = (rule.item or rule.code, rule.comparison, rule.thresholds)
        old = found.get(key)
        by, effects = (old.by, old.effects) if old else ((), ())
        found[key] = _copied(rule, rule.code, (*by, *rule.by), (*effects, *rule.effects))
    out: dict[str, _Rule] = {}
    for rule in found.values():
        code = next(name for name in (rule.code, *(f"{rule.code}_{n}" for n in range(2, 99))) if name not in out)
        out[code] = _copied(rule, code, rule.by, rule.effects)
    return list(out.values())


def _copied(rule: _Rule, code: str, by: tuple[str, ...], effects: tuple[str, ...]) -> _Rule:
    from dataclasses import replace

    return replace(rule, code=code, by=by, effects=effects)


# ---- standings, vetoes, near vetoes ----


def _standings(card: Scorecard, scores: xr.Dataset, free: xr.Dataset) -> xr.Dataset:
    names = {"before": ("total_before_vetoes", scores), "total": ("total", scores), "grade": ("grade", scores)}
    names |= {"rank": ("rank", scores), "passed": ("passed", scores)}
    names |= {"free_grade": ("grade", free), "free_rank": ("rank", free)}
    data = {key: (LEAD, found[name].transpose(*LEAD).to_numpy()) for key, (name, found) in names.items()}
    coords = {name: scores[name].to_numpy() for name in ("year", "draw")}
    return xr.Dataset(data, {**coords, "unit": scores["unit"].to_numpy().astype(str)})


def _vetoes(card: Scorecard, scores: xr.Dataset) -> xr.Dataset:
    coords: dict[str, Any] = {"veto": np.array([veto.code for veto in card.vetoes], dtype=str)}
    columns = {
        "veto_zh": [veto.name_zh for veto in card.vetoes],
        "veto_en": [veto.name_en for veto in card.vetoes],
        "veto_effect": [veto.effect if veto.active else "off" for veto in card.vetoes],
        "veto_scope": [veto.scope for veto in card.vetoes],
    }
    coords |= {name: ("veto", np.array(texts, dtype=str)) for name, texts in columns.items()}
    return xr.Dataset({"vetoed": ((*LEAD, "veto"), scores["vetoed"].transpose(*LEAD, "veto").to_numpy())}, coords)


def _moved(card: Scorecard, values: xr.Dataset, scores: xr.Dataset) -> xr.Dataset:
    """Return ranks were each veto's effect another; missing for vetoes that strike items, and for a single unit."""
    from povsim.sensitivity.veto_ranks import EFFECTS, rank_displacement

    shape = (len(card.vetoes), len(EFFECTS), values.sizes["year"], values.sizes["unit"])
    rank, places = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, veto in enumerate(card.vetoes):
        if veto.scope == "item" or values.sizes["unit"] < 2:
            continue
        found = rank_displacement(values, card, veto.code)
        ranked = found["rank"].where(found["rank"] > 0)
        for name, effect in ((name, place) for place, name in enumerate(EFFECTS)):
            if name in found["effect"]:
                one = ranked.sel(effect=name).mean("draw").transpose("year", "unit").to_numpy()
                rank[row, effect] = one
                moved = found["displacement"].sel(effect=name).mean("draw")
                places[row, effect] = moved.transpose("year", "unit").to_numpy()
    dims = ("veto", "effect", "year", "unit")
    data = {"moved_rank": (dims, rank.astype(np.float32)), "moved_places": (dims, places.astype(np.float32))}
    return xr.Dataset(data, {"effect": list(EFFECTS)})


def _near(card: Scorecard, scores: xr.Dataset) -> xr.Dataset:
    from povsim.sensitivity.veto_ranks import near_vetoes

    table = near_vetoes(card)
    codes = [str(code) for code in table.index]
    points = scores["points"].sel(indicator=codes).transpose(*LEAD, "indicator").to_numpy()
    full = table["points"].to_numpy().astype(np.float64)
    lost, some = points <= 0, (points > 0) & (points < full - 1e-6)
    data = {
        "lost_all": (("year", "near"), lost.sum(axis=2).mean(axis=1)),
        "lost_some": (("year", "near"), some.sum(axis=2).mean(axis=1)),
        "near_points": ("near", full),
        "near_gap": ("near", table["shortfall"].to_numpy().astype(np.float64)),
    }
    coords: dict[str, Any] = {"near": np.array(codes, dtype=str)}
    for name in ("name_zh", "name_en", "unit"):
        coords[f"near_{name}"] = ("near", table[name].to_numpy().astype(str))
    return xr.Dataset(data, coords)
