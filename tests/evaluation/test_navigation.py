# SPDX-License-Identifier: Apache-2.0
"""Trials of navigation: who crosses is drawn, and a short walk is scored."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from renxing.errors import DeviceError
from renxing.evaluation.navigation import NavigationTrial, run_navigation
from renxing.evaluation.navigation_suite import (
    SETTLE,
    load_navigation,
    with_people,
)
from renxing.sim import load_world
from renxing.sim.offscreen import Offscreen
from renxing.sim.people import Stroll


def test_people_cross_where_and_when_the_robot_would_be() -> None:
    suite = load_navigation()
    bare = load_world(suite.world)
    sides = set()
    for seed in range(8):
        world = with_people(suite, bare, seed)
        again = with_people(suite, bare, seed)
        assert [p.walk for p in world.people] == [p.walk for p in again.people]
        assert len(world.people) == len(suite.crossings)
        for person, crossing in zip(world.people, suite.crossings, strict=True):
            stroll, walk = Stroll(person), person.walk
            there = crossing.before / walk.speed
            assert stroll.state(there)[:2] == pytest.approx(crossing.place)
            robot = SETTLE + math.hypot(*crossing.place) / suite.speed
            assert abs(walk.start + there - robot) <= crossing.early + 1e-9
            sides.add(math.copysign(1.0, stroll.state(0.0)[2]))
    assert sides == {-1.0, 1.0}


@pytest.mark.slow
def test_a_short_walk_is_scored() -> None:
    try:
        Offscreen(16, 16).free()
    except DeviceError as error:
        pytest.skip(str(error))
    suite = replace(load_navigation(), goals=((0.7, 0.0, 0.0),), duration=15.0)
    done = run_navigation(NavigationTrial(suite=suite, robot="rx1", seed=1))
    assert done.failures == ()
    assert done.measures["reached"] == 1.0 and done.measures["touches"] == 0.0
    assert 0.4 < done.measures["way"] < 1.5
    assert done.measures["person"] > 1.0
    assert np.linalg.norm(done.track[-1] - (0.7, 0.0)) < suite.tolerance
