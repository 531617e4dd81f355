"""A scorecard's vetoes: whom they hit, what they overrule, where all would stand were their effect another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.errors import InputError, Problem
from povsim.scoring.describe import near_veto
from povsim.scoring.schema import Scorecard
from povsim.scoring.scores import score, score_values
from povsim.scoring.verdict_schema import Veto
from povsim.sensitivity.veto_inputs import check_known

EFFECTS = ("off", "deduct", "zero", "cap", "disqualify", "fail")
DEDUCTED = 5.0
"""Points taken off where nothing is said."""
_UNIT_EFFECTS: Mapping[str, Any] = {"value": None, "of": "", "grade": "", "awards": (), "ranking": False}


def with_effect(card: Scorecard, veto: str, effect: str, *, value: float = DEDUCTED, grade: str = "") -> Scorecard:
    """Return a scorecard with another effect of one of its vetoes.

    Parameters
    ----------
    card : Scorecard
        Left as it is.
    veto : str
        Code of the veto.
    effect : {"off", "deduct", "zero", "cap", "disqualify", "fail"}
        ``zero`` takes the whole total, ``disqualify`` takes the unit out of the ranking too.
    value : float
        Points that ``deduct`` takes off.
    grade : str
        Best grade that ``cap`` leaves; the last but one if not given.

    Raises
    ------
    InputError
        An unknown veto or effect; a veto that strikes items; ``cap`` on a card without grades.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> card = read_scorecard("xiangyin-2016")
    >>> code = card.vetoes[0].code
    >>> with_effect(card, code, "off").vetoes[0].active
    False
    """
    codes = [one.code for one in card.vetoes]
    check_known([veto], codes, "veto")
    check_known([effect], EFFECTS, "effect")
    place = codes.index(veto)
    changed = _changed(card, card.vetoes[place], effect, (value, grade))
    return card.model_copy(update={"vetoes": (*card.vetoes[:place], changed, *card.vetoes[place + 1 :])})


def _changed(card: Scorecard, veto: Veto, effect: str, terms: tuple[float, str]) -> Veto:
    if effect == "off":
        return veto.model_copy(update={"active": False})
    grades = [each.code for each in card.grades.grades] if card.grades else []
    if problems := list(_effect_problems(veto, effect, terms, grades)):
        raise InputError(card.code, problems)
    update = {**_UNIT_EFFECTS, "effect": effect, "active": True, "ranking": effect == "disqualify"}
    if effect == "deduct":
        update["value"] = terms[0]
    if effect == "cap":
        update["grade"] = terms[1] or grades[-2]
    return veto.model_copy(update=update)


def _effect_problems(veto: Veto, effect: str, terms: tuple[float, str], grades: list[str]) -> Iterator[Problem]:
    value, grade = terms
    if veto.scope == "item":
        yield Problem(veto.code, "strikes items and who answers for them: no other effect", mend="use off")
    if effect == "cap" and (not grades or (grade and grade not in grades)):
        yield Problem("grade", "is no grade of the scorecard", grade, ", ".join(grades) or "it has none")
    if effect == "deduct" and not (np.isfinite(value) and value >= 0):
        yield Problem("value", "should be zero or more points", str(value))


def scored_as_known(values: xr.Dataset, card: Scorecard) -> xr.Dataset:
    """Score units; where the card refuses missing values, items without one are left out, which the attributes say.

    Parameters
    ----------
    values : Dataset
        As ``indicator_values`` returns it.
    card : Scorecard
        The scorecard of the values.
    """
    try:
        return score(values, card)
    except InputError:
        table = values["value"].transpose("indicator", ...).to_numpy()
        gone = np.isnan(table).reshape(table.shape[0], -1).any(axis=1)
        left_out = [str(code) for code in values["indicator"].to_numpy()[gone]]
        found = score_values(values, card, strict=False)
        return found.assign_attrs(left_out=" ".join(left_out))


def rank_displacement(
    values: xr.Dataset,
    card: Scorecard,
    veto: str,
    *,
    effects: Sequence[str] = EFFECTS,
    value: float = DEDUCTED,
    grade: str = "",
) -> xr.Dataset:
    """Score units anew with each effect that a veto might have.

    Parameters
    ----------
    values : Dataset
        As ``indicator_values`` returns it.
    card : Scorecard
        The scorecard of the values.
    veto : str
        Code of one of its vetoes.
    effects : sequence of str
        Out of ``EFFECTS``; ``cap`` is left out where the card has no grades.
    value, grade : float, str
        See :func:`with_effect`.

    Returns
    -------
    Dataset
        ``total``, ``rank`` (0: not ranked), ``grade`` and ``displacement`` (places lost against ``off``; missing where
        not ranked), dims (effect, draw, year, unit); ``vetoed`` (draw, year, unit). First scenario, own weights; items
        without a value that the card refuses to do without are left out.

    Raises
    ------
    InputError
        As :func:`with_effect`.

    Examples
    --------
    >>> import povsim
    >>> plan = povsim.read_scenario("sample")
    >>> outcomes = povsim.simulate(povsim.complete_population(plan), plan, draws=2)
    >>> card = povsim.read_scorecard("xiangyin-2016")
    >>> values = povsim.indicator_values(outcomes, card)
    >>> found = rank_displacement(values, card, card.vetoes[0].code, effects=["off"])
    >>> found["rank"].dims, bool((found["displacement"].sel(effect="off").fillna(0) == 0).all())
    (('effect', 'draw', 'year', 'unit'), True)
    """
    chosen = [effect for effect in effects if effect != "cap" or card.grades is not None]
    cards = {effect: with_effect(card, veto, effect, value=value, grade=grade) for effect in ("off", *chosen)}
    scored = {effect: scored_as_known(values, one).isel(scenario=0, scheme=0) for effect, one in cards.items()}
    parts = {
        name: xr.concat([scored[effect][name] for effect in chosen], "effect", coords="minimal", compat="override")
        for name in ("total", "rank", "grade")
    }
    base, rank = scored["off"]["rank"], parts["rank"]
    moved = (rank.astype(np.float64) - base).where((rank > 0) & (base > 0))
    moved.attrs = {
        "units": "places",
        "long_name": "places lost against the veto off",
        "long_name_zh": "较不否决时下降名次",
    }
    on = scored_as_known(values, card.model_copy(update={"vetoes": _all_active(card)})).isel(scenario=0, scheme=0)
    held = on["vetoed"].sel(veto=veto, drop=True)
    data = {**parts, "displacement": moved, "vetoed": held}
    about = {"veto": veto, "scorecard": card.code, "method": "re-evaluated with the effect changed"}
    found = xr.Dataset(data, {"effect": chosen}, about).drop_vars(["scenario", "scheme"], errors="ignore")
    lead = ("draw", "year", "unit")
    return found.transpose("effect", *lead)[["total", "rank", "grade", "displacement", "vetoed"]]


def _all_active(card: Scorecard) -> tuple[Veto, ...]:
    return tuple(veto.model_copy(update={"active": True}) for veto in card.vetoes)


def lowest_cut(card: Scorecard) -> float | None:
    """Return the points from which a unit gets more than the last grade; none where grades are not by points."""
    if card.grades is None or card.grades.by != "cutoff":
        return None
    return card.grades.grades[-2].at_least


def near_vetoes(card: Scorecard) -> pd.DataFrame:
    """Return the items that are nearly vetoes: all their points are gone close to the target.

    Parameters
    ----------
    card : Scorecard
        Any scorecard.

    Returns
    -------
    DataFrame
        By code of the item: ``name_zh``, ``name_en``, ``points``, ``shortfall`` at which nothing is left, ``unit``.

    Examples
    --------
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> list(near_vetoes(read_scorecard("xiangyin-2016")).columns)
    ['name_zh', 'name_en', 'points', 'shortfall', 'unit']
    """
    rows = [
        (item.code, item.name_zh, item.name_en, item.rule_points, gap, item.unit)
        for item in card.indicators
        if (gap := near_veto(item)) is not None
    ]
    return pd.DataFrame(rows, columns=["item", "name_zh", "name_en", "points", "shortfall", "unit"]).set_index("item")
