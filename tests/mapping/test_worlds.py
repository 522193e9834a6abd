# SPDX-License-Identifier: Apache-2.0
"""From rendered, spoilt images to the map: against the truth of whole worlds."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from renxing.errors import DeviceError
from renxing.evaluation.ground import make_world
from renxing.evaluation.scenario import Setting
from renxing.evaluation.sight import Sight, height_errors, within
from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.robot import Robot
from renxing.sim import World

RADIUS = 3.0  # [m] around the robot, in which the map is judged
END = 0.6  # [m] where the robot stops
Looked = tuple[Heights, World]


@pytest.fixture
def look(rx1: Robot) -> Iterator[Callable[..., Looked]]:
    made: list[Sight] = []

    def walk(name: str, setting: Setting, level: float, end: float = END) -> Looked:
        world = make_world(name, setting, level, seed=3)
        try:
            sight = Sight(rx1, world, seed=1)
        except DeviceError as error:
            pytest.skip(str(error))
        made.append(sight)
        return sight.walk(-0.6, end, images=20), world

    yield walk
    for sight in made:
        sight.close()


@pytest.mark.parametrize(
    ("name", "setting", "level", "lethal"),
    [
        ("flight", "rise", 0.17, 0.02),
        ("ramp", "slope", 15.0, 0.02),
        ("block_field", "height", 0.06, 0.02),
    ],
)
def test_heights_are_true_and_what_can_be_walked_on_is_not_refused(
    look: Callable[..., Looked],
    name: str,
    setting: Setting,
    level: float,
    lethal: float,
) -> None:
    heights, world = look(name, setting, level)
    near = within(heights, END, 0.0, RADIUS)
    errors = height_errors(heights, world, near)
    assert errors.cells > 5000
    assert errors.rmse < 0.02
    assert errors.p95 < 0.012
    ground = traversability(heights, TraversabilityConfig())
    # Behind the landing of the flight, at 3.1 m, its far side is hidden: that end of
    # the ground is a true one.
    x = heights.origin[0] + heights.resolution * np.arange(len(heights.height))
    judged = near & np.isfinite(ground.score) & (x < 3.0)[:, None]
    assert np.mean(ground.score[judged] <= 0.0) < lethal


@pytest.mark.parametrize(
    ("drop", "end"), [(0.25, 0.2), (0.25, 0.9), (0.4, 0.6), (1.0, 0.6)]
)
def test_no_drop_is_missed_and_none_invented(
    look: Callable[..., Looked], drop: float, end: float
) -> None:
    """The platform ends at x = 1.5 m."""
    heights, _ = look("ledge", "drop", drop, end)
    ground = traversability(heights, TraversabilityConfig())
    x = heights.origin[0] + heights.resolution * np.arange(len(heights.height))
    known = np.isfinite(heights.height)
    at_edge = np.abs(x - 1.5) < 0.121
    before = (x > 1.38) & (x < 1.5)
    near = within(heights, end, 0.0, RADIUS)[np.argmin(np.abs(x - 1.5))]
    seen = known[before].any(axis=0) & near
    assert seen.sum() > 60
    found = ground.drop[at_edge].any(axis=0)
    # Nothing fits through a gap of one cell.
    found[1:-1] |= found[:-2] & found[2:]
    assert not np.any(seen & ~found)
    assert not ground.drop[x < 1.36].any()
