"""The chart library as bundled with the package: one file that pages fetch once and standalone reports carry within."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from povsim.errors import InputError, Problem

STATIC_URL = "voila/templates/povsim/static"
"""Below the address of the server."""


@dataclass(frozen=True)
class Library:
    """The bundle.

    Attributes
    ----------
    path : Path
        The file: an ES module, which also sets ``globalThis.povsimECharts``.
    version : str
        Version of Apache ECharts.
    sha256 : str
        Hash of the file.
    """

    path: Path
    version: str
    sha256: str

    @property
    def url(self) -> str:
        """Address below the server's own; the hash lets browsers keep the file for good."""
        return f"{STATIC_URL}/{self.path.name}?v={self.sha256[:16]}"


@cache
def library() -> Library:
    """Return the bundle.

    Raises
    ------
    InputError
        povsim was built without it.

    Examples
    --------
    >>> library().path.suffix
    '.js'
    """
    static = Path(str(resources.files("povsim"))).joinpath("dashboard", "share", *STATIC_URL.split("/"))
    try:
        stamp = json.loads((static / "echarts.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        mend = "install povsim again where npm can be reached, without POVSIM_NO_FRONTEND"
        raise InputError(
            "povsim", [Problem("chart library", "was left out when povsim was built", mend=mend)]
        ) from None
    return Library(static / stamp["file"], stamp["version"], stamp["sha256"])


def echarts_source() -> str:
    """Return the bundle as text, for a page that works without a server.

    Put it into ``<script type="module">`` as it is: it holds no ``</script``. Scripts of type ``module`` after it
    find the library as ``globalThis.povsimECharts``.

    Raises
    ------
    InputError
        povsim was built without it.

    Examples
    --------
    >>> "</script" in echarts_source()
    False
    """
    return library().path.read_text(encoding="utf-8")


def echarts_licences() -> str:
    """Return the licences and the notice of the bundle, which go wherever the bundle goes.

    Examples
    --------
    >>> "Apache License" in echarts_licences()
    True
    """
    folder = library().path.parent
    return "\n\n".join((folder / f"echarts.{name}.txt").read_text(encoding="utf-8") for name in ("NOTICE", "LICENSE"))
