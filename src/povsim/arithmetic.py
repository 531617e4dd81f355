"""Single-precision exp, log and normal quantile that compilers turn into vector code.

The C library's versions are called one number at a time. These are straight-line polynomials with selects in place of
branches, so a loop over an array runs eight or sixteen lanes at once; they use no fused multiply-add, so
vector and scalar code give the same bits.
"""

from __future__ import annotations

import numpy as np

from povsim.compiled import compiled, f32, inlined

_LOG2E = f32(1.44269504088896341)
_LN2_HIGH = f32(0.693359375)
_LN2_LOW = f32(-2.12194440e-4)
_EXP = tuple(f32(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5))
_LOG = tuple(
    f32(c)
    for c in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
)  # fmt: skip
_CENTRE = tuple(
    f32(c)
    for c in (
        2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
        -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    )
)  # fmt: skip
_TAIL = tuple(
    f32(c)
    for c in (
        -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
        -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
    )
)  # fmt: skip
_SQRT2 = f32(1.41421356237)
_SQRT_HALF = f32(0.70710678118)
_ONE = f32(1.0)
_HALF = f32(0.5)
_BIAS = np.int32(127)
_EXPONENT_SHIFT = np.int32(23)
_HALF_BITS = np.int32(0x3F000000)
_MANTISSA = np.int32(0x007FFFFF)


@inlined
def exp32(x: np.float32) -> np.float32:
    """Return e to the power x, float32, relative error below 2e-7 for x in [-87, 88] (clamped outside; Cephes expf)."""
    x = min(max(x, f32(-87.0)), f32(88.0))
    whole = np.floor(x * _LOG2E + _HALF)
    rest = x - whole * _LN2_HIGH - whole * _LN2_LOW
    series = _EXP[0]
    series = series * rest + _EXP[1]
    series = series * rest + _EXP[2]
    series = series * rest + _EXP[3]
    series = series * rest + _EXP[4]
    series = series * rest + _EXP[5]
    value = series * rest * rest + rest + _ONE
    power = np.int32((np.int32(whole) + _BIAS) << _EXPONENT_SHIFT).view(np.float32)
    return f32(value * power)


@inlined
def log32(x: np.float32) -> np.float32:
    """Return the natural logarithm of a positive normal float32, relative error below 2e-7 (Cephes logf)."""
    bits = f32(x).view(np.int32)
    exponent = f32((bits >> _EXPONENT_SHIFT) - np.int32(126))
    part = np.int32((bits & _MANTISSA) | _HALF_BITS).view(np.float32)
    small = part < _SQRT_HALF
    exponent = exponent - _ONE if small else exponent
    part = part + part - _ONE if small else part - _ONE
    square = part * part
    series = _polynomial(_LOG, part)
    value = series * part * square + exponent * _LN2_LOW - _HALF * square
    return f32(part + value + exponent * _LN2_HIGH)


@inlined
def _polynomial(c: tuple[np.float32, ...], x: np.float32) -> np.float32:
    # written out: a loop over a tuple would stay a loop inside the loop over households
    low = (((c[0] * x + c[1]) * x + c[2]) * x + c[3]) * x + c[4]
    return f32((((low * x + c[5]) * x + c[6]) * x + c[7]) * x + c[8])


@inlined
def normal_quantile(u: np.float32) -> np.float32:
    """Return the standard normal quantile of u in (0, 1), error below 2e-6 (Giles, GPU Computing Gems 2012)."""
    x = u + u - _ONE
    width = -log32((_ONE - x) * (_ONE + x))
    near = width - f32(2.5)
    centre = _polynomial(_CENTRE, near)
    far = np.sqrt(width) - f32(3.0)
    tail = _polynomial(_TAIL, far)
    return f32(_SQRT2 * x * (centre if width < f32(5.0) else tail))


@compiled
def normal_of(u: np.float32) -> np.float32:
    """Return the standard normal quantile of u, as a call of its own: for code that meets few households."""
    return normal_quantile(u)


@compiled
def log_of(x: np.float32) -> np.float32:
    """Return the natural logarithm of a positive number, as a call of its own."""
    return log32(x)


@compiled
def spread_of(u: np.float32, sd: np.float32) -> np.float32:
    """Return a lognormal factor with mean one, sd of the log, at quantile u; for code that meets few households."""
    return exp32(sd * normal_of(u) - _HALF * sd * sd)
