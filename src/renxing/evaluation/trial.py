# SPDX-License-Identifier: Apache-2.0
"""One trial: a scenario at one level with one seed, run and judged."""

import dataclasses
import math
from dataclasses import dataclass
from functools import cache

from renxing.evaluation.body import Body
from renxing.evaluation.course import make_course
from renxing.evaluation.ground import elevation_map, extent, make_world
from renxing.evaluation.judge import judge
from renxing.evaluation.measures import measure, still_after
from renxing.evaluation.recorder import Trace
from renxing.evaluation.rig import run
from renxing.evaluation.scenario import Scenario, variation_file
from renxing.robot import Robot, load_robot
from renxing.sim.variation import (
    VariationRanges,
    draw_variation,
    no_variation,
    varied_twin,
)
from renxing.yaml_file import read_yaml

BEHIND = 0.6  # [m] of the base behind the last thing counts as across


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is run; the same trial gives the same result.

    Attributes:
        scenario: Of which kind.
        robot: Name or file.
        level: In the unit of what the scenario's level sets.
        seed: Of everything random.
        direction: Of the push [deg]; None without one.
        duration: Instead of the scenario's [s].
        nominal: Whether the robot is as described, apart from noise.
        ideal: Whether the controller is told the true state.
        keep_trace: Whether the trace is wanted even of a success.
    """

    scenario: Scenario
    robot: str
    level: float
    seed: int
    direction: float | None = None
    duration: float | None = None
    nominal: bool = False
    ideal: bool = False
    keep_trace: bool = False

    def __str__(self) -> str:
        """Return what tells it from others, in words."""
        words = f"{self.scenario.name} at {self.level:g}, seed {self.seed}"
        if self.direction is not None:
            words += f", towards {self.direction:g}°"
        return words

    @property
    def seconds(self) -> float:
        """Simulated time at most [s]."""
        return self.scenario.duration if self.duration is None else self.duration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of a trial.

    Attributes:
        trial: Which one.
        failures: Why it is no success, in words; empty if it is one.
        measures: By name; `docs/evaluation.md` explains them.
        variation: What the simulated robot was like.
        timing: CPU time of a tick by phase, median and 99th percentile [us]; the only
            numbers here that differ from run to run.
        trace: Everything over time, of failures and where it is wanted.
    """

    trial: Trial
    failures: tuple[str, ...]
    measures: dict[str, float]
    variation: dict[str, float]
    timing: dict[str, tuple[float, float]]
    trace: Trace | None

    @property
    def success(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


def run_trial(trial: Trial) -> Outcome:
    """Run a trial and judge it.

    Raises:
        ConfigError: If robot, world or scenario cannot be loaded.
    """
    scenario = trial.scenario
    robot = _robot(trial.robot)
    case = scenario.robots[robot.name]
    ranges, _ = read_yaml(variation_file(), VariationRanges)
    variation = (
        no_variation(trial.seed)
        if trial.nominal
        else draw_variation(ranges, robot, trial.seed)
    )
    world = make_world(scenario.world, scenario.level, trial.level, trial.seed)
    twin = varied_twin(robot, world, variation, _loads(scenario, robot, trial.level))
    heights = elevation_map(world) if scenario.known_terrain else None
    body = Body(robot, twin, heights, ideal=trial.ideal)
    angle = None if trial.direction is None else math.radians(trial.direction)
    course = make_course(scenario, case, trial.level, trial.seed, angle, trial.duration)
    if scenario.success.across:
        goal = float(extent(world)[1][0]) + BEHIND
        course = dataclasses.replace(course, goal=goal)
    done = run(twin, body, course)
    measures = measure(done)
    told = course.silent_from
    if scenario.stop_at is not None:
        told = float(course.times[-1])
    if told < course.duration and done.fell_at is None and not done.error:
        measures["still_after"] = still_after(done.trace, told)
    within = scenario.success.still_within
    if scenario.level == "still_within":
        within = trial.level
    reached = float(twin.data.qpos[0])
    failures = judge(scenario.success, done, course, measures, reached, within)
    numbers = {"mass": float(twin.model.body_subtreemass[0]), **variation.numbers()}
    return Outcome(
        trial=trial,
        failures=failures,
        measures=measures,
        variation=numbers,
        timing=body.timing(),
        trace=done.trace if failures or trial.keep_trace else None,
    )


def _loads(scenario: Scenario, robot: Robot, level: float) -> dict[str, float]:
    """Return the masses [kg] at the robot's grippers, by frame."""
    hands = [h.gripper for h in robot.description.hands if h.name in scenario.hands]
    return {gripper: level / len(hands) for gripper in hands}


@cache
def _robot(name: str) -> Robot:
    return load_robot(name)
