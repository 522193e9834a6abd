# SPDX-License-Identifier: Apache-2.0
"""The scorecard of navigation: its file, and who crosses in a trial."""

import dataclasses
import math

import numpy as np

from renxing.evaluation.scenario import Share
from renxing.resources import resource
from renxing.robot.description import Count, NotNegative, Part, Positive
from renxing.sim import World
from renxing.sim.things import Person, Way
from renxing.yaml_file import read_yaml

SETTLE = 1.0  # [s] that the robot stands and looks before it walks


class Crossing(Part, frozen=True, kw_only=True):
    """Somebody who crosses the robot's way; each trial draws when and how.

    Attributes:
        place: Where the ways cross [m].
        towards: Direction that they walk in, or the same mirrored at the x axis [rad].
        before: How far before the crossing they begin [m].
        after: How far behind it they end [m].
        speed: Least and greatest speed [m/s].
        early: Greatest time by which they miss the robot, either way, if it walked
            straight at its speed [s].
    """

    place: tuple[float, float]
    towards: float
    before: Positive
    after: Positive
    speed: tuple[float, float]
    early: NotNegative


class NavigationSuite(Part, frozen=True, kw_only=True):
    """The file `config/evaluation/navigation.yaml`.

    Attributes:
        name: That of the file.
        title: For people.
        world: Name of a file in `config/worlds`.
        goals: Places to go to, one after the other: x, y [m], yaw [rad].
        speed: With which crossings reckon [m/s].
        tolerance: Distance from the goal that counts as reached [m].
        duration: That a trial may take [s].
        crossings: Who crosses.
        yields: Distance at which people wait before a robot that is in their way [m].
        seeds: How many trials.
        required: Least share of trials without a failure.
    """

    name: str
    title: str
    world: str
    goals: tuple[tuple[float, float, float], ...]
    speed: Positive
    tolerance: Positive
    duration: Positive
    crossings: tuple[Crossing, ...]
    yields: NotNegative
    seeds: Count
    required: Share


def load_navigation() -> NavigationSuite:
    """Return the scorecard.

    Raises:
        ConfigError: If the file is malformed.
    """
    suite, _ = read_yaml(resource("config/evaluation/navigation.yaml"), NavigationSuite)
    return suite


def with_people(suite: NavigationSuite, world: World, seed: int) -> World:
    """Return the world with those who cross, drawn by a seed."""
    random = np.random.default_rng(seed)
    people = []
    for number, crossing in enumerate(suite.crossings):
        way = np.hypot(*crossing.place)
        speed = float(random.uniform(*crossing.speed))
        turn = crossing.towards * (1.0 if random.random() < 0.5 else -1.0)
        ahead = np.array([math.cos(turn), math.sin(turn)])
        start = np.array(crossing.place) - crossing.before * ahead
        end = np.array(crossing.place) + crossing.after * ahead
        early = float(random.uniform(-crossing.early, crossing.early))
        begun = SETTLE + way / suite.speed - crossing.before / speed + early
        walk = Way(
            way=((float(end[0]), float(end[1])),),
            speed=speed,
            start=max(0.0, begun),
            yields=suite.yields,
        )
        person = Person(
            name=f"crosser_{number}",
            at=(float(start[0]), float(start[1]), 0.0),
            yaw=turn,
            height=float(random.uniform(1.55, 1.9)),
            walk=walk,
        )
        people.append(person.pedestrian(walk))
    return dataclasses.replace(world, people=(*world.people, *people))
