# SPDX-License-Identifier: Apache-2.0
"""What a laser scanner measures all around, without the robot itself.

In: points of a turn, the pose of scanner and base.  Out: points in odom; which of them
stand in the way of a body.
"""

from dataclasses import dataclass, field

import numpy as np

from renxing.perception.self_filter import SelfFilter
from renxing.spatial import SE3, Array, Mask

REACH = 1.3  # [m] from the base beyond which no point is the robot's own


@dataclass(frozen=True, slots=True, kw_only=True)
class SurroundConfig:
    """What counts of a scanner's turn.

    Attributes:
        margin: Around the robot's shapes within which a point is its own [m].
        body: Radius around the base within which every point is its own [m].
        low: Height over the ground from which on a point is in the way; what is lower
            is the business of the map of the ground [m].
        high: Height up to which it is [m].
        farthest: Distance from the base up to which it matters [m].
    """

    margin: float = field(default=0.06, metadata={"min": 0.0, "max": 0.3})
    body: float = field(default=0.3, metadata={"min": 0.0, "max": 1.0})
    low: float = field(default=1.0, metadata={"min": 0.1, "max": 2.0})
    high: float = field(default=1.9, metadata={"min": 0.5, "max": 5.0})
    farthest: float = field(default=2.5, metadata={"min": 0.5, "max": 20.0})


def foreign(
    points: Array,
    frame: str,
    body: SelfFilter,
    eye: SE3,
    base: SE3,
    config: SurroundConfig,
) -> Array:
    """Return the points that are not the robot's own.

    Args:
        points: In the scanner's frame [m], shape (n, 3).
        frame: Of the scanner.
        body: Knows where the robot's shapes were at their time.
        eye: Pose of the scanner in odom.
        base: Pose of the base in odom.
        config: What counts.

    Returns:
        In odom [m], shape (m, 3).
    """
    moved = points @ eye.rotation.T + eye.translation
    away = np.linalg.norm(moved[:, :2] - base.translation[:2], axis=1)
    near, own = away < REACH, away < config.body
    own[near] |= ~body.outside(points[near], frame, config.margin)
    return np.asarray(moved[~own])


def in_the_way(points: Array, base: SE3, ground: float, config: SurroundConfig) -> Mask:
    """Say which points stand in the way of a body.

    Args:
        points: In odom [m], shape (n, 3).
        base: Pose of the base in odom.
        ground: Height of the ground in odom [m].
        config: What counts.
    """
    height = points[:, 2] - ground
    away = np.linalg.norm(points[:, :2] - base.translation[:2], axis=1)
    here = (height >= config.low) & (height <= config.high)
    return np.asarray(here & (away <= config.farthest))
