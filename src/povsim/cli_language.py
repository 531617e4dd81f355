"""The language of a command: its option, and the texts in the language asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from povsim.wording import Wording, language, wording


class Lang(StrEnum):
    """Languages of the interface."""

    zh = "zh"
    en = "en"


LangOption = Annotated[Lang | None, typer.Option("--lang")]


def texts_for(context: typer.Context, lang: str | None, *rooms: str) -> Wording:
    """Return the texts in the language of the command, else that of a command before it, else the environment's."""
    place: typer.Context | None = context
    while lang is None and place is not None:
        lang = place.params.get("lang")
        # The parent of a context is typed as a plain one.
        place = place.parent  # type: ignore[assignment]
    return wording(language(lang), "commands", *rooms)
