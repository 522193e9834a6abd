# SPDX-License-Identifier: Apache-2.0
"""The camera looks at the point, as far as the neck turns."""

import numpy as np
import pytest

from renxing.robot import Robot
from renxing.robot.gaze import GazeSolver


def solver(robot: Robot) -> GazeSolver:
    cameras = {camera.name: camera for camera in robot.description.sensors.cameras}
    return GazeSolver(robot, cameras["head"])


@pytest.mark.parametrize(
    "point", [(2.0, 0.0, 0.4), (1.6, 0.6, -0.6), (1.5, -1.0, 0.0), (1.0, 0.1, 0.0)]
)
def test_the_head_turns_to_a_point(rx1: Robot, point: tuple[float, ...]) -> None:
    gaze = solver(rx1).solve(rx1.posture("stand"), np.array(point))
    assert gaze.error < 0.01
    turned = rx1.posture("stand")
    turned[rx1.indices(solver(rx1).names)] = gaze.joints
    assert solver(rx1).error(turned, np.array(point)) == pytest.approx(gaze.error)


def test_what_is_behind_stays_out_of_sight_within_the_limits(rx1: Robot) -> None:
    found = solver(rx1)
    gaze = found.solve(rx1.posture("stand"), np.array([-2.0, 0.3, 0.0]))
    at = rx1.indices(found.names)
    assert gaze.error > 0.3
    assert (gaze.joints >= rx1.lower[at]).all() and (gaze.joints <= rx1.upper[at]).all()


def test_a_robot_without_a_neck_says_how_far_off_it_looks(load) -> None:  # type: ignore[no-untyped-def]
    g1 = load("g1")
    found = solver(g1)
    gaze = found.solve(g1.posture("stand"), np.array([2.0, 0.0, 0.0]))
    assert not found.names and len(gaze.joints) == 0
    assert gaze.error == found.error(g1.posture("stand"), np.array([2.0, 0.0, 0.0]))
