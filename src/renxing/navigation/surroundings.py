# SPDX-License-Identifier: Apache-2.0
"""What is around the robot, as the compiled look into the future reads it."""

import math

import numpy as np
import numpy.typing as npt

from renxing.navigation import rollout
from renxing.navigation.distance import distances
from renxing.navigation.follower_config import FollowerConfig
from renxing.navigation.grid import LETHAL, UNKNOWN, CostGrid
from renxing.navigation.people import Person, predict
from renxing.spatial import Array

TICK = 0.2  # [s] between two moments at which people are predicted
FAR = 8.0  # [m] beyond which people do not matter
STROLL = 0.5  # [m/s] from which on people are given all their room
WAITS = 0.6  # part of a stroll below which somebody stands
HAIR = 1e-3  # [m] by which a robot that stands may come nearer to who does, too
DOUBT = 0.25  # part of the standard deviation of where people go that is kept free
SPREAD = 0.4  # [m] that this adds at most


def around(
    grid: CostGrid, place: Array, config: FollowerConfig
) -> tuple[Array, Array, Array, float, float]:
    """Return what stands around the robot.

    Args:
        grid: Inflated.
        place: Of the robot in the grid's frame [m], shape (2,).
        config: The follower.

    Returns:
        On cells around the robot distances from what stands [m] and costs (of 1), the
        lower left corner of these cells [m], shape (2,), the side of one [m], and the
        distance to keep [m].
    """
    resolution = grid.resolution
    fastest = max(config.forward, config.lateral)
    need = config.radius + config.clearance
    stopping = 0.5 * fastest / config.forward_acceleration
    reach = fastest * (config.sight + config.lag + stopping) + need
    half = int(math.ceil(reach / resolution)) + 2
    side = 2 * half + 1
    top, left = grid.cell(place) - half
    window = np.full((side, side), UNKNOWN, np.uint8)
    rows, columns = grid.costs.shape
    a, b = max(top, 0), min(top + side, rows)
    c, d = max(left, 0), min(left + side, columns)
    if a < b and c < d:
        window[a - top : b - top, c - left : d - left] = grid.costs[a:b, c:d]
    unknown = not config.unknown_allowed
    corner = grid.origin + resolution * np.array([left, top])
    room = _room(window, resolution, unknown)
    x, y = (place - corner) / resolution
    if unknown and rollout.between(room, x, y) < config.radius:
        # It stands in what is unknown and has to get out.
        room = _room(window, resolution, False)
    costs = np.where(window == UNKNOWN, LETHAL, window) / LETHAL
    return room, costs, corner, resolution, need


def ahead(people: tuple[Person, ...], place: Array, config: FollowerConfig) -> Array:
    """Return where people will be and how far to keep off.

    Args:
        people: As of now.
        place: Of the robot in their frame [m], shape (2,).
        config: The follower.

    Returns:
        x, y, distance of the middles [m] at the times 0, TICK, ... for each of those
        who are near; shape (m, k, 3).
    """
    moments = np.arange(round(config.person_horizon / TICK) + 1) * TICK
    near = [p for p in people if np.linalg.norm(p.position - place) < FAR]
    found = np.empty((len(near), len(moments), 3))
    for person, row in zip(near, found, strict=True):
        walks = min(1.0, float(np.linalg.norm(person.velocity)) / STROLL)
        both = config.radius + config.person_radius
        keep = both + (0.5 + 0.5 * walks) * config.person_clearance
        away = float(np.linalg.norm(person.position - place))
        if walks < WAITS:
            # Who waits for the robot beside it must be left again, not joined.
            keep = min(keep, max(both, away - HAIR))
        row[:, :2] = person.position + moments[:, None] * person.velocity
        # What is not known of them now; that they may change their mind holds for all.
        _, covariance = predict(person, config.person_horizon, 0.0)
        doubt = DOUBT * walks * float(np.sqrt(np.trace(covariance)))
        growth = moments / config.person_horizon
        row[:, 2] = keep + min(doubt, SPREAD) * growth
    return found


def _room(window: npt.NDArray[np.uint8], side: float, unknown: bool) -> Array:
    """Return distances from what stands [m], from border to middle of cells."""
    cells = np.sqrt(distances(window, float(len(window)), unknown))
    return np.asarray(side * (cells - 0.5), float)
