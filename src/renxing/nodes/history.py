# SPDX-License-Identifier: Apache-2.0
"""What was said in the last moments, and what was so at the time of an image."""

from collections import deque
from typing import TypeVar

from renxing.spatial import SE3, Array

T = TypeVar("T")

HISTORY = 0.5  # [s] of values that are kept
APART = 0.05  # [s] that a value may be away from the image that it is used for


def keep(history: deque[tuple[float, T]], stamp: float, value: T) -> None:
    """Add a value to a history; a clock that went back starts it again."""
    if history and stamp <= history[-1][0]:
        if stamp == history[-1][0]:
            return
        history.clear()
    history.append((stamp, value))
    while history[0][0] < stamp - HISTORY:
        history.popleft()


def _around(history: deque[tuple[float, T]], stamp: float) -> tuple[T, T, float] | None:
    """Return the values before and after a time, and how far it is between them.

    None if there is none near it.
    """
    before = after = None
    for entry in reversed(history):
        if entry[0] < stamp:
            before = entry
            break
        after = entry
    before, after = before or after, after or before
    if before is None or after is None:
        return None
    if max(before[0] - stamp, stamp - after[0]) > APART:
        return None
    span = after[0] - before[0]
    share = (stamp - before[0]) / span if span > 0.0 else 0.0
    return before[1], after[1], share


def pose_at(history: deque[tuple[float, SE3]], stamp: float) -> SE3 | None:
    """Return the pose at a time, between two that were kept; None if none is near."""
    found = _around(history, stamp)
    if found is None:
        return None
    pose: SE3 = SE3.Interpolate(*found)
    return pose


def joints_at(history: deque[tuple[float, Array]], stamp: float) -> Array | None:
    """Return joint positions at a time, as `pose_at` [rad], shape (n,)."""
    found = _around(history, stamp)
    if found is None:
        return None
    before, after, share = found
    return before + share * (after - before)
