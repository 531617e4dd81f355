"""What a back-test leaves behind, the same for nations and panels: sentences, scores, parameters, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import pandas as pd

from povsim import figures
from povsim.terms import Language
from povsim.wording import Wording, wording

ROOM = "backtest"
TABLE = (
    "quantity", "when", "model", "concept", "unit", "mean", "low", "high", "actual", "actual_error", "crps", "brier",
    "inside",
)  # fmt: skip
"""Columns of the table: ``when`` is a year or a wave, ``inside`` 1, 0, or missing where nothing can be told."""
PARAMETERS = ("name", "name_zh", "name_en", "value", "unit", "status", "source", "note")
"""Columns of the parameters: ``name`` is where the figure stands."""

Unit = Literal["share", "amount", "persons"]
Drawn = Literal["actual", "model", "rival"]


@dataclass(frozen=True)
class Statement:
    """A sentence with its numbers, written out in either language.

    Attributes
    ----------
    key : str
        Text of the room ``backtest``.
    values : mapping of str to object
        What is written as it is; a tuple holds the Chinese and the English form.
    shares : mapping of str to float
        Shares, written as percentages.
    counts : mapping of str to float
        Numbers of persons or units of money, written with separators.
    points : mapping of str to float
        Differences between shares, written as percentage points.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)

    def text(self, lang: Language) -> str:
        """Return the sentence."""
        place = 0 if lang == "zh" else 1
        plain = {name: value[place] if isinstance(value, tuple) else value for name, value in self.values.items()}
        say = wording(lang, ROOM)
        shares = {name: figures.percent(value, lang) for name, value in self.shares.items()}
        points = {name: say("points", number=f"{100 * value:.2f}") for name, value in self.points.items()}
        return say(self.key, **plain, **shares, **points, **persons_in(self.counts, lang))


def persons_in(counts: Mapping[str, float], lang: Language) -> dict[str, str]:
    """Return numbers as text: large ones in ten thousands (zh) or millions (en).

    Examples
    --------
    >>> persons_in({"n": 600_000.0, "m": 3218.0}, "zh"), persons_in({"n": 600_000.0, "m": 3218.0}, "en")
    ({'n': '60万', 'm': '3,218'}, {'n': '0.60 million', 'm': '3,218'})
    """
    large = 100_000
    return {
        name: figures.count(value)
        if abs(value) < large
        else (f"{value / 1e4:,.0f}万" if lang == "zh" else f"{value / 1e6:,.2f} million")
        for name, value in counts.items()
    }


@dataclass(frozen=True)
class Line:
    """A series of a picture.

    Attributes
    ----------
    code : str
        Its name is the text ``line.<code>``.
    drawn : {"actual", "model", "rival"}
        What happened, a forecast of the model, or one of a rival.
    values : sequence of float
        One for each category; missing values are not drawn.
    low, high : sequence of float
        Ends of the 80 % band, where there is one.
    """

    code: str
    drawn: Drawn
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Picture:
    """What a chart draws; its title is the text ``picture.<code>``, its note ``picture.<code>.note``.

    Attributes
    ----------
    code : str
        Code.
    categories : sequence of (str, str)
        Years, waves or names along the axis, in Chinese and English.
    lines : sequence of Line
        Lines over the categories, or bars.
    unit : {"share", "amount", "persons"}
        Unit of the values.
    shape : {"lines", "bars"}
        How it is drawn.
    """

    code: str
    categories: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    unit: Unit = "share"
    shape: Literal["lines", "bars"] = "lines"


@dataclass(frozen=True)
class BackTest:
    """A back-test.

    Attributes
    ----------
    code, name_zh, name_en : str
        What was tested.
    kind : {"nation", "panel"}
        Published series, or a panel of households.
    statements : tuple of Statement
        What came out, the main result first.
    table : DataFrame
        One row for each quantity, time and model; columns ``TABLE``.
    parameters : DataFrame
        Every figure that went in; columns ``PARAMETERS``.
    pictures : tuple of Picture
        Charts.
    notes : tuple of Statement
        What limits the result.
    settings : mapping
        Draws, seed and the like, as plain data.
    """

    code: str
    name_zh: str
    name_en: str
    kind: Literal["nation", "panel"]
    statements: tuple[Statement, ...]
    table: pd.DataFrame
    parameters: pd.DataFrame
    pictures: tuple[Picture, ...] = ()
    notes: tuple[Statement, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def label(self, lang: Language) -> str:
        """Return the name."""
        return self.name_zh if lang == "zh" else self.name_en

    def headline(self, lang: Language) -> str:
        """Return the main result, in a sentence."""
        return self.statements[0].text(lang)


def skill(table: pd.DataFrame) -> pd.DataFrame:
    """Return how well each model did, by quantity: mean absolute error, mean CRPS, mean Brier score, coverage.

    Parameters
    ----------
    table : DataFrame
        Of a back-test; rows without a score do not count.

    Returns
    -------
    DataFrame
        Columns ``quantity``, ``model``, ``concept``, ``unit``, ``count`` (outcomes), ``error``, ``bias`` (forecast
        less outcome), ``crps``, ``brier``, ``coverage``; in the order of the table.

    Examples
    --------
    >>> row = dict.fromkeys(TABLE, 0.0) | {"quantity": "headcount", "model": "a", "brier": float("nan")}
    >>> found = skill(pd.DataFrame([row | {"mean": 0.3, "actual": 0.1, "crps": 0.2}]))
    >>> float(found["error"].iloc[0].round(3))
    0.2
    """
    known = table[table[["crps", "brier"]].notna().any(axis=1)].copy()
    # what was published as a bound has no error, only a chance
    known["off"] = (known["mean"] - known["actual"]).where(known["brier"].isna())
    rows = [
        {
            "quantity": quantity, "model": model, "concept": part["concept"].iloc[0], "unit": part["unit"].iloc[0],
            "count": len(part), "error": part["off"].abs().mean(), "bias": part["off"].mean(),
            "crps": part["crps"].mean(), "brier": part["brier"].mean(), "coverage": part["inside"].mean(),
        }
        for (quantity, model), part in known.groupby(["quantity", "model"], sort=False)
    ]  # fmt: skip
    columns = ["quantity", "model", "concept", "unit", "count", "error", "bias", "crps", "brier", "coverage"]
    return pd.DataFrame(rows, columns=columns)


def own_version() -> str:
    """Return the version of povsim."""
    try:
        return version("povsim")
    except PackageNotFoundError:
        return "unknown"


def name_of(say: Wording, family: str, code: str) -> str:
    """Return what a quantity, model, line or the like is called; its code where there is no text."""
    return say.find(f"{family}.{code}") or code
