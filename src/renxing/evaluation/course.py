# SPDX-License-Identifier: Apache-2.0
"""From a scenario, a level and a seed to one concrete course.

Everything is drawn here, in an order that does not depend on the level, so that a
harder level disturbs the same robot at the same moment.
"""

import math

import numpy as np

from renxing.evaluation.rig import Course
from renxing.evaluation.scenario import Case, RandomCommands, Scenario
from renxing.spatial import Array

MIRROR = np.array([1.0, -1.0, -1.0])


def make_course(
    scenario: Scenario,
    case: Case,
    level: float,
    seed: int,
    direction: float | None = None,
    duration: float | None = None,
) -> Course:
    """Return the course of one trial.

    Args:
        scenario: Of which kind.
        case: Its numbers for the robot.
        level: In the unit of what the level sets.
        seed: Of everything random.
        direction: Where a push pushes to, 0 forward, positive to the left [rad].
        duration: Instead of the scenario's [s].
    """
    random = np.random.default_rng([seed, 0xC0])
    duration = scenario.duration if duration is None else duration
    moments = {
        "push": _draw(random, scenario.push.at if scenario.push else None),
        "stop": _draw(random, scenario.stop_at),
        "silence": _draw(random, scenario.silence_at),
    }
    speed = level if scenario.level == "speed" else case.speed
    if case.random is not None:
        times, velocities = _random_commands(case.random, random, duration)
    else:
        times = np.array([command.at for command in scenario.commands])
        rows = [command.direction for command in scenario.commands]
        velocities = speed * np.array(rows).reshape(-1, 3)
    if scenario.mirror and seed % 2:
        velocities = velocities * MIRROR
    if scenario.stop_at is not None:
        before = times < moments["stop"]
        times = np.append(times[before], moments["stop"])
        velocities = np.vstack([velocities[before], np.zeros(3)])
    push, push_duration = np.zeros(3), 0.1
    if scenario.push is not None:
        angle = direction or 0.0
        push_duration = scenario.push.duration
        push = level / push_duration * np.array([math.cos(angle), math.sin(angle), 0.0])
    return Course(
        duration=duration,
        times=times,
        velocities=velocities,
        push=push,
        push_at=moments["push"],
        push_duration=push_duration,
        silent_from=moments["silence"],
    )


def _draw(random: np.random.Generator, span: tuple[float, float] | None) -> float:
    """Draw a moment [s]; one number is taken in any case."""
    share = random.random()
    return math.inf if span is None else span[0] + share * (span[1] - span[0])


def _random_commands(
    ranges: RandomCommands, random: np.random.Generator, duration: float
) -> tuple[Array, Array]:
    times, velocities = [], []
    now = 1.0
    while now < duration:
        times.append(now)
        velocity = [
            random.uniform(*span) for span in (ranges.forward, ranges.left, ranges.turn)
        ]
        if random.random() < ranges.stand:
            velocity = [0.0, 0.0, 0.0]
        velocities.append(velocity)
        now += random.uniform(*ranges.every)
    return np.array(times), np.array(velocities).reshape(-1, 3)
