"""Addressed random numbers: one uniform per (seed, draw, year, decision, household), in any order, on any thread.

The generator is Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): a counter and a key go in, four
independent 32-bit words come out, nothing is remembered between calls. The counter holds household, draw and year, the
key holds seed and decision. Scenarios therefore share their luck, and adding a decision or a household changes no
other draw.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from povsim.arithmetic import normal_quantile
from povsim.compiled import compiled, f32, inlined

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint32(0x9E3779B9)
_W1 = np.uint32(0xBB67AE85)
_32 = np.uint64(32)
_9 = np.uint32(9)
_UNIT = f32(2.0**-23)
_HALF = f32(0.5)
_u32 = np.uint32
_u64 = np.uint64

LANES = 4
"""Numbers that one decision has per household and year."""


@inlined
def _round(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    # 32-bit words with 64-bit products: the form that compilers turn into vector multiplications
    p0 = _M0 * _u64(c0)
    p1 = _M1 * _u64(c2)
    return _u32(_u32(p1 >> _32) ^ c1 ^ k0), _u32(p1), _u32(_u32(p0 >> _32) ^ c3 ^ k1), _u32(p0)


@inlined
def _three_rounds(c: Any, k0: Any, k1: Any) -> Any:
    # written out, since a loop here would stay a loop inside the loop over households
    a0, a1, a2, a3 = _round(c[0], c[1], c[2], c[3], k0, k1)
    k0, k1 = _u32(k0 + _W0), _u32(k1 + _W1)
    b0, b1, b2, b3 = _round(a0, a1, a2, a3, k0, k1)
    k0, k1 = _u32(k0 + _W0), _u32(k1 + _W1)
    return _round(b0, b1, b2, b3, k0, k1)


@inlined
def philox(counter: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of Philox4x32-10 for a counter of four words and a key of two; all words are uint32."""
    words = _three_rounds(counter, k0, k1)
    words = _three_rounds(words, _u32(k0 + _W0 * _u32(3)), _u32(k1 + _W1 * _u32(3)))
    words = _three_rounds(words, _u32(k0 + _W0 * _u32(6)), _u32(k1 + _W1 * _u32(6)))
    return _round(words[0], words[1], words[2], words[3], _u32(k0 + _W0 * _u32(9)), _u32(k1 + _W1 * _u32(9)))


@inlined
def to_uniform(word: Any) -> Any:
    """Return a float32 in the open interval (0, 1), symmetric about one half, from the upper 23 bits of a word."""
    return (f32(np.int32(word >> _9)) + _HALF) * _UNIT


@inlined
def four_uniforms(k0: Any, k1: Any, draw: Any, year: Any, household: Any) -> Any:
    """Return the four uniforms of one decision; the key is that of :func:`decision_key`, ``household`` uint64."""
    a, b, c, d = philox((_u32(household), _u32(household >> _32), _u32(draw), _u32(year)), k0, k1)
    return to_uniform(a), to_uniform(b), to_uniform(c), to_uniform(d)


@compiled
def luck_of(k0: Any, k1: Any, draw: Any, year: Any, household: Any) -> Any:
    """Return the four uniforms of one decision, as a call of its own: for code that meets few households."""
    c0, c1, c2, c3 = _u32(household), _u32(household >> _32), _u32(draw), _u32(year)
    k0, k1 = _u32(k0), _u32(k1)
    for _ in range(10):
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
        k0, k1 = _u32(k0 + _W0), _u32(k1 + _W1)
    return to_uniform(c0), to_uniform(c1), to_uniform(c2), to_uniform(c3)


@compiled
def fill_uniforms(key: Any, draw: int, year: int, household: Any, out: Any, row: int) -> None:
    """Fill four rows of ``out`` from ``row`` on with the uniforms of a decision for n households."""
    n = household.shape[0]
    first, second, third, fourth = out[row, :n], out[row + 1, :n], out[row + 2, :n], out[row + 3, :n]
    k0, k1 = key[0], key[1]
    for i in range(n):
        first[i], second[i], third[i], fourth[i] = four_uniforms(k0, k1, draw, year, household[i])


@compiled
def to_normals(out: Any, row: int, n: int) -> None:
    """Turn the uniforms of a row into standard normals, in place."""
    luck = out[row, :n]
    for i in range(n):
        luck[i] = normal_quantile(luck[i])


@compiled
def fill_normals(key: Any, draw: int, year: int, household: Any, out: Any, row: int) -> None:
    """Fill four rows of ``out`` from ``row`` on with independent standard normals of a decision for n households."""
    fill_uniforms(key, draw, year, household, out, row)
    for lane in range(4):
        to_normals(out, row + lane, household.shape[0])


def decision_key(seed: int, decision: str) -> npt.NDArray[np.uint32]:
    """Return the generator's key, shape (2,), of a seed in [0, 2^32) and the name of a decision."""
    name = int.from_bytes(hashlib.blake2b(decision.encode(), digest_size=4).digest(), "little")
    return np.array([seed & 0xFFFFFFFF, name], dtype=np.uint32)


def household_key(identifiers: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """Return the 64-bit address of each household: a number is its own address, any other text its BLAKE2 hash.

    Parameters
    ----------
    identifiers : array of int or str, shape (n,)
        Register identifiers.

    Examples
    --------
    >>> household_key([7, 8]).tolist(), household_key(["7", "8"]).tolist()
    ([7, 8], [7, 8])
    """
    array = np.asarray(identifiers)
    if array.dtype.kind in "iu":
        return array.astype(np.uint64)
    return np.array([_address(str(text)) for text in array.tolist()], dtype=np.uint64)


def _address(text: str) -> int:
    """Return the address of a text: that of the number it writes, so that a register of numbers may gain a text."""
    if text.isdecimal() and text.isascii() and len(text) < 19 and str(int(text)) == text:
        return int(text)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniforms(
    household: npt.ArrayLike, *, seed: int, draw: int, year: int, decision: str, lane: int = 0
) -> npt.NDArray[np.float32]:
    """Return the addressed uniforms of one decision.

    Parameters
    ----------
    household : array of int or str, shape (n,)
        Register identifiers.
    seed, draw, year : int
        Address; ``seed`` in [0, 2^32), the others in [0, 2^32).
    decision : str
        Name of the decision, for example ``"income"`` or ``"measures.loan"``.
    lane : int
        Which of the decision's four numbers, 0 to 3.

    Returns
    -------
    array of float32, shape (n,)
        Independent uniforms in the open interval (0, 1), the same whenever the address is the same.

    Examples
    --------
    >>> a = uniforms([11, 12, 13], seed=1, draw=0, year=2016, decision="income")
    >>> b = uniforms([13, 99, 11], seed=1, draw=0, year=2016, decision="income")
    >>> bool(a[0] == b[2] and a[2] == b[0])
    True
    """
    if not 0 <= lane < LANES:
        raise ValueError(f"lane: found {lane}; allowed: 0 to {LANES - 1}")
    for name, number in (("seed", seed), ("draw", draw), ("year", year)):
        if not 0 <= number < 2**32:
            raise ValueError(f"{name}: found {number}; allowed: 0 to 2^32 - 1")
    keys = np.atleast_1d(household_key(household))
    out = np.empty((LANES, keys.size), dtype=np.float32)
    fill_uniforms(decision_key(seed, decision), draw, year, keys, out, 0)
    chosen: npt.NDArray[np.float32] = out[lane]
    return chosen
