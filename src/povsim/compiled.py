"""How process functions are compiled: one decorator, one place for the cache, and a way to run without compiling.

Process functions are written as plain Python over NumPy arrays. ``compiled`` hands them to numba with the interpreter
lock released, so that blocks run on threads. With ``POVSIM_UNCOMPILED=1`` in the environment nothing is compiled: the
same functions run as written, slowly, which is the reference when a result is in doubt.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import config as _numba_config

config = cast(Any, _numba_config)
Function = TypeVar("Function", bound=Callable[..., Any])

UNCOMPILED = os.environ.get("POVSIM_UNCOMPILED", "") not in ("", "0")
"""True when process functions run as plain Python."""

f32 = np.float32


def _source_digest() -> str:
    """Return a digest of all compiled source: numba's own cache misses a change in a called function's file."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if b"povsim.compiled import" in source or path.name in ("layout.py", "terms.py"):
            digest.update(source)
    return digest.hexdigest()[:16]


def _use_own_cache() -> None:
    """Keep compiled code in the user's cache folder: a package folder may be read-only and outlives its source."""
    if config.CACHE_DIR:
        return
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    config.CACHE_DIR = str(Path(home) / "povsim" / _source_digest())


_use_own_cache()


def compiled(function: Function) -> Function:
    """Compile a process function without the interpreter lock, cached on disk."""
    if UNCOMPILED:
        return function
    return cast(Function, numba.njit(function, nogil=True, cache=True, error_model="numpy"))


def internal(function: Function) -> Function:
    """Compile a function that only compiled functions call: no door to Python, nothing on disk, sooner done."""
    if UNCOMPILED:
        return function
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Function, cast(Any, numba.njit)(function, nogil=True, error_model="numpy", **options))


def inlined(function: Function) -> Function:
    """Compile a small scalar function that other compiled functions call."""
    if UNCOMPILED:
        return function
    return cast(Function, numba.njit(function, nogil=True, inline="always", error_model="numpy"))
