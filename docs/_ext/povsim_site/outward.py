"""Built pages fetch nothing from elsewhere: no font, script, style or picture of another host."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

FETCHED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "link": ("href",),
}
"""What a browser fetches without being asked, by tag and attribute."""


class _Fetched(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in FETCHED.get(tag, ()) and (value or "").lstrip().startswith(("http:", "https:", "//")):
                self.found.append(f"<{tag} {name}> {value}")


def fetched_from_elsewhere(page: str) -> list[str]:
    """Return what a page makes a browser fetch from other hosts.

    Examples
    --------
    >>> fetched_from_elsewhere('<a href="https://a.example/">a link</a><script src="//a.example/x.js"></script>')
    ['<script src> //a.example/x.js']
    """
    reader = _Fetched()
    reader.feed(page)
    return reader.found


def outward(folder: Path) -> Iterator[str]:
    """Yield what the pages and style sheets of a folder fetch from other hosts."""
    for path in sorted(folder.rglob("*.html")):
        found = fetched_from_elsewhere(path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(folder)}: {item}" for item in found)
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8").replace('"', "").replace("'", "")
        if any(sign in text for sign in ("url(http", "url(//", "@import http", "@import //")):
            yield f"{path.relative_to(folder)}: a style sheet fetches from another host"


def _check(app: Sphinx, failure: Exception | None) -> None:
    if failure is None and app.builder.format == "html" and (found := list(outward(Path(app.outdir)))):
        raise SphinxError("pages fetch from other hosts:\n  " + "\n  ".join(found))


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at the pages once they are written."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
