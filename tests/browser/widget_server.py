"""Serve the page of ``widget_page.py`` until ended: prints the port."""

import json
import socket
import tempfile
from pathlib import Path

import nbformat

from povsim.dashboard import serving
from povsim.dashboard.app import PAGES

ROOT = Path(__file__).resolve().parents[2]


def main(folder):
    """Write notebooks that show the page, and serve them as the dashboards are served."""
    pages = folder / "notebooks"
    pages.mkdir(parents=True)
    code = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.browser.widget_page import build\nbuild()"
    for name in PAGES:
        cell = nbformat.v4.new_code_cell(code)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), pages / f"{name}.ipynb")
    shelf = folder / "shelf"
    shelf.mkdir()
    (shelf / "shelf.json").write_text(json.dumps({}))
    serving.notebooks = lambda: pages
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    listening.setblocking(False)
    port = listening.getsockname()[1]
    told = serving.Serving(folder / "server", shelf, "", "zh", waiting=0)
    serving.serve(told, [listening], lambda: print(port, flush=True))


if __name__ == "__main__":
    # named short: kernels are spoken to by a socket file, whose path may have about a hundred characters
    with tempfile.TemporaryDirectory(prefix="pw-") as made:
        main(Path(made))
