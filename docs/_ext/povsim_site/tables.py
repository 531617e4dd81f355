"""Tables in Markdown."""

from collections.abc import Iterable, Iterator, Sequence


def cell(text: object) -> str:
    r"""Return a text that does not break a table: no line ends, no bars.

    Examples
    --------
    >>> cell("a | b")
    'a \\| b'
    """
    return " ".join(str(text).split()).replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; columns that are empty in every row are left out.

    Examples
    --------
    >>> list(table(("a", "b"), [("1", ""), ("2", "")]))
    ['| a |', '|---|', '| 1 |', '| 2 |']
    """
    listed = [[str(item) for item in row] for row in rows]
    kept = [place for place in range(len(headings)) if not listed or any(row[place].strip() for row in listed)]
    yield "| " + " | ".join(headings[place] for place in kept) + " |"
    yield "|" + "---|" * len(kept)
    for row in listed:
        yield "| " + " | ".join(row[place] or " " for place in kept) + " |"
