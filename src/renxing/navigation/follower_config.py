# SPDX-License-Identifier: Apache-2.0
"""What a follower of paths may do and has to keep."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerConfig:
    """The follower.

    Attributes:
        forward: Greatest speed ahead [m/s].
        backward: Greatest speed back [m/s].
        lateral: Greatest speed sideways [m/s].
        turn: Greatest speed of turning [rad/s].
        forward_acceleration: Of the command, ahead and back [m/s²].
        lateral_acceleration: Of the command, sideways [m/s²].
        turn_acceleration: Of the command, turning [rad/s²].
        lag: Time constant of the body behind its command [s].
        lookahead: How far ahead on the path it aims [m].
        approach: Distance from the goal from which on it turns to the goal's yaw and
            also goes sideways and back [m].
        xy_tolerance: Distance from the goal at which it has arrived [m].
        yaw_tolerance: Angle from the goal's yaw at which it has arrived [rad].
        radius: Of the disc that the robot fits in [m].
        clearance: Distance that the disc keeps from what stands; what it sways and
            the pose is wrong by [m].
        person_radius: Of the disc that a person fits in [m].
        person_clearance: Distance of both discs where the person walks; half of it
            suffices where it stands [m].
        person_horizon: How far ahead people are predicted [s].
        unknown_allowed: Whether it may walk over what nobody has seen.
        commitment: How long a velocity is obeyed at least [s].
        sight: How far ahead a velocity is judged by where it leads [s].
        smoothing: Time constant in which pose and velocity are believed [s].
    """

    forward: float = field(default=0.5, metadata={"min": 0.05, "max": 3.0})
    backward: float = field(default=0.2, metadata={"min": 0.0, "max": 3.0})
    lateral: float = field(default=0.25, metadata={"min": 0.0, "max": 2.0})
    turn: float = field(default=0.8, metadata={"min": 0.05, "max": 5.0})
    forward_acceleration: float = field(
        default=0.4, metadata={"min": 0.05, "max": 10.0}
    )
    lateral_acceleration: float = field(
        default=0.4, metadata={"min": 0.05, "max": 10.0}
    )
    turn_acceleration: float = field(default=1.5, metadata={"min": 0.05, "max": 20.0})
    lag: float = field(default=0.3, metadata={"min": 0.01, "max": 2.0})
    lookahead: float = field(default=0.6, metadata={"min": 0.1, "max": 3.0})
    approach: float = field(default=0.4, metadata={"min": 0.0, "max": 3.0})
    xy_tolerance: float = field(default=0.15, metadata={"min": 0.01, "max": 2.0})
    yaw_tolerance: float = field(default=0.2, metadata={"min": 0.01, "max": 3.2})
    radius: float = field(default=0.3, metadata={"min": 0.05, "max": 2.0})
    clearance: float = field(default=0.06, metadata={"min": 0.0, "max": 1.0})
    person_radius: float = field(default=0.3, metadata={"min": 0.05, "max": 1.0})
    person_clearance: float = field(default=0.5, metadata={"min": 0.0, "max": 2.0})
    person_horizon: float = field(default=4.0, metadata={"min": 0.5, "max": 10.0})
    unknown_allowed: bool = False
    commitment: float = field(default=0.4, metadata={"min": 0.1, "max": 2.0})
    sight: float = field(default=1.6, metadata={"min": 0.2, "max": 4.0})
    smoothing: float = field(default=0.4, metadata={"min": 0.0, "max": 3.0})
