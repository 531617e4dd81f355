"""What came out of a nation's back-test, in sentences: where the model beats the lognormal, where not, and why."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from povsim.backtests.nation_gap import STEPS, Gap, growth_needed
from povsim.backtests.nation_plans import GROWTH, MEASURES, Plans, lines
from povsim.backtests.nation_runs import Paths
from povsim.backtests.nation_spec import Nation
from povsim.backtests.nation_table import BESIDE, LOGNORMAL, Rivals, start_headcount, start_middle
from povsim.backtests.record import Statement, skill

WORTH_TELLING = 0.005
"""A shift of the headcount smaller than half a point is not pointed out."""
FAR_APART = 0.02
"""Two published figures that differ by more than two points describe different things."""


def statements(
    spec: Nation, plans: Plans, table: pd.DataFrame, found: list[Gap], others: Rivals
) -> tuple[Statement, ...]:
    """Return the results.

    Parameters
    ----------
    spec, plans
        Series and start.
    table : DataFrame
        Of the back-test.
    found : list of Gap
        By year.
    others : Rivals
        Computed beside.
    """
    quantity = "headcount" if "headcount" in spec.series else "declared"
    told = [_headline(quantity, found)]
    told += [*_against_rivals(quantity, table), *_explained(found), *_by_fifths(spec, others)]
    told += [*_low_fifth(table), *_median(plans, table), *_counts(table)]
    return tuple(told)


def notes(spec: Nation, plans: Plans, paths: Paths, found: list[Gap]) -> tuple[Statement, ...]:
    """Return what limits the result."""
    told = [Statement("note.own", {"text": (spec.note_zh, spec.note_en)})] if spec.note_zh and spec.note_en else []
    told += [Statement(f"note.{name}") for name in ("given", "bands", "survey", "assumed")]
    told += _filled(spec, plans, paths)
    needed = growth_needed(spec, plans)
    if needed is not None:
        shares = {"headcount": needed.headcount, "poor": needed.poor, "mean": needed.mean}
        told.append(Statement("note.needed", {"year": needed.year, "base": spec.years[0] - 1}, shares))
    first = found[0]
    if first.year == spec.years[0] and first.steps["luck"] + first.steps["shocks"] > WORTH_TELLING:
        moved = {name: first.steps[name] for name in ("luck", "shocks")}
        start = {"start": start_headcount(plans)}
        told.append(Statement("note.first", {"year": first.year}, start, points=moved))
    if BESIDE not in _quantities(spec):
        told.append(Statement("note.register"))
    return tuple(told)


def _quantities(spec: Nation) -> tuple[str, ...]:
    return (BESIDE,) if "declared" not in spec.series else ()


def _headline(quantity: str, found: list[Gap]) -> Statement:
    # The last year of the way down: in a year whose published figure is zero by declaration nothing can be told.
    gap = next((one for one in reversed(found) if one.actual > 0), found[-1])
    model = gap.model if quantity == "headcount" else gap.declared
    rival = {"lognormal": gap.lognormal} if quantity == "headcount" else {}
    shares = {"model": model, "actual": gap.actual, **rival}
    return Statement(f"nation.{quantity}", {"year": gap.year}, shares)


def _against_rivals(quantity: str, table: pd.DataFrame) -> Iterator[Statement]:
    """Tell in which years which model is nearer, over all years, and how often the band holds what was published."""
    of = table[(table["quantity"] == quantity) & table["crps"].notna()]
    scores = skill(of).set_index("model")
    if LOGNORMAL in scores.index:
        crps = of.pivot_table(index="when", columns="model", values="crps")
        for plan in (MEASURES, GROWTH):
            better = crps.index[crps[plan] < crps[LOGNORMAL]].tolist()
            worse = crps.index[crps[plan] >= crps[LOGNORMAL]].tolist()
            yield Statement(
                f"nation.{plan}.against",
                {"better": _years(better), "worse": _years(worse)},
                points={"own": scores["crps"][plan], "rival": scores["crps"][LOGNORMAL]},
            )
    if LOGNORMAL in scores.index and (of["actual"] == 0).any():
        rest = skill(of[of["actual"] > 0]).set_index("model")["crps"]
        yield Statement(
            "nation.without_zero", points={"own": rest[MEASURES], "bare": rest[GROWTH], "rival": rest[LOGNORMAL]}
        )
    count = int(scores["count"][MEASURES])
    held = {"held": round(count * scores["coverage"][MEASURES]), "count": count}
    yield Statement(
        "nation.coverage", held, points={"error": scores["error"][MEASURES], "bias": scores["bias"][MEASURES]}
    )


def _years(years: list[int]) -> tuple[str, str]:
    if not years:
        return "没有一年", "no year"
    return "、".join(str(year) for year in years) + "年", ", ".join(str(year) for year in years)


def _explained(found: list[Gap]) -> Iterator[Statement]:
    gap = next((one for one in reversed(found) if one.actual > 0), found[-1])
    points = {name: _points(gap.steps[name]) for name in STEPS}
    points |= {"declaration": _points(gap.declaration), "rest": _points(gap.rest)}
    yield Statement("nation.gap", {"year": gap.year, **points})


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _by_fifths(spec: Nation, others: Rivals) -> Iterator[Statement]:
    years = sorted(others.fifths)
    if not years or "headcount" not in spec.series:
        return
    published = spec.series["headcount"].years
    last = max((year for year in years if published.get(year, 0) > 0), default=years[-1])
    yield Statement(
        "nation.fifths",
        {"first": years[0], "last": last},
        {
            "implied": others.fifths[years[0]], "published": published[years[0]], "later": others.fifths[last],
            "then": published[last], "alike": others.fifths_alike[last],
        },
    )  # fmt: skip
    if min(others.fifths[year] - published[year] for year in (years[0], last)) > FAR_APART:
        yield Statement("nation.fifths.apart")


def _low_fifth(table: pd.DataFrame) -> Iterator[Statement]:
    of = table[(table["quantity"] == "low_fifth") & table["actual"].notna()].pivot_table(
        index="when", columns="model", values=["mean", "actual"]
    )
    if len(of) < 2:
        return
    first, last = of.index[0], of.index[-1]
    mean = table[(table["quantity"] == "mean") & (table["model"] == MEASURES)].set_index("when")["mean"]

    def yearly(path: pd.Series) -> float:
        return float((path[last] / path[first]) ** (1 / (last - first)) - 1)

    own = {plan: yearly(of["mean"][plan]) for plan in (GROWTH, MEASURES)}
    shares = {**own, "actual": yearly(of["actual"][MEASURES]), "all": yearly(mean)}
    yield Statement("nation.low_fifth", {"first": first, "last": last}, shares)


def _median(plans: Plans, table: pd.DataFrame) -> Iterator[Statement]:
    """Tell where the middle of the distribution goes in the first year."""
    own = table[table["model"] == GROWTH].pivot_table(index="when", columns="quantity", values=["mean", "actual"])
    if "median" not in own["actual"]:
        return
    first = own["actual"]["median"].dropna().index[0]
    published = own["actual"].loc[first, "median"] / own["actual"].loc[first, "mean"]
    ratio = own["mean"].loc[first, "median"] / own["mean"].loc[first, "mean"]
    yield Statement(
        "nation.median", {"first": first}, {"actual": published, "own": ratio, "start": start_middle(plans)}
    )


def _counts(table: pd.DataFrame) -> Iterator[Statement]:
    """Tell what the model says where a number of persons was published."""
    named = table[(table["model"] == MEASURES) & table["actual"].notna()]
    for quantity in ("relapses_registered", "newly_registered"):
        for row in named[named["quantity"] == quantity].to_dict("records"):
            truth = {"relapses_registered": "relapses", "newly_registered": "newly_poor"}[quantity]
            true = table[(table["quantity"] == truth) & (table["model"] == MEASURES) & (table["when"] == row["when"])]
            bound = "about" if np.isnan(row["brier"]) else "bound"
            counts = {"own": row["mean"], "actual": row["actual"], "truth": float(true["mean"].iloc[0])}
            yield Statement(f"nation.{quantity}.{bound}", {"year": row["when"]}, counts=counts)


def _filled(spec: Nation, plans: Plans, paths: Paths) -> Iterator[Statement]:
    """Tell how years without a published line were filled, and what another way would change."""
    published = spec.line_published.value
    known = set(published) if isinstance(published, dict) else set()
    used, other = lines(plans.full), spec.line_otherwise.value if spec.line_otherwise else {}
    assert isinstance(other, dict)
    for year, line in other.items():
        if year not in spec.span:
            continue
        place = paths.years.index(year)
        before, after = (
            float(paths.values[name, MEASURES][:, place].mean()) for name in ("headcount", "headcount_otherwise")
        )
        key = "note.line.otherwise" if year in known else "note.line.filled"
        yield Statement(key, {"year": year}, {"before": before, "after": after}, {"line": used[year], "other": line})
    left = [year for year in spec.span if year not in known and year not in other]
    if left:
        yield Statement("note.line.assumed", {"years": _years(left)})
