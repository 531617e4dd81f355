"""Big numbers in a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from traitlets import List, Unicode

from povsim.dashboard.widgets.part import Part
from povsim.views.parts import BigNumber


class NumbersView(Part):
    """Headline numbers with their spread, side by side.

    Attributes
    ----------
    numbers : list of dict
        As in ``BigNumber``.
    """

    kind = Unicode("numbers").tag(sync=True)
    numbers: Any = List().tag(sync=True)

    def show(self, numbers: Iterable[BigNumber]) -> None:
        """Show these numbers; only those whose text changed are touched on the page.

        Examples
        --------
        >>> view = NumbersView()
        >>> view.show([BigNumber("poor", "Still poor", "12,340 people")])
        """
        self.numbers = [asdict(one) for one in numbers]
