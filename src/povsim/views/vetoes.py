"""The veto lab: what pages and reports show of rules that exclude.

The door to this room; the work is in its neighbours. All functions but the digests take an :class:`Asked`: a run's part
of the digest, a year, a language, and how the rules are set.
"""

from __future__ import annotations

from povsim.views.vetoes_asked import Asked
from povsim.views.vetoes_boards import board_curve
from povsim.views.vetoes_card_digest import digest_card
from povsim.views.vetoes_cards import (
    close_table,
    kept_table,
    moved_table,
    near_table,
    nothing_close,
    nothing_kept,
    unit_table,
    vetoes_of,
)
from povsim.views.vetoes_changes import changes, command, fixed, levers, sliders, switches, told
from povsim.views.vetoes_digest import digest
from povsim.views.vetoes_households import nothing_held, nothing_paired, pairs_table, patterns_table, rules_table
from povsim.views.vetoes_income import bounds, excluded, has_margins
from povsim.views.vetoes_measured import flip_numbers, measured_table, nothing_sampled, sampled_table, sizes
from povsim.views.vetoes_numbers import numbers, summary
from povsim.views.vetoes_patterns import attributed, failing_villages
from povsim.views.vetoes_villages import board_rules_table, cures_table, nothing_cured, rollup_table, villages_table

__all__ = [
    "Asked", "attributed", "board_curve", "board_rules_table", "bounds", "changes", "close_table", "command",
    "cures_table", "digest", "digest_card", "excluded", "failing_villages", "fixed", "flip_numbers", "has_margins",
    "kept_table", "levers", "measured_table", "moved_table", "near_table", "nothing_close", "nothing_cured",
    "nothing_held", "nothing_kept", "nothing_paired", "nothing_sampled", "numbers", "pairs_table", "patterns_table",
    "rollup_table", "rules_table", "sampled_table", "sizes", "sliders", "summary", "switches", "told", "unit_table",
    "vetoes_of", "villages_table", "warm",
]  # fmt: skip


def warm(asked: Asked) -> None:
    """Load what the first change will need, and compiled code from its cache: a second that nobody has to wait for."""
    off = tuple(asked.codes[-1:])
    changed = Asked(asked.part, asked.year, asked.lang, off=off)
    excluded(changed)
    failing_villages(asked.part, asked.year, off)
    if has_margins(changed):
        moved = Asked(asked.part, asked.year, asked.lang, thresholds={str(asked.income): 0.9 * asked.line})
        excluded(moved)
