"""A calibration as YAML: a scenario that stands on another one, and effects as figures with their spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import yaml

from povsim.calibration.effects import Effect, Effects
from povsim.calibration.records import SHARES, Calibration, IncomeProcess
from povsim.calibration.spreads import independent_spreads
from povsim.quantity import Quantity
from povsim.scenario import read_scenario

SUFFIX = "-calibrated"
_DIGITS = 4
_TEXT_WIDTH = 116


def calibration_yaml(calibration: Calibration, *, base: str = "xiangyin-2016", standing: str | None = None) -> str:
    """Return a scenario in YAML: the base with the panel's income process in place of its own.

    Parameters
    ----------
    calibration : Calibration
    base : str
        The scenario it stands on, a shipped name or a file; everything that a panel does not say is taken from it.
    standing : str, optional
        How the file names its base; as ``base`` if not given. A scenario file is named from where it will lie.

    Returns
    -------
    str
        A file for ``read_scenario``, with ``base``, ``code``, names and ``incomes``: shares and rho of wage and
        business (those of all income where the panel has no sources), growth of the sources that are mapped. Every
        figure has unit, source, status and, where it is estimated, a spread to be drawn from.

    Raises
    ------
    InputError
        No such base, or faults in it.

    Examples
    --------
    >>> from povsim.calibration.estimating import calibrate
    >>> from povsim.calibration.simulated import Setting, simulated_panel
    >>> panel = simulated_panel(Setting(households=300, clusters=60), seed=1)
    >>> text = calibration_yaml(calibrate(panel, draws=20), base="sample")
    >>> yaml.safe_load(text)["code"]
    'sample-calibrated'
    """
    plan = read_scenario(base)
    told = calibration.told
    data: dict[str, Any] = {"base": standing or str(base), "code": f"{plan.code[: 80 - len(SUFFIX)]}{SUFFIX}"}
    data["name_zh"] = f"{plan.name_zh}（收入过程据“{told['name_zh']}”估计）"
    data["name_en"] = f"{plan.name_en} (income process estimated from {told['name_en']})"
    incomes: dict[str, Any] = {}
    if growth := dict(_growth(calibration)):
        incomes["growth"] = growth
    total = residual_entries(calibration, calibration.total, "income")
    for name in ("wage", "business"):
        own = calibration.sources.get(name)
        incomes[name] = total if own is None else residual_entries(calibration, own, name)
    data["incomes"] = incomes
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=_TEXT_WIDTH)
    return "".join(f"# {line}\n" for line in _heading(calibration)) + text


def _heading(calibration: Calibration) -> Iterator[str]:
    yield "Written by povsim calibrate: a scenario of its own; povsim run takes this file as it is."
    yield "A plan that wants these incomes says `base: <this file>`, or another base is written below."
    yield "Shares and rho are drawn apart in a run, while a panel's estimates hang together: the spreads are"
    yield "chosen so that persistence over one to five years is as uncertain as in the panel (docs/calibration.md)."
    yield "The spread of log income itself is not written: the county's own register shows it."
    sd = np.sqrt(calibration.total.variance)
    yield f"In the panel log income per head, less what is explained, has a standard deviation of {sd:.3f}."


def residual_entries(calibration: Calibration, process: IncomeProcess, what: str) -> dict[str, Any]:
    """Return the entries of one income source, as a scenario has them under ``incomes.wage``.

    Parameters
    ----------
    calibration : Calibration
        Tells the panel and the choices.
    process : IncomeProcess
    what : str
        ``income`` for all income, else the source.
    """
    values = _shares(process) | {"rho": round(min(process.rho, 0.99), _DIGITS)}
    spreads = _spreads(process, values)
    return {
        name: _entry(calibration, process, (name, what), value, spreads.get(name)) for name, value in values.items()
    }


def _shares(process: IncomeProcess) -> dict[str, float]:
    """Return shares in few digits that sum to one exactly: the largest takes what rounding leaves."""
    rounded = {name: round(float(getattr(process, name)), _DIGITS) for name in SHARES}
    largest = max(rounded, key=lambda name: rounded[name])
    rest = sum(value for name, value in rounded.items() if name != largest)
    return rounded | {largest: round(1.0 - rest, _DIGITS)}


def _spreads(process: IncomeProcess, values: dict[str, float]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, sd in independent_spreads(process).items():
        if name == "rho" and process.known == "given_rho":
            continue
        if process.known != "bounds":
            found |= {name: {"type": "normal", "sd": round(sd, _DIGITS)}} if round(sd, _DIGITS) > 0 else {}
            continue
        low, high = process.bounds[name]
        # a uniform law reaches the square root of three standard deviations either way
        least = round(float(max(low, values[name] - np.sqrt(3.0) * sd)), _DIGITS)
        most = round(float(min(high, values[name] + np.sqrt(3.0) * sd)), _DIGITS)
        if least < most and least <= values[name] <= most:
            found[name] = {"type": "uniform", "low": float(least), "high": float(most)}
    return found


def _entry(
    calibration: Calibration,
    process: IncomeProcess,
    names: tuple[str, str],
    value: float,
    spread: dict[str, Any] | None,
) -> dict[str, Any]:
    name, what = names
    stated = name == "error" or (name == "rho" and process.known == "given_rho")
    entry: dict[str, Any] = {"value": value, "unit": "share", "source": _source(calibration, what)}
    entry["status"] = "assumed" if stated or (name == "rho" and process.known == "bounds") else "estimated"
    entry["note"] = "; ".join(_remarks(calibration, process, name))
    entry |= {"spread": spread} if spread is not None else {}
    Quantity.model_validate(entry)
    return entry


def _source(calibration: Calibration, what: str) -> str:
    told, choices = calibration.told, calibration.choices
    years = ", ".join(f"{year:g}" for year in told["waves"].values())
    kind = "consumption" if told["welfare"] == "consumption" else "income"
    of = f"log {kind} per head" if what == "income" else f"log {what} income per head"
    return (
        f"{told['name_en']} ({told['source']}): autocovariances of {of} between the waves of {years}, minimum distance "
        f"({choices.weighting} weights), errors by {choices.draws} bootstrap samples of clusters, seed {choices.seed}"
    )


def _remarks(calibration: Calibration, process: IncomeProcess, name: str) -> Iterator[str]:
    if name == "rho" and process.known == "bounds":
        low, high = process.bounds[name]
        yield f"not estimated: of the values looked at those from {low:.3f} to {high:.3f} agree with the panel"
    elif name in process.bounds:
        low, high = process.bounds[name]
        yield f"the panel only says between {low:.3f} and {high:.3f}; the value is a central one"
    elif name == "rho" and process.known == "given_rho":
        yield "stated, not estimated"
    else:
        low, high = process.intervals[name]
        yield f"standard error {process.standard_errors[name]:.3f}, 95 % interval {low:.3f} to {high:.3f}"
    if name in ("transitory", "error"):
        share = calibration.choices.error_share
        stated = "half, the default" if share is None else f"{share:g}, as stated"
        yield f"share of misreporting in the variance of one year: {stated} (no panel tells it)"


def _growth(calibration: Calibration) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, (trend, error) in calibration.trends.items():
        if not np.isfinite(trend):
            continue
        entry: dict[str, Any] = {"value": round(float(np.expm1(trend)), _DIGITS), "unit": "share per year"}
        entry |= {"source": _growth_source(calibration, name), "status": "estimated"}
        if round(float(np.exp(trend)) * error, _DIGITS) > 0:
            entry["spread"] = {"type": "normal", "sd": round(float(np.exp(trend)) * error, _DIGITS)}
        Quantity.model_validate(entry)
        yield name, entry


def _growth_source(calibration: Calibration, name: str) -> str:
    told = calibration.told
    years = ", ".join(f"{year:g}" for year in told["waves"].values())
    return f"{told['name_en']} ({told['source']}): slope of the log mean of {name} income per head over {years}"


def effects_yaml(effects: Effects) -> str:
    """Return effects in YAML: for each outcome and wave a figure with unit, source, status and a normal spread.

    Examples
    --------
    >>> from povsim.calibration.effects import Effect, Effects
    >>> one = Effect("exit", "end", 2.0, 0.3, 0.2, 0.1, 0.05, 0.0, 0.2, (161, 168), 329, "share")
    >>> told = {"name_en": "a trial", "source": "made up", "treatment_en": "offered"}
    >>> found = yaml.safe_load(effects_yaml(Effects("treated", "difference", (one,), (), told)))
    >>> found["effects"]["treated"]["exit"]["end"]["spread"]
    {'type': 'normal', 'sd': 0.05}
    """
    found: dict[str, dict[str, Any]] = {}
    for one in effects.found:
        found.setdefault(one.outcome, {})[one.wave] = effect_entry(effects, one)
    data = {"effects": {effects.treatment: found}}
    heading = (
        "# Written by povsim calibrate: effects of a measure as figures with their spread.\n"
        "# A scenario takes them over entry by entry, where the measure has a figure of that kind and unit.\n"
    )
    return heading + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=_TEXT_WIDTH)


def effect_entry(effects: Effects, one: Effect) -> dict[str, Any]:
    """Return an effect as an entry with unit, source, status and spread."""
    how = {
        "difference": "intention to treat, difference of means within strata",
        "baseline": "intention to treat, outcome at the baseline and stratum held fixed",
        "matched": "others weighed by inverse probability to look like the treated at the baseline",
    }[effects.method]
    told = effects.told
    source = f"{told['name_en']} ({told['source']}): {told['treatment_en']}; {how}; errors by {one.clusters} clusters"
    note = (
        f"{one.years:g} years after the baseline; {one.households[0]} treated {one.treated:.4g}, {one.households[1]} "
        f"others {one.control:.4g}; 95 % interval {one.low:.4g} to {one.high:.4g}"
    )
    entry: dict[str, Any] = {"value": float(f"{one.effect:.6g}"), "unit": one.unit or "1", "source": source}
    entry |= {"status": "estimated", "note": note}
    if one.error > 0:
        entry["spread"] = {"type": "normal", "sd": float(f"{one.error:.6g}")}
    Quantity.model_validate(entry)
    return entry
