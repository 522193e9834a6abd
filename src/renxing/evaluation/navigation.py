# SPDX-License-Identifier: Apache-2.0
"""One trial of navigation in lock-step: walk a route among people who cross it.

A walking twin with estimator and gait, rendered cameras, maps, planner, follower and
the look-out for people, without ROS and without a clock: the same trial gives the same
result. Recoveries are left out; a way that is blocked is planned anew.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from renxing.errors import ConfigError
from renxing.evaluation.body import Body
from renxing.evaluation.eyes import Eyes, EyesConfig
from renxing.evaluation.navigation_suite import (
    SETTLE,
    NavigationSuite,
    with_people,
)
from renxing.evaluation.rig import PERIOD, FallDetector
from renxing.evaluation.surfaces import clearance
from renxing.evaluation.truth import Truth
from renxing.evaluation.ways import inflated, walked
from renxing.navigation import (
    BERTH,
    CostGrid,
    Follower,
    NoRoute,
    PlannerConfig,
    apart_from,
    from_occupancy,
    is_valid,
    mark,
    merge,
    occupy,
    plan,
)
from renxing.navigation.backdrop import Backdrop
from renxing.robot import Robot, load_robot
from renxing.signals import BodyState
from renxing.sim import Twin, TwinConfig, World, load_world
from renxing.sim.floor_plan import FloorPlanConfig, floor_plan
from renxing.sim.touches import Touch, Touches
from renxing.spatial import Array

FOLLOW = 0.05  # [s] between two velocities
LOOK = 1.0 / 30.0  # [s] between two images, of one camera after the other
COSTS = 0.2  # [s] between two local costmaps
CHECK = 1.0  # [s] between two looks whether the way is still free
PATIENCE = {"person": 10.0}  # [s] that it waits before what is in the way
IMPATIENCE = 3.0  # [s] the same before anything else
STANDS = 0.3  # [m/s] below which somebody stands
WINDOW = 5.0  # [m] side of the local costmap


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationTrial:
    """What is run; the same trial gives the same result.

    Attributes:
        suite: The scorecard.
        robot: Name or file.
        seed: Of people and noise.
        blind: Whether people are not looked for, to compare.
    """

    suite: NavigationSuite
    robot: str
    seed: int
    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NavigationOutcome:
    """What came of a trial.

    Attributes:
        trial: Which one.
        failures: Why it is no success, in words; empty if it is one.
        measures: By name: `reached` goals, `time` [s], `way` [m], least distances of
            the base from people (`person`) and from fixed things (`clearance`) [m],
            number of `touches` of people and of `bumps` into things, greatest `force`
            on a person [N], `plans`, `stood` [s] before people or things.
        touches: All of them.
        track: True places of the base [m], shape (k, 2), each `FOLLOW` seconds.
    """

    trial: NavigationTrial
    failures: tuple[str, ...]
    measures: dict[str, float]
    touches: tuple[Touch, ...]
    track: Array


def run_navigation(trial: NavigationTrial) -> NavigationOutcome:
    """Run a trial.

    Raises:
        ConfigError: If something cannot be loaded.
        DeviceError: If there is no OpenGL.
    """
    robot = load_robot(trial.robot)
    suite = trial.suite
    if not suite.goals:
        raise ConfigError(f"scorecard '{suite.name}': no goals")
    world = with_people(suite, load_world(suite.world), trial.seed)
    twin = Twin(robot, world, TwinConfig(seed=trial.seed))
    config = EyesConfig(seed=1000 * trial.seed, people=not trial.blind)
    flat = floor_plan(world, FloorPlanConfig())
    drawn = from_occupancy(flat.occupancy, flat.resolution, flat.origin)
    eyes = Eyes(robot, twin, config, Backdrop(drawn))
    try:
        return _Trip(trial, robot, drawn, twin, eyes, world).run()
    finally:
        eyes.close()


@dataclass(slots=True, eq=False)
class _Score:
    """What is counted on the way."""

    reached: int = 0
    plans: int = 0
    stood: float = 0.0
    person: float = math.inf
    clearance: float = math.inf
    track: list[Array] = field(default_factory=list)


class _Trip:
    """One walk along the route."""

    def __init__(
        self,
        trial: NavigationTrial,
        robot: Robot,
        drawn: CostGrid,
        twin: Twin,
        eyes: Eyes,
        world: World,
    ) -> None:
        self._trial, self._world, self._twin, self._eyes = trial, world, twin, eyes
        self._body = Body(robot, twin, None, ideal=False)
        self._follower = Follower()
        self._map = drawn
        self._touches = Touches(twin)
        self._detector = FallDetector(twin, Truth(robot, twin))
        self._score = _Score()
        self._path: Array | None = None
        self._blocked = 0.0
        self._costs: CostGrid | None = None

    def run(self) -> NavigationOutcome:
        suite, twin, body = self._trial.suite, self._twin, self._body
        body.reset()
        steps = round(PERIOD / twin.time_step)
        ticks = {
            what: round(period / PERIOD)
            for what, period in (("look", LOOK), ("follow", FOLLOW), ("costs", COSTS),
                                 ("check", CHECK))
        }  # fmt: skip
        why = "time is up"
        for tick in range(round(suite.duration / PERIOD)):
            command, state = body.step()
            twin.step(command, steps)
            self._touches.sample()
            if tick % ticks["look"] == 0:
                self._eyes.look(state)
            if tick % ticks["costs"] == 0:
                self._costs = None
            if tick % ticks["follow"] == 0:
                self._note()
                if self._detector.fallen():
                    why = f"fell at {twin.time:.1f} s"
                    break
                if twin.time > SETTLE and self._go(state, tick % ticks["check"] == 0):
                    why = ""
                    break
        return self._outcome(why)

    def _go(self, state: BodyState, check: bool) -> bool:
        """Walk on; return whether the last goal is reached."""
        suite, score = self._trial.suite, self._score
        place = _place(state)
        if self._path is None or (check and not self._still_free(place)):
            self._plan(place)
        if self._path is None:
            self._body.command_velocity(0.0, 0.0, 0.0)
            return False
        velocity = state.base.linear_velocity
        turn = float(state.base.angular_velocity[2])
        done = self._follower.step(
            place,
            np.array([velocity[0], velocity[1], turn]),
            self._window(place),
            self._eyes.who(),
            FOLLOW,
        )
        self._body.command_velocity(*map(float, done.velocity))
        self._blocked = (
            self._blocked + FOLLOW if done.blocked else max(self._blocked - FOLLOW, 0.0)
        )
        score.stood += FOLLOW * done.blocked
        if self._blocked > PATIENCE.get(done.reason, IMPATIENCE):
            self._path, self._blocked = None, 0.0
        if done.reached:
            score.reached += 1
            self._path = None
        return score.reached == len(suite.goals)

    def _plan(self, place: Array) -> None:
        goal = self._trial.suite.goals[self._score.reached]
        self._score.plans += 1
        try:
            path = plan(self._whole(place), place, goal, PlannerConfig())
        except NoRoute:
            self._path = None
            return
        self._path = path
        self._follower.follow(path)

    def _still_free(self, place: Array) -> bool:
        if self._path is None:
            return False
        away = np.linalg.norm(self._path[:, :2] - place[:2], axis=1)
        ahead = self._path[int(np.argmin(away)) :]
        return bool(is_valid(self._whole(place), ahead)[0])

    def _whole(self, place: Array) -> CostGrid:
        people = self._eyes.who()
        walking = [one for one in people if np.linalg.norm(one.velocity) >= STANDS]
        obstacles = apart_from(self._eyes.obstacles, walking)
        costs = merge(mark(self._map, obstacles, BERTH), self._eyes.ground(place))
        return inflated(occupy(costs, people))

    def _window(self, place: Array) -> CostGrid:
        if self._costs is None:
            resolution = self._map.resolution
            count = round(WINDOW / resolution)
            corner = np.round(place[:2] / resolution - 0.5 * count) * resolution
            empty = np.full((count, count), 255, np.uint8)
            grid = CostGrid(costs=empty, resolution=resolution, origin=corner)
            grid = mark(merge(grid, self._map), self._eyes.obstacles, BERTH)
            self._costs = inflated(merge(grid, self._eyes.ground(place)))
        return self._costs

    def _note(self) -> None:
        twin, score = self._twin, self._score
        base = twin.base_state().transform_base_to_odom.translation
        score.track.append(np.array(base[:2]))
        for name in twin.people.names:
            person = twin.people.pose(name).translation
            away = float(np.linalg.norm(person[:2] - base[:2]))
            score.person = min(score.person, away)
        body = np.array([[base[0], base[1], z] for z in (0.3, 0.8, 1.2)])
        score.clearance = min(
            score.clearance, float(clearance(self._world, body).min())
        )

    def _outcome(self, why: str) -> NavigationOutcome:
        twin, score, suite = self._twin, self._score, self._trial.suite
        people = self._touches.of(*twin.people.names)
        bumps = [touch for touch in self._touches.all if touch not in people]
        failures = [why] if why else []
        track = np.array(score.track)
        if not why:
            away = float(np.linalg.norm(track[-1] - suite.goals[-1][:2]))
            if away > suite.tolerance:
                failures.append(f"{away:.2f} m from the goal")
        failures += [f"touched {touch.thing} with {touch.link}" for touch in people]
        failures += [f"bumped {touch.link} into {touch.thing}" for touch in bumps]
        way = walked(track)
        return NavigationOutcome(
            trial=self._trial,
            failures=tuple(failures),
            measures={
                "reached": float(score.reached),
                "time": twin.time,
                "way": float(way),
                "person": score.person,
                "clearance": score.clearance,
                "touches": float(len(people)),
                "bumps": float(len(bumps)),
                "force": max((touch.force for touch in people), default=0.0),
                "plans": float(score.plans),
                "stood": score.stood,
                "sightings": float(self._eyes.seen),
            },
            touches=tuple(self._touches.all),
            track=track,
        )


def _place(state: BodyState) -> Array:
    base = state.base.transform_base_to_odom
    yaw = math.atan2(base.rotation[1, 0], base.rotation[0, 0])
    return np.array([base.translation[0], base.translation[1], yaw])
