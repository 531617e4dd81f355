"""Texts for people, in Chinese and English, kept as data so that neither language can lag behind the other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from povsim.terms import Language

ROOMS = (
    "backtest",
    "calibrate",
    "commands",
    "compare",
    "dashboard",
    "dashboard_server",
    "drivers",
    "entered",
    "explain",
    "goals",
    "help",
    "margins",
    "page_compare",
    "page_forecast",
    "page_home",
    "page_vetoes",
    "page_weights",
    "plan",
    "report",
    "schemes",
    "score",
    "scorecards",
    "sources",
    "targets",
    "units",
    "vetoes",
    "weights",
)
"""Files of texts; each is read only when asked for, because help has to answer at once."""


@dataclass(frozen=True)
class Wording:
    """The texts of some rooms in one language.

    Attributes
    ----------
    lang : {"zh", "en"}
        The language.
    texts : mapping of key to text
        With ``{placeholders}`` filled when a text is asked for.
    """

    lang: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled.

        Raises
        ------
        KeyError
            No such text: a mistake of the program, which the tests look for.
        """
        return self.texts[key].format(**values) if values else self.texts[key]

    def find(self, key: str) -> str | None:
        """Return a text, or nothing where there is none."""
        return self.texts.get(key)


@cache
def wording(lang: Language, *rooms: str) -> Wording:
    """Return the texts of some rooms.

    Parameters
    ----------
    lang : {"zh", "en"}
        Language wanted.
    *rooms : str
        Names out of ``ROOMS``.

    Examples
    --------
    >>> wording("zh", "commands")("status.assumed"), wording("en", "commands")("status.assumed")
    ('假定', 'assumed')
    """
    return Wording(lang, {key: texts[lang] for room in rooms for key, texts in read_room(room).items()})


@cache
def read_room(room: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of a room as key to language to text."""
    import yaml

    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = Path(str(resources.files("povsim"))) / "texts" / f"{room}.yaml"
    texts: dict[str, dict[str, str]] = yaml.load(path.read_text(encoding="utf-8"), Loader=kind)
    return texts


def language(asked: str | None = None, environ: Mapping[str, str] | None = None) -> Language:
    """Return the language asked for, else that of the environment, else English.

    Parameters
    ----------
    asked : str, optional
        ``zh`` or ``en``.
    environ : mapping, optional
        The environment; the process's own if not given. The first of LC_ALL, LC_MESSAGES and LANG that is set decides.

    Examples
    --------
    >>> language(None, {"LANG": "zh_CN.UTF-8"}), language("en", {"LANG": "zh_CN.UTF-8"}), language(None, {})
    ('zh', 'en', 'en')
    """
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    place = os.environ if environ is None else environ
    named = next((place[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if place.get(name)), "")
    return "zh" if named.lower().startswith("zh") else "en"
