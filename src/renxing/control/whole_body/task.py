# SPDX-License-Identifier: Apache-2.0
"""What the whole-body controller is asked for in one tick; all in odom, SI units."""

from dataclasses import dataclass, field

import numpy as np

from renxing.spatial import SE3, Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FootMotion:
    """Where a foot in the air shall be, and how fast.

    Attributes:
        transform_sole_to_odom: Wanted pose of the sole frame.
        twist: Of the sole's origin, [linear; angular] along odom's axes, shape (6,).
        acceleration: Likewise, shape (6,).
    """

    transform_sole_to_odom: SE3
    twist: Array
    acceleration: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FootTask:
    """What one foot shall do: stand, or move.

    Attributes:
        motion: Of a foot in the air; None for a foot that stands.
        force_limit: Of the normal force of a foot that stands [N].
        softness: How much a foot that has just landed may turn about its sole's x and
            y, so that it finds the slope of the ground; 0 not at all, 1 freely [-].
    """

    motion: FootMotion | None = None
    force_limit: float = np.inf
    softness: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkTask:
    """Where a frame of an arm or the head shall be.

    Attributes:
        frame: Its name.
        transform_frame_to_odom: Wanted pose.
        twist: Of its origin, [linear; angular] along odom's axes, shape (6,).
        weight: Of the translation and of the rotation [-].
        force: That it shall press on the outside with [N, N·m] along odom's axes.
    """

    frame: str
    transform_frame_to_odom: SE3
    twist: Array
    weight: tuple[float, float] = (20.0, 5.0)
    force: Array = field(default_factory=lambda: np.zeros(6))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeBodyTask:
    """All that is asked for in one tick.

    Attributes:
        com_acceleration: Of the centre of mass [m/s²], shape (3,).
        base_rotation: Wanted attitude of the base, base to odom, shape (3, 3).
        base_angular_velocity: Wanted, along odom's axes [rad/s], shape (3,).
        torso_rotation: Wanted attitude of the torso, torso to odom, shape (3, 3).
        torso_angular_velocity: Wanted, along odom's axes [rad/s], shape (3,).
        feet: One for each foot of the robot's file.
        posture: Joint positions that pull weakly [rad], shape (n,).
        links: Wanted poses of hands, head and so on.
    """

    com_acceleration: Array
    base_rotation: Array
    base_angular_velocity: Array
    torso_rotation: Array
    torso_angular_velocity: Array
    feet: tuple[FootTask, ...]
    posture: Array
    links: tuple[LinkTask, ...] = ()
