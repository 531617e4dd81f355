"""What a panel's back-test says of itself: where the model was good, where a rival was better, what limits the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from povsim.backtests.panel_bounds import FITTED, LEAST, MOST, PERMANENT, TRANSITORY, seen_correlation
from povsim.backtests.panel_forecasts import GROWTH, Said, mean_growth
from povsim.backtests.panel_scoring import HOUSEHOLD_POOR
from povsim.backtests.panel_statistics import STATISTICS, members_of
from povsim.backtests.panel_waves import Waves
from povsim.backtests.record import ROOM, Statement
from povsim.backtests.rivals import ENGINE, MODEL
from povsim.wording import wording

CLEAR = 2.0
"""Standard errors by which a forecaster has to be ahead before it is called better."""
MISSED_TREND = 0.05
"""Log points by which the trend has to miss real growth before it is told."""
TIE = 0.005
"""Half a percentage point: statistics nearer than another by less are as near."""
UNSTEADY = 1.5
"""Ratio of variances of log welfare between waves above which the panel is called unsteady."""
_PAIR = tuple[str, str]


def both(key: str, **values: object) -> _PAIR:
    """Return a text in Chinese and English; values may be pairs themselves."""
    zh = {name: value[0] if isinstance(value, tuple) else value for name, value in values.items()}
    en = {name: value[1] if isinstance(value, tuple) else value for name, value in values.items()}
    return wording("zh", ROOM)(key, **zh), wording("en", ROOM)(key, **en)


def listed(pairs: Sequence[_PAIR]) -> _PAIR:
    """Return names as a list in both languages."""
    return "、".join(zh for zh, _ in pairs), ", ".join(en for _, en in pairs)


# ---- what came out ----


def statements_of(table: pd.DataFrame, panel: xr.Dataset) -> tuple[Statement, ...]:
    """Return what the scores say, the model's own result first, then every rival beside it."""
    name = (str(panel.attrs["name_zh"]), str(panel.attrs["name_en"]))
    found = [_headline(table, "", name)]
    # panels of states have no forecast that was told the growth
    if (table["model"] == MODEL + GROWTH).any():
        found.append(_headline(table, GROWTH, name))
    for end in ("", GROWTH):
        found += _rivals(table, end)
    return tuple(found)


def _headline(table: pd.DataFrame, end: str, name: _PAIR) -> Statement:
    rows = _statistics(table, end)
    own = rows[rows["model"] == MODEL + end]
    counts = {
        "count": len(own), "held": int(own["inside"].sum()), "held95": int(own["inside95"].sum()),
        "nearest": _nearest(rows, MODEL + end),
        "missed": listed([both(f"panel.statistic.{code}") for code in own[own["inside95"] == 0]["quantity"]]),
    }  # fmt: skip
    key = "panel.headline" + (".growth" if end else "")
    missed = "" if counts["held95"] == counts["count"] else ".missed"
    return Statement(key + missed, {"name": name, "wave": str(own["when"].iloc[0]), **counts})


def _rivals(table: pd.DataFrame, end: str) -> Iterator[Statement]:
    """Say of every other forecaster whether its chances were better or worse, and where it came nearer."""
    rows = _statistics(table, end)
    homes = table[table["quantity"] == HOUSEHOLD_POOR].set_index("model")
    if MODEL + end not in homes.index:
        return
    off = (rows["mean"] - rows["actual"]).abs()
    brier = {str(model): float(score) for model, score in homes["brier"].items()}
    for model in (one for one in brier if one != MODEL + end and one.endswith(GROWTH) == bool(end)):
        behind, error = float(homes["behind"][model]), float(homes["behind_error"][model])
        verdict = "alike" if abs(behind) < CLEAR * error else ("worse" if behind > 0 else "better")
        own = off[rows["model"] == MODEL + end].to_numpy()
        nearer = rows[rows["model"] == model]["quantity"][(off[rows["model"] == model].to_numpy() < own - TIE)]
        where = listed([both(f"panel.statistic.{code}") for code in nearer]) if len(nearer) else both("panel.nowhere")
        told: dict[str, Any] = {
            "rival": both(f"panel.model.{model}"), "verdict": both(f"panel.verdict.{verdict}"), "where": where,
            "score": f"{brier[model]:.4f}", "own": f"{brier[MODEL + end]:.4f}",
            "behind": f"{behind:+.4f}", "error": f"{error:.4f}",
        }  # fmt: skip
        yield Statement("panel.engine" if model.startswith(ENGINE) else "panel.rival", told)


def _statistics(table: pd.DataFrame, end: str) -> pd.DataFrame:
    told = table["model"].str.endswith(GROWTH) == bool(end)
    return table[table["quantity"].isin(STATISTICS) & told]


def _nearest(rows: pd.DataFrame, model: str) -> int:
    """Return in how many statistics nobody is nearer; the simulation is the model's own and does not compete."""
    off = rows.assign(off=(rows["mean"] - rows["actual"]).abs())[~rows["model"].str.startswith(ENGINE)]
    best = off.groupby("quantity")["off"].min()
    own = off[off["model"] == model].set_index("quantity")["off"]
    return int((own <= best[own.index] + TIE).sum())


def bounds_statements(table: pd.DataFrame, waves: Waves, panel: xr.Dataset) -> tuple[Statement, ...]:
    """Return what two waves say, that nothing was held out first."""
    by = table.set_index(["quantity", "model"])["mean"]
    name = (str(panel.attrs["name_zh"]), str(panel.attrs["name_en"]))
    actual = table.set_index(["quantity", "model"])["actual"]
    told = {"name": name, "years": f"{waves.gap:g}", "correlation": f"{seen_correlation(waves):.3f}"}
    found = [Statement("panel.bounds", told)]
    for code in ("exit", "entry"):
        shares = {
            "actual": actual[code, FITTED], "fitted": by[code, FITTED],
            "permanent": by[code, PERMANENT], "transitory": by[code, TRANSITORY],
            "least": by[f"{code}_year", LEAST], "most": by[f"{code}_year", MOST],
        }  # fmt: skip
        found.append(Statement(f"panel.bounds.{code}", {"years": told["years"]}, shares))
    return tuple(found)


# ---- what limits it ----


def notes_of(waves: Waves, panel: xr.Dataset, said: Said | None, treated: int) -> tuple[Statement, ...]:
    """Return what limits the data and who was counted.

    Parameters
    ----------
    waves : Waves
    panel : Dataset
        Without treated households.
    said : Said, optional
        The forecasts; none with two waves.
    treated : int
        Households left out because a measure changed their incomes.
    """
    found = [Statement("panel.note.own", {"note": (panel.attrs["note_zh"], panel.attrs["note_en"])})]
    found = found if panel.attrs.get("note_zh") else []
    found += [Statement("panel.note.treated", {"count": treated})] if treated else []
    found += [_members(waves), *_attrition(waves), *_nonpositive(panel)]
    if said is not None:
        found += [Statement(f"panel.note.lags.{min(said.lags, 3)}"), *_steadiness(waves, said)]
    if panel.attrs.get("line_status") == "assumed":
        found.append(Statement("panel.note.line", {"note": str(panel.attrs["line_note"])}))
    return tuple(found)


def _members(waves: Waves) -> Statement:
    counts = [
        both("panel.count", name=both(f"panel.statistic.{code}"), count=int(members.sum()))
        for code, members in members_of(waves).items()
    ]
    return Statement("panel.note.members", {"counts": listed(counts), "wave": waves.labels[-1]})


def _attrition(waves: Waves) -> Iterator[Statement]:
    """Tell who was seen in the last early wave and is gone, and how poor they were beside those who stayed."""
    seen = waves.seen
    gone, stayed = seen[:, -2] & ~seen[:, -1], waves.base
    if not gone.any():
        yield Statement("panel.note.complete")
        return
    poor, weight = np.nan_to_num(waves.poor[:, -2]), waves.weight
    shares = {
        "share": weight[gone].sum() / weight[seen[:, -2]].sum(),
        "gone": np.average(poor[gone], weights=weight[gone]),
        "stayed": np.average(poor[stayed], weights=weight[stayed]),
    }
    yield Statement("panel.note.attrition", {"count": int(gone.sum()), "wave": waves.labels[-1]}, shares)


def _nonpositive(panel: xr.Dataset) -> Iterator[Statement]:
    low = 0 if "income" not in panel else int((panel["income"] <= 0).sum())
    if low:
        yield Statement("panel.note.nonpositive", {"count": low})


def _steadiness(waves: Waves, said: Said) -> Iterator[Statement]:
    if said.spells is not None:
        return
    variances = [float(np.nanvar(column)) for column in waves.log.T]
    if max(variances) > UNSTEADY * min(variances):
        yield Statement("panel.note.unsteady", {"variances": ", ".join(f"{one:.2f}" for one in variances)})
    real, trend = mean_growth(waves), float(said.trend.mean()) * waves.gap
    if abs(real - trend) > MISSED_TREND:
        yield Statement("panel.note.trend", {"trend": f"{trend:+.3f}", "real": f"{real:+.3f}"})
