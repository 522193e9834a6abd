# SPDX-License-Identifier: Apache-2.0
"""A node looks through those of its cameras that the robot has, and needs one."""

import pytest

from renxing.errors import ConfigError
from renxing.nodes.sensor_choice import chosen_cameras, chosen_lidars
from renxing.robot import load_robot


def test_what_the_robot_lacks_is_left_out_and_its_order_counts() -> None:
    robot = load_robot("rx1")
    known = [camera.name for camera in robot.description.sensors.cameras]
    assert len(known) > 1
    chosen = chosen_cameras(robot, f"nowhere {' '.join(reversed(known))}")
    assert [camera.name for camera in chosen] == known
    assert chosen_cameras(robot, known[1])[0].name == known[1]


@pytest.mark.parametrize("names", ["", "nowhere"])
def test_without_any_the_error_says_which_there_are(names: str) -> None:
    with pytest.raises(ConfigError, match="is on rx1, which has .*head"):
        chosen_cameras(load_robot("rx1"), names)


def test_scanners_may_be_missing() -> None:
    rx1 = load_robot("rx1")
    assert [one.name for one in chosen_lidars(rx1, "head nowhere")] == ["head"]
    assert chosen_lidars(rx1, "") == chosen_lidars(rx1, "nowhere") == []
