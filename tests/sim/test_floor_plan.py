# SPDX-License-Identifier: Apache-2.0
"""The map of a world has its obstacles where they are, and nothing else."""

import numpy as np
import pytest

from renxing.sim.floor_plan import FloorPlan, FloorPlanConfig, floor_plan
from renxing.sim.world import load_world


def occupied(plan: FloorPlan, x: float, y: float) -> bool:
    column, row = np.floor((np.array([x, y]) - plan.origin) / plan.resolution)
    return bool(plan.occupancy[int(row), int(column)] == 100)


@pytest.fixture(scope="module")
def workshop() -> FloorPlan:
    return floor_plan(load_world("workshop"), FloorPlanConfig())


def test_furniture_is_in_the_way(workshop: FloorPlan) -> None:
    assert occupied(workshop, 1.5, 0.7)  # the bench, 0.7 x 1.6 m about (1.5, 0)
    assert not occupied(workshop, 1.5, 0.95)
    assert occupied(workshop, 0.0, 2.2)  # the turned table, 1.2 m along x
    assert not occupied(workshop, -0.5, 1.8)
    assert occupied(workshop, 0.8, -2.0)  # the visitor


def test_a_door_is_open_below_its_lintel(workshop: FloorPlan) -> None:
    assert not occupied(workshop, -2.5, 0.0)
    assert occupied(workshop, -2.5, 0.6) and occupied(workshop, -2.5, -1.5)
    tall = floor_plan(load_world("workshop"), FloorPlanConfig(high=2.2))
    assert occupied(tall, -2.5, 0.0)


def test_what_can_be_pushed_is_left_out(workshop: FloorPlan) -> None:
    assert not occupied(workshop, 0.4, 1.6)  # the crate


def test_everything_lies_within_its_margin(workshop: FloorPlan) -> None:
    rows, columns = np.nonzero(workshop.occupancy)
    high = np.array(workshop.occupancy.shape) - 1
    margin = 2.0 / workshop.resolution
    assert min(rows.min(), columns.min()) >= margin - 1
    assert (high - [rows.max(), columns.max()]).min() >= margin - 1


def test_low_steps_are_stepped_over() -> None:
    stairs = load_world("stairs")
    shape = stairs.fixed[0]  # the lowest step
    x, y, z = shape.transform_shape_to_parent.translation
    low = z + 0.5 * shape.size[2]
    assert occupied(floor_plan(stairs, FloorPlanConfig(low=low - 0.01)), x, y)
    assert not occupied(floor_plan(stairs, FloorPlanConfig(low=low + 0.01)), x, y)
