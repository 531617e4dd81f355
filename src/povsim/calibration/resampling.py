"""Bootstrap samples of whole clusters within their strata, each with luck of its own address."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sampled:
    """How the households were drawn: cluster of each, stratum of each cluster."""

    cluster: npt.NDArray[np.intp]
    stratum: npt.NDArray[np.intp]

    @property
    def lonely(self) -> int:
        """Strata with one cluster only, which add no spread."""
        return int((np.bincount(self.stratum) == 1).sum())


def sampled(cluster: npt.NDArray[np.integer], stratum: npt.NDArray[np.integer]) -> Sampled:
    """Return the design of a panel; a cluster is counted within its stratum."""
    pairs, codes = np.unique(np.stack([stratum, cluster]), axis=1, return_inverse=True)
    strata = np.unique(pairs[0], return_inverse=True)[1]
    return Sampled(codes.ravel().astype(np.intp), strata.astype(np.intp))


def multipliers(design: Sampled, seed: int, draw: int) -> Floats:
    """Return what a bootstrap sample multiplies the weight of each household by.

    Of the n clusters of a stratum n - 1 are drawn with replacement and stretched by n / (n - 1), so that the spread of
    totals is that of the sample (Rao and Wu 1988, doi:10.1080/01621459.1988.10478591). A stratum with one cluster
    stays as it is.

    Examples
    --------
    >>> design = sampled(np.arange(5), np.zeros(5, np.int32))
    >>> float(multipliers(design, 1, 0).sum())
    5.0
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, draw], dtype=np.uint64)))
    factor = np.ones(design.stratum.size)
    for stratum in range(int(design.stratum.max()) + 1):
        here = np.flatnonzero(design.stratum == stratum)
        if here.size > 1:
            taken = rng.integers(0, here.size, here.size - 1)
            factor[here] = np.bincount(taken, minlength=here.size) * here.size / (here.size - 1)
    return np.asarray(factor[design.cluster])


def bootstrap(
    statistic: Callable[[Floats], Floats],
    weight: Floats,
    design: Sampled,
    *,
    address: tuple[int, int],
    threads: int = 1,
    progress: Progress | None = None,
) -> Floats:
    """Return a statistic of weights in every bootstrap sample, (draw, ...).

    Parameters
    ----------
    statistic : callable
        Takes the weights of a sample, returns an array.
    weight : array, (unit,)
    design : Sampled
    address : (int, int)
        Seed, and the number of samples; a sample's luck hangs on its number alone, not on who draws it.
    threads : int
    progress : callable, optional
        Told how many samples are done, of how many.
    """
    seed, draws = address
    out: list[Floats] = []
    with ThreadPoolExecutor(threads) as pool:
        tasks = [
            pool.submit(lambda draw: statistic(weight * multipliers(design, seed, draw)), one) for one in range(draws)
        ]
        try:
            for task in tasks:
                out.append(task.result())
                if progress is not None:
                    progress(len(out), draws)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return np.array(out)
