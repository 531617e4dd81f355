"""Big numbers in a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from traitlets import List, Unicode

from povsim.dashboard.widgets.part import Part, page_language
from povsim.dashboard.widgets.pinned import against
from povsim.views.parts import BigNumber
from povsim.wording import wording


class NumbersView(Part):
    """Headline numbers with their spread, side by side.

    Attributes
    ----------
    numbers : list of dict
        As in ``BigNumber``, with ``pinned``: the line about the pinned state.
    """

    kind = Unicode("numbers").tag(sync=True)
    numbers: Any = List().tag(sync=True)

    def show(self, numbers: Iterable[BigNumber], pinned: Iterable[BigNumber] = ()) -> None:
        """Show these numbers; only those whose text changed are touched on the page.

        Parameters
        ----------
        numbers : iterable of BigNumber
            From left to right.
        pinned : iterable of BigNumber
            The same of the pinned state, to be told beside.

        Examples
        --------
        >>> view = NumbersView()
        >>> view.show([BigNumber("poor", "Still poor", "12,340 people")])
        """
        kept, say = list(pinned), wording(page_language(), "dashboard")
        self.numbers = [{**asdict(one), "pinned": against(one, kept, say) if kept else ""} for one in numbers]
