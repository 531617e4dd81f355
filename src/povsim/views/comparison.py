"""Plans side by side: what the page and the report show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from povsim.views.comparison_numbers import numbers
from povsim.views.comparison_plans import Pair, Plan, about, chosen, misfit, names, pair, pairs_of, place_of, plans_of
from povsim.views.comparison_words import answer, luck_words

if TYPE_CHECKING:
    import xarray as xr

    from povsim.folder import Run

__all__ = [
    "Pair", "Plan", "about", "answer", "chosen", "digest", "luck_words", "misfit", "names", "numbers", "pair",
    "pairs_of", "place_of", "plans_of",
]  # fmt: skip


def digest(run: Run) -> xr.Dataset:
    """Return what plans are compared by; see :func:`povsim.views.comparison_digest.digest`."""
    # only the server makes digests: sessions do without its imports
    from povsim.views.comparison_digest import digest as make

    return make(run)
