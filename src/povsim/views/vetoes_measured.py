"""Measured with error, and sampled: how many verdicts turn, what rules weigh then, how often a sample passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.views.parts import BigNumber, Column, Table
from povsim.views.vetoes_asked import BAND, Asked
from povsim.views.vetoes_income import curve_of

Array = npt.NDArray[Any]
FAR = 0.6
"""Distance to the line, in log points, that charts reach."""


def flip_numbers(asked: Asked) -> list[BigNumber]:
    """Return how many verdicts turn when incomes are measured with the error set: estimates with bounds."""
    from povsim.sensitivity.veto_errors import margin_flips

    say, found = asked.say, margin_flips(curve_of(asked), asked.error)
    numbers = []
    for name in ("wrongly_excluded", "wrongly_passed"):
        low, middle, high = (figures.count(one) for one in found[name].to_numpy())
        spread = say("bounds", low=low, high=high)
        numbers.append(
            BigNumber(name, say(f"number.{name}"), say("persons", number=middle), spread, say(f"number.{name}.note"))
        )
    return numbers


@dataclass(frozen=True, eq=False)
class Flips:
    """Chance to flip by distance to the line, and the persons at each distance whom no other rule holds back.

    ``distance`` in log points (bins: middles), ``chance`` 0-1, ``persons`` means over the draws.
    """

    distance: Array
    chance: Array
    persons: Array


def flips(asked: Asked) -> Flips:
    """Return the chance that a measured verdict is not the true one, by distance of the income to the line."""
    from povsim.sensitivity.veto_errors import failure_chances, flip_chances

    curve = curve_of(asked)
    middles = (curve.edges[:-1] + curve.edges[1:]) / 2
    near = np.abs(middles) <= FAR
    code = str(asked.income)
    incomes = xr.DataArray(np.exp(middles[near])[:, np.newaxis], {"veto": [code]}, ("unit", "veto"))
    chances = failure_chances(incomes, {code: 1.0}, asked.error, log=[code])
    found = flip_chances(chances, incomes < 1.0)
    return Flips(middles[near], found.to_numpy(), curve.free[1:-1][near])


def measured_table(asked: Asked) -> Table:
    """Return what the income test and the other rules exclude, truly and as measured; expectations.

    Distances are known for income only: the other rules count as one, measured without error.
    """
    from povsim.sensitivity.veto_errors import failure_chances, measured_attribution

    curve, say, code = curve_of(asked), asked.say, str(asked.income)
    low, high = np.concatenate([[-np.inf], curve.edges]), np.concatenate([curve.edges, [np.inf]])
    middle = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    incomes = xr.DataArray(np.exp(np.tile(middle, 2))[:, np.newaxis], {"veto": [code]}, ("unit", "veto"))
    heads = np.concatenate([curve.free, curve.blocked])
    others = np.repeat([0.0, 1.0], middle.size)
    rows = {}
    for name, sd in (("true", 0.0), ("measured", asked.error)):
        own = failure_chances(incomes, {code: 1.0}, sd, log=[code]).to_numpy()[:, 0]
        both = xr.DataArray(np.stack([own, others], 1), {"veto": [code, "others"]}, ("unit", "veto"))
        rows[name] = measured_attribution(both, weight=heads)
    columns = [Column("rule", say("column.rule"))]
    columns += [
        Column(f"{measure}_{name}", say(f"column.{name}.{measure}"), "count")
        for measure in ("any_hit", "shapley")
        for name in rows
    ]
    names = (asked.names[0], say("rules.others"))
    data = [
        {
            "rule": label,
            **{f"{m}_{name}": float(found[m][place]) for m in ("any_hit", "shapley") for name, found in rows.items()},
        }
        for place, label in enumerate(names)
    ]
    return Table("veto_measured", say("table.measured"), columns, data, say("table.measured.note"))


# ---- the sampled county test ----


@dataclass(frozen=True, eq=False)
class Sampled:
    """A sampled test of a county: how often it passes at each true rate, and the true rates of the run.

    ``rates``, ``chances`` draw the curve; ``limit`` is that of the failing rate; ``true`` and ``true_chances`` are the
    run's rates, by draw, and the chance that each passes.
    """

    code: str
    label: str
    rates: Array
    chances: Array
    limit: float
    true: Array
    true_chances: Array


def sampled(asked: Asked) -> list[Sampled]:
    """Return the operating characteristic of each sampled test at the sample size set."""
    part = asked.part
    found = []
    for place, code in enumerate(str(code) for code in part["test"].to_numpy()):
        label = part.attrs.get(f"test_{code}_{asked.lang}") or asked.say(f"test.{code}")
        true = part["true_rate"].sel(year=asked.year).to_numpy()[place]
        rates, limit = part["rate"].to_numpy()[place], float(part["test_limit"][place])
        chances, own = _chances(asked, place, rates, true)
        found.append(Sampled(code, str(label), rates, chances, limit, true, own))
    return found


def _chances(asked: Asked, place: int, rates: Array, true: Array) -> tuple[Array, Array]:
    """Return how often a sample passes: as worked out with the run, for other sizes now."""
    part = asked.part
    if asked.sample in part["size"].to_numpy():
        one = part[["sampled", "sampled_true"]].sel(size=asked.sample)
        return one["sampled"].to_numpy()[place], one["sampled_true"].sel(year=asked.year).to_numpy()[place]
    from povsim.sensitivity.veto_samples import sampled_test

    limit, sign = float(part["test_limit"][place]), str(part["test_comparison"].to_numpy()[place])
    every = np.concatenate([rates, np.nan_to_num(true, nan=1.0)])
    found = sampled_test(every, [asked.sample], limit=limit, comparison="<=" if sign == "<=" else "<").to_numpy()[0]
    return found[: rates.size], found[rates.size :]


def sampled_table(asked: Asked) -> Table:
    """Return how often each test passes at the run's true rate, and at multiples of its limit."""
    say = asked.say
    columns = [
        Column("test", say("column.test")),
        Column("limit", say("column.limit"), "percent", 1),
        Column("true", say("column.true_rate"), "percent", 2),
        Column("low", say("column.true_low"), "percent", 2),
        Column("high", say("column.true_high"), "percent", 2),
        Column("truly", say("column.truly_passes"), "percent", 0),
        Column("passes", say("column.sample_passes"), "percent", 0),
        Column("wrong", say("column.sample_misleads"), "percent", 0),
    ]
    rows = []
    for one in sampled(asked):
        row: dict[str, Any] = {"_key": one.code, "test": one.label, "limit": one.limit}
        if one.true.size and np.isfinite(one.true).all():
            chance, good = one.true_chances, one.true < one.limit
            low, high = np.quantile(one.true, BAND)
            row |= {"true": float(one.true.mean()), "low": float(low), "high": float(high), "truly": float(good.mean())}
            row |= {"passes": float(chance.mean()), "wrong": float(np.where(good, 1 - chance, chance).mean())}
        rows.append(row)
    lines = [say("table.sampled.national" if asked.part.attrs.get("national") else "table.sampled.note")]
    note = "\n".join([*lines, *([said] if (said := counted(asked)) else [])])
    return Table("veto_sampled", say("table.sampled", size=figures.count(asked.sample)), columns, rows, note)


def counted(asked: Asked) -> str:
    """Return what the sampled test of wrong exits counts; "" where a plan has no such test."""
    codes = [str(code) for code in asked.part["test"].to_numpy()]
    return asked.say("test.wrong_exit.note") if any("wrong_exit" in code for code in codes) else ""


def nothing_sampled(asked: Asked) -> str:
    """Return that a plan has no sampled test; "" where it has one."""
    return "" if asked.part.sizes.get("test", 0) else asked.say("empty.sampled")


def sizes(asked: Asked) -> tuple[int, int, int]:
    """Return the least and largest sample size worked out with the run, and the step between them."""
    found = [int(size) for size in asked.part["size"].to_numpy()]
    return found[0], found[-1], found[1] - found[0]
