"""Vetoes: which rules hold whom back, what each costs, and what moving, switching off or mismeasuring them would do.

The door to this room; the work is in its neighbours. Units are households, villages or scored units; rules are vetoes.

======================== ===========================================================================================
question                 function
======================== ===========================================================================================
who blocks whom          `attribution`, `sequential_hits`, `release`
verdicts on groups       `histograms`, `rollup_attribution`, `rank_attribution`, `game_attribution`
a threshold moves        `exclusion_curves`, `margin_curve`
measurement error        `failure_chances`, `flip_chances`, `measured_attribution`, `margin_flips`
a sampled test           `sampled_test`
getting through          `compensation`, `unit_cures`, `area_cures`
a scorecard's vetoes     `rank_displacement`, `with_effect`, `near_vetoes`, `lowest_cut`
a finished run           `stored_patterns`, `excluded_by_draw`, `switched_off`, `rolled_up`, `village_blocks`
======================== ===========================================================================================
"""

from __future__ import annotations

from povsim.sensitivity.veto_cures import area_cures, compensation, unit_cures
from povsim.sensitivity.veto_curves import ExclusionCurves, MarginCurve, exclusion_curves, margin_curve
from povsim.sensitivity.veto_errors import failure_chances, flip_chances, margin_flips, measured_attribution
from povsim.sensitivity.veto_ranks import lowest_cut, near_vetoes, rank_displacement, with_effect
from povsim.sensitivity.veto_rollups import (
    Histograms,
    game_attribution,
    histograms,
    rank_attribution,
    rollup_attribution,
)
from povsim.sensitivity.veto_runs import (
    Stored,
    excluded_by_draw,
    rolled_up,
    stored_patterns,
    switched_off,
    village_blocks,
)
from povsim.sensitivity.veto_samples import sampled_test
from povsim.sensitivity.veto_shares import attribution, release, sequential_hits

__all__ = [
    "ExclusionCurves",
    "Histograms",
    "MarginCurve",
    "Stored",
    "area_cures",
    "attribution",
    "compensation",
    "excluded_by_draw",
    "exclusion_curves",
    "failure_chances",
    "flip_chances",
    "game_attribution",
    "histograms",
    "lowest_cut",
    "margin_curve",
    "margin_flips",
    "measured_attribution",
    "near_vetoes",
    "rank_attribution",
    "rank_displacement",
    "release",
    "rolled_up",
    "rollup_attribution",
    "sampled_test",
    "sequential_hits",
    "stored_patterns",
    "switched_off",
    "unit_cures",
    "village_blocks",
    "with_effect",
]
