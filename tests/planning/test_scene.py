# SPDX-License-Identifier: Apache-2.0
"""Places, things and zones, and where to stand by them."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.workshop import PLACES, scene

from renxing.errors import ConfigError
from renxing.planning.approach import approach_pose
from renxing.planning.polygon import contains, crosses, distance
from renxing.planning.scene import Scene, Zone, read_places
from renxing.planning.state import State

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
HOOK = ((0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (0.0, 1.0))
numbers = st.floats(-5.0, 5.0)
points = st.tuples(numbers, numbers)


@settings(deadline=None, derandomize=True)
@given(points)
def test_a_square_contains_what_is_inside(
    point: tuple[float, float],
) -> None:
    x, y = point
    if min(abs(x), abs(x - 2.0), abs(y), abs(y - 2.0)) > 1e-9:
        assert contains(SQUARE, point) == (0.0 < x < 2.0 and 0.0 < y < 2.0)


@settings(deadline=None, derandomize=True)
@given(points, points, st.sampled_from([SQUARE, HOOK]))
def test_a_way_crosses_where_one_of_its_points_is_inside(
    start: tuple[float, float],
    end: tuple[float, float],
    polygon: tuple[tuple[float, float], ...],
) -> None:
    shares = [i / 200 for i in range(201)]
    way = [
        (start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1]))
        for s in shares
    ]
    if any(contains(polygon, p) and distance(polygon, p) > 1e-6 for p in way):
        assert crosses(polygon, start, end, 0.0)
    if crosses(polygon, start, end, 0.0):
        # The samples are 1/20 m apart at most, so one is that near.
        assert any(contains(polygon, p) or distance(polygon, p) < 0.05 for p in way)
    gap = min(distance(polygon, p) for p in way)
    if gap > 0.4:
        inside = contains(polygon, start)
        assert crosses(polygon, start, end, 0.3) == inside


def test_a_way_through_two_corners_crosses() -> None:
    """No side is crossed, all of the inside is."""
    assert crosses(SQUARE, (3.7, 3.7), (-1.1, -1.1), 0.0)
    assert crosses(SQUARE, (3.0, 1.0), (1.0, 3.0), 0.0)


def test_the_bench_is_the_table_that_was_seen() -> None:
    known = scene()
    assert known.place_of("table_1") == "bench"
    assert known.place_of("table_2") == "side_table"
    assert known.place_of("crate_1") == ""
    assert {o.id for o in known.on("bench")} == {"box_1", "can_1", "ball_1"}
    assert {o.id for o in known.on("crate_1")} == {"can_2"}


def test_a_thing_on_a_table_is_reached_from_the_tables_place() -> None:
    known = scene()
    bench = next(p for p in PLACES if p.name == "bench")
    assert approach_pose(known, "can_1", known.pose) == bench.pose
    assert State.of(scene(pose=bench.pose)).near("can_1")
    assert not State.of(known).near("crate_1")


@pytest.mark.parametrize("side", ["", "left", "right", "back"])
def test_it_stands_off_and_faces_the_thing(side: str) -> None:
    known = scene()
    pose = approach_pose(known, "crate_1", (0.0, 0.0, 0.0), 0.5, side)
    assert pose is not None
    middle = known.where("crate_1")
    assert middle is not None
    edge = 0.5 * math.hypot(0.35, 0.35)
    assert math.dist(pose[:2], middle) == pytest.approx(0.5 + edge)
    ahead = math.atan2(middle[1] - pose[1], middle[0] - pose[0])
    assert math.remainder(pose[2] - ahead, math.tau) == pytest.approx(0.0, abs=1e-9)


def test_the_sides_are_as_the_robot_sees_them_on_its_way() -> None:
    known = scene()
    start = (0.4, 0.0, 0.0)  # the crate is straight along +y
    poses = {
        side: approach_pose(known, "crate_1", start, 0.5, side)
        for side in ("", "left", "right", "back")
    }
    assert poses[""] is not None and poses[""][1] < 1.6
    assert poses["back"] is not None and poses["back"][1] > 1.6
    assert poses["right"] is not None and poses["right"][0] > 0.4
    assert poses["left"] is not None and poses["left"][0] < 0.4


def test_it_keeps_more_distance_from_people() -> None:
    known = scene()
    pose = approach_pose(known, "person_1", known.pose)
    middle = known.where("person_1")
    assert pose is not None and middle is not None
    assert math.dist(pose[:2], middle) > 1.2


def test_zones() -> None:
    assert [z.name for z in scene().zones_at((4.0, -2.0))] == ["stairs"]
    assert scene().zones_at((3.3, -2.0)) == ()
    assert [z.name for z in scene().zones_at((3.3, -2.0), 0.3)] == ["stairs"]
    with pytest.raises(ValueError, match="speed"):
        Zone(name="ramp", kind="slow", polygon=SQUARE)
    with pytest.raises(ValueError, match="speed"):
        Zone(name="pit", kind="forbidden", polygon=SQUARE, speed=0.1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("places: [{name: Home, pose: [0.0, 0.0, 0.0]}]", "name"),
        ("places: [{name: home, pose: [0.0, 0.0]}]", "pose"),
        ("places: [{name: a, pose: [0.0, 0.0, 0.0]}]\ndock: b", "no place 'b'"),
        (
            "places: [{name: a, pose: [0.0, 0.0, 0.0]}, "
            "{name: b, pose: [0.0, 0.0, 0.0], en: [a]}]",
            "'a' stands for a and for b",
        ),
        (
            "places: []\nzones: [{name: z, kind: slow, polygon: [[0.0, 0.0]]}]",
            "polygon",
        ),
    ],
)
def test_a_wrong_file_of_places(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "places.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_places(file)


def test_an_empty_scene_knows_nothing() -> None:
    empty = Scene()
    assert not empty.knows("bench")
    assert empty.where("bench") is None
    assert empty.place_of("table_1") == ""
