"""The big numbers of levers that were tried, beside those of the finished run on the same luck."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from povsim import figures
from povsim.terms import Language
from povsim.views.forecast_numbers import (
    PERSONS,
    Bounds,
    amount,
    area_at,
    cost_per_lasting_exit,
    cost_unit,
    joint_chances,
    money_unit,
    numbers,
    texts,
    year_at,
)
from povsim.views.parts import BigNumber, Tone

BETTER = {"poor": -1, "relapses": -1, "chance": 1, "exits": 0, "cost": -1, "spent": 0}
"""Whether more of a number is good news, bad news or neither."""


def first_draws(data: xr.Dataset, like: xr.Dataset) -> xr.Dataset:
    """Return a digest on the draws of another one only, so that two plans are compared on the same luck."""
    wanted = like["draw"].to_numpy()
    return data.isel(draw=np.flatnonzero(np.isin(data["draw"].to_numpy(), wanted)))


def numbers_beside(
    before: xr.Dataset,
    after: xr.Dataset,
    *,
    year: int | None,
    area: str | None,
    lang: Language,
    bounds: Bounds | None = None,
) -> list[BigNumber]:
    """Return the headline numbers of a plan that was tried, each with what changed against the finished run.

    Both on the draws that the trial has, so that the difference is the plan's and not that of luck.

    Parameters
    ----------
    before, after : Dataset
        Digests of the finished run and of the trial.
    year, area, lang, bounds
        As for :func:`numbers`.
    """
    same, say = first_draws(before, after), texts(lang)
    was, now = _plain(same, year, area, None), _plain(after, year, area, bounds)
    shown = numbers(after, year=year, area=area, lang=lang, bounds=bounds)
    found = []
    for one in shown:
        change = now[one.code] - was[one.code]
        sign = BETTER[one.code] * change
        tone: Tone = "plain" if not sign or math.isnan(sign) else "good" if sign > 0 else "bad"
        text = _change(one.code, change, was[one.code], after, lang)
        found.append(
            BigNumber(
                one.code,
                one.label,
                one.value,
                text,
                say("change.note", draws=after.sizes["draw"]) + "\n" + one.note,
                tone,
            )
        )
    return found


def _plain(data: xr.Dataset, year: int | None, area: str | None, bounds: Bounds | None) -> dict[str, float]:
    a, y = area_at(data, area), year_at(data, year)
    means = {
        name: float(np.asarray(data[name].to_numpy()[a, :, y], dtype=np.float64).mean())
        for name in (*PERSONS, "spending")
    }
    chance, cost = float(joint_chances(data, bounds)[a, y]), float(cost_per_lasting_exit(data, a)[y])
    return {**means, "spent": means["spending"], "chance": chance, "cost": cost}


def _change(code: str, change: float, was: float, data: xr.Dataset, lang: Language) -> str:
    say = texts(lang)
    if math.isnan(change):
        return ""
    if code == "chance":
        return say("change.points", change=f"{100 * change:+.0f}")
    if code == "spent":
        text = figures.money([change], lang)[0]
        text = amount(text if change < 0 else f"+{text}", money_unit(data, lang))
    elif code == "cost":
        text = figures.unit_cost([change], lang)[0]
        text = amount(text if change < 0 else f"+{text}", cost_unit(data, lang))
    else:
        text = say("persons", count=f"{change:+,.0f}")
    return (
        say("change.relative", change=text, share=f"{100 * change / was:+.1f}")
        if was
        else say("change.plain", change=text)
    )
