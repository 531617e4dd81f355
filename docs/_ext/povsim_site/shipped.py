"""What ships with the package: scenarios, exit standards and scorecards, with the documents they come from."""

from collections import Counter

import povsim
from povsim.assumptions import assumptions
from povsim.quantity import read_yaml, validate
from povsim.rulebook import ExitStandard
from povsim.scenario import shipped, shipped_scenarios
from povsim.scoring.scorecard import shipped_scorecards
from povsim_site.tables import cell, table


def scenarios() -> str:
    """Return the shipped scenarios with how well their figures are known."""
    rows = []
    for name in shipped_scenarios():
        plan = povsim.read_scenario(name)
        known = Counter(item.entry.status for item in assumptions(plan))
        rows.append(
            (f"`{name}`", f"{plan.name_en}<br>{plan.name_zh}", f"{plan.years[0]}-{plan.years[1]}", plan.currency,
             *(str(known[status]) for status in ("documented", "estimated", "assumed")),
             cell(f"{plan.note_en} {plan.note_zh}"))
        )  # fmt: skip
    headings = ("name", "title", "years", "currency", "documented", "estimated", "assumed", "note")
    return "\n".join([*table(headings, rows), ""])


def standards() -> str:
    """Return the shipped exit standards with their tests and documents."""
    lines = []
    for path in sorted(shipped("rulebooks").glob("*.yaml")):
        standard = validate(ExitStandard, read_yaml(path), path.name)
        lines += [f"### {standard.code}", "", f"{standard.name_en} {standard.name_zh}", "", cell(standard.document), ""]
        tests = [("household", test) for test in standard.household.tests]
        tests += [("village", test) for test in standard.village] + [("county", test) for test in standard.county]
        rows = [
            (level, f"`{test.code}`", test.name_en, test.name_zh, "veto" if getattr(test, "veto", True) else "recorded")
            for level, test in tests
        ]
        lines += [*table(("level", "code", "test", "检验", "effect"), rows), ""]
    return "\n".join(lines)


def scorecards() -> str:
    """Return the shipped scorecards with their documents."""
    rows = []
    for name in shipped_scorecards():
        card = povsim.read_scorecard(name)
        head = card.scorecard
        rows.append(
            (f"`{name}`", f"{head.name_en}<br>{head.name_zh}", head.level, f"{head.total_points:g}",
             str(len(card.indicators)), str(len(card.vetoes)), cell(head.document))
        )  # fmt: skip
    return "\n".join([*table(("name", "title", "level", "points", "items", "vetoes", "document"), rows), ""])
