"""Loads what every session needs, in the process that sessions are forked from: they share its memory.

Importing this module is all it takes where a server has named its runs; elsewhere it does nothing.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading

from ipywidgets import Widget

from povsim.dashboard.app import CACHE_VARIABLE, open_shelf
from povsim.dashboard.kernel import leave_out_debugger
from povsim.dashboard.pages import exit_forecast, home, scenario_compare
from povsim.dashboard.pages.veto_lab import Lab
from povsim.dashboard.pages.weight_tuner import Tuner
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.views import vetoes

LOG = logging.getLogger(__name__)
OF_KERNELS = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger",
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
)  # fmt: skip
"""What a kernel loads as it starts."""
LONGEST = 120.0
"""Seconds that work in the background of a page is waited for."""


def build_pages() -> None:
    """Build every page over the runs of the server and throw it away: what it loads, keeps and compiles stays."""
    shelf = open_shelf()
    try:
        Tuner(State(Settings()), shelf)  # first: some of its work begins after a while, in a thread
        for room in (home, exit_forecast, scenario_compare):
            room.build(State(Settings()), shelf)
        vetoes.warm(Lab(State(Settings()), shelf).asked)
    finally:
        clean_up()


def clean_up() -> None:
    """Leave nothing that a fork would not survive: no thread, and no widget that a session would take for its own."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(LONGEST)
    Widget.close_all()


def load() -> None:
    """Load all there is, pages before kernels: widgets look for a kernel once that is there."""
    try:
        build_pages()
    except Exception:  # a session that cannot build its page tells its visitor so itself
        LOG.exception("pages were not built beforehand")
    leave_out_debugger()
    for module in OF_KERNELS:
        importlib.import_module(module)
    # what is frozen is not looked at again: a look would write to every page of memory, and so copy it
    gc.collect()
    gc.freeze()


if os.environ.get(CACHE_VARIABLE):  # in a server's process; whoever else imports this is left as he is
    load()
