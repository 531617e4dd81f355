"""Weights: how far ranks and choices rest on the points of the indicators.

Two sets of functions. Those that take item scores (unit, indicator) answer in closed form, exactly. Those that take a
`Case` of a scorecard tell whether its points simply add up; where caps, floors, locks, gates or vetoes break the closed
form they score again. Every answer says in its attributes which was done (``method``) and why (``why``).
"""

from __future__ import annotations

from povsim.sensitivity.weight_cards import (
    Case,
    case_of,
    compare_schemes,
    item_scores,
    rescored,
    rescored_acceptability,
    rescored_intervals,
    rescored_ladder,
    rescored_leave_one_out,
)
from povsim.sensitivity.weight_draws import weightings
from povsim.sensitivity.weight_extremes import attainable_ranks
from povsim.sensitivity.weight_intervals import stability_intervals
from povsim.sensitivity.weight_moves import fewest_points_to_swap, leave_one_out, ranks_of, weight_ladder
from povsim.sensitivity.weight_ranks import acceptability_analysis, rank_acceptability

__all__ = [
    "Case",
    "acceptability_analysis",
    "attainable_ranks",
    "case_of",
    "compare_schemes",
    "fewest_points_to_swap",
    "item_scores",
    "leave_one_out",
    "rank_acceptability",
    "ranks_of",
    "rescored",
    "rescored_acceptability",
    "rescored_intervals",
    "rescored_ladder",
    "rescored_leave_one_out",
    "stability_intervals",
    "weight_ladder",
    "weightings",
]
