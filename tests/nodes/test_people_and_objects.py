# SPDX-License-Identifier: Apache-2.0
"""Core, cameras, terrain and objects as processes: somebody and some things appear."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people_msgs.msg import People

from renxing.errors import DeviceError
from renxing.sim.offscreen import Offscreen
from renxing_msgs.msg import SceneObjects

pytestmark = [pytest.mark.ros, pytest.mark.slow]

ROOM = """
name: street
fixed:
  - {kind: person, name: anna, at: [2.6, 0.5, 0.0], yaw: 3.1, walk: {way: [[2.6, 0.4]], speed: 0.05}}
objects:
  - {name: crate, kind: box, size: [0.4, 0.4, 0.3], at: [1.3, 0.0, 0.15], mass: 5.0, color: [0.85, 0.15, 0.12]}
  - {name: can, kind: cylinder, size: [0.033, 0.12], at: [1.22, 0.05, 0.36], mass: 0.3, color: [0.12, 0.35, 0.85]}
"""  # noqa: E501


def test_somebody_and_things_appear(bench: Any, tmp_path: Path) -> None:
    try:
        Offscreen(16, 16).free()
    except DeviceError as error:
        pytest.skip(str(error))
    world = tmp_path / "street.yaml"
    world.write_text(ROOM)
    core = bench.start_core("--world", str(world))
    core.wait_until_ready()
    manager = bench.start("controller_manager", robot="rx1", wait_for_core=True)
    cameras = bench.start("twin_cameras", robot="rx1", world=str(world), niceness=0)
    where = {"robot": "rx1", "niceness": 0, "odometry": "ground_truth/odom"}
    eyes = [bench.start(name, **where) for name in ("terrain", "objects")]
    for process in (manager, cameras, *eyes):
        process.wait_until_ready()

    def known(message: SceneObjects) -> bool:
        """Whether all of it is told: what is seen of a thing grows with each look."""
        found = {one.label: one for one in message.objects}
        if not found.keys() >= {"crate", "can"}:
            return False
        return bool(found["can"].support == found["crate"].id)

    people = bench.until(People, "people", lambda message: len(message.people) == 1)
    assert people.header.frame_id == "odom"
    place = people.people[0].position
    assert np.hypot(place.x - 2.6, place.y - 0.45) < 0.2
    scene = bench.until(SceneObjects, "scene/objects", known)
    assert scene.header.frame_id == "odom"
    crate, can = (
        next(one for one in scene.objects if one.label == label)
        for label in ("crate", "can")
    )
    assert (crate.color, can.color) == ("red", "blue")
    assert can.support == crate.id and crate.support == ""
    assert can.pose.position.x == pytest.approx(1.22, abs=0.05)
    assert can.pose.position.z == pytest.approx(0.36, abs=0.05)
