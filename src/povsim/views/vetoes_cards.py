"""A scorecard's vetoes and gates: whom they hit, what they overrule, who is close, how ranks would move."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.views.parts import Column, Table
from povsim.views.vetoes_asked import Asked, remembered
from povsim.views.vetoes_boards import Board, passes
from povsim.views.vetoes_counts import count_digits

Array = npt.NDArray[Any]
CLOSE, CLOSE_SHARE = 0.05, 0.01
"""A unit is close to a veto where its figure lies within a twentieth of the threshold; a share within 0.01, too."""


def card_of(asked: Asked) -> tuple[xr.Dataset, Board]:
    """Return the year's part of the scorecard, and its board."""
    card, board = asked.card, asked.units
    if card is None or board is None:
        raise AssertionError("asked of a scorecard that was not given")
    return remembered(asked.ground.memory, "card", lambda: card.sel(year=asked.year)), board


def kept(asked: Asked) -> Array:
    """Tell which units, draw by draw, a veto or gate keeps from a grade (or a place) that their points earn.

    With grades: a worse grade than without vetoes and gates. Without grades: out of the ranking, while ranked
    without them.
    """
    return remembered(asked.ground.memory, "kept", lambda: _kept(asked))


def _kept(asked: Asked) -> Array:
    one, _ = card_of(asked)
    graded = one["free_grade"].to_numpy() >= 0
    worse = one["grade"].to_numpy() > one["free_grade"].to_numpy()
    unranked = (one["rank"].to_numpy() == 0) & (one["free_rank"].to_numpy() > 0)
    return np.asarray(np.where(graded, worse, unranked))


def kept_table(asked: Asked) -> Table:
    """Return the units that a veto or gate keeps from what they earned: points, and how far above the cut."""
    return remembered(asked.ground.memory, "kept_table", lambda: _kept_table(asked))


def _kept_table(asked: Asked) -> Table:
    one, board = card_of(asked)
    say, held = asked.say, kept(asked)
    above = _above(asked)
    columns = [
        Column("unit", say("column.unit")),
        Column("kept", say("column.kept"), "percent", 0),
        Column("before", say("column.before"), "number", 1, say("unit.points")),
        Column("grade", say("column.grade")),
        Column("free", say("column.free")),
    ]
    if above is not None:
        columns.insert(3, Column("above", say("column.above"), "signed", 1, say("unit.points")))
    columns.append(Column("main", say("column.main_rule")))
    by_rule = board.flags.mean(axis=0)
    rows: list[dict[str, Any]] = []
    for place in np.flatnonzero(held.any(axis=0)).tolist():
        chosen = held[:, place]
        row = {
            "_key": board.members[place], "unit": board.members[place], "kept": float(chosen.mean()),
            "before": _mean(one["before"].to_numpy()[chosen, place]),
            "grade": _standing(asked, one, ("grade", "rank"), (chosen, place)),
            "free": _standing(asked, one, ("free_grade", "free_rank"), (chosen, place)),
            "main": board.names[int(by_rule[place].argmax())] if by_rule[place].size else "",
        }  # fmt: skip
        if above is not None:
            row["above"] = _mean(above[chosen, place])
        rows.append(row)
    rows.sort(key=lambda row: (-float(row["kept"]), -(row["before"] or 0.0)))
    return Table("veto_kept", say("table.kept"), columns, rows, say("table.kept.note"))


def nothing_kept(asked: Asked) -> str:
    """Return why no unit is listed as kept from what it earned; "" where one is."""
    if kept_table(asked).rows:
        return ""
    one, _ = card_of(asked)
    return asked.say("empty.kept" if np.isfinite(one["before"].to_numpy()).any() else "empty.kept.unknown")


def nothing_close(asked: Asked) -> str:
    """Return that no unit is close to a threshold; "" where one is."""
    return "" if close_table(asked).rows else asked.say("empty.close")


def _above(asked: Asked) -> Array | None:
    """Return points above the lowest cut, (draw, unit), of units that any rule holds; none without grades."""
    from povsim.sensitivity.veto_cures import compensation

    one, board = card_of(asked)
    cut = float(one.attrs["cut"])
    if cut != cut:
        return None
    dims = ("draw", "unit")
    before = xr.DataArray(one["before"].to_numpy(), dims=dims)
    return compensation(before, xr.DataArray(board.flags.any(axis=2), dims=dims), cut=cut).to_numpy()


def _standing(asked: Asked, one: xr.Dataset, names: tuple[str, str], where: tuple[Array, int]) -> str:
    """Return the grade that is most often had in the draws chosen, else the mean place."""
    chosen, place = where
    grades, ranks = (one[name].to_numpy()[chosen, place] for name in names)
    known = grades[grades >= 0]
    if known.size:
        labels = str(asked.card.attrs[f"grades_{asked.lang}"]).split("\n") if asked.card is not None else []
        return labels[int(np.bincount(known).argmax())]
    ranked = ranks[ranks > 0]
    return asked.say("rank.mean", rank=f"{ranked.mean():.1f}") if ranked.size else asked.say("rank.none")


def _mean(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def close_table(asked: Asked) -> Table:
    """Return units close to a threshold, on either side: nearest first."""
    _, board = card_of(asked)
    say = asked.say
    columns = [
        Column("unit", say("column.unit")),
        Column("rule", say("column.rule")),
        Column("figure", say("column.figure")),
        Column("threshold", say("column.threshold")),
        Column("gap", say("column.gap_share"), "percent", 1),
        Column("held", say("column.held"), "percent", 0),
    ]
    rows = [row for place in range(len(board.codes)) for row in _close(asked, board, place)]
    rows.sort(key=lambda row: abs(row["gap"]))
    return Table("veto_close", say("table.close"), columns, rows, say("table.close.note"))


def _close(asked: Asked, board: Board, place: int) -> list[dict[str, Any]]:
    from povsim.views.vetoes_changes import amount
    from povsim.views.vetoes_villages import threshold_text

    key = board.key(place)
    bound = float(asked.thresholds.get(key, board.thresholds[place]))
    if not board.movable[place] or bound == 0 or key in asked.off:
        return []
    mean = board.figures[..., place].mean(axis=0, dtype=np.float64)
    flags = ~passes(board.figures[..., place], bound, board.comparisons[place])
    gap = (mean - bound) / abs(bound)
    reach = min(CLOSE, CLOSE_SHARE / abs(bound)) if board.units[place].startswith("share") else CLOSE
    return [
        {
            "_key": board.members[unit], "unit": board.members[unit], "rule": board.names[place],
            "figure": amount(asked, float(mean[unit]), board.units[place]),
            "threshold": threshold_text(asked, board, place),
            "gap": float(gap[unit]), "held": float(flags[:, unit].mean()),
        }
        # who always stands at a threshold that is also the best there is, is not close to failing it
        for unit in np.flatnonzero((np.abs(gap) <= reach) & ((gap != 0) | flags.any(axis=0))).tolist()
    ]  # fmt: skip


def near_table(asked: Asked) -> Table:
    """Return the items that are nearly vetoes, and how many units lose all or some of their points; means."""
    return remembered(asked.ground.memory, "near_table", lambda: _near_table(asked))


def _near_table(asked: Asked) -> Table:
    from povsim.scoring.saying import gap_text

    one, _ = card_of(asked)
    say = asked.say
    columns_of = (f"near_name_{asked.lang}", "near_unit", "near_gap", "near_points", "lost_all", "lost_some")
    names, units, gaps, points, lost, some = (one[name].to_numpy() for name in columns_of)
    columns = [
        Column("item", say("column.item")),
        Column("points", say("column.points"), "number", int((points % 1 != 0).any()), say("unit.points")),
        Column("gap", say("column.gap")),
        Column("lost", say("column.lost_all"), "number", count_digits(lost)),
        Column("some", say("column.lost_some"), "number", count_digits(some)),
    ]
    rows = [
        {
            "item": str(names[place]), "points": float(points[place]),
            "gap": gap_text(float(gaps[place]), str(units[place]), asked.lang) if gaps[place] else say("gap.any"),
            "lost": float(lost[place]), "some": float(some[place]),
        }
        for place in range(names.size)
    ]  # fmt: skip
    return Table("veto_near", say("table.near"), columns, rows, say("table.near.note"))


def vetoes_of(asked: Asked) -> dict[str, str]:
    """Return the card's vetoes whose effect could be another, code to name: those that strike units that compare."""
    one, board = card_of(asked)
    names = dict(zip(map(str, one["veto"].to_numpy()), map(str, one[f"veto_{asked.lang}"].to_numpy()), strict=True))
    scopes = [str(scope) for scope in one["veto_scope"].to_numpy()]
    able = [scope == "unit" and len(board.members) > 1 for scope in scopes]
    return {code: name for (code, name), fits in zip(names.items(), able, strict=True) if fits}


def moved_table(asked: Asked, veto: str) -> Table:
    """Return how ranks would move were a veto's effect another; against the veto off, means over the draws."""
    say = asked.say
    one, _ = card_of(asked)
    moved = one.sel(veto=veto)
    hit = moved["vetoed"].to_numpy().any(axis=0)
    columns = [
        Column("effect", say("column.effect")),
        Column("lost", say("column.places_lost"), "number", 1),
        Column("gained", say("column.places_gained"), "number", 1),
        Column("unranked", say("column.unranked"), "count"),
    ]
    rows = []
    for effect in (str(name) for name in one["effect"].to_numpy()):
        places = moved["moved_places"].sel(effect=effect).to_numpy()
        if not np.isfinite(moved["moved_rank"].sel(effect=effect).to_numpy()).any():
            continue
        gone = hit & ~np.isfinite(moved["moved_rank"].sel(effect=effect).to_numpy())
        gained = _mean(places[~hit])
        rows.append(
            {
                "_key": effect, "effect": say(f"effect.{effect}"), "lost": _mean(places[hit]),
                "gained": None if gained is None else -gained, "unranked": int(gone.sum()),
            }
        )  # fmt: skip
    name = vetoes_of(asked)[veto]
    note = say("table.moved.note") if rows else say("table.moved.none")
    return Table("veto_moved", say("table.moved", veto=name), columns, rows, note)


def unit_table(asked: Asked, unit: str) -> Table:
    """Return what one unit, or village, needs to get through: by rule its figure, the gap, and how often it holds."""
    from povsim.views.vetoes_changes import amount
    from povsim.views.vetoes_villages import threshold_text

    say = asked.say
    columns = [
        Column("rule", say("column.rule")),
        Column("figure", say("column.figure")),
        Column("threshold", say("column.threshold")),
        Column("need", say("column.need")),
        Column("held", say("column.held"), "percent", 0),
    ]
    rows = []
    for board in (asked.villages, asked.units):
        if board is None or unit not in board.members:
            continue
        member = list(board.members).index(unit)
        flags = board.standing(asked.off, asked.thresholds)[:, member].mean(axis=0)
        for place in np.argsort(-flags, kind="stable"):
            mean = board.figures[:, member, place].mean(dtype=np.float64)
            known = bool(np.isfinite(mean))
            bound = float(asked.thresholds.get(board.key(int(place)), board.thresholds[place]))
            short = bound - mean if board.comparisons[place] in (">", ">=") else mean - bound
            rows.append(
                {
                    "_key": board.key(int(place)), "rule": board.names[place], "held": float(flags[place]),
                    "figure": amount(asked, float(mean), board.units[place]) if known else figures.NOTHING,
                    "threshold": threshold_text(asked, board, int(place)),
                    "need": amount(asked, float(short), board.units[place]) if known and short > 0 else "",
                }
            )  # fmt: skip
    return Table("veto_unit", say("table.unit", unit=unit), columns, rows, say("table.unit.note"))
