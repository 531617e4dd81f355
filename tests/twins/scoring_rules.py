"""The rules of scorecards once more: one value at a time, plain Python in double precision."""

from __future__ import annotations

import math

import numpy as np

f32 = np.float32


def clipped(x, low, high):
    return min(max(x, low), high)


def single(x):
    return float(f32(x))


def twin_met(entry, x, target):
    x, target = (x, single(target)) if entry.direction == "higher" else (-x, -single(target))
    return x > target if getattr(entry.rule, "strict", False) else x >= target


def twin_steps(rule, short, slack):
    if rule.steps == "proportional":
        return short
    return math.floor(short + slack) if rule.steps == "full" else max(0, math.ceil(short - slack))


def twin_deduction(entry, x, target):
    rule, target = entry.rule, single(target)
    short = (target - x if entry.direction == "higher" else x - target) / rule.step
    slack = min(0.5, 4 * 2**-23 * max(abs(x), abs(target)) / rule.step)
    return clipped(entry.points - rule.deduct * twin_steps(rule, max(short, 0.0), slack), rule.floor, entry.points)


def twin_norm(entry, x, target):
    norm = single(target if entry.rule.norm is None else entry.rule.norm)
    high = math.inf if entry.rule.cap is None else entry.rule.cap * entry.points
    if entry.direction == "lower":
        return high if x <= 0 else clipped(entry.points * norm / x, 0.0, high)
    return clipped(entry.points * x / norm, 0.0, high)


def twin_bands(entry, x):
    rule = entry.rule
    for band in rule.bands:
        low = -math.inf if band.low is None else single(band.low)
        high = math.inf if band.high is None else single(band.high)
        if (low <= x < high) if rule.closed == "low" else (low < x <= high):
            if band.points is not None:
                return band.points
            return band.points_at_low + (band.points_at_high - band.points_at_low) / (high - low) * (x - low)
    raise AssertionError("no band")


def twin_place(entry, place):
    rule = entry.rule
    if rule.step is not None:
        return clipped(entry.points - rule.step * (place - 1), rule.floor, entry.points)
    listed = math.ceil(place)
    earned = rule.points_by_place[max(listed, 1) - 1] if listed <= len(rule.points_by_place) else rule.beyond
    return max(earned, rule.floor)


def twin_among(entry, x, others):
    """Return the points of a value among others, itself included."""
    known = [value for value in others if not math.isnan(value)]
    higher = entry.direction == "higher"
    if entry.rule.type == "rank":
        return twin_place(entry, 1 + sum(value > x if higher else value < x for value in known))
    rule, mean = entry.rule, math.fsum(known) / len(known)
    if mean > 0:
        earned = rule.at_mean * x / mean if higher else math.inf if x <= 0 else rule.at_mean * mean / x
    else:
        earned = rule.at_mean if x == mean else math.inf if (x > mean) == higher else -math.inf
    return clipped(earned, rule.floor, rule.cap)


def twin(entry, x, target, others):
    """Return the points of one value."""
    if math.isnan(x):
        return math.nan
    rule, w = entry.rule, entry.points
    simple = {
        "gate": lambda: w if twin_met(entry, x, target) else 0.0,
        "all_or_nothing": lambda: w if twin_met(entry, x, target) else 0.0,
        "linear_deduction": lambda: twin_deduction(entry, x, target),
        "proportional": lambda: w * clipped(x, 0, 1) if entry.direction == "higher" else w * (1 - clipped(x, 0, 1)),
        "proportional_to_norm": lambda: twin_norm(entry, x, target),
        "relative_to_mean": lambda: twin_among(entry, x, others),
        "coefficient": lambda: clipped(rule.coefficient * x, 0, w),
        "bands": lambda: twin_bands(entry, x),
        "rank": lambda: twin_place(entry, x) if rule.value_is_rank else twin_among(entry, x, others),
        "defects": lambda: clipped(w - rule.deduct * x, -math.inf if rule.floor is None else rule.floor, w),
        "zero_on_defect": lambda: w if x <= 0 else 0.0 if rule.deduct is None else max(0.0, w - rule.deduct),
        "ledger": lambda: clipped(
            x,
            -math.inf if rule.penalty_cap is None else -rule.penalty_cap,
            math.inf if rule.bonus_cap is None else rule.bonus_cap,
        ),
    }
    return float(simple[rule.type]())


def same(found, wanted):
    """Tell whether points are those of the twin, to the last bit or two of single precision."""
    return np.allclose(found, np.array(wanted, dtype=f32), rtol=3e-7, atol=1e-6, equal_nan=True)
