"""The statistics that plans are compared by: what each is, whether more of it is better, how it adds up over areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.planning.target_values import villages

Floats = npt.NDArray[np.float64]
WHOLE = "all"
"""The area that is all of them together."""


@dataclass(frozen=True)
class Statistic:
    """One statistic: units, names, and whether more (1) or less (-1) of it is better."""

    units: str
    zh: str
    en: str
    better: int


STATISTICS = {
    "poor_persons": Statistic("persons", "收入贫困人数", "poor by income at year end", -1),
    "headcount_ratio": Statistic("share", "收入贫困发生率", "headcount ratio by income", -1),
    "poverty_gap": Statistic("share", "贫困缺口率", "poverty gap", -1),
    "registered_ratio": Statistic("share", "登记贫困发生率", "incidence as registered", -1),
    "composite_incidence": Statistic("share", "综合贫困发生率", "composite incidence", -1),
    "failing_persons": Statistic("persons", "真实未达标人数", "truly failing the exit standard", -1),
    "exits": Statistic("persons", "当年脱贫人数", "exits of the year", 1),
    "wrong_exits": Statistic("persons", "当年错退人数", "wrong exits of the year", -1),
    "relapses": Statistic("persons", "当年返贫人数", "relapses of the year", -1),
    "lasting_exits_so_far": Statistic("persons", "累计稳定脱贫人数", "lasting exits so far", 1),
    "mean_income": Statistic("yuan per head and year", "人均收入", "mean income per head", 1),
    "villages_passing": Statistic("villages", "达标村数", "villages that pass", 1),
    "arrears": Statistic("yuan", "年末逾期贷款", "loans overdue", -1),
    "spending": Statistic("yuan per year", "当年支出", "spending of the year", -1),
    "spending_so_far": Statistic("yuan", "累计支出", "spending so far", -1),
}


def membership(outcomes: xr.Dataset, by: str | None) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return areas, all together first, and 1 where a village (row) lies in one (column)."""
    whole = np.ones((outcomes.sizes["village"], 1), dtype=np.int64)
    if by is None:
        return [WHOLE], whole
    names = outcomes[by].to_numpy().astype(str)
    areas = list(dict.fromkeys(names.tolist()))
    parts = (names[:, np.newaxis] == np.array(areas)[np.newaxis]).astype(np.int64)
    return [WHOLE, *areas], np.concatenate([whole, parts], axis=1)


def statistics_of(outcomes: xr.Dataset, by: str | None = None) -> dict[str, Floats]:
    """Return every statistic of one plan, dims (draw, year, area).

    Parameters
    ----------
    outcomes : Dataset
        Scenario dim of length 1.
    by : {"county", "township", "village"}, optional
        Areas beside the whole.
    """
    _, member = membership(outcomes, by)
    persons = outcomes["persons"].astype(np.int64)
    on_it = persons.sel(status=["registered", "relapsed"]).sum("status")
    more = outcomes.assign(everybody=persons.sum("status"), on_it=on_it, cost=outcomes["spending"].sum("measure"))

    def total(name: str) -> Floats:
        return np.asarray(villages(more, name) @ member, dtype=np.float64)

    everybody, registered = total("everybody"), total("on_it")
    gaps: Floats = outcomes["gap_sum"].isel(scenario=0).transpose("draw", "year", "village").to_numpy() @ member
    income = np.asarray(villages(outcomes.sel(source="total"), "income_sum") @ member, dtype=np.float64)
    passing = outcomes["village_passes"].isel(scenario=0).transpose("draw", "year", "village").to_numpy() == 1
    hidden = total("omissions") + total("failing_exited_persons")
    spent = total("cost")
    names = ("poor_persons", "failing_persons", "exits", "wrong_exits", "relapses", "arrears")
    return {name: total(name) for name in names} | {
        "headcount_ratio": _over(total("poor_persons"), everybody),
        "poverty_gap": _over(gaps, everybody),
        "registered_ratio": _over(registered, everybody),
        "composite_incidence": _over(registered + hidden, everybody),
        "lasting_exits_so_far": np.cumsum(total("lasting_exits"), axis=1),
        "mean_income": _over(income, everybody),
        "villages_passing": np.asarray(passing.astype(np.int64) @ member, dtype=np.float64),
        "spending": spent,
        "spending_so_far": np.cumsum(spent, axis=1),
    }


def _over(top: Floats, bottom: Floats) -> Floats:
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))
