"""Settings as a short text for the address of a page, and back again within bounds."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from pydantic import ValidationError

from povsim.dashboard.settings import Settings
from povsim.errors import InputError, Problem

LONGEST = 8_000
"""Characters of a link: addresses of more are cut by some programs they are sent with."""
LARGEST = 200_000
"""Bytes that a link may unfold to; a few kilobytes could otherwise fill the memory."""
MARK = "1."
"""Version of the form, so that an old link is told from a broken one."""


def encode(settings: Settings) -> str:
    """Return settings as letters, digits, ``-``, ``_`` and ``.``; only what differs from a fresh page is in it.

    Examples
    --------
    >>> decode(encode(Settings(year=2018))).year
    2018
    """
    told = settings.model_dump(mode="json", exclude_defaults=True)
    packed = zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(), 9)
    return MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(token: str) -> Settings:
    """Return the settings of a link.

    Raises
    ------
    InputError
        It is too long, damaged, unfolds to too much, or holds what a page cannot be set to.

    Examples
    --------
    >>> decode("1.nonsense")
    Traceback (most recent call last):
    povsim.errors.InputError: link: 1 problem
      - address: is damaged; open the page without it, or copy the whole address again
    """
    try:
        return Settings.model_validate(_unpacked(token))
    except ValidationError as error:
        problems = [
            Problem(".".join(str(part) for part in fault["loc"])[:200], fault["msg"], repr(fault["input"])[:80])
            for fault in error.errors()[:20]
        ]
        raise InputError("link", problems) from error


def _unpacked(token: str) -> Any:
    if len(token) > LONGEST:
        raise InputError("link", [Problem("address", "is too long", str(len(token)), f"at most {LONGEST} characters")])
    mend = "open the page without it, or copy the whole address again"
    damaged = InputError("link", [Problem("address", "is damaged", mend=mend)])
    if not token.startswith(MARK):
        raise damaged
    text = token.removeprefix(MARK)
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unfold = zlib.decompressobj()
        told = unfold.decompress(packed, LARGEST)
        if unfold.unconsumed_tail or not unfold.eof:
            raise damaged
        return json.loads(told)
    except (binascii.Error, ValueError, zlib.error, RecursionError) as error:
        raise damaged from error
