"""What one measure found, with a 95 % interval: shares (Wilson 1927), counts, means, medians by order statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.fixes import wilson

_SURE = 1.96


@dataclass(frozen=True, slots=True)
class Found:
    """A value, over how many it was counted, its 95 % interval where it has one, and why it is not known."""

    value: float | None
    n: int
    why: str = ""
    low: float | None = None
    high: float | None = None


def missing(why: str) -> Found:
    """Not known, and why."""
    return Found(None, 0, why)


def counted(n: int, *, times: float = 1.0) -> Found:
    """A count of events, or that times a constant; the interval is a Poisson count's (normal approximation)."""
    half = _SURE * (n + 1) ** 0.5
    return Found(n * times, n, low=max(0.0, n - half) * times, high=(n + half) * times)


def share(yes: NDArray[np.bool_]) -> Found:
    """The share of n that are true; ``yes`` must not be empty."""
    n, right = len(yes), int(yes.sum())
    return Found(right / n, n, low=wilson(right, n), high=1 - wilson(n - right, n))


def mean(values: NDArray[Any]) -> Found:
    """The mean of n values with the interval of its standard error; ``values`` must not be empty."""
    middle, n = float(values.mean()), len(values)
    if n == 1:
        return Found(middle, n)
    half = _SURE * float(values.std(ddof=1)) / n**0.5
    return Found(middle, n, low=middle - half, high=middle + half)


def median(values: NDArray[Any]) -> Found:
    """The median of n values; the interval lies between two order statistics. ``values`` must not be empty."""
    ordered, n = np.sort(values), len(values)
    half = _SURE * n**0.5 / 2
    low, high = int(np.floor(n / 2 - half)), int(np.ceil(n / 2 + half))
    return Found(float(np.median(ordered)), n, low=float(ordered[max(0, low - 1)]),
                 high=float(ordered[min(n - 1, high)]))  # fmt: skip


def differ(here: Found, then: Found) -> bool | None:
    """Whether two values differ by more than chance explains (95 %); ``None`` where that cannot be told.

    The interval of the difference comes from those of the two values (MOVER: Zou and Donner, Statistics in Medicine
    27, 2008).
    """
    ends = (here.value, here.low, here.high, then.value, then.low, then.high)
    if any(end is None for end in ends):
        return None
    a, al, ah, b, bl, bh = (float(end or 0.0) for end in ends)
    low = a - b - ((a - al) ** 2 + (bh - b) ** 2) ** 0.5
    high = a - b + ((ah - a) ** 2 + (b - bl) ** 2) ** 0.5
    return bool(low > 0 or high < 0)
