"""Every figure that a nation's back-test rests on, with unit, source and status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from povsim.assumptions import PREFIX, Assumption, assumptions, harmless_table, plain_value
from povsim.backtests.nation_plans import Plans
from povsim.backtests.nation_spec import Nation
from povsim.backtests.record import PARAMETERS
from povsim.rulebook import Named
from povsim.scenario import entries
from povsim.wording import wording


def parameters(spec: Nation, plans: Plans) -> pd.DataFrame:
    """Return the figures of series, plan and start; measures that are off and funds no measure draws on are left out.

    Parameters
    ----------
    spec : Nation
        Series.
    plans : Plans
        Plan and margins, changes made.

    Returns
    -------
    DataFrame
        Columns as in ``record.PARAMETERS``.
    """
    found = [*_published(spec), *(row for row in _planned(plans) if not _idle(row.path, plans))]
    return harmless_table(pd.DataFrame([_row(one) for one in found], columns=list(PARAMETERS)))


def _row(one: Assumption) -> dict[str, Any]:
    entry = one.entry
    return {
        "name": one.path, "name_zh": one.zh, "name_en": one.en, "value": plain_value(entry), "unit": entry.unit,
        "status": entry.status, "source": entry.source, "note": entry.note,
    }  # fmt: skip


def _published(spec: Nation) -> Iterator[Assumption]:
    zh, en = wording("zh", "backtest"), wording("en", "backtest")
    for path, entry, _ in entries(spec):
        parts = path.split(".")
        owner = spec.series.get(parts[1]) if parts[0] == "series" else None  # type: ignore[call-overload]
        if isinstance(owner, Named):
            yield Assumption(path, owner.name_zh, owner.name_en, entry)
        else:
            key, number = f"figure.{parts[0]}", {"number": int(parts[-1]) + 1 if parts[-1].isdigit() else 0}
            yield Assumption(path, zh(key, **number), en(key, **number), entry)


def _planned(plans: Plans) -> Iterator[Assumption]:
    changed = {f"{PREFIX}{path}": entry for path, entry, _ in entries(plans.margins)}
    for row in assumptions(plans.full):
        # The list reads the margins' file; what the back-test changed in it counts.
        yield replace(row, entry=changed[row.path]) if row.path in changed else row


def _idle(path: str, plans: Plans) -> bool:
    parts = path.split(".")
    if parts[0] == "measures":
        return not plans.full.measures[parts[1]].active
    return parts[0] == "funds" or path.startswith(("inspection.sample", "inspection.approval"))
