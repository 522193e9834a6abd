# SPDX-License-Identifier: Apache-2.0
"""A state and a task that use every kernel of the controller."""

import numpy as np

from renxing.control.whole_body.kinematics import Kinematics
from renxing.control.whole_body.task import (
    FootMotion,
    FootTask,
    LinkTask,
    WholeBodyTask,
)
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState
from renxing.spatial import SE3


def rehearsal_state(robot: Robot) -> BodyState:
    """Return the robot at rest in its posture `stand`."""
    posture = robot.posture("stand")
    feet = len(robot.description.feet)
    return BodyState(
        stamp=0.0,
        base=BaseState(
            stamp=0.0,
            transform_base_to_odom=robot.standing_base(posture),
            linear_velocity=np.zeros(3),
            angular_velocity=np.zeros(3),
        ),
        position=posture,
        velocity=np.zeros(len(robot.joints)),
        sole_wrench=np.zeros((feet, 6)),
        contact=np.ones(feet, dtype=bool),
    )


def rehearsal_task(robot: Robot, kinematics: Kinematics) -> WholeBodyTask:
    """Return a task with a foot that stands, one in the air, and a link."""
    in_the_air = [
        FootTask(
            motion=FootMotion(
                transform_sole_to_odom=sole, twist=np.zeros(6), acceleration=np.zeros(6)
            )
        )
        for sole in kinematics.soles[1:]
    ]
    return WholeBodyTask(
        com_acceleration=np.zeros(3),
        base_rotation=kinematics.base_rotation,
        base_angular_velocity=np.zeros(3),
        torso_rotation=kinematics.torso_rotation,
        torso_angular_velocity=np.zeros(3),
        feet=(FootTask(), *in_the_air),
        posture=robot.posture("stand"),
        links=(
            LinkTask(
                frame=robot.description.torso,
                transform_frame_to_odom=SE3(kinematics.torso_rotation, kinematics.com),
                twist=np.zeros(6),
            ),
        ),
    )
