"""The tables of a run as one labelled Dataset, and ratios computed from it for any area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.engine import fund_codes
from povsim.layout import CLASS_SHIFT
from povsim.rulebook import Named
from povsim.scenario import Scenario
from povsim.tables import PANEL_FLOW, PANEL_OWED, PANEL_REAL, TOTALS, Tables
from povsim.tally import BINS, EVENT_NAMES, HIGHEST, LOWEST, MARGIN_BINS, MARGIN_REACH
from povsim.terms import FACILITY_TERMS, MONITORED_CLASSES, SOURCES, STATUSES, Status

Area = Literal["county", "township", "village"]

# code: units, label, Chinese label
LABELS: Mapping[str, tuple[str, str, str]] = {
    "households": ("households", "households by status at year end", "年末户数（按状态）"),
    "persons": ("persons", "persons by status at year end", "年末人数（按状态）"),
    "poor_persons": ("persons", "persons truly below the income line", "真实低于收入标准人数"),
    "failing_persons": ("persons", "persons truly failing any veto test", "真实未达标人数"),
    "failing_exited_persons": ("persons", "declared exited and truly failing at year end", "年末已脱贫而未达标人数"),
    "failing_exited_households": (
        "households",
        "declared exited and truly failing at year end",
        "年末已脱贫而未达标户数",
    ),
    "gap_sum": ("persons", "sum of relative gaps to the line (poverty gap times persons)", "贫困缺口之和"),
    "gap2_sum": ("persons", "sum of squared relative gaps (severity times persons)", "贫困缺口平方之和"),
    "log_gap_sum": (
        "persons",
        "sum of log(line / income), income at least a thousandth of the line (Watts)",
        "瓦茨缺口之和",
    ),
    "income_sum": ("yuan per year", "income by source", "收入合计（按来源）"),
    "income_histogram": ("persons", "persons by counted income per head", "按人均收入分组人数"),
    "exits": ("persons", "declared out of poverty in the year", "当年脱贫人数"),
    "wrong_exits": ("persons", "declared out in the year while truly failing", "当年错退人数"),
    "relapses": ("persons", "truly fell back in the year after a sound exit", "当年返贫人数"),
    "omissions": ("persons", "unregistered and truly failing at year end", "年末漏评人数"),
    "newly_poor": ("persons", "unregistered, truly failing this year and not the year before", "当年新致贫人数"),
    "lasting_exits": (
        "persons",
        "poor, then above the line for two years, the second being this one",
        "连续两年稳定高于标准人数",
    ),
    "recipients": ("households", "households that received the measure in the year", "受益户数"),
    "spending": ("yuan per year", "money spent on the measure", "支出"),
    "loans_outstanding": ("yuan", "loans running at year end", "年末贷款余额"),
    "arrears": ("yuan", "loans overdue at year end", "年末逾期贷款"),
    "monitored_persons": ("persons", "monitored at year end by class", "年末监测人数（按类别）"),
    "monitored_households": ("households", "monitored at year end by class", "年末监测户数（按类别）"),
    "caught_persons": (
        "persons",
        "wrong exits that a stage of checking caught in the year",
        "当年核查各环节拦下的错退人数",
    ),
    "caught_households": (
        "households",
        "wrong exits that a stage of checking caught in the year",
        "当年核查各环节拦下的错退户数",
    ),
    "wrongly_included": ("persons", "on the register at its start and truly passing", "建档时错评人数"),
    "wrongly_included_households": ("households", "on the register at its start and truly passing", "建档时错评户数"),
    "omitted_at_start": ("persons", "not on the register at its start and truly failing", "建档时漏评人数"),
    "omitted_at_start_households": (
        "households",
        "not on the register at its start and truly failing",
        "建档时漏评户数",
    ),
    "facilities_lacking": (
        "flag",
        "village lacks the facility at year end (-1: not modelled)",
        "年末村缺该设施（-1 为未模拟）",
    ),
    "collective_projects": ("yuan per year", "collective income earned by projects", "村集体项目收入"),
    "fund_budget": ("yuan per year", "budget of the fund in all its areas", "资金年度预算"),
    "fund_spending": ("yuan per year", "spent on the measures that draw on the fund", "资金年度支出"),
    "alignment_stretch": (
        "factor",
        "what a tied total needed: multiple of the income line to be seen above; factor of earned income",
        "总量约束所需调整：脱贫收入线倍数；劳动经营收入倍数",
    ),
    "alignment_missed": (
        "unit of the total",
        "tied total minus what was reached: persons; yuan per head and year",
        "总量约束未达部分：人；元/人年",
    ),
    "village_passes": (
        "flag",
        "village passes every veto of the village standard (-1: it has no tests)",
        "村达标（-1 为无村级项）",
    ),
    "village_test_fails": (
        "flag",
        "village fails the test (-1: no test of villages, or its figure is not known)",
        "村未达标项（-1 为非村级项）",
    ),
    "county_passes_true": (
        "flag",
        "county passes every test, in truth (-1: it has no tests)",
        "县真实达标（-1 为无县级项）",
    ),
    "county_passes_seen": (
        "flag",
        "county passes every test as sampled (-1: it has no tests)",
        "县抽查达标（-1 为无县级项）",
    ),
    "county_rate_true": ("share", "rate tested at the county, in truth, by persons", "县级指标真实值"),
    "county_rate_seen": ("share", "rate tested at the county, as sampled, by households", "县级指标抽查值"),
}
for _name in ("exits", "wrong_exits", "relapses", "omissions", "newly_poor", "lasting_exits"):
    LABELS = {
        **LABELS,
        f"{_name}_households": ("households", LABELS[_name][1], LABELS[_name][2].replace("人数", "户数")),
    }


@dataclass(frozen=True)
class Results:
    """Everything a run leaves behind, still in memory."""

    outcomes: xr.Dataset
    margins: xr.Dataset
    tables: Tables
    scenarios: tuple[Scenario, ...]
    measures: tuple[str, ...]


def variable(name: str, dims: tuple[str, ...], values: npt.NDArray[Any]) -> xr.Variable:
    """Return a labelled variable."""
    units, label, label_zh = LABELS[name]
    attributes: dict[str, Any] = {"units": units, "long_name": label, "long_name_zh": label_zh}
    if units == "flag":
        meanings = "not_applicable false true"
        attributes |= {"flag_values": np.array([-1, 0, 1], dtype=np.int8), "flag_meanings": meanings}
    return xr.Variable(dims, values, attributes)


def assemble(
    tables: Tables, register: xr.Dataset, scenarios: tuple[Scenario, ...], draws: range, measures: tuple[str, ...]
) -> xr.Dataset:
    """Return the outcomes of a run as a labelled Dataset; verdicts of villages and counties are added by ``verdicts``.

    Parameters
    ----------
    tables : Tables
        Filled by the engine.
    register : Dataset
        The register that was simulated: names of areas, count unit.
    scenarios : tuple of Scenario
        As simulated.
    draws : range
        Numbers of the draws.
    measures : tuple of str
        Codes along the measure dim.

    Returns
    -------
    Dataset
        As in the contract of ``outcomes.nc``.
    """
    lead = ("scenario", "draw", "year", "village")
    arrays = _counted(tables, lead) | _of_villages(tables, lead) | _of_funds(tables, scenarios, measures)
    for name, values in (("alignment_stretch", tables.stretch), ("alignment_missed", tables.missed)):
        arrays[name] = (("scenario", "draw", "year", "total"), values)
    data = {name: variable(name, dims, values) for name, (dims, values) in arrays.items()}
    return xr.Dataset(data, _coordinates(register, scenarios, draws, measures), _attributes(register))


Arrays = dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]]


def _counted(tables: Tables, lead: tuple[str, ...]) -> Arrays:
    t = tables.named()
    arrays: Arrays = {
        "households": ((*lead, "status"), t["households"]),
        "persons": ((*lead, "status"), t["persons"]),
        "poor_persons": (lead, t["poor"]),
        "failing_persons": (lead, t["failing"].sum(axis=-1)),
        "failing_exited_persons": (lead, t["failing"][..., 2]),
        "failing_exited_households": (lead, t["failing_households"][..., 2]),
        "gap_sum": (lead, t["gaps"][..., 0]),
        "gap2_sum": (lead, t["gaps"][..., 1]),
        "log_gap_sum": (lead, t["gaps"][..., 2]),
        "income_sum": ((*lead, "source"), t["income"]),
        "income_histogram": ((*lead[:3], "township_name", "bin"), tables.histogram),
        "omissions": (lead, t["failing"][..., 0]),
        "omissions_households": (lead, t["failing_households"][..., 0]),
        "recipients": ((*lead, "measure"), np.moveaxis(t["recipients"], 3, 4)),
        "spending": ((*lead, "measure"), np.moveaxis(t["spending"], 3, 4)),
        "loans_outstanding": (lead, t["loans"][..., 0]),
        "arrears": (lead, t["loans"][..., 1]),
        "monitored_persons": ((*lead, "monitored_class"), t["monitored"][..., 0]),
        "monitored_households": ((*lead, "monitored_class"), t["monitored"][..., 1]),
        "caught_persons": ((*lead, "check"), t["caught"][..., 0]),
        "caught_households": ((*lead, "check"), t["caught"][..., 1]),
    }
    for place, name in enumerate(EVENT_NAMES):
        arrays[name] = (lead, t["events"][..., place])
        arrays[f"{name}_households"] = (lead, t["events_households"][..., place])
    starts = ("wrongly_included", "wrongly_included_households", "omitted_at_start", "omitted_at_start_households")
    for place, name in enumerate(starts):
        arrays[name] = (("scenario", "draw", "village"), tables.counts.identified[..., place])
    return arrays


def _of_villages(tables: Tables, lead: tuple[str, ...]) -> Arrays:
    return {
        "facilities_lacking": ((*lead, "facility"), tables.lacking),
        "collective_projects": (lead, tables.collective),
    }


def _of_funds(tables: Tables, scenarios: tuple[Scenario, ...], measures: tuple[str, ...]) -> Arrays:
    """Return the book of each fund: its budget, and what the measures that draw on it spent."""
    dims = ("scenario", "draw", "year", "fund")
    funds = fund_codes(scenarios)
    spent = np.zeros((*tables.fund_budget.shape[:3], len(funds)), dtype=np.int64)
    for s, scenario in enumerate(scenarios):
        for code, measure in scenario.active().items():
            if measure.fund is not None:
                of_measure = tables.counts.spending[s, :, :, measures.index(code)].sum(axis=-1)
                spent[s, :, :, funds.index(measure.fund)] += of_measure
    return {"fund_budget": (dims, tables.fund_budget), "fund_spending": (dims, spent)}


def _coordinates(
    register: xr.Dataset, scenarios: tuple[Scenario, ...], draws: range, measures: tuple[str, ...]
) -> dict[str, Any]:
    named = {code: measure for scenario in scenarios for code, measure in scenario.measures.items()}
    funds = {code: fund for scenario in scenarios for code, fund in scenario.funds.items()}
    checks = max((scenario.inspection.checks for scenario in scenarios), key=len)
    township = township_labels(register)
    edges = np.exp(np.linspace(np.log(LOWEST), np.log(HIGHEST), BINS + 1))
    return {
        "scenario": [scenario.code for scenario in scenarios],
        "draw": np.array(draws, dtype=np.int32),
        "year": np.array(scenarios[0].span, dtype=np.int32),
        "village": register["village"].to_numpy().astype(str),
        "township": ("village", township),
        "county": ("village", register["county"].to_numpy().astype(str)),
        "name_zh": ("village", register["name_zh"].to_numpy().astype(str)),
        "name_en": ("village", register["name_en"].to_numpy().astype(str)),
        "status": [term.code for term in STATUSES],
        "source": [term.code for term in SOURCES],
        "monitored_class": [term.code for term in MONITORED_CLASSES],
        "facility": [term.code for term in FACILITY_TERMS],
        "total": list(TOTALS),
        **_named("measure", {code: named[code] for code in measures}),
        "payer": ("measure", np.array([named[code].payer.name_en for code in measures], dtype=str)),
        **_named("fund", funds),
        **_named("check", {check.code: check for check in checks}),
        "township_name": list(dict.fromkeys(township.tolist())),
        "bin": ("bin", edges[:-1], {"units": "yuan per head", "long_name": "lower edge of the bin"}),
    }


def _named(dim: str, items: Mapping[str, Named]) -> dict[str, Any]:
    """Return a dim's codes with their names in both languages."""
    return {
        dim: (dim, np.array(list(items), dtype=str)),
        f"{dim}_zh": (dim, np.array([item.name_zh for item in items.values()], dtype=str)),
        f"{dim}_en": (dim, np.array([item.name_en for item in items.values()], dtype=str)),
    }


def township_labels(register: xr.Dataset) -> npt.NDArray[np.str_]:
    """Return each village's township, with its county where two counties have a township of the same name."""
    county, township = (register[name].to_numpy().astype(str) for name in ("county", "township"))
    pairs = set(zip(county.tolist(), township.tolist(), strict=True))
    if len(pairs) == len({name for _, name in pairs}):
        return township
    return np.array([f"{a}/{b}" for a, b in zip(county.tolist(), township.tolist(), strict=True)])


def _attributes(register: xr.Dataset) -> dict[str, Any]:
    step = float(np.log(HIGHEST / LOWEST) / BINS)
    return {
        "count_unit": register.attrs.get("count_unit", "1 household"),
        "unit_of_persons": register.attrs.get("unit_of_persons", "persons"),
        "currency": register.attrs.get("currency", "yuan"),
        "histogram_relative_error": np.expm1(step / 2),
        "base_year": int(register.attrs["year"]),
    }


def margins_dataset(tables: Tables, outcomes: xr.Dataset, draws: int) -> xr.Dataset:
    """Return persons by distance to the income threshold, split by whether another veto blocks them anyway."""
    edges = np.linspace(-MARGIN_REACH, MARGIN_REACH, MARGIN_BINS + 1)
    values = tables.margins[:, :, :, None, :, :]
    dims = ("scenario", "year", "township", "veto", "otherwise_blocked", "bin")
    labels = {
        "units": "persons",
        "long_name": "persons by log(counted income / threshold), summed over draws",
        "long_name_zh": "按收入与标准之比的对数分组人数（各次模拟之和）",
    }
    return xr.Dataset(
        {"margin_histogram": (dims, values, labels)},
        {
            "scenario": outcomes["scenario"].values,
            "year": outcomes["year"].values,
            "township": outcomes["township_name"].values,
            "veto": ["income"],
            "otherwise_blocked": [False, True],
            "bin": ("bin", edges[:-1], {"units": "log points", "long_name": "lower edge of the bin"}),
        },
        {
            "draws": draws,
            "open_ends": "the first and the last bin hold everything beyond",
            "bin_width": float(edges[1] - edges[0]),
        },
    )


def panel_dataset(tables: Tables, register: xr.Dataset, outcomes: xr.Dataset) -> xr.Dataset:
    """Return the household panel that was kept: dims (scenario, draw, year, household), yuan per household."""
    dims = ("scenario", "draw", "year", "household")
    coordinates = {name: outcomes[name].values for name in dims[:3]} | {"household": register["household"].values}
    amounts = (*PANEL_FLOW, *PANEL_OWED, *PANEL_REAL)
    data: dict[str, Any] = {}
    for name, values in tables.panel.items():
        unit = ("yuan per head" if name.endswith("head") else "yuan per household") if name in amounts else "code"
        data[name] = (dims, values, {"units": unit, "long_name": name.replace("_", " ")})
    data["received"] = (dims, tables.panel["received"], {"units": "bits", "long_name": "measures received, a bit each"})
    data["monitored"] = (dims, monitored_class(tables.panel["status"], tables.panel["flags"]), {"units": "code"})
    village = ("household", register["village"].to_numpy()[register["household_village"].to_numpy()].astype(str))
    data["persons"] = ("household", register["persons"].to_numpy())
    data["weight"] = ("household", register["weight"].to_numpy())
    return xr.Dataset(data, {**coordinates, "household_village": village})


def monitored_class(status: npt.NDArray[Any], flags: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Return each household's monitored class, 1 to 3, or 0."""
    return np.where(status == int(Status.monitored), (flags >> CLASS_SHIFT) & 3, 0).astype(np.int16)


def by_area(outcomes: xr.Dataset, name: str, area: Area) -> xr.DataArray:
    """Sum a village statistic over the villages of each county or township.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it.
    name : str
        A variable with a village dim.
    area : {"county", "township", "village"}
        Areas wanted.

    Returns
    -------
    DataArray
        With the area's dim in the place of village.
    """
    array = outcomes[name]
    if area == "village":
        return array
    wide = array.astype(np.int64) if array.dtype.kind in "iu" else array
    return wide.groupby(area).sum("village")


def ratios(outcomes: xr.Dataset, area: Area = "county") -> xr.Dataset:
    """Compute poverty ratios of areas from counts and sums.

    Parameters
    ----------
    outcomes : Dataset
        As ``simulate`` returns it.
    area : {"county", "township", "village"}
        Areas wanted.

    Returns
    -------
    Dataset
        Shares of persons by scenario, draw, year and area: ``headcount_ratio``, ``failing_ratio``, ``poverty_gap``,
        ``poverty_severity``, ``watts``, ``registered_ratio`` (registered and relapsed over all) and
        ``composite_incidence`` (registered, omitted and wrongly exited over all); ``mean_income`` in yuan per head.
    """
    status = by_area(outcomes, "persons", area)
    everybody = status.sum("status")
    registered = status.sel(status=["registered", "relapsed"]).sum("status")
    hidden = by_area(outcomes, "omissions", area) + by_area(outcomes, "failing_exited_persons", area)
    sums = {
        "headcount_ratio": by_area(outcomes, "poor_persons", area),
        "failing_ratio": by_area(outcomes, "failing_persons", area),
        "poverty_gap": by_area(outcomes, "gap_sum", area),
        "poverty_severity": by_area(outcomes, "gap2_sum", area),
        "watts": by_area(outcomes, "log_gap_sum", area),
        "registered_ratio": registered,
        "composite_incidence": registered + hidden,
        "mean_income": by_area(outcomes, "income_sum", area).sel(source="total", drop=True),
    }
    return xr.Dataset({name: (total / everybody).drop_attrs() for name, total in sums.items()})
