# SPDX-License-Identifier: Apache-2.0
"""What the body does in this tick, for gait and scoring."""

from dataclasses import dataclass

from renxing.spatial import SE3, Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kinematics:
    """Positions and velocities of this tick, in odom.

    The sole frames of this package lie in the centre of each sole's contact
    rectangle, with the axes of the robot's sole frame.

    Attributes:
        com: Centre of mass [m], shape (3,).
        com_velocity: [m/s], shape (3,).
        soles: Sole to odom, of each foot.
        sole_velocities: [linear; angular] along odom's axes, shape (feet, 6).
        base_rotation: Base to odom, shape (3, 3).
        torso_rotation: Torso to odom, shape (3, 3).
        angular_momentum: About the centre of mass, along odom's axes [N·m·s].
        half_length: Of each sole's rectangle along x [m], shape (feet,).
        half_width: Of each sole's rectangle along y [m], shape (feet,).
    """

    com: Array
    com_velocity: Array
    soles: tuple[SE3, ...]
    sole_velocities: Array
    base_rotation: Array
    torso_rotation: Array
    angular_momentum: Array
    half_length: Array
    half_width: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeBodySolution:
    """What the QP of a tick found.

    Attributes:
        accelerations: Of the base in its own axes, as pinocchio's, then of the joints
            in joint order; 0 for locked joints; shape (6 + n,).
        sole_wrenches: That the ground shall apply, [force; torque about the centre of
            the sole] in the sole frame, 0 in the air, shape (feet, 6).
        torques: At the joints, without friction [N·m], shape (n,).
        solved: Whether the QP was solved; if not, this is the fallback.
    """

    accelerations: Array
    sole_wrenches: Array
    torques: Array
    solved: bool
