"""Who blocks whom: any hit, sole blocker, Shapley share and overlap in closed form; hits in turn; rules off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim.sensitivity.veto_inputs import Blocked, Weights, check_known, read_blocked
from povsim.sensitivity.veto_kernels import count_flags, count_patterns

Array = npt.NDArray[Any]
LABELS = {
    "any_hit": ("units that the rule blocks, alone or with others", "该项涉及（含多项同时不达标）"),
    "sole_blocker": ("units that this rule alone blocks: what leaving it out would release", "仅该项不达标"),
    "shapley": ("share of the excluded that falls to the rule (Shapley)", "分摊数（Shapley）"),
    "overlap": ("overlap of two rules (Shapley interaction, 0 or less)", "两项重叠（交互指数，不大于0）"),
    "both": ("units that both rules block", "两项同时不达标"),
    "excluded": ("units that any rule blocks", "任一项不达标合计"),
}
EXACT = "exact: closed form"


def attribution(blocked: xr.DataArray, *, weight: Weights | None = None, counts: Weights | None = None) -> xr.Dataset:
    r"""Attribute the excluded to the rules that exclude them.

    With B(u) the rules that block unit u, k(u) how many they are and w(u) its weight: any hit F(r) sums w over the
    units with r in B(u), sole blocker L(r) over those with B(u) = {r}, and the Shapley share is the sum of w/k over the
    units with r in B(u), so that L <= share <= F and shares sum to the excluded. The overlap of r and s is the sum of
    -w/(k - 1) over the units that both block.

    Parameters
    ----------
    blocked : DataArray
        Booleans (unit, veto); or patterns (unit), unsigned whole numbers with bit i set where the i-th veto blocks.
        Patterns may list the codes of their bits in the attribute ``veto``.
    weight : array, optional
        Weight of each unit, such as persons; 1 if not given.
    counts : array, optional
        How often each pattern occurs.

    Returns
    -------
    Dataset
        ``any_hit``, ``sole_blocker``, ``shapley`` (veto), ``overlap`` and ``both`` (veto, other_veto), ``excluded``, in
        the unit of the weights. The diagonal of ``overlap`` is 0, that of ``both`` the any hit.

    Raises
    ------
    InputError
        Neither flags nor patterns; weights of another length, negative or missing.

    Notes
    -----
    Shapley, L. (1953), A value for n-person games; Grabisch, M., Roubens, M. (1999), An axiomatic approach to the
    concept of interaction among players in cooperative games, doi:10.1007/s001820050125. With whole weights the counts
    are whole numbers until the last division, so that no order of the units changes a digit.

    Examples
    --------
    Income alone holds three units back; one more is held back by income and housing.

    >>> codes = {"veto": ["income", "house"]}
    >>> patterns = xr.DataArray(np.array([1, 3, 0], dtype=np.uint8), dims="pattern", attrs=codes)
    >>> found = attribution(patterns, counts=[3, 1, 96])
    >>> found["any_hit"].values, found["sole_blocker"].values, found["shapley"].values
    (array([4, 1]), array([3, 0]), array([3.5, 0.5]))
    >>> int(found["excluded"]), float(found["overlap"].sel(veto="income", other_veto="house"))
    (4, -1.0)
    """
    read = read_blocked(blocked, weight, counts)
    singles, pairs = counted(read)
    coords = {**read.labels, **_others(read.labels)}
    return xr.Dataset(closed_forms(singles, pairs), coords, {"method": EXACT})


def _others(labels: dict[str, Any]) -> dict[str, Any]:
    return {"other_veto": ("other_veto", np.asarray(labels["veto"]))}


def counted(read: Blocked) -> tuple[Array, Array]:
    """Return weights by (veto, rules that hit) and by (veto, veto, rules that hit)."""
    vetoes = len(read.codes)
    singles = np.zeros((vetoes, vetoes + 1), dtype=read.weight.dtype)
    pairs = np.zeros((vetoes, vetoes, vetoes + 1), dtype=read.weight.dtype)
    if read.flags is not None:
        count_flags(read.flags, read.weight, singles, pairs)
    elif read.patterns is not None:
        none = np.zeros(read.patterns.size, dtype=np.int64)
        count_patterns(read.patterns, read.weight, none, singles[np.newaxis], pairs[np.newaxis])
    return singles, pairs


def closed_forms(singles: Array, pairs: Array, lead: tuple[str, ...] = ()) -> dict[str, xr.Variable]:
    """Return the variables of an attribution from weights by the number of rules that hit.

    Parameters
    ----------
    singles, pairs : array
        (*lead, veto, size) and (*lead, veto, veto, size), the latter above the diagonal.
    lead : tuple of str
        Dims before those of the vetoes.
    """
    size = np.arange(singles.shape[-1])
    ways = np.divide(1.0, size, out=np.zeros(size.size), where=size > 0)
    alone = singles[..., 1] if size.size > 1 else singles[..., 0]
    hits, less = singles.sum(axis=-1), np.divide(-1.0, size - 1, out=np.zeros(size.size), where=size > 1)
    both = pairs + np.swapaxes(pairs, -3, -2)
    together = both.sum(axis=-1) + hits[..., np.newaxis] * np.eye(hits.shape[-1], dtype=hits.dtype)
    shapley = (singles * ways).sum(axis=-1)
    # whoever k rules hit was counted k times
    times = singles.sum(axis=-2)[..., 1:]
    total = (times // size[1:] if singles.dtype.kind == "i" else times / size[1:]).sum(axis=-1)
    by_veto, by_pair = (*lead, "veto"), (*lead, "veto", "other_veto")
    return {
        "any_hit": variable("any_hit", by_veto, hits),
        "sole_blocker": variable("sole_blocker", by_veto, alone),
        "shapley": variable("shapley", by_veto, shapley),
        "overlap": variable("overlap", by_pair, (both * less).sum(axis=-1)),
        "both": variable("both", by_pair, together),
        "excluded": variable("excluded", lead, total),
    }


def variable(name: str, dims: tuple[str, ...], values: Any) -> xr.Variable:
    """Return a variable with its labels in both languages."""
    label, label_zh = LABELS[name]
    return xr.Variable(dims, values, {"units": "weight", "long_name": label, "long_name_zh": label_zh})


def sequential_hits(
    blocked: xr.DataArray, order: Sequence[str], *, weight: Weights | None = None, counts: Weights | None = None
) -> xr.DataArray:
    """Return whom each rule newly excludes when the rules are applied one after another.

    A third thing beside any hit and sole blocker: the first rule of the order gets its any hit, the last one its sole
    blockers, if all rules are named.

    Parameters
    ----------
    blocked, weight, counts
        As in :func:`attribution`.
    order : sequence of str
        Codes of the rules as they are applied; rules that are not named are not applied.

    Returns
    -------
    DataArray
        (veto), in the order given.

    Raises
    ------
    InputError
        Unknown rules, with the nearest name; rules named twice.

    Examples
    --------
    >>> blocked = xr.DataArray([[True, True], [True, False]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    >>> sequential_hits(blocked, ["b", "a"]).values, sequential_hits(blocked, ["a", "b"]).values
    (array([1, 1]), array([2, 0]))
    """
    read = read_blocked(blocked, weight, counts)
    check_known(order, read.codes, "order")
    own = read.table()[:, [read.codes.index(code) for code in order]]
    hit = own.any(axis=1)
    sums = np.zeros(len(order), dtype=read.weight.dtype)
    if own.shape[1]:
        np.add.at(sums, own[hit].argmax(axis=1), read.weight[hit])
    about = {"long_name": "newly excluded, rules applied in this order", "long_name_zh": "按此顺序逐项新增不达标"}
    return xr.DataArray(sums, {"veto": list(order)}, ("veto",), "sequential", about | {"method": EXACT})


def release(
    blocked: xr.DataArray, off: Sequence[str], *, weight: Weights | None = None, counts: Weights | None = None
) -> xr.Dataset:
    """Return whom switching rules off together would release.

    Parameters
    ----------
    blocked, weight, counts
        As in :func:`attribution`.
    off : sequence of str
        Codes of the rules to switch off.

    Returns
    -------
    Dataset
        ``excluded`` now, ``still_excluded`` and ``released``.

    Raises
    ------
    InputError
        Unknown rules, with the nearest name.

    Examples
    --------
    >>> blocked = xr.DataArray([[True, True], [True, False]], dims=("unit", "veto"), coords={"veto": ["a", "b"]})
    >>> int(release(blocked, ["a"])["released"]), int(release(blocked, ["a", "b"])["released"])
    (1, 2)
    """
    read = read_blocked(blocked, weight, counts)
    check_known(off, read.codes, "off")
    table = read.table()
    kept = np.array([code not in off for code in read.codes], dtype=bool)
    now = read.weight[table.any(axis=1)].sum()
    still = read.weight[table[:, kept].any(axis=1)].sum()
    values = {"excluded": now, "still_excluded": still, "released": now - still}
    return xr.Dataset(values, attrs={"method": EXACT, "off": list(off)})
