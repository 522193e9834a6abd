# SPDX-License-Identifier: Apache-2.0
"""Grids, places and files of navigation keep their sense on the way."""

import math
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped

from renxing.errors import ConfigError
from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.navigation import LETHAL, UNKNOWN, CostGrid, from_elevation_costs
from renxing.nodes.camera_messages import to_grid_map
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.behaviors import is_free
from renxing.nodes.navigation.map_file import OccupancyMap, load_map, save_map
from renxing.nodes.navigation.map_server import path_of


def test_costs_are_shown_as_nav2_shows_them() -> None:
    # nav2_costmap_2d, Costmap2DPublisher: its table of 256 numbers.
    shown = messages.PERCENT[[0, 1, 252, 253, 254, 255]]
    assert shown.tolist() == [0, 1, 98, 99, 100, -1]
    assert (np.diff(messages.PERCENT[1:253].astype(int)) >= 0).all()


def test_occupancy_comes_back_as_costs() -> None:
    values = np.array([[0, 100, -1], [0, 0, 50]], np.int8)
    message = messages.occupancy_message(Time(), "map", values, 0.5, np.array([1, 2.0]))
    grid = messages.from_occupancy_message(message)
    assert grid.costs[0].tolist() == [0, LETHAL, UNKNOWN]
    assert grid.cost_at([1.75, 2.25]) == LETHAL
    message.info.origin.orientation.z = 1.0
    with pytest.raises(ConfigError, match="turned"):
        messages.from_occupancy_message(message)


def test_places_move_with_their_frame() -> None:
    path = messages.to_path(
        Time(), "odom", np.array([[1.0, 0.0, 0.5], [2.0, 1.0, 3.0]])
    )
    places = messages.from_path(path)
    assert places == pytest.approx(np.array([[1.0, 0.0, 0.5], [2.0, 1.0, 3.0]]))
    moved = messages.moved(messages.planar((10.0, 0.0, math.pi / 2)), places)
    assert moved[0] == pytest.approx([10.0, 1.0, 0.5 + math.pi / 2])
    path.poses.append(PoseStamped())
    path.poses[-1].pose.position.x = math.nan
    with pytest.raises(ConfigError, match="finite"):
        messages.from_path(path)


def test_the_ground_lies_where_it_was_seen() -> None:
    # Flat, but for a wall of 1 m at 1.00 < x < 1.08, y > 0.5.
    height = np.zeros((60, 40), np.float32)
    height[50:52, 30:] = 1.0
    heights = Heights(
        stamp=0.0,
        resolution=0.04,
        origin=np.array([-0.98, -0.68]),
        height=height,
        variance=np.full_like(height, 1e-4),
        upper=height,
    )
    ground = traversability(heights, TraversabilityConfig())
    message = to_grid_map(Time(), "odom", heights, ground)
    grid = from_elevation_costs(*messages.ground_costs(message))
    assert grid.cost_at([1.04, 0.7]) == LETHAL
    assert grid.cost_at([1.04, -0.2]) == 0
    assert grid.cost_at([0.0, 0.7]) == 0


def test_maps_survive_the_disk(tmp_path: Path) -> None:
    values = np.array([[0, 100, -1, 0], [100, 0, 0, -1], [0, 0, 0, 0]], np.int8)
    one = OccupancyMap(values=values, resolution=0.1, origin=np.array([-1.5, 2.0]))
    save_map(tmp_path / "room.yaml", one)
    back = load_map(tmp_path / "room.yaml")
    assert (back.values == values).all()
    assert back.resolution == 0.1 and back.origin.tolist() == [-1.5, 2.0]
    # Seen from above: the last row comes first.
    picture = (tmp_path / "room.pgm").read_bytes()
    assert picture[-4:] == bytes([254, 0, 205, 254])


def test_broken_maps_say_what_is_wrong(tmp_path: Path) -> None:
    one = OccupancyMap(
        values=np.zeros((2, 2), np.int8), resolution=0.1, origin=np.zeros(2)
    )
    file = tmp_path / "room.yaml"
    save_map(file, one)
    file.with_suffix(".pgm").write_bytes(b"P5 4 4 255\n123")
    with pytest.raises(ConfigError, match="3 pixels for 4 x 4"):
        load_map(file)
    file.write_text(file.read_text().replace(", 0]", ", 0.5]"))
    with pytest.raises(ConfigError, match="only 0 is read"):
        load_map(file)


def test_urls_of_maps_are_paths() -> None:
    assert path_of("/a/b.yaml") == Path("/a/b.yaml")
    assert path_of("file:///a/b%20c.yaml") == Path("/a/b c.yaml")
    for wrong in ("", "http://a/b", "package://no_such_package/b.yaml"):
        with pytest.raises(ConfigError):
            path_of(wrong)


def wall() -> CostGrid:
    """Return free floor of 4 x 4 m with a wall from x = 3 on."""
    costs = np.zeros((80, 80), np.uint8)
    costs[:, 60:] = LETHAL
    return CostGrid(costs=costs, resolution=0.05, origin=np.zeros(2))


@pytest.mark.parametrize(
    ("place", "velocity", "free"),
    [
        ((2.0, 2.0, 0.0), (0.3, 0.0, 0.0), True),  # 0.45 m ahead in the horizon
        ((2.4, 2.0, 0.0), (0.3, 0.0, 0.0), False),
        ((2.4, 2.0, math.pi), (0.3, 0.0, 0.0), True),
        ((2.4, 2.0, math.pi), (-0.3, 0.0, 0.0), False),
        ((2.4, 2.0, math.pi / 2), (0.0, -0.3, 0.0), False),
        ((2.8, 2.0, 0.0), (-0.2, 0.0, 0.0), True),  # too near, but leaving
        ((2.8, 2.0, 0.0), (0.1, 0.0, 0.0), False),
        ((2.8, 2.0, 0.0), (0.0, 0.0, 0.5), True),
        ((0.2, 2.0, math.pi), (0.3, 0.0, 0.0), False),  # nobody knows what is there
    ],
)
def test_velocities_must_lead_over_free_ground(
    place: tuple[float, float, float], velocity: tuple[float, float, float], free: bool
) -> None:
    where, how = np.array(place), np.array(velocity)
    assert is_free(wall(), where, how, horizon=1.5, radius=0.35) is free
