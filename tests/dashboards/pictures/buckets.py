"""Histograms: how many values fell into each bucket, of counts that include all smaller ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.dashboards.asking import Series
from tests.dashboards.pictures.fields import Numbers, on


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Counts by bucket (the upper `ends`, rising, the last may be infinite) and by moment."""

    ends: tuple[float, ...]
    counts: Numbers


def heat(series: Sequence[Series], moments: Numbers) -> Heat:
    """Take from each bucket what is in the one below it; what is nowhere is NaN, nothing is less than 0."""
    ordered = sorted(series, key=lambda one: float(one.labels["le"]))
    whole = np.array([on(moments, np.array(one.points, dtype=float)) for one in ordered])
    below = np.vstack([np.zeros(len(moments)), whole[:-1]])
    ends = tuple(float(one.labels["le"]) for one in ordered)
    return Heat(ends=ends, counts=np.clip(whole - below, 0, None))
