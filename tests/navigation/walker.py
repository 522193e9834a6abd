# SPDX-License-Identifier: Apache-2.0
"""Rooms to walk in and something that walks, without a body."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from renxing.navigation import (
    CostGrid,
    Follower,
    FollowerConfig,
    FollowerState,
    PeopleTracker,
    PlannerConfig,
    inflate,
    occupy,
    plan,
)
from renxing.spatial import Array

SIDE = 0.05  # [m] of a cell
STEP_RATE = 1.4  # [Hz] at which a walking body sways to one side and back
Box = tuple[float, float, float, float]  # x0, x1, y0, y1 [m]
Walk = Callable[[float], Array]


def room(
    width: float, height: float, *boxes: Box, open_border: bool = False
) -> CostGrid:
    """A floor with walls around it and boxes on it, not inflated."""
    shape = round(height / SIDE), round(width / SIDE)
    costs = np.zeros(shape, np.uint8)
    if not open_border:
        costs[[0, -1]] = costs[:, [0, -1]] = 254
    for x0, x1, y0, y1 in boxes:
        a, b, c, d = (round(v / SIDE) for v in (y0, y1, x0, x1))
        costs[a:b, c:d] = 254
    return CostGrid(costs=costs, resolution=SIDE, origin=np.zeros(2))


def inflated(grid: CostGrid, radius: float = 0.3) -> CostGrid:
    return inflate(grid, radius, 0.9, 4.0)


class Walls:
    """The lethal cells of a grid."""

    def __init__(self, grid: CostGrid) -> None:
        cells = np.argwhere(grid.costs == 254)[:, ::-1]
        self.low = grid.origin + grid.resolution * cells
        self.high = self.low + grid.resolution

    def distance(self, place: Array) -> float:
        """To the nearest cell's border [m], by looking at all."""
        gap = np.maximum(np.maximum(self.low - place, place - self.high), 0.0)
        return float(np.sqrt((gap**2).sum(1).min(initial=np.inf)))


@dataclass
class Trip:
    """What came of a walk."""

    poses: list[Array] = field(default_factory=list)
    states: list[FollowerState] = field(default_factory=list)
    to_walls: float = np.inf
    to_people: float = np.inf

    @property
    def reached(self) -> bool:
        return self.states[-1].reached

    @property
    def end(self) -> Array:
        return self.poses[-1]


def walk(
    grid: CostGrid,
    start: tuple[float, float, float],
    goal: tuple[float, float, float],
    *,
    people: tuple[Walk, ...] = (),
    seconds: float = 60.0,
    seed: int = 0,
    sway: float = 0.025,
    noise: float = 0.01,
    dt: float = 0.1,
    lag: float = 0.3,
    config: FollowerConfig | None = None,
    planner: PlannerConfig | None = None,
    seen: CostGrid | None = None,
    replan: float | None = None,
) -> Trip:
    """Plan on a grid and walk, in `seen` if there is more than on the map.

    A body that follows its command with a lag, sways sideways with its steps while it
    moves, and whose pose and velocity are measured with noise, sway included.
    """
    config = config or FollowerConfig()
    random = np.random.default_rng(seed)
    cost = inflated(grid)
    local = inflated(seen) if seen is not None else cost
    follower = Follower(config)
    follower.follow(plan(cost, start, goal, planner))
    tracker = PeopleTracker()
    trip, walls = Trip(), Walls(seen or grid)
    body, velocity = np.array(start, float), np.zeros(3)
    phase = random.uniform(0.0, 2.0 * np.pi)
    fine = 5
    for tick in range(round(seconds / dt)):
        now = tick * dt
        moving = min(1.0, float(np.abs(velocity).sum()) / 0.2)
        amount = sway * moving
        swing = 2.0 * np.pi * STEP_RATE * now + phase
        aside = amount * np.sin(swing)
        pose = body + aside * np.array([-np.sin(body[2]), np.cos(body[2]), 0.0])
        trip.poses.append(pose)
        trip.to_walls = min(trip.to_walls, walls.distance(pose[:2]))
        places = np.array([p(now) for p in people]).reshape(-1, 2)
        for place in places:
            trip.to_people = min(
                trip.to_people, float(np.linalg.norm(place - pose[:2]))
            )
        detections = places + random.normal(0.0, 0.04, places.shape)
        persons = tracker.update(detections, now)
        measured = pose + random.normal(0.0, noise, 3)
        felt = velocity + random.normal(0.0, 0.03, 3)
        felt[1] += amount * 2.0 * np.pi * STEP_RATE * np.cos(swing)
        if replan and tick and tick % round(replan / dt) == 0:
            follower.follow(
                plan(inflated(occupy(seen or grid, persons)), measured, goal, planner)
            )
        state = follower.step(measured, felt, local, persons, dt)
        trip.states.append(state)
        if state.reached:
            break
        for _ in range(fine):
            h = dt / fine
            velocity = velocity + (1.0 - np.exp(-h / lag)) * (state.velocity - velocity)
            cos, sin = np.cos(body[2]), np.sin(body[2])
            body = body + h * np.array(
                [
                    cos * velocity[0] - sin * velocity[1],
                    sin * velocity[0] + cos * velocity[1],
                    velocity[2],
                ]
            )
    return trip
