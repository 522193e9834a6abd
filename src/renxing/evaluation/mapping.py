# SPDX-License-Identifier: Apache-2.0
"""One trial of mapping: make a map, keep it, wake up somewhere in it, walk in it."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from renxing.evaluation.mapping_suite import MappingSuite
from renxing.evaluation.surfaces import clearance, distance
from renxing.evaluation.wandering import (
    DriftingOdometry,
    Place,
    Wanderer,
    closed_way,
    turning,
)
from renxing.localization import (
    GlobalMap,
    Keyframe,
    KeyframeConfig,
    Mapper,
    MapperConfig,
    Occupancy,
    OccupancyConfig,
    Tracker,
    TrackerConfig,
    Trust,
    is_due,
    load,
    make_keyframe,
    project,
    save,
)
from renxing.localization.keyframes import angle_of
from renxing.robot import Robot, load_robot
from renxing.sim import World, load_world
from renxing.spatial import SE3, Array

NEAR = 0.25  # [m] a place that is found must be as near, and
STRAIGHT = np.radians(5.0)  # [rad] as straight, or it is a wrong one
TURN_STEP = 0.12  # [rad] between two images of a robot that looks around


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingTrial:
    """What is run; the same trial gives the same result.

    Attributes:
        suite: The scorecard.
        robot: Name or file.
        seed: Of drift, noise and places.
        starts: Instead of the suite's.
    """

    suite: MappingSuite
    robot: str
    seed: int
    starts: int | None = None

    def __str__(self) -> str:
        """Return what tells it from others, in words."""
        return f"mapping, seed {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """What became of a robot that woke up somewhere.

    Attributes:
        place: Where: x, y [m], yaw [rad].
        found: Whether it said where it is, and was right.
        wrong: Whether it was wrong.
        turn: How far it had to look around [rad].
        error: Of the position when it said so [m]; NaN if it never did.
        reason: Why it said nothing.
    """

    place: tuple[float, float, float]
    found: bool
    wrong: bool
    turn: float
    error: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MappingOutcome:
    """What came of a trial.

    Attributes:
        trial: Which one.
        measures: By name; units are in `mapping_report.MEASURES`.
        wakes: Robots that woke up.
        ways: By name, positions in the plane [m], shape (n, 2).
        occupancy: The map from above.
    """

    trial: MappingTrial
    measures: dict[str, float]
    wakes: tuple[Wake, ...]
    ways: dict[str, Array]
    occupancy: Occupancy


@dataclass(slots=True, kw_only=True, eq=False)
class _Errors:
    """Poses beside the true ones."""

    true: list[SE3] = field(default_factory=list)
    found: list[SE3] = field(default_factory=list)

    def add(self, true: SE3, found: SE3) -> None:
        self.true.append(true.copy())
        self.found.append(found.copy())

    def position(self) -> float:
        """Return the root mean square error of positions [m]."""
        off = _positions(self.found) - _positions(self.true)
        return float(np.sqrt((off**2).sum(axis=1).mean()))

    def rotation(self) -> float:
        """Return the root mean square error of rotations [deg]."""
        pairs = zip(self.true, self.found, strict=True)
        angles = [angle_of(a.rotation.T @ b.rotation) for a, b in pairs]
        return float(np.degrees(np.sqrt(np.mean(np.square(angles)))))


def run_mapping(trial: MappingTrial) -> MappingOutcome:
    """Run a trial.

    Raises:
        ConfigError: If something cannot be loaded, or the extra is not installed.
        DeviceError: If there is no OpenGL.
    """
    robot = load_robot(trial.robot)
    world = load_world(trial.suite.world)
    wanderer = Wanderer(robot, world, seed=1000 * trial.seed)
    try:
        return _run(trial, robot, world, wanderer)
    finally:
        wanderer.close()


def _run(
    trial: MappingTrial, robot: Robot, world: World, wanderer: Wanderer
) -> MappingOutcome:
    suite = trial.suite
    places = closed_way(suite.way, suite.step)
    measures: dict[str, float] = {}
    made, ways = _make(trial, robot, places, wanderer, measures)
    errors = distance(world, made.points())
    measures["map_median"] = float(np.median(errors))
    measures["map_p90"] = float(np.quantile(errors, 0.9))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "map.npz")
        save(made, file)
        measures["map_size"] = file.stat().st_size / 1e6
        whole = load(file, robot.name)
    random = np.random.default_rng(trial.seed)
    count = suite.starts if trial.starts is None else trial.starts
    wakes = tuple(
        _wake(trial, whole, place, wanderer, 10_000 * trial.seed + number)
        for number, place in enumerate(_somewhere(suite, world, random, count))
    )
    if wakes:
        measures["found"] = sum(wake.found for wake in wakes) / len(wakes)
        measures["wrong"] = sum(wake.wrong for wake in wakes) / len(wakes)
    ways["followed"] = _follow(trial, whole, places, wanderer, measures)
    return MappingOutcome(
        trial=trial,
        measures=measures,
        wakes=wakes,
        ways=ways,
        occupancy=project(OccupancyConfig(), whole.keyframes, whole.poses),
    )


def _make(
    trial: MappingTrial,
    robot: Robot,
    places: list[Place],
    wanderer: Wanderer,
    measures: dict[str, float],
) -> tuple[GlobalMap, dict[str, Array]]:
    """Walk the way and make a map; return it and the ways in the plane."""
    suite, config = trial.suite, KeyframeConfig()
    odometry = DriftingOdometry(suite.drift, trial.seed)
    mapper = Mapper(MapperConfig())
    walked, online, final = _Errors(), _Errors(), _Errors()
    true: list[SE3] = []
    spent: list[float] = []
    last: SE3 | None = None
    loops = 0
    for number, place in enumerate(places):
        period = suite.step / suite.speed
        pose = wanderer.stand(place, period)
        odom = odometry.step(pose)
        wanderer.look(odom)
        if last is None or is_due(config, last, odom):
            views = wanderer.views()
            begun = time.process_time()
            keyframe = make_keyframe(
                config, number * period, odom, views, wanderer.height
            )
            if keyframe is not None:
                loops += len(mapper.step(keyframe).loops)
                spent.append(time.process_time() - begun)
                true.append(pose.copy())
                last = odom
        walked.add(pose, odom)
        online.add(pose, mapper.transform_odom_to_map * odom)
    for pose, found in zip(true, mapper.poses, strict=True):
        final.add(pose, found)
    way = suite.step * len(places)
    end = walked.found[-1].translation - walked.true[-1].translation
    measures |= {
        "way": way,
        "keyframes": float(len(true)),
        "loops": float(loops),
        "odometry_drift": float(np.linalg.norm(end[:2])) / way,
        "odometry_position": walked.position(),
        "odometry_rotation": walked.rotation(),
        "online_position": online.position(),
        "online_rotation": online.rotation(),
        "final_position": final.position(),
        "final_rotation": final.rotation(),
        "keyframe_median": 1e3 * float(np.median(spent)),
        "keyframe_p99": 1e3 * float(np.quantile(spent, 0.99)),
    }
    ways = {
        "truth": _positions(walked.true)[:, :2],
        "odometry": _positions(walked.found)[:, :2],
        "map": _positions(final.found)[:, :2],
    }
    whole = GlobalMap(robot=robot.name, keyframes=mapper.keyframes, poses=mapper.poses)
    return whole, ways


def _somewhere(
    suite: MappingSuite, world: World, random: np.random.Generator, count: int
) -> list[Place]:
    """Return random places where the robot fits, within the bounds of the way."""
    corners = np.array(suite.way)
    low, high = corners.min(axis=0), corners.max(axis=0)
    found: list[Place] = []
    while len(found) < count:
        x, y = random.uniform(low, high)
        yaw = float(random.uniform(-np.pi, np.pi))
        body = np.array([[x, y, z] for z in (0.2, 0.7, 1.2, 1.6)])
        if clearance(world, body).min() >= suite.clearance:
            found.append(Place(x=float(x), y=float(y), yaw=yaw))
    return found


class _Walker:
    """A robot that knows nothing but a map."""

    def __init__(
        self, trial: MappingTrial, whole: GlobalMap, wanderer: Wanderer, seed: int
    ) -> None:
        wanderer.restart(seed)
        self._wanderer = wanderer
        self._odometry = DriftingOdometry(trial.suite.drift, seed, unknown=True)
        self._config = KeyframeConfig()
        self._last: SE3 | None = None
        self.tracker = Tracker(TrackerConfig(), whole)

    def go(self, place: Place, period: float, stamp: float) -> tuple[SE3, SE3]:
        """Go, look, and return true pose and odometry."""
        pose = self._wanderer.stand(place, period)
        odom = self._odometry.step(pose)
        self._wanderer.look(odom)
        if self._last is None or is_due(self._config, self._last, odom):
            keyframe: Keyframe | None = make_keyframe(
                self._config,
                stamp,
                odom,
                self._wanderer.views(),
                self._wanderer.height,
            )
            if keyframe is not None:
                self.estimate = self.tracker.step(keyframe)
                self._last = odom
        return pose, odom

    @property
    def lost(self) -> bool:
        """Whether it does not know where it is."""
        return self._last is None or self.estimate.trust is Trust.LOST


def _wake(
    trial: MappingTrial, whole: GlobalMap, place: Place, wanderer: Wanderer, seed: int
) -> Wake:
    """Wake up somewhere and look around until the place is found."""
    walker = _Walker(trial, whole, wanderer, seed)
    turned, error, wrong = 0.0, np.nan, False
    for number, step in enumerate(turning(place, 2.0 * np.pi, TURN_STEP)):
        pose, odom = walker.go(step, 0.3, 0.3 * number)
        turned = step.yaw - place.yaw
        if not walker.lost:
            change = pose.actInv(walker.estimate.transform_odom_to_map * odom)
            error = float(np.linalg.norm(change.translation))
            wrong = error > NEAR or angle_of(change.rotation) > STRAIGHT
            break
    return Wake(
        place=(place.x, place.y, place.yaw),
        found=not walker.lost and not wrong,
        wrong=wrong,
        turn=turned,
        error=error,
        reason=walker.estimate.reason if walker.lost else "",
    )


def _follow(
    trial: MappingTrial,
    whole: GlobalMap,
    places: list[Place],
    wanderer: Wanderer,
    measures: dict[str, float],
) -> Array:
    """Walk part of the way in the map, from an unknown start; return the way found."""
    suite = trial.suite
    walker = _Walker(trial, whole, wanderer, 77_000 + trial.seed)
    followed = _Errors()
    first = len(places) // 3
    lost = 0
    count = round(suite.followed / suite.step)
    for number in range(count):
        period = suite.step / suite.speed
        pose, odom = walker.go(
            places[(first + number) % len(places)], period, number * period
        )
        if walker.lost:
            lost += 1
        else:
            followed.add(pose, walker.estimate.transform_odom_to_map * odom)
    measures["lost"] = lost / count
    if followed.true:
        measures["followed_position"] = followed.position()
        measures["followed_rotation"] = followed.rotation()
    return _positions(followed.found)[:, :2]


def _positions(poses: list[SE3]) -> Array:
    return np.array([pose.translation for pose in poses]).reshape(-1, 3)
