"""One line of a weight scheme: an indicator with its points, and its target and rule in words."""

from __future__ import annotations

from dataclasses import dataclass

from povsim.scoring.describe_rules import rule_sentence, target_sentence
from povsim.scoring.schema import Scorecard
from povsim.terms import Language

Mixes = tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
"""Groups whose items keep fixed shares of the group's points: group, then item and share."""


@dataclass(frozen=True)
class SchemeLine:
    """One indicator in a weight scheme.

    Attributes
    ----------
    code, group : str
        Codes of the indicator and of its group; the group is empty where the scorecard has none.
    name_zh, name_en, group_zh, group_en : str
        Names of both.
    points, original_points : float
        Points under the scheme and under the scorecard.
    locked : bool
        Whether its points stay as they are when others are scaled.
    direction : {"higher", "lower"}
        Which values are better.
    unit : str
        Unit of the values.
    target_zh, target_en, rule_zh, rule_en : str
        Target and rule in words; amounts in points are those of the document.
    departments : tuple of str
        Units that answer for it.
    """

    code: str
    group: str
    name_zh: str
    name_en: str
    points: float
    original_points: float
    locked: bool = False
    direction: str = "higher"
    unit: str = ""
    target_zh: str = ""
    target_en: str = ""
    rule_zh: str = ""
    rule_en: str = ""
    departments: tuple[str, ...] = ()
    group_zh: str = ""
    group_en: str = ""

    @property
    def additive(self) -> bool:
        """Whether the item has no points to weigh: a ledger, or defects that a group counts."""
        return self.original_points == 0

    def text(self, field: str, lang: Language) -> str:
        """Return ``name``, ``group``, ``target`` or ``rule`` in the language asked for."""
        return str(getattr(self, f"{field}_{lang}"))


def lines_of(card: Scorecard) -> tuple[SchemeLine, ...]:
    """Return the indicators of a scorecard as lines, in its order and at its own points."""
    groups = {group.code: group for group in card.groups}
    return tuple(
        SchemeLine(
            code=item.code,
            group=item.group,
            name_zh=item.name_zh,
            name_en=item.name_en,
            points=float(item.points),
            original_points=float(item.points),
            direction=item.direction,
            unit=item.unit,
            target_zh=target_sentence(item, "zh"),
            target_en=target_sentence(item, "en"),
            rule_zh=rule_sentence(item, "zh"),
            rule_en=rule_sentence(item, "en"),
            departments=item.departments,
            group_zh=groups[item.group].name_zh if item.group in groups else "",
            group_en=groups[item.group].name_en if item.group in groups else "",
        )
        for item in card.indicators
    )


def mixes_of(card: Scorecard) -> Mixes:
    """Return the groups of a scorecard with a fixed mix."""
    return tuple((group.code, tuple(group.mix.items())) for group in card.groups if group.mix)
