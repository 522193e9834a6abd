# SPDX-License-Identifier: Apache-2.0
"""People walk where and when their files say, and touching them is noticed."""

import math
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.runtime.scene_block import SceneReader, SceneWriter
from renxing.sim import Twin, load_world
from renxing.sim.people import TURN
from renxing.sim.shapes import World
from renxing.sim.touches import Touches


def world(tmp_path: Path, person: str, objects: str = "[]") -> World:
    file = tmp_path / "street.yaml"
    file.write_text(
        f"name: street\nfixed:\n  - {{kind: person, name: anna, {person}}}\n"
        f"objects: {objects}\n"
    )
    return load_world(file)


def test_the_way_is_walked_in_time(tmp_path: Path, held, rx1: Robot) -> None:
    made = held(rx1)
    walk = "at: [3, -1, 0], walk: {way: [[3, 1], [4, 1]], speed: 2.0, start: 0.25}"
    twin = Twin(rx1, world(tmp_path, walk))
    made.twin = twin
    assert len(twin.world.fixed) == 0
    quarter = 0.5 * math.pi / TURN  # it looks along x and walks along y
    for seconds, x, y, yaw in (
        (0.2, 3.0, -1.0, 0.0),
        (0.25 + quarter + 0.5 - 0.2, 3.0, 0.0, 0.5 * math.pi),
        (0.5, 3.0, 1.0, 0.5 * math.pi),
        (quarter + 0.25, 3.5, 1.0, 0.0),
        (0.5, 4.0, 1.0, 0.0),
    ):
        made.run(seconds)
        pose = twin.people.pose("anna")
        # A period of 2 ms may begin before and end after.
        assert pose.translation == pytest.approx([x, y, 0.0], abs=0.01)
        found = math.atan2(pose.rotation[1, 0], pose.rotation[0, 0])
        assert found == pytest.approx(yaw, abs=0.01)
    with pytest.raises(ModelError, match="anna"):
        twin.people.pose("berta")


def test_again_leads_back(tmp_path: Path, rx1: Robot) -> None:
    walk = "at: [3, 0, 0], walk: {way: [[4, 0]], speed: 1.0, again: true}"
    twin = Twin(rx1, world(tmp_path, walk))
    round_trip = 2.0 + 2.0 * math.pi / TURN
    seen = []
    for time in (0.5, 0.5 + round_trip, 0.5 + 7 * round_trip):
        twin.data.time = time
        twin.people.step()
        seen.append(twin.people.poses())
    assert seen[0][0, 0] == pytest.approx(3.5)
    assert np.allclose(seen[1], seen[0]) and np.allclose(seen[2], seen[0])


def test_who_waits_for_the_robot_begins_when_it_is_near(
    tmp_path: Path, rx1: Robot
) -> None:
    walk = "at: [3, 0, 0], walk: {way: [[3, 1]], near: 2.0}"
    twin = Twin(rx1, world(tmp_path, walk))
    for time in (0.5, 10.0):
        twin.data.time = time
        twin.people.step()
        assert twin.people.pose("anna").translation[1] == 0.0
    twin.data.qpos[0] = 1.1
    twin.people.step()
    twin.data.qpos[0] = 0.0  # that it left again changes nothing
    twin.data.time = 10.0 + 0.5 * math.pi / TURN + 0.4
    twin.people.step()
    assert twin.people.pose("anna").translation[1] == pytest.approx(0.4)
    twin.reset()
    assert twin.people.pose("anna").translation[1] == 0.0


def test_who_yields_waits_before_the_robot_and_walks_on(
    tmp_path: Path, rx1: Robot
) -> None:
    walk = "at: [3, 0, 0], walk: {way: [[5, 0]], speed: 1.0, yields: 0.7}"
    twin = Twin(rx1, world(tmp_path, walk))
    # The robot stands in the way until 3 s, then behind them.
    for tick in range(500):
        twin.data.time = 0.01 * tick
        twin.data.qpos[:2] = (4.0, 0.1) if tick < 300 else (2.9, 0.0)
        twin.people.step()
        if tick in (200, 299):
            place = twin.people.pose("anna").translation
            away = np.hypot(*(place[:2] - (4.0, 0.1)))
            assert away == pytest.approx(0.7, abs=0.02)
    # Held from 0.3 s on for 2.7 s.
    assert twin.people.pose("anna").translation[0] == pytest.approx(5.0, abs=0.03)


def test_a_run_repeats_to_the_bit(tmp_path: Path, held, rx1: Robot) -> None:
    walk = "at: [0.6, -0.5, 0], walk: {way: [[0.6, 1]], speed: 1.3, again: true}"
    place = world(tmp_path, walk)
    prints = []
    for _ in range(2):
        made = held(rx1)
        made.twin = Twin(rx1, place)
        made.run(0.4)
        prints.append(made.twin.fingerprint())
        made.twin.reset()
        made.hold = held(rx1).hold
        made.run(0.4)
        prints.append(made.twin.fingerprint())
    assert len(set(prints)) == 1


def test_walking_into_the_robot_is_a_touch(tmp_path: Path, held, rx1: Robot) -> None:
    made = held(rx1)
    walk = "at: [0.8, 0, 0], yaw: 3.14159265, walk: {way: [[0.3, 0]], speed: 1.0}"
    things = "[{name: cup, kind: sphere, size: [0.04], at: [2, 2, 0.04], mass: 0.1}]"
    made.twin = twin = Twin(rx1, world(tmp_path, walk, things))
    touches = Touches(twin)
    begun = None
    for _ in range(200):
        made.run(0.004)
        forces = touches.sample()
        if forces and begun is None:
            begun = twin.time
            assert all(thing == "anna" for _, thing in forces)
    assert begun is not None and 0.05 < begun < 0.6
    assert touches.of("cup") == [] and touches.of("ground") == []
    touched = touches.of("anna")
    assert touched[0].begun == begun
    assert max(touch.force for touch in touched) > 20.0
    assert all(touch.ended >= touch.begun for touch in touched)


def test_a_robot_that_stands_touches_nothing(tmp_path: Path, held, rx1: Robot) -> None:
    made = held(rx1)
    made.twin = Twin(rx1, world(tmp_path, "at: [2, 0, 0], walk: {way: [[2, 1]]}"))
    touches = Touches(made.twin)
    for _ in range(20):
        made.run(0.01)
        assert touches.sample() == {}


def test_who_draws_sees_people_where_they_are(tmp_path: Path, rx1: Robot) -> None:
    walk = "at: [2, 0, 0], walk: {way: [[2, 1]], speed: 1.0}"
    twin = Twin(rx1, world(tmp_path, walk))
    writer = SceneWriter("core.test", twin, tmp_path)
    size = twin.model.nq
    with pytest.raises(ConfigError):
        SceneReader("core.test", "rx1", "street", size, folder=tmp_path)
    reader = SceneReader("core.test", "rx1", "street", size, people=1, folder=tmp_path)
    twin.data.time = 1.2
    twin.people.step()
    writer.show(due=1)
    assert reader.read()
    assert reader.people is not None
    assert np.array_equal(reader.people, twin.people.poses())
    assert reader.people[0, 1] > 0.3
    writer.close()


@pytest.mark.parametrize(
    "walk", ["{way: []}", "{way: [[1, 0]], speed: 0}", "{way: [[1, 0]], pace: 1}"]
)
def test_bad_walks_are_refused(tmp_path: Path, walk: str) -> None:
    with pytest.raises(ConfigError, match=r"street.yaml:3"):
        world(tmp_path, f"walk: {walk}")
