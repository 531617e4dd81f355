"""Voila as these dashboards need it: known pages only, nothing from other hosts, nothing a visitor can override."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import jinja2
import nbformat
import tornado.ioloop
from jupyter_server.base.handlers import FileFindHandler
from tornado.httpserver import HTTPServer
from tornado.web import RedirectHandler
from traitlets.config import Config
from voila.app import Voila
from voila.static_file_handler import AllowListFileHandler, MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler
from voila.utils import get_voila_labextensions_path

from povsim.dashboard import forking, worker
from povsim.dashboard import kernel as session
from povsim.dashboard.app import CACHE_VARIABLE, LANGUAGE_VARIABLE, PAGES
from povsim.dashboard.handlers import (
    ChannelsHandler,
    MissingHandler,
    PageHandler,
    TemplateFileHandler,
    VersionedFileHandler,
)
from povsim.dashboard.places import BELOW, fits
from povsim.dashboard.security import HEADERS
from povsim.interrupts import SIGNALS
from povsim.terms import Language
from povsim.wording import read_room

EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget", "@voila-dashboards/widgets-manager8")
"""The only extensions that pages load; without any of these no widget ever shows."""
REPLACED = (
    TornadoVoilaTreeHandler, VoilaContentsHandler, AllowListFileHandler, TornadoVoilaHandler, TemplateStaticFileHandler,
    MultiStaticFileHandler, FileFindHandler,
)  # fmt: skip
LARGEST_MESSAGE = 16 * 2**20
IDLE_SECONDS, CULL_EVERY = 3600, 30
STAGGER_SECONDS = 2.0
"""Between the starts of waiting kernels, the home page's first: all at once would make the first page wait."""


@dataclass(frozen=True)
class Serving:
    """What is served to whom.

    Attributes
    ----------
    folder : Path
        Of the server itself; goes with it.
    shelf : Path
        As ``write_shelf`` returns it.
    token : str
        Empty: none is asked for.
    lang : {"zh", "en"}
        Language of pages opened without a link that says another.
    lan : bool
        Whether other machines may connect.
    waiting : int
        Kernels kept waiting for each page.
    closed_seconds : float
        Life of a session's process after its page was closed without saying so.
    """

    folder: Path
    shelf: Path
    token: str
    lang: Language
    lan: bool = False
    waiting: int = 1
    closed_seconds: float = 180.0


def share() -> Path:
    """Return the folder that holds the page template."""
    return Path(str(resources.files("povsim"))) / "dashboard" / "share"


def notebooks() -> Path:
    """Return the folder of the notebooks, in a wheel as in an editable install."""
    inside = Path(str(resources.files("povsim"))) / "data" / "notebooks"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[3] / "notebooks"


def prepare_folder(serving: Serving) -> Path:
    """Fill the server's folder: the notebooks and a kernel that is this very Python; return that of the notebooks."""
    pages = serving.folder / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        shutil.copyfile(notebooks() / f"{name}.ipynb", pages / f"{name}.ipynb")
    kernel = serving.folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    launch = [sys.executable, "-m", session.__name__, "-f", "{connection_file}", *session.OPTIONS]
    told: dict[str, Any] = {"argv": launch, "display_name": "Python 3", "language": "python"}
    if forking.POSSIBLE:
        told["metadata"] = {"kernel_provisioner": {"provisioner_name": forking.NAME}}
    (kernel / "kernel.json").write_text(json.dumps(told), encoding="utf-8")
    return pages


def environment(serving: Serving) -> dict[str, str]:
    """Return what the server and its kernels find in their environment; the user's own Jupyter settings stay out."""
    paths = (serving.folder / "jupyter", share())
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    return threads | {
        CACHE_VARIABLE: str(serving.shelf),
        LANGUAGE_VARIABLE: serving.lang,
        "JUPYTER_PATH": os.pathsep.join(map(str, paths)),
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_CONFIG_DIR": str(serving.folder / "config"),
        "JUPYTER_DATA_DIR": str(serving.folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(serving.folder / "runtime"),
        "IPYTHONDIR": str(serving.folder / "ipython"),
        "MALLOC_ARENA_MAX": "2",
        # pyarrow's allocator has a thread of its own, which would not outlive a fork
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }


def configuration(serving: Serving, pages: Path) -> Config:
    """Return the configuration of Voila and Jupyter's server."""
    later = [f"{name}.ipynb" for name in PAGES[1:]]
    return Config(
        {
            "Voila": {
                "root_dir": str(pages),
                "token": serving.token,
                "open_browser": False,
                "connection_dir_root": str(serving.folder),
                "config_file_paths": [],
                "log_level": logging.WARNING,
                "tornado_settings": _tornado(serving),
            },
            "VoilaConfiguration": {
                "template": "povsim",
                "theme": "light",
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "strip_sources": True,
                "show_tracebacks": False,
                "extension_allowlist": list(EXTENSIONS),
                "extension_denylist": [],
                "preheat_kernel": serving.waiting > 0,
                "default_pool_size": serving.waiting,
                "multi_kernel_manager_class": "povsim.dashboard.handlers.SessionManager",
                "resources": {"povsim": {"lang": serving.lang, "texts": page_texts()}},
            },
            "VoilaKernelManager": {"preheat_denylist": later, "fill_delay": 3.0},
            "MappingKernelManager": {
                "cull_idle_timeout": IDLE_SECONDS, "cull_interval": CULL_EVERY, "cull_connected": True,
            },
            "SessionManager": {"closed_seconds": serving.closed_seconds},
            # a process begun anew would know nothing of its page, which says so itself and opens another
            "KernelManager": {"transport": _transport(serving), "autorestart": False},
            "NotebookNotary": {"db_file": ":memory:", "secret": secrets.token_bytes(32)},
            "ZMQChannelsWebsocketConnection": {"iopub_data_rate_limit": 100 * 2**20, "iopub_msg_rate_limit": 10_000},
            "IdentityProvider": {"cookie_options": {"samesite": "Lax"}},
        }
    )  # fmt: skip


def _transport(serving: Serving) -> str:
    """Return how kernels are spoken to: by sockets on disk, which only this user can open, where there can be any."""
    return "ipc" if sys.platform != "win32" and fits(serving.folder, BELOW) else "tcp"


def _tornado(serving: Serving) -> dict[str, Any]:
    return {
        "headers": HEADERS,
        # A page that is closed tells so without a token of this kind; the cookie is for this site only.
        "disable_check_xsrf": True,
        "websocket_max_message_size": LARGEST_MESSAGE,
        # On this machine only its own names may be asked for: no page of another site can pose as ours.
        "allow_remote_access": serving.lan,
        "local_hostnames": ["localhost"],
        "default_handler_class": MissingHandler,
        # Nobody: else whoever knows the token could use the server from a page of another site.
        "allow_origin_pat": re.compile("(?!)"),
    }


def page_texts() -> dict[str, dict[str, str]]:
    """Return the texts that pages show before or without a session: language to key to text."""
    room = read_room("dashboard_server")
    keys = [key for key in room if key.startswith("page.")]
    return {lang: {key.removeprefix("page."): room[key][lang] for key in keys} for lang in ("zh", "en")}


def frontend_version() -> str:
    """Return the versions of what browsers load, as one hash."""
    names = ("voila", "ipywidgets", "jupyterlab_widgets", "anywidget", "povsim")
    return hashlib.sha256(" ".join(map(metadata.version, names)).encode()).hexdigest()[:16]


def _versioned(page_config: dict[str, Any], *, base_url: str, **_: Any) -> dict[str, Any]:
    """Let pages load Voila's files from addresses that change with their versions, so that browsers keep them."""
    version = frontend_version()
    page_config["fullStaticUrl"] = f"{base_url}voila/static-{version}"
    page_config["fullLabextensionsUrl"] = f"{base_url}voila/labextensions-{version}"
    return page_config


class Dashboard(Voila):
    """The server; made once in a process."""

    sockets: list[socket.socket]
    ready: Callable[[], None]

    def init_settings(self) -> dict[str, Any]:
        """Put our pages for signing in and for errors before the stock ones."""
        self.voila_configuration.page_config_hook = _versioned
        settings: dict[str, Any] = super().init_settings()
        for name in PAGES:
            notebook = nbformat.read(Path(self.root_dir, f"{name}.ipynb"), as_version=4)
            self.contents_manager.notary.sign(notebook)
        stock = settings["jinja2_env"].loader
        ours = jinja2.FileSystemLoader(share() / "voila" / "templates" / "povsim")
        settings["jinja2_env"].loader = jinja2.ChoiceLoader([ours, stock])
        for env in (settings["jinja2_env"], settings["voila_jinja2_env"]):
            env.globals["texts"] = page_texts()
            env.globals["first"] = os.environ.get(LANGUAGE_VARIABLE, "zh")
        return settings

    def init_handlers(self) -> list[Any]:
        """Keep the kernels' channels, and serve pages by their names in place of a tree of files."""
        base, version = self.base_url, frontend_version()
        stock = [handler for handler in super().init_handlers() if handler[1] not in REPLACED]
        kept = [(one[0], ChannelsHandler, *one[2:]) if one[1] is VoilaKernelWebsocketHandler else one for one in stock]
        page = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        extensions = get_voila_labextensions_path(self.voila_configuration.extra_labextensions_path)
        icon = f"{base}voila/templates/povsim/static/favicon.svg"
        return [
            *kept,
            (rf"{base}voila/templates/(.*)", TemplateFileHandler),
            (rf"{base}voila/static-{version}/(.*)", VersionedFileHandler, {"paths": self.static_paths}),
            (rf"{base}voila/labextensions-{version}/(.*)", VersionedFileHandler, {"paths": extensions}),
            (rf"{base}favicon.ico", RedirectHandler, {"url": icon}),
            (rf"{base}voila/render/([a-z-]+)\.ipynb", PageHandler, page),
            (rf"{base}([a-z-]*)", PageHandler, page),
        ]

    def listen(self) -> None:
        """Serve on the sockets that are bound already, until told to stop."""
        server = HTTPServer(self.app, max_body_size=1_000_000)
        server.add_sockets(self.sockets)
        self.ioloop = tornado.ioloop.IOLoop.current()
        for name in SIGNALS:
            if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        self._fill()
        self.ioloop.add_callback(self.ready)
        try:
            self.ioloop.start()
        finally:
            server.stop()
            self.stop()

    def _fill(self) -> None:
        if not self.voila_configuration.preheat_kernel:
            return
        for place, name in enumerate(PAGES[1:], start=1):
            self.kernel_manager.fill_if_needed(delay=place * STAGGER_SECONDS, notebook_name=f"{name}.ipynb")

    def stop(self) -> None:
        """End all kernels and remove their connection files."""
        # pages that were being built fail now, and nobody is left to hear of it
        asyncio.get_event_loop().set_exception_handler(lambda *_: None)
        # on the loop that starts kernels: those that are just starting are waited for, and ended
        self.ioloop.run_sync(partial(self.kernel_manager.shutdown_all, now=True))
        shutil.rmtree(self.connection_dir, ignore_errors=True)


def serve(serving: Serving, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    """Serve until a signal comes; kernels are gone when it returns.

    Parameters
    ----------
    serving : Serving
        What and for whom.
    sockets : list of socket
        Bound; what connects before the server is up waits.
    ready : callable
        Called once the server answers.
    """
    pages = prepare_folder(serving)
    os.environ.update(environment(serving))
    simulator = worker.start(serving.shelf)
    os.environ.update(simulator.environment)
    if forking.POSSIBLE:
        forking.start()
    try:
        _serve(serving, pages, sockets, ready)
    finally:
        simulator.stop()


def _serve(serving: Serving, pages: Path, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    # Jupyter's server counts pings in milliseconds and Tornado takes them for seconds.
    logging.getLogger("tornado.general").addFilter(lambda record: "websocket_ping_timeout" not in str(record.msg))
    app = Dashboard(config=configuration(serving, pages))
    app.sockets, app.ready = sockets, ready
    app.initialize([])
    app.port = sockets[0].getsockname()[1]
    app.ip = "0.0.0.0" if serving.lan else "127.0.0.1"  # only shown; the sockets are bound
    app.start()
