# SPDX-License-Identifier: Apache-2.0
"""What may be a person, in what a laser scanner measures all around."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

from renxing.perception import (
    SelfFilter,
    SelfFilterConfig,
    TrunkFinderConfig,
    find_trunks,
)
from renxing.robot import Robot
from renxing.sim import Twin, load_world
from renxing.sim.lidar import LidarCaster

ROOM = """
name: room
fixed:
  - {kind: person, name: anna, at: [0.2, 1.4, 0.0], yaw: 3.1, height: 1.62}
  - {kind: person, name: berta, at: [-2.0, -0.5, 0.0], yaw: 1.57, height: 1.85}
  - {kind: table, name: table, at: [2.9, -0.75, 0.0]}
  - {kind: box, name: wall, at: [4.2, 0.0, 1.25], size: [0.1, 8.0, 2.5]}
  - {kind: box, name: crate, at: [1.0, -1.0, 0.3], size: [0.5, 0.5, 0.6]}
"""
MARGIN = 0.06  # [m] around the robot's own shapes


def column(x: float, right: float, left: float) -> np.ndarray:
    """Return points on something upright that faces the eye."""
    y, z = np.meshgrid(np.arange(right, left + 1e-6, 0.025), np.arange(0.9, 1.6, 0.1))
    return np.column_stack([np.full(y.size, x), y.ravel(), z.ravel()])


def test_people_beside_and_behind_are_found_and_nothing_else(
    robot: Robot, tmp_path: Path
) -> None:
    file = tmp_path / "room.yaml"
    file.write_text(ROOM)
    twin = Twin(robot, load_world(file))
    stand = robot.posture("stand")
    twin.reset_to(stand)
    mujoco.mj_forward(twin.model, twin.data)
    lidar = robot.description.sensors.lidars[0]
    own = SelfFilter(SelfFilterConfig(), robot)
    own.place(stand)
    cloud = LidarCaster(twin.model, lidar, 1).scan(twin.data).reshape(-1, 3)
    points = cloud[np.isfinite(cloud).all(axis=1)].astype(float)
    foreign = own.outside(points, lidar.frame, MARGIN)
    site = twin.data.site(lidar.frame)
    moved = points @ site.xmat.reshape(3, 3).T + site.xpos
    # Arms and shoulders are all that stands so near and so high.
    here = (np.hypot(*moved[:, :2].T) < 0.7) & (moved[:, 2] > 0.3)
    assert here.sum() > 5 and not (here & foreign).any()
    found = find_trunks(moved[foreign], site.xpos, 0.0, TrunkFinderConfig())
    assert len(found) == 2
    for place in ((0.2, 1.4), (-2.0, -0.5)):
        assert np.hypot(*(found - place).T).min() < 0.15


def test_a_part_of_a_wall_is_nobody_and_somebody_before_it_is() -> None:
    eye = np.array([0.0, 0.0, 1.7])
    left, right = column(2.0, 0.15, 0.65), column(2.0, -0.65, -0.15)
    loose = TrunkFinderConfig(apart=0.0)
    assert len(find_trunks(np.vstack([left, right]), eye, 0.0, loose)) == 2
    config = TrunkFinderConfig()
    assert not len(find_trunks(np.vstack([left, right]), eye, 0.0, config))
    somebody = column(1.2, -0.2, 0.2)
    (found,) = find_trunks(np.vstack([left, right, somebody]), eye, 0.0, config)
    assert found == pytest.approx([1.2 + config.inside, 0.0], abs=0.05)


@pytest.mark.parametrize(
    ("width", "count"), [(0.05, 0), (0.4, 1), (1.5, 0)], ids=["pole", "trunk", "wall"]
)
def test_it_is_as_wide_as_somebody(width: float, count: int) -> None:
    points = column(2.0, -0.5 * width, 0.5 * width)
    config = TrunkFinderConfig()
    assert len(find_trunks(points, np.array([0, 0, 1.7]), 0.0, config)) == count
    # A low one is furniture.
    low = points - [0.0, 0.0, 0.6]
    assert not len(find_trunks(low, np.array([0, 0, 1.7]), 0.0, config))
    assert not len(find_trunks(np.empty((0, 3)), np.zeros(3), 0.0, config))
