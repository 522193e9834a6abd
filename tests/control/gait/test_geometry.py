# SPDX-License-Identifier: Apache-2.0
"""Lengths of the shipped robots that the gait scales with."""

import numpy as np
import pinocchio
import pytest

from renxing.control.gait.geometry import GaitGeometry
from renxing.robot import Robot


def test_reach_is_that_of_a_straight_knee(robot: Robot) -> None:
    geometry = GaitGeometry.of(robot)
    model, data = robot.model, robot.model.createData()
    posture = robot.posture("stand")
    for name in ("left_knee_joint", "right_knee_joint"):
        posture[robot.joints.index(name)] = 0.05
    q = robot.configuration(posture, robot.standing_base(robot.posture("stand")))
    pinocchio.framesForwardKinematics(model, data, q)
    foot = robot.description.feet[0]
    sole = data.oMf[robot.frame(foot.sole)].translation
    joint = model.frames[robot.frame(foot.sole)].parentJoint
    while model.parents[joint] > 1:
        joint = model.parents[joint]
    way = data.oMi[joint].translation - sole
    assert geometry.reach == pytest.approx(np.hypot(way[0], way[2]), abs=0.002)


def test_stands_with_bent_knees_and_hips_below_the_centre_of_mass(robot: Robot) -> None:
    geometry = GaitGeometry.of(robot)
    assert 0.9 * geometry.reach < geometry.hip_height < geometry.reach
    assert geometry.hip_height < geometry.com_height
