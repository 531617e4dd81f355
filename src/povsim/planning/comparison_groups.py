"""Winners and losers: in which groups of households the probability of being poor falls, and in which it rises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from povsim.planning.comparison_sides import Pairing, Side
from povsim.planning.comparison_statistics import WHOLE
from povsim.planning.target_households import household_table, with_area
from povsim.terms import CATEGORIES, CAUSES, STATUSES

THRESHOLD = 0.05
"""A household wins or loses when its probability of being poor changes by more than this."""
RESOLUTION = 1e-6
"""Changes this near to the threshold are exactly the threshold: shares of draws are stored with an error below it."""
BAND_WIDTH = 1.2816
"""Standard errors on either side of the middle 80 % of a normal distribution."""
STATES = ("registered", "exited", "relapsed", "monitored")
KINDS = {
    "all": ("全部", "all households"),
    "township": ("乡镇", "township"),
    "village": ("村", "village"),
    "status": ("首年末状态", "status at the end of the first year"),
    "status_at_start": ("建档时状态", "status on the register"),
    "cause": ("致贫原因", "cause of poverty"),
    "category": ("类别", "category"),
}


@dataclass(frozen=True)
class Question:
    """What winners and losers are asked for: year, change in probability that counts, register for more groups."""

    year: int
    threshold: float = THRESHOLD
    register: xr.Dataset | None = None


def winners_and_losers(first: Side, second: Side, pairing: Pairing, asked: Question) -> pd.DataFrame | None:
    """Return households that win or lose under the second plan, by group.

    Parameters
    ----------
    first, second : Side
        The plans; groups by status are those under the first.
    pairing : Pairing
        Where luck is not common, or one side has draws that the other has not, only changes larger than what luck
        alone does to 80 % of households count: probabilities of households are of all draws of a run.
    asked : Question
        Year, threshold, register.

    Returns
    -------
    DataFrame or None
        One row a kind of group and group: ``households``, ``persons`` (weighted), ``won`` and ``lost`` (households),
        ``share_won``, ``share_lost`` (of households), ``change`` (mean change of the probability of being poor, by
        persons), ``income_change`` (mean, per head). None where a run was made without households.

    Notes
    -----
    A household wins or loses by a change of more than the threshold: one of exactly the threshold does neither, and a
    change within ``RESOLUTION`` of it counts as exactly it, however the two shares of draws were rounded when stored.
    """
    years = sorted({asked.year, int(second.outcomes["year"].to_numpy()[0])})
    tables = [household_table(side.households, side.scenario, years, ("income_per_head",)) for side in (first, second)]
    if tables[0] is None or tables[1] is None:
        return None
    both = _joined(tables[0], tables[1], asked.year)
    both = _grouped(both, tables[0], first, asked)
    change = both["poor_second"].to_numpy(dtype=np.float64) - both["poor"].to_numpy(dtype=np.float64)
    bar = asked.threshold + (0.0 if pairing.whole else _noise(both, first, second))
    counts = np.abs(change) - bar > RESOLUTION
    both = both.assign(change=change, won=counts & (change < 0), lost=counts & (change > 0))
    kinds = [kind for kind in KINDS if kind == "all" or kind in both]
    return pd.DataFrame([row for kind in kinds for row in _rows(both, kind)])


def _joined(first: pd.DataFrame, second: pd.DataFrame, year: int) -> pd.DataFrame:
    a = first[first["year"] == year]
    b = second[second["year"] == year].set_index("household")[["poor", "income_per_head"]].add_suffix("_second")
    return a.join(b, on="household", how="inner")


def _grouped(both: pd.DataFrame, table: pd.DataFrame, side: Side, asked: Question) -> pd.DataFrame:
    """Put the groups beside households."""
    out = with_area(both, side.outcomes)
    at_first = table[table["year"] == int(side.outcomes["year"].to_numpy()[0])].set_index("household")
    chance = at_first[list(STATES)].assign(never_registered=lambda one: 1.0 - one.sum(axis=1))
    out = out.assign(status=out["household"].map(chance.idxmax(axis=1)))
    if asked.register is None:
        return out
    household = asked.register["household"].to_numpy()
    for name, key in (("status_at_start", "status"), ("cause", "cause"), ("category", "category")):
        codes = pd.Series(asked.register[key].to_numpy(), index=household)
        out[name] = out["household"].map(codes).map(lambda code, key=key: _label(key, code))
    return out


def _label(key: str, code: int) -> str:
    terms = {"status": STATUSES, "cause": CAUSES, "category": CATEGORIES}[key]
    # a cause is kept as its position + 1, 0 being none
    place = int(code) - (key == "cause")
    return terms[place].code if 0 <= place < len(terms) else "none"


def _noise(both: pd.DataFrame, first: Side, second: Side) -> npt.NDArray[np.float64]:
    """Return how far luck alone moves the difference of two shares of independent draws in 80 % of cases."""
    parts = [
        both[column].to_numpy(dtype=np.float64)
        * (1.0 - both[column].to_numpy(dtype=np.float64))
        / side.outcomes.sizes["draw"]
        for column, side in (("poor", first), ("poor_second", second))
    ]
    return np.asarray(BAND_WIDTH * np.sqrt(parts[0] + parts[1]))


def _rows(both: pd.DataFrame, kind: str) -> Iterator[dict[str, object]]:
    groups = [(WHOLE, both)] if kind == "all" else both.groupby(kind, sort=True, observed=True)
    for group, rows in groups:
        weight = rows["weight"].to_numpy(dtype=np.float64)
        heads = weight * rows["persons"].to_numpy(dtype=np.float64)
        won, lost = float(weight[rows["won"].to_numpy()].sum()), float(weight[rows["lost"].to_numpy()].sum())
        income = (rows["income_per_head_second"] - rows["income_per_head"]).to_numpy(dtype=np.float64)
        yield {
            "kind": kind, "group": str(group), "households": weight.sum(), "persons": heads.sum(), "won": won,
            "lost": lost, "share_won": won / weight.sum(), "share_lost": lost / weight.sum(),
            "change": float((rows["change"].to_numpy() * heads).sum() / heads.sum()),
            "income_change": float((income * heads).sum() / heads.sum()),
        }  # fmt: skip
