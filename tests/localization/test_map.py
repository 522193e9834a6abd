# SPDX-License-Identifier: Apache-2.0
"""Registration, graph, map and place, in a room of planes whose truth is known."""

from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.localization import (
    GlobalMap,
    Keyframe,
    KeyframeConfig,
    Mapper,
    MapperConfig,
    OccupancyConfig,
    Tracker,
    TrackerConfig,
    Trust,
    View,
    is_due,
    load,
    make_keyframe,
    project,
    save,
    solvers,
)
from renxing.localization.keyframes import angle_of
from renxing.localization.mapper import upright
from renxing.localization.occupancy import FREE, OCCUPIED, UNKNOWN
from renxing.localization.registration import (
    RegistrationConfig,
    Submap,
    make_surfels,
)
from renxing.spatial import SE3, rotation_from_rpy

pytest.importorskip("gtsam", reason="./renxing setup --extra mapping")
pytest.importorskip("small_gicp", reason="./renxing setup --extra mapping")

HEIGHT = 0.9  # [m] of the base over the ground
EYE = np.array([0.1, 0.0, 0.7])
# Boxes of a room 7 x 5 m: low and high corner [m]. Nothing in it is symmetric.
BOXES = (
    ((1.5, 0.6, 0.0), (2.1, 1.5, 1.2)),
    ((4.4, 3.4, 0.0), (5.4, 4.0, 0.8)),
    ((3.2, -0.2, 0.0), (3.5, 0.5, 2.0)),
    ((0.0, 3.9, 0.0), (0.5, 5.0, 1.6)),
)
LOW, HIGH = np.array([0.0, -1.0, 0.0]), np.array([7.0, 5.0, 2.4])


def cast(origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Return how far rays go in the room (Kay & Kajiya 1986, slabs)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.maximum((LOW - origin) / rays, (HIGH - origin) / rays)
        length = ends.min(axis=1)
        for low, high in BOXES:
            near = np.minimum((low - origin) / rays, (high - origin) / rays)
            far = np.maximum((low - origin) / rays, (high - origin) / rays)
            first, last = near.max(axis=1), far.min(axis=1)
            hit = (first > 0.0) & (first < last)
            length = np.where(hit, np.minimum(length, first), length)
    return length


def keyframe(pose: SE3, odom: SE3, random: np.random.Generator) -> Keyframe:
    """Return what a camera of 80 x 70 degrees sees from a pose, spoilt a little."""
    u, v = np.meshgrid(np.tan(np.linspace(-0.7, 0.7, 90)), np.linspace(-0.9, 0.5, 80))
    rays = np.column_stack([np.ones(u.size), u.ravel(), v.ravel()])
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    length = cast(pose.act(EYE), rays @ pose.rotation.T)
    length = length + 0.003 * length**2 * random.standard_normal(len(length))
    view = View(eye=EYE, points=EYE + rays * length[:, None])
    made = make_keyframe(KeyframeConfig(), 0.0, odom, [view], HEIGHT)
    assert made is not None
    return made


def at(x: float, y: float, yaw: float) -> SE3:
    return upright(np.array([x, y, HEIGHT]), yaw)


def go(x: float, y: float, yaw: float) -> SE3:
    return upright(np.array([x, y, 0.0]), yaw)


def walk() -> list[SE3]:
    """Return a way of two rounds, 0.35 m or less from place to place."""
    angles = np.linspace(0.0, 4.0 * np.pi, 64)
    return [
        at(3.2 + 1.6 * np.cos(a), 2.2 + 1.1 * np.sin(a), a + 0.5 * np.pi)
        for a in angles
    ]


def drifting(poses: list[SE3]) -> list[SE3]:
    """Return odometry along a way: 2 % too long, turning 1 degree a metre too far."""
    odom = [poses[0]]
    for before, now in zip(poses[:-1], poses[1:], strict=True):
        change = before.actInv(now)
        way = float(np.linalg.norm(change.translation))
        wrong = rotation_from_rpy((0.0, 0.0, 0.0175 * way))
        step = SE3(change.rotation @ wrong, 1.02 * change.translation)
        odom.append(odom[-1] * step)
    return odom


@pytest.fixture(scope="module")
def mapped() -> tuple[Mapper, list[SE3], list[int]]:
    """A map made on the way, with the true poses and which keyframes closed loops."""
    random = np.random.default_rng(1)
    poses = walk()
    mapper, closed = Mapper(MapperConfig()), []
    for place, (pose, odom) in enumerate(zip(poses, drifting(poses), strict=True)):
        added = mapper.step(keyframe(pose, odom, random))
        closed += [place] * len(added.loops)
    return mapper, poses, closed


@pytest.fixture(scope="module")
def whole(mapped: tuple[Mapper, list[SE3], list[int]]) -> GlobalMap:
    mapper, _, _ = mapped
    return GlobalMap(robot="rx1", keyframes=mapper.keyframes, poses=mapper.poses)


def errors(found: SE3, true: SE3) -> tuple[float, float]:
    change = true.actInv(found)
    return float(np.linalg.norm(change.translation)), angle_of(change.rotation)


def test_the_map_is_truer_than_odometry_by_far(mapped) -> None:
    mapper, poses, closed = mapped
    way = [k.transform_base_to_odom for k in mapper.keyframes]
    drift = errors(way[-1], poses[-1])
    worst = np.max([errors(f, t) for f, t in zip(mapper.poses, poses, strict=True)], 0)
    assert drift[0] > 0.25 and drift[1] > 0.25
    assert worst[0] < 0.06 and worst[1] < 0.02
    # The second round sees what the first one saw.
    assert len(closed) >= 5 and min(closed) >= MapperConfig().old
    online = errors(mapper.transform_odom_to_map * way[-1], poses[-1])
    assert online[0] < 0.06
    covariance = mapper.covariance
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert np.sqrt(covariance[3:, 3:].diagonal()).max() < 0.1


def test_registration_finds_a_cloud_and_knows_how_well() -> None:
    random = np.random.default_rng(2)
    config = RegistrationConfig()
    here = at(2.4, 2.4, -0.4)
    before = [here * go(0.2 * n, 0.1 * n, 0.15 * n) for n in range(6)]
    seen = [keyframe(pose, pose, random) for pose in before]
    submap = Submap(
        config,
        [
            (pose, make_surfels(config, one.points, EYE))
            for pose, one in zip(before, seen, strict=True)
        ],
    )
    true = before[-1] * go(0.2, 0.1, 0.15)
    surfels = make_surfels(config, keyframe(true, true, random).points, EYE)
    spread = np.array([0.01, 0.01, 0.05, 0.1, 0.1, 0.05])
    guess = true * SE3(rotation_from_rpy((0.0, 0.0, 0.05)), np.array([0.08, -0.06, 0]))
    match = submap.match(surfels, guess, spread)
    assert match.believed, match.doubt
    way, turn = errors(match.transform_cloud_to_submap, true)
    assert way < 0.05 and turn < 0.015
    claimed = 1.0 / np.sqrt(np.linalg.eigvalsh(match.information[3:, 3:]))
    # It must not claim more than is so, nor nothing.
    assert way < 3.0 * claimed.max() and claimed.max() < 0.1
    far = true * SE3(rotation_from_rpy((0.0, 0.0, 0.15)), np.array([0.3, 0.2, 0.0]))
    match = submap.match(surfels, far, 4.0 * spread, far=True)
    assert match.believed and errors(match.transform_cloud_to_submap, true)[0] < 0.08
    elsewhere = submap.match(surfels, at(6.0, 1.0, 2.5), spread)
    assert not elsewhere.believed and np.isfinite(elsewhere.information).all()


def test_along_a_corridor_the_guess_stays() -> None:
    random = np.random.default_rng(3)
    config = RegistrationConfig()

    def corridor(x: float) -> np.ndarray:
        count = 6000
        points = np.column_stack(
            [random.uniform(0.5, 5.0, count), np.zeros(count), np.zeros(count)]
        )
        side = random.integers(0, 3, count)
        points[:, 1] = np.choose(side, [-1.0, 1.0, random.uniform(-1.0, 1.0, count)])
        points[:, 2] = np.where(side < 2, random.uniform(-0.9, 1.0, count), -0.9)
        return points + 0.01 * random.standard_normal(points.shape) + [x, 0.0, 0.0]

    eye = np.array([0.0, 0.0, 0.7])
    submap = Submap(
        config, [(SE3.Identity(), make_surfels(config, corridor(0.0), eye))]
    )
    guess = SE3(np.eye(3), np.array([0.0, 0.05, 0.02]))
    spread = np.array([0.01, 0.01, 0.05, 0.1, 0.1, 0.05])
    match = submap.match(make_surfels(config, corridor(0.3), eye), guess, spread)
    moved = match.transform_cloud_to_submap.translation
    assert abs(moved[0]) < 0.03
    assert np.abs(moved[1:]).max() < 0.01
    assert match.information[3, 3] < 0.02 * match.information[4, 4]


def test_a_thin_wall_is_not_its_other_side() -> None:
    config = RegistrationConfig()
    random = np.random.default_rng(4)
    wall = random.uniform((0.0, -1.0, -1.0), (0.001, 1.0, 1.0), (4000, 3))
    from_left = make_surfels(config, wall, np.array([-2.0, 0.0, 0.0]))
    from_right = make_surfels(config, wall, np.array([2.0, 0.0, 0.0]))
    submap = Submap(config, [(SE3.Identity(), from_left)])
    spread = np.full(6, 0.05)
    same = submap.match(from_left, SE3.Identity(), spread)
    other = submap.match(from_right, SE3.Identity(), spread)
    assert same.information[3, 3] > 1e3
    assert other.information[3, 3] == 0.0


def test_a_map_survives_its_file(whole: GlobalMap, tmp_path: Path) -> None:
    file = tmp_path / "map.npz"
    file.write_bytes(b"old")
    save(whole, file)
    back = load(file, "rx1")
    assert list(tmp_path.iterdir()) == [file]
    for before, after in zip(whole.poses, back.poses, strict=True):
        assert np.array_equal(before.homogeneous, after.homogeneous)
    for one, two in zip(whole.keyframes, back.keyframes, strict=True):
        assert np.array_equal(one.points, two.points)
        assert np.array_equal(one.source, two.source)
        assert np.array_equal(one.eyes, two.eyes) and one.height == two.height


def test_files_that_are_no_map_are_refused(whole: GlobalMap, tmp_path: Path) -> None:
    file = tmp_path / "map.npz"
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file, "rx1")
    file.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ConfigError, match="damaged"):
        load(file, "rx1")
    save(whole, file)
    with pytest.raises(ConfigError, match="of robot 'rx1', not 'g1'"):
        load(file, "g1")
    with np.load(file) as archive:
        held = dict(archive)
    for change, complaint in (
        ({"version": 99}, "version 99; this program reads 1"),
        ({"kind": "song"}, "no map"),
        ({"counts": held["counts"] + 1}, "do not fit"),
        ({"points": np.full_like(held["points"], np.nan)}, "do not fit"),
    ):
        np.savez(file, **{**held, **change})
        with pytest.raises(ConfigError, match=complaint):
            load(file, "rx1")
    with pytest.raises(ConfigError, match="cannot be written"):
        save(whole, tmp_path / "nowhere" / "map.npz")


def test_from_above_walls_are_occupied_and_floor_is_free(whole: GlobalMap) -> None:
    flat = project(OccupancyConfig(), whole.keyframes, whole.poses)

    def cells(x: float, y: float) -> np.ndarray:
        column, row = ((np.array([x, y]) - flat.origin) / flat.resolution).astype(int)
        return flat.cells[row - 3 : row + 4, column - 3 : column + 4]

    for x, y in ((4.4, 3.7), (2.1, 1.0), (7.0, 2.0)):
        assert (cells(x, y) == OCCUPIED).any(), (x, y)
    for x, y in ((4.9, 2.4), (3.2, 3.7), (1.4, 2.6)):
        near = cells(x, y)
        assert (near == FREE).mean() > 0.6 and not (near == OCCUPIED).any(), (x, y)
    # Inside of a thing that is seen from outside, and beyond the walls.
    assert (cells(7.4, 2.0)[:, 3:] == UNKNOWN).all()


def test_woken_anywhere_the_robot_finds_itself_and_keeps_it(whole: GlobalMap) -> None:
    random = np.random.default_rng(5)
    tracker = Tracker(TrackerConfig(), whole)
    # Odometry begins anywhere.
    true, odom = at(4.5, 2.5, 2.0), at(-3.0, 8.0, 1.0)
    turned = SE3(rotation_from_rpy((0.0, 0.0, 0.35)), np.zeros(3))
    for _ in range(4):
        estimate = tracker.step(keyframe(true, odom, random))
        if estimate.trust is Trust.TRACKING:
            break
        true, odom = true * turned, odom * turned
    assert estimate.trust is Trust.TRACKING, estimate.reason
    assert errors(estimate.pose, true)[0] < 0.1
    step = SE3(np.eye(3), np.array([0.3, 0.0, 0.0]))
    longer = SE3(np.eye(3), np.array([0.31, 0.0, 0.0]))
    for _ in range(4):
        true, odom = true * step, odom * longer
        estimate = tracker.step(keyframe(true, odom, random))
    assert estimate.trust is Trust.TRACKING
    way, turn = errors(estimate.pose, true)
    assert way < 0.06 and turn < 0.02
    # Carried away: matches fail, it says so, holds what it had, and finds itself again.
    held = estimate.transform_odom_to_map
    true = at(1.9, 2.0, -1.4)
    trusts = []
    for _ in range(9):
        estimate = tracker.step(keyframe(true, odom, random))
        trusts.append(estimate.trust)
        if estimate.trust is Trust.LOST:
            kept = errors(estimate.transform_odom_to_map, held)
            assert kept[0] < 1e-9 and estimate.covariance[0, 0] >= 100.0
        elif Trust.LOST in trusts:
            break
        true, odom = true * turned, odom * turned
    assert Trust.LOST in trusts and trusts[-1] is Trust.TRACKING, estimate.reason
    assert errors(estimate.pose, true)[0] < 0.1


def test_who_says_where_it_is_is_believed(whole: GlobalMap) -> None:
    random = np.random.default_rng(6)
    tracker = Tracker(TrackerConfig(), whole)
    true, odom = at(4.6, 2.0, 1.2), at(0.0, 0.0, 0.0)
    tracker.place(true * go(0.15, -0.1, 0.08), odom)
    for _ in range(2):
        estimate = tracker.step(keyframe(true, odom, random))
    assert estimate.trust is Trust.TRACKING
    assert errors(estimate.pose, true)[0] < 0.05
    assert estimate.covariance[0, 0] < TrackerConfig().first ** 2


def test_two_places_that_look_alike_are_not_told_apart() -> None:
    """An empty square room is the same seen from four sides."""
    random = np.random.default_rng(7)

    def square(pose: SE3, odom: SE3) -> Keyframe:
        global BOXES, LOW, HIGH
        kept = BOXES, LOW, HIGH
        BOXES, LOW, HIGH = (), np.array([-2.5, -2.5, 0.0]), np.array([2.5, 2.5, 2.4])
        try:
            return keyframe(pose, odom, random)
        finally:
            BOXES, LOW, HIGH = kept

    places = [at(0.0, 0.0, 0.4 * n) for n in range(16)]
    made = tuple(square(p, p) for p in places)
    room = GlobalMap(robot="rx1", keyframes=made, poses=tuple(places))
    tracker = Tracker(TrackerConfig(), room)
    for place in places[:4]:
        estimate = tracker.step(square(go(0.6, 0.3, 0.2) * place, place))
        assert estimate.trust is Trust.LOST
        assert "elsewhere" in estimate.reason or "agreement" in estimate.reason


def test_keyframes_come_with_way_and_turn() -> None:
    config, here = KeyframeConfig(), at(1.0, 1.0, 0.3)
    assert not is_due(config, here, here * go(0.2, 0.0, 0.1))
    assert is_due(config, here, SE3(here.rotation, here.translation + [0.41, 0, 0]))
    assert is_due(config, here, at(1.0, 1.0, 0.7))
    view = View(eye=EYE, points=np.ones((5, 3)))
    assert make_keyframe(config, 0.0, here, [view], HEIGHT) is None


def test_without_the_extra_it_says_what_to_do(monkeypatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(solvers.importlib, "import_module", absent)
    with pytest.raises(ConfigError, match="renxing setup --extra mapping"):
        Mapper(MapperConfig())
