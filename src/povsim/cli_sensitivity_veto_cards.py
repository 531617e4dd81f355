"""What ``povsim sensitivity vetoes --scorecard`` says about a scorecard's vetoes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from povsim import figures
from povsim.cli_sensitivity_veto_parts import Section, short
from povsim.errors import InputError, Problem
from povsim.folder import Run
from povsim.scoring.saying import gap_text
from povsim.scoring.schema import Scorecard
from povsim.scoring.scorecard import read_scorecard
from povsim.scoring.values import indicator_values
from povsim.sensitivity.veto_cures import compensation
from povsim.sensitivity.veto_ranks import lowest_cut, near_vetoes, rank_displacement, scored_as_known
from povsim.wording import Wording

MOST_ROWS = 15


def card_sections(run: Run, year: int, name: str, say: Wording) -> Iterator[Section]:
    """Yield whom a card's vetoes hit, what they overrule, where units would stand otherwise, and near vetoes.

    Parameters
    ----------
    run : Run
        Its first scenario is scored, without entered values.
    year : int
        Year to look at; all are scored, for awards look back.
    name : str
        Name or file of the scorecard.
    say : Wording
        Texts of the room ``vetoes``.
    """
    card = read_scorecard(name)
    values = indicator_values(run.outcomes, card)
    if year not in values["year"].to_numpy():
        raise InputError(card.code, [Problem("--year", "is not in the run", str(year))])
    title = say("card.title", card=card.label(say.lang))
    if card.vetoes:
        yield _holds(card, values, year, title, say)
        said: set[tuple[str, ...]] = set()
        for veto in card.vetoes:
            section = _moved(card, values, year, veto.code, say)
            if section.rows or section.lines not in said:
                yield section
            said.add(section.lines)
    else:
        yield Section("card", (title, say("card.none")))
    yield _near(card, say)


def _holds(card: Scorecard, values: xr.Dataset, year: int, title: str, say: Wording) -> Section:
    scores = scored_as_known(values, card).isel(scenario=0, scheme=0, drop=True).sel(year=year, drop=True)
    held = scores["vetoed"].transpose("draw", "unit", "veto")
    often, cut = held.mean("draw").to_numpy(), lowest_cut(card)
    lines, heads = [title], ["unit", "veto", "held", "points"]
    if cut is not None:
        lines.append(say("card.cut", cut=f"{cut:g}"))
        heads.append("above")
    before = scores["total_before_vetoes"].transpose("draw", "unit").astype(np.float64)
    above = compensation(before, held.any("veto"), cut=cut or 0.0).mean("draw").to_numpy()
    points = before.mean("draw").to_numpy()
    names = [veto.label(say.lang) for veto in card.vetoes]
    places = [(u, v) for u, v in np.ndindex(*often.shape) if often[u, v] > 0]
    places.sort(key=lambda place: -often[place])
    units = [str(unit) for unit in scores["unit"].to_numpy()]
    data: list[list[Any]] = [
        [units[u], names[v], float(often[u, v]), float(points[u]), *([float(above[u])] if cut is not None else [])]
        for u, v in places
    ]
    rows = [
        [short(row[0], 26), short(row[1], 34), figures.probability(row[2], say.lang), *(_points(x) for x in row[3:])]
        for row in data[:MOST_ROWS]
    ]
    if scores.attrs.get("left_out"):
        items = card.by_code()
        named = ", ".join(items[code].label(say.lang) for code in scores.attrs["left_out"].split())
        lines.append(say("card.left_out", items=named))
    lines.append(say("card.hold") if rows else say("card.never"))
    arrays = xr.Dataset({"held": held.astype(np.float64).mean("draw"), "before_vetoes": before.mean("draw")})
    arrays = arrays.reset_coords(drop=True).rename(veto="card_veto")
    headings = tuple(say(f"column.{key}") for key in heads)
    return Section("card", tuple(lines), headings, rows, data, arrays=arrays, words=(0, 1))


def _moved(card: Scorecard, values: xr.Dataset, year: int, code: str, say: Wording) -> Section:
    veto = next(one for one in card.vetoes if one.code == code)
    if veto.scope == "item":
        return Section("effects", (say("card.item", veto=veto.label(say.lang)),))
    if values.sizes["unit"] < 2:
        return Section("effects", (say("card.one"),))
    found = rank_displacement(values, card, code).sel(year=year, drop=True)
    hit = found["vetoed"].to_numpy()
    if not hit.any():
        return Section("effects")
    if not (found["rank"] > 0).any():
        return Section("effects", (say("card.unranked"),))
    data: list[list[Any]] = []
    for effect in found["effect"].to_numpy():
        moved = found["displacement"].sel(effect=effect).transpose("draw", "unit").to_numpy()
        own, others = moved[hit & ~np.isnan(moved)], moved[~hit & ~np.isnan(moved)]
        lost = float(own.mean()) if own.size else float("nan")
        data.append([say(f"effect.{effect}"), lost, -float(others.mean()) if others.size else float("nan")])
    rows = [[row[0], *map(_points, row[1:])] for row in data]
    heads = tuple(say(f"column.{key}") for key in ("effect", "lost", "gained"))
    arrays = found[["rank", "displacement"]].mean("draw").reset_coords(drop=True)
    return Section("effects", (say("card.effects", veto=veto.label(say.lang)),), heads, rows, data, arrays=arrays)


def _near(card: Scorecard, say: Wording) -> Section:
    table = near_vetoes(card)
    if table.empty:
        return Section("near", (say("near.none"),))
    name = f"name_{say.lang}"
    data = [
        [row[name], float(row["points"]), gap_text(row["shortfall"], row["unit"], say.lang)]
        for _, row in table.iterrows()
    ]
    rows = [[short(row[0], 50), f"{row[1]:g}", row[2]] for row in data]
    heads = tuple(say(f"column.{key}") for key in ("item", "full", "gap"))
    return Section("near", (say("near.title"),), heads, rows, data)


def _points(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else figures.NOTHING
