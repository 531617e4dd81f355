"""The rows and words in which a household's year is told: account, what is owed, marks, spells, events."""

from __future__ import annotations

from dataclasses import dataclass

from povsim.terms import CAUSES, MONITORED_CLASSES, Term


@dataclass(frozen=True)
class Item:
    """A row of a household's account: panel columns added and taken off, and when it is counted income.

    ``switch`` names the entry of the standard's ``counts`` that decides whether it is counted, empty for always;
    ``within`` the row it is a part of.
    """

    code: str
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    switch: str = ""
    within: str = ""


ITEMS = (
    Item("wage", ("wage",)),
    Item("business", ("business",), ("production_cost",)),
    Item("property", ("property",)),
    Item("transfer", ("transfer", "pension", "dibao", "one_off")),
    Item("dibao", ("dibao",), switch="dibao", within="transfer"),
    Item("pension", ("pension",), switch="pension", within="transfer"),
    Item("one_off", ("one_off",), switch="one_off", within="transfer"),
    Item("medical", (), ("medical",), switch="medical_cost"),
    Item("schooling", (), ("schooling_cost",), switch="schooling_cost"),
)
"""The account, top to bottom; rows whose columns the panel does not have are left out. Texts ``item.CODE``."""
STOCKS = ("loan_balance", "arrears", "debt")
"""What is owed at year end; a column that the panel does not have is left out. Texts ``stock.COLUMN``."""


@dataclass(frozen=True)
class Mark:
    """A panel column of codes that is told in words: code 0 is nothing, code 1 the first term."""

    column: str
    terms: tuple[Term, ...]


MARKS = (Mark("cause", CAUSES), Mark("monitored", MONITORED_CLASSES))
"""Told in the years in which they change; a column that the panel does not have is left out. Texts ``mark.COLUMN``."""
SPELLS = ("ill", "jobless")
"""Told while they last, from panel columns ``NAME_until`` that hold codes of years. Texts ``spell.NAME``."""
EVENTS = ("exit", "wrong_exit", "relapse", "newly_poor", "lasting_exit", "caught")
"""Events by their bit in the panel. Texts ``event.CODE``."""
