# SPDX-License-Identifier: Apache-2.0
"""A robot as the gait sees it: heights, widths and soles in its `stand` posture."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pinocchio

from renxing.errors import ModelError
from renxing.robot import Robot
from renxing.spatial import Array

GRAVITY = 9.81  # [m/s²]
STIR = 1e-3  # [rad] by which a joint is moved to see what it does
ANGLES = 200  # of a knee that are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitGeometry:
    """Lengths that the gait scales with.

    Attributes:
        com_height: Of the centre of mass above the soles [m].
        leg_length: From the hip to the sole's frame, over all joints [m].
        hip_height: Of the hips above the soles [m].
        reach: From the hip to the sole with a straight knee, seen from the side [m].
        width: Between the centres of the soles [m].
        half_length: Of a sole's rectangle [m].
        half_width: Of a sole's rectangle [m].
        mass: Of the whole robot [kg].
    """

    com_height: float
    leg_length: float
    hip_height: float
    reach: float
    width: float
    half_length: float
    half_width: float
    mass: float

    @classmethod
    def of(cls, robot: Robot) -> Self:
        """Measure a robot.

        Raises:
            ModelError: If it does not have a left and a right foot.
        """
        feet = robot.description.feet
        if [foot.name for foot in feet] != ["left", "right"]:
            names = ", ".join(foot.name for foot in feet) or "none"
            raise ModelError(
                f"{robot.name}: feet {names}; walking wants left and right, in this "
                "order"
            )
        positions = robot.posture("stand")
        model, data = robot.model, robot.model.createData()
        q = robot.configuration(positions, robot.standing_base(positions, data))
        com = pinocchio.centerOfMass(model, data, q)
        pinocchio.framesForwardKinematics(model, data, q)
        poses = [data.oMf[robot.frame(foot.sole)] for foot in feet]
        centres = [
            pose.act(np.array([sum(foot.x) / 2, sum(foot.y) / 2, 0.0]))
            for pose, foot in zip(poses, feet, strict=True)
        ]
        # A leg is as long as the way over its joints, whatever they are called.
        sole = robot.frame(feet[0].sole)
        joint = model.frames[sole].parentJoint
        chain = [joint]
        length = float(
            np.linalg.norm(poses[0].translation - data.oMi[joint].translation)
        )
        while model.parents[joint] > 1:
            parent = model.parents[joint]
            step = data.oMi[joint].translation - data.oMi[parent].translation
            length += float(np.linalg.norm(step))
            joint = parent
            chain.append(joint)
        return cls(
            com_height=float(com[2] - np.mean([centre[2] for centre in centres])),
            leg_length=length,
            hip_height=float((data.oMi[joint].translation - centres[0])[2]),
            reach=_reach(model, q, chain, sole),
            width=float(np.linalg.norm((centres[0] - centres[1])[:2])),
            half_length=min((foot.x[1] - foot.x[0]) / 2 for foot in feet),
            half_width=min((foot.y[1] - foot.y[0]) / 2 for foot in feet),
            mass=robot.mass,
        )


def _reach(model: pinocchio.Model, q: Array, chain: list[int], sole: int) -> float:
    """Return how far a sole gets from its hip, seen from the side [m].

    The knee is the joint that changes that distance most, whatever it is called.

    Args:
        model: Of the robot.
        q: Its configuration in the posture `stand`.
        chain: Joints of the leg, the hip last.
        sole: Frame of the sole.
    """
    data, hip = model.createData(), chain[-1]

    def distance(joint: int, angle: float) -> float:
        bent = q.copy()
        bent[model.idx_qs[joint]] = angle
        pinocchio.framesForwardKinematics(model, data, bent)
        way = data.oMf[sole].translation - data.oMi[hip].translation
        return float(np.hypot(way[0], way[2]))

    def change(joint: int) -> float:
        angle = q[model.idx_qs[joint]]
        return abs(distance(joint, angle + STIR) - distance(joint, angle - STIR))

    knee = max(chain, key=change)
    index = model.idx_qs[knee]
    least, most = model.lowerPositionLimit[index], model.upperPositionLimit[index]
    return max(distance(knee, angle) for angle in np.linspace(least, most, ANGLES))
