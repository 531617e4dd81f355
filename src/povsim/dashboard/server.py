"""The dashboards as a server of their own: what may be asked of it, its address, and from start to end."""

from __future__ import annotations

import errno
import importlib.util
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from povsim.dashboard.app import write_shelf
from povsim.dashboard.places import BELOW, short_folder
from povsim.errors import InputError, Problem
from povsim.terms import Language
from povsim.views.digests import RunDigest

PORT, PORTS_TRIED = 8866, 50
NEEDED = ("voila", "ipywidgets", "anywidget", "ipykernel", "platformdirs")
SHORTEST_TOKEN = 12
"""A token that other machines can try; one of our own making has 32 characters."""


@dataclass(frozen=True)
class Options:
    """How the dashboards are served.

    Attributes
    ----------
    port : int or None
        Port asked for; else 8866 or the next that is free.
    lan : bool
        Whether other machines may connect.
    token : str or None
        Asked for by the server; none given: a new one each time; empty: nothing is asked for.
    anyone : bool
        Said in so many words that other machines may come in without a token.
    lang : {"zh", "en"}
        Language of pages that are opened without a link that says another.
    """

    port: int | None = None
    lan: bool = False
    token: str | None = None
    anyone: bool = False
    lang: Language = "zh"


@dataclass(frozen=True)
class Address:
    """Where the dashboards are, and the token to come in by.

    Attributes
    ----------
    port : int
        The port.
    hosts : tuple of str
        Names or numbers of this machine that others, or it itself, can reach it by; the first is opened here.
    token : str
        Empty where none is asked for.
    """

    port: int
    hosts: tuple[str, ...]
    token: str

    def urls(self) -> list[str]:
        """Return the whole addresses, with the token.

        Examples
        --------
        >>> Address(8866, ("127.0.0.1",), "secret").urls()
        ['http://127.0.0.1:8866/?token=secret']
        """
        query = f"?token={self.token}" if self.token else ""
        return [f"http://{host}:{self.port}/{query}" for host in self.hosts]


def check(options: Options) -> None:
    """Refuse beforehand what cannot or should not be served.

    Raises
    ------
    InputError
        Parts that are not installed; other machines without a token; a token that is easily guessed.

    Examples
    --------
    >>> check(Options(lan=True, token=""))
    Traceback (most recent call last):
    povsim.errors.InputError: povsim dashboard: 1 problem
      - --no-token: with --lan whoever reaches this machine sees the runs and can use its processors; leave --no-token away, or add --anyone if that is meant
    """  # noqa: E501
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    problems = []
    if missing:
        mend = 'install them: pip install "povsim[dashboard]"'
        problems.append(Problem("dashboard", "its parts are not installed", ", ".join(missing), mend=mend))
    if options.lan and options.token == "" and not options.anyone:
        what = "with --lan whoever reaches this machine sees the runs and can use its processors"
        mend = "leave --no-token away, or add --anyone if that is meant"
        problems.append(Problem("--no-token", what, mend=mend))
    if options.token and (len(options.token) < SHORTEST_TOKEN if options.lan else len(options.token) < 4):
        least = SHORTEST_TOKEN if options.lan else 4
        mend = "leave --token away for one that nobody can guess"
        problems.append(Problem("--token", "is too short", f"{len(options.token)}", f"{least} characters", mend))
    if options.token and not options.token.isascii():
        problems.append(Problem("--token", "has to stand in an address", allowed="letters, digits, - and _"))
    if problems:
        raise InputError("povsim dashboard", problems)


def bind(options: Options) -> list[socket.socket]:
    """Return bound sockets: of the port asked for, else of the first that is free.

    Raises
    ------
    InputError
        The port asked for is taken or not allowed, or none is free.
    """
    ports = [options.port] if options.port is not None else range(PORT, PORT + PORTS_TRIED)
    why = ""
    for port in ports:
        try:
            return [_socket(port, "0.0.0.0" if options.lan else "127.0.0.1")]
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEACCES", errno.EACCES)):
                raise
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else "may not be used by you"
    shown = str(options.port) if options.port is not None else f"{PORT} to {PORT + PORTS_TRIED - 1}"
    mend = "name another port, or none: then a free one is taken"
    raise InputError("povsim dashboard", [Problem("--port", why, shown, mend=mend)])


def _socket(port: int, host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port left a moment ago may be used again; on Windows the same option would share one that is in use.
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
        made.settimeout(0)
    except OSError:
        made.close()
        raise
    return made


def address_of(options: Options, sockets: Sequence[socket.socket]) -> Address:
    """Return where the dashboards will be, with a new token unless one was given."""
    token = secrets.token_hex(16) if options.token is None else options.token
    hosts = ("127.0.0.1", *_lan_hosts()) if options.lan else ("127.0.0.1",)
    return Address(sockets[0].getsockname()[1], hosts, token)


def _lan_hosts() -> Iterator[str]:
    """Yield the number this machine is reached by from others; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            yield str(probe.getsockname()[0])
        except OSError:
            yield socket.gethostname()


@contextmanager
def server_folder() -> Iterator[Path]:
    """Give a folder of the server's own, which goes with it."""
    folder = short_folder("povsim-dashboard-", BELOW)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(
    digests: Sequence[RunDigest],
    options: Options,
    sockets: list[socket.socket],
    ready: Callable[[Address], None],
) -> None:
    """Serve the dashboards until a signal comes; nothing of them is left when this returns.

    Parameters
    ----------
    digests : sequence of RunDigest
        The runs that pages show.
    options : Options
        As :func:`check` accepts them.
    sockets : list of socket
        As :func:`bind` returns them.
    ready : callable
        Called with the address once the server answers.
    """
    # A grammar of addresses that Jupyter's parts check nothing of ours by, and take more than a second to read; found
    # missing, it is left out.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from povsim.dashboard.serving import Serving, serve

    address = address_of(options, sockets)
    with server_folder() as folder:
        shelf = write_shelf(digests, folder / "shelf")
        serving = Serving(folder, shelf, address.token, options.lang, options.lan)
        serve(serving, sockets, lambda: ready(address))
