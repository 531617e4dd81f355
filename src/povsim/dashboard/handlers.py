"""What the server answers: the pages, their static files for good, and everything else refused in both languages."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server._tz import utcnow
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from traitlets import Float
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from povsim.dashboard.app import PAGES
from povsim.dashboard.security import HEADERS

FOR_GOOD = 365 * 24 * 3600
MOST_SESSIONS = 60
"""Open pages at a time: each holds a process of about 50 MB, 150 where it cannot be forked."""


FRAMING = "v1.kernel.websocket.jupyter.org"
MOST_PARTS = 10_000
UNREADABLE = 1007
"""Close code of a websocket for data that are not what they should be, RFC 6455."""


class PageHandler(TornadoVoilaHandler):
    """A page by its name; the address without a name is the home page."""

    @web.authenticated
    async def get(self, name: str = "") -> None:
        """Send the page as it is made."""
        page = name or PAGES[0]
        if page not in PAGES:
            raise web.HTTPError(404)
        if len(self.kernel_manager) >= MOST_SESSIONS:
            raise web.HTTPError(503)
        # Voila reads these even where it refuses to follow them, and would then pass over the kernel that waits.
        for override in ("template", "theme"):
            self.request.arguments.pop(override, None)
        async for html in self.get_generator(path=f"{page}.ipynb"):
            self.write(html)
            await self.flush()


class ChannelsHandler(VoilaKernelWebsocketHandler):
    """The channels of a session, in the framing that pages use and in no other.

    A frame begins with the number of its parts. Voila and the Jupyter server believe whatever number stands there: a
    message in the older framing, or one cut short, would have the server count for good and fill its memory.
    """

    async def pre_get(self) -> None:
        """Refuse who does not speak it."""
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        if FRAMING not in [name.strip() for name in offered.split(",")]:
            raise web.HTTPError(400)
        await super().pre_get()

    def on_message(self, ws_message: str | bytes) -> None:
        """Pass a message on to the session, if it is what it says."""
        if is_framed(ws_message):
            super().on_message(ws_message)
        else:
            self.close(UNREADABLE, "not framed as a message")


def is_framed(message: str | bytes) -> bool:
    r"""Return whether a message has the parts that its first bytes announce.

    Examples
    --------
    >>> is_framed(b"\xff" * 8), is_framed("{}"), is_framed((2).to_bytes(8, "little") + bytes(16))
    (False, False, True)
    """
    if isinstance(message, str):
        return False
    parts = int.from_bytes(message[:8], "little")
    return 1 < parts <= MOST_PARTS and 8 * (parts + 1) <= len(message)


class MissingHandler(JupyterHandler):
    """Whatever else is asked for."""

    @allow_unauthenticated
    async def prepare(self, **_: Any) -> None:
        """Refuse it, whoever asks."""
        # The page that says so asks who is there, which nobody has found out here.
        self.current_user = None
        raise web.HTTPError(404)


class _Guarded(web.StaticFileHandler):
    def set_extra_headers(self, path: str) -> None:
        for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Content-Security-Policy"):
            self.set_header(name, HEADERS[name])

    def write_error(self, status_code: int, **_: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")


class TemplateFileHandler(_Guarded, TemplateStaticFileHandler):
    """Files of the template; those whose address carries a hash are kept for good."""


class VersionedFileHandler(_Guarded, MultiStaticFileHandler):
    """Files of Voila and its widgets under an address with their versions, hence kept for good."""

    def get_cache_time(self, path: str, modified: object, mime_type: str) -> int:
        """Return for how many seconds a browser may keep the file."""
        return FOR_GOOD


class SessionManager(AsyncMappingKernelManager):
    """Ends the processes of pages that were closed, soon, and of pages that nobody uses, later."""

    closed_seconds = Float(180.0, config=True, help="Life of a process whose page is gone; a page may reconnect")

    def __init__(self, **kwargs: Any) -> None:
        self._waited: dict[str, datetime] = {}
        self._closing = False
        super().__init__(**kwargs)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel without a page after ``closed_seconds``, one with a page after ``cull_idle_timeout``.

        One that waits for a page is kept, and from then on its page has ``closed_seconds`` to connect.
        """
        now, known = utcnow(), self._kernels
        self._waited = {one: when for one, when in self._waited.items() if one in known}
        if self._waits(kernel_id):
            self._waited[kernel_id] = now
        kernel, patience = known[kernel_id], timedelta(seconds=self.closed_seconds)
        dead = getattr(kernel, "execution_state", None) == "dead"
        if not dead and kernel_id in self._waited and now - self._waited[kernel_id] <= patience:
            return
        last = getattr(kernel, "last_activity", None)
        if not self._kernel_connections.get(kernel_id, 0) and last is not None and now - last > patience:
            await ensure_async(self.shutdown_kernel(kernel_id))
            return
        await ensure_async(super().cull_kernel_if_idle(kernel_id))

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a process, unless all are being ended."""
        if self._closing:
            raise web.HTTPError(503)
        return await super().start_kernel(**kwargs)

    async def shutdown_all(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """End all processes, also those that are just starting: the stock manager does not find these, and gives up."""
        self._closing = True
        await asyncio.gather(*self._pending_kernels.values(), return_exceptions=True)
        await ensure_async(super().shutdown_all(*args, **kwargs))

    def _waits(self, kernel_id: str) -> bool:
        """Tell whether a kernel is among those that Voila keeps ready."""
        tasks = [task for pool in getattr(self, "_pools", {}).values() for task in pool if task.done()]
        found = (task.result() for task in tasks if not task.cancelled() and task.exception() is None)
        return any(told.get("kernel_id") == kernel_id for told in found)
