"""Charts of a nation's back-test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from povsim.backtests.nation_gap import STEPS, Gap
from povsim.backtests.nation_plans import GROWTH, MEASURES
from povsim.backtests.nation_runs import Paths
from povsim.backtests.nation_spec import Nation
from povsim.backtests.nation_table import Rivals
from povsim.backtests.record import Line, Picture
from povsim.backtests.scores import mean_and_band

SHOWN_GAPS = 3


def pictures(spec: Nation, paths: Paths, others: Rivals, found: Sequence[Gap]) -> tuple[Picture, ...]:
    """Return the charts.

    Parameters
    ----------
    spec, paths, others, found
        As in ``nation_statements``.
    """
    return (
        *_headcount(spec, paths, others),
        _declared(spec, paths),
        _gap(found),
        *_fifths(spec, others),
        *_low_fifth(spec, paths),
        *_counts(spec, paths),
    )


def _years(spec: Nation) -> list[tuple[str, str]]:
    return [(str(year), str(year)) for year in spec.span]


def _published(spec: Nation, quantity: str) -> list[float]:
    series = spec.series.get(quantity)  # type: ignore[call-overload]
    return [math.nan if series is None else series.years.get(year, math.nan) for year in spec.span]


def _simulated(paths: Paths, quantity: str, plan: str, code: str = "") -> Line:
    bands = [mean_and_band(column) for column in paths.values[quantity, plan].T]
    mean, low, high = (list(values) for values in zip(*bands, strict=True))
    return Line(code or plan, "model", mean, low, high)


def _headcount(spec: Nation, paths: Paths, others: Rivals) -> Iterator[Picture]:
    lines = [Line("lognormal", "rival", list(others.lognormal.values()))]
    lines += [_simulated(paths, "headcount", plan) for plan in (GROWTH, MEASURES)]
    if "headcount" in spec.series:
        lines.insert(0, Line("survey", "actual", _published(spec, "headcount")))
    yield Picture("headcount", _years(spec), lines)


def _declared(spec: Nation, paths: Paths) -> Picture:
    lines = [_simulated(paths, "declared", MEASURES, "declared"), _simulated(paths, "headcount", MEASURES, "truth")]
    for quantity, name in (("headcount", "survey"), ("declared", "register")):
        if quantity in spec.series:
            lines.insert(0, Line(name, "actual", _published(spec, quantity)))
    return Picture("declared", _years(spec), lines)


def _gap(found: Sequence[Gap]) -> Picture:
    """Draw the steps of the last years whose published figure is above zero, and of the first."""
    down = [gap for gap in found if gap.actual > 0]
    chosen = [*down[:1], *down[-(SHOWN_GAPS - 1) :]] if len(down) > SHOWN_GAPS else down
    # a register's path is reached by way of the model's own declarations
    declared = ["declaration"] if found[0].concept == "register" else []
    names = [*STEPS, *declared, "rest"]
    lines = [
        Line(str(gap.year), "model", [*gap.steps.values(), *([gap.declaration] if declared else []), gap.rest])
        for gap in chosen or found
    ]
    return Picture("gap", [(f"step.{name}", f"step.{name}") for name in names], lines, shape="bars")


def _fifths(spec: Nation, others: Rivals) -> Iterator[Picture]:
    if not others.fifths:
        return
    lines = [Line("survey", "actual", _published(spec, "headcount"))]
    for code, path in (("fifths", others.fifths), ("fifths_alike", others.fifths_alike)):
        lines.append(Line(code, "rival", [path.get(year, math.nan) for year in spec.span]))
    yield Picture("fifths", _years(spec), lines)


def _low_fifth(spec: Nation, paths: Paths) -> Iterator[Picture]:
    """Draw the lowest fifth over the mean: whether growth reached the poor."""
    if "low_fifth" not in spec.series:
        return
    lines = [
        Line(
            "survey",
            "actual",
            [a / b for a, b in zip(_published(spec, "low_fifth"), _published(spec, "mean"), strict=True)],
        )
    ]
    for plan in (GROWTH, MEASURES):
        ratio = paths.values["low_fifth", plan] / paths.values["mean", plan]
        low, high = np.quantile(ratio, (0.1, 0.9), axis=0)
        lines.append(Line(plan, "model", ratio.mean(axis=0).tolist(), low.tolist(), high.tolist()))
    yield Picture("low_fifth", _years(spec), lines)


def _counts(spec: Nation, paths: Paths) -> Iterator[Picture]:
    names = [name for name in ("relapses_registered", "newly_registered") if name in spec.series]
    for name in names:
        truth = {"relapses_registered": "relapses", "newly_registered": "newly_poor"}[name]
        lines = [
            Line("register", "actual", _published(spec, name)),
            _simulated(paths, name, MEASURES, "declared"),
            _simulated(paths, truth, MEASURES, "truth"),
        ]
        yield Picture(name, _years(spec), lines, unit="persons")
