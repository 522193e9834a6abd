# SPDX-License-Identifier: Apache-2.0
"""Walking along routes, with a body that lags and sways, among walls and people.

The robot is a disc of 0.3 m here, a person likewise: distances below 0.3 m and 0.6 m
are contacts.
"""

import math

import numpy as np
import pytest
from tests.navigation.walker import Trip, Walk, inflated, room, walk

from renxing.errors import ConfigError
from renxing.navigation import (
    LETHAL,
    UNKNOWN,
    Follower,
    FollowerConfig,
    NoRoute,
    Person,
    distance,
    grid,
    plan,
    rehearse,
    rollout,
    search,
    smoothing,
)
from renxing.spatial import Array

TOUCH = 0.3
TOUCH_PERSON = 0.6
HALL = room(14, 14)
DOOR = room(8, 6, (3.9, 4.1, 0, 2.55), (3.9, 4.1, 3.45, 6))


def passes(
    place: tuple[float, float], direction: float, speed: float, when: float
) -> Walk:
    """Somebody who goes straight on and is at a place at a time."""
    step = speed * np.array([math.cos(direction), math.sin(direction)])
    return lambda t: np.array(place) + (t - when) * step


def assert_arrived(trip: Trip, goal: tuple[float, float, float]) -> None:
    assert trip.reached
    assert np.linalg.norm(trip.end[:2] - goal[:2]) < 0.2
    assert abs(math.remainder(trip.end[2] - goal[2], math.tau)) < 0.3


@pytest.mark.parametrize("yaw", [0.0, 1.6, 3.1])
def test_it_arrives_and_looks_where_it_should(yaw: float) -> None:
    goal = (6.0, 2.0, yaw)
    trip = walk(room(8, 4), (1.0, 2.0, 0.0), goal, seconds=25)
    assert_arrived(trip, goal)
    assert not any(state.blocked for state in trip.states)
    assert trip.states[0].distance_to_goal == pytest.approx(5.0, abs=0.1)


def test_it_looks_where_it_goes() -> None:
    trip = walk(room(8, 4), (2.0, 2.0, math.pi), (7.0, 2.0, 0.0), seconds=30)
    speeds = np.array([state.velocity for state in trip.states])
    ahead = np.array(trip.poses)[:, 0]
    # It turns on the spot, then walks; it does not walk blindly backwards.
    assert speeds[:, 0].min() > -0.05
    assert ahead.min() > 1.8
    assert_arrived(trip, (7.0, 2.0, 0.0))


@pytest.mark.parametrize("goal", [(2.0, 1.7, 0.0), (1.7, 2.0, 0.0), (2.2, 2.2, 1.0)])
def test_for_a_short_way_it_steps_aside_or_back(goal: tuple[float, ...]) -> None:
    trip = walk(room(4, 4), (2.0, 2.0, 0.0), goal, seconds=15)
    assert_arrived(trip, goal)
    turned = np.abs([pose[2] for pose in trip.poses]).max()
    assert turned < abs(goal[2]) + 0.2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "trouble",
    [{}, {"sway": 0.04}, {"noise": 0.03}, {"lag": 0.6}, {"dt": 0.05}, {"dt": 0.2}],
    ids=str,
)
def test_through_a_door_of_90_cm(trouble: dict[str, float], seed: int) -> None:
    goal = (7.0, 4.5, 0.0)
    trip = walk(DOOR, (1.0, 1.5, 0.0), goal, seed=seed, seconds=40, **trouble)
    assert trip.to_walls > TOUCH + 0.03
    assert_arrived(trip, goal)


def test_who_cannot_go_sideways_or_back_arrives_too() -> None:
    config = FollowerConfig(lateral=0.0, backward=0.0)
    trip = walk(DOOR, (1, 1.5, 0), (7, 4.5, 1.0), config=config, seconds=40)
    assert_arrived(trip, (7, 4.5, 1.0))
    assert trip.to_walls > TOUCH
    speeds = np.array([state.velocity for state in trip.states])
    assert speeds[:, 0].min() >= 0.0 and not speeds[:, 1].any()


def test_along_a_corridor() -> None:
    corridor = room(12, 3, (0, 12, 0.0, 1.0), (0, 12, 2.0, 3.0))
    trip = walk(corridor, (1.0, 1.5, 0.0), (11.0, 1.5, 0.0), seconds=40)
    assert_arrived(trip, (11.0, 1.5, 0.0))
    assert trip.to_walls > TOUCH + 0.05


def test_out_of_a_trap() -> None:
    trap = room(10, 8, (3, 7, 6, 6.2), (3, 7, 2, 2.2), (6.8, 7, 2, 6.2))
    trip = walk(trap, (4.0, 4.0, 0.0), (9.0, 4.0, 0.0), seconds=60)
    assert_arrived(trip, (9.0, 4.0, 0.0))
    assert trip.to_walls > TOUCH


@pytest.mark.parametrize("yaw", [0.0, math.pi / 2.0, math.pi])
def test_from_too_near_a_wall_it_leaves(yaw: float) -> None:
    start = (0.22, 2.0, yaw)
    trip = walk(room(8, 4), start, (5.0, 2.0, 0.0), seconds=30, sway=0.0, noise=0.002)
    assert_arrived(trip, (5.0, 2.0, 0.0))
    assert trip.to_walls > 0.17 - 0.02
    assert not any(state.blocked for state in trip.states)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [False, True], ids=["mapped", "half unmapped"])
def test_15_metres_of_clutter_without_a_contact(hidden: bool) -> None:
    """Twenty floors; of what the map does not know the robot learns as it stands."""
    start, goal = (1.0, 4.0, 0.0), (16.0, 4.0, 0.0)
    for seed in range(20):
        random = np.random.default_rng(seed)
        corners = random.uniform([2.0, 0.5], [15.0, 7.0], (30, 2))
        sizes = random.uniform(0.15, 0.7, (30, 2))
        boxes = [
            (x, x + w, y, y + h) for (x, y), (w, h) in zip(corners, sizes, strict=True)
        ]
        full = room(17, 8, *boxes)
        try:
            plan(inflated(full), start, goal)
        except NoRoute:
            pytest.fail(f"floor {seed} has no way through: no fair trial")
        known = room(17, 8, *boxes[::2]) if hidden else full
        trip = walk(
            known,
            start,
            goal,
            seen=full,
            replan=1.0 if hidden else None,
            seed=seed,
            seconds=90,
        )
        assert_arrived(trip, goal)
        assert trip.to_walls > TOUCH, f"floor {seed}"


@pytest.mark.parametrize("speed", [0.6, 1.0, 1.4])
def test_somebody_crosses(speed: float) -> None:
    """At any phase: the robot is at the crossing at about 11 s."""
    for phase in (8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0):
        crosses = passes((7.0, 7.0), math.pi / 2.0, speed, phase)
        trip = walk(HALL, (2, 7, 0), (12, 7, 0), people=(crosses,), seed=int(phase))
        assert trip.to_people > TOUCH_PERSON + 0.3, f"at {phase} s"
        assert_arrived(trip, (12, 7, 0))


@pytest.mark.parametrize("direction", [2.1, 2.6, math.pi, -2.6])
def test_somebody_comes_towards_it(direction: float) -> None:
    comes = passes((7.0, 7.1), direction, 1.0, 9.0)
    trip = walk(HALL, (2, 7, 0), (12, 7, 0), people=(comes,), seed=3)
    assert trip.to_people > TOUCH_PERSON + 0.3
    assert_arrived(trip, (12, 7, 0))


def test_before_somebody_who_stands_it_stops_and_then_goes_around() -> None:
    stands = passes((7.0, 7.0), 0.0, 0.0, 0.0)
    trip = walk(HALL, (2, 7, 0), (12, 7, 0), people=(stands,), seconds=25)
    assert trip.to_people > TOUCH_PERSON + 0.15
    assert not trip.reached
    assert trip.states[-1].blocked and trip.states[-1].reason == "person"
    trip = walk(HALL, (2, 7, 0), (12, 7, 0), people=(stands,), replan=1.0)
    assert trip.to_people > TOUCH_PERSON + 0.15
    assert_arrived(trip, (12, 7, 0))


@pytest.mark.parametrize("bearing", [0.9, 1.6, -2.5])
def test_it_leaves_who_waits_for_it(bearing: float) -> None:
    """Both would wait for ever: people let a robot pass that stands before them."""
    x, y = 2.0 + 0.67 * math.cos(bearing), 7.0 + 0.67 * math.sin(bearing)
    waits = passes((x, y), 0.0, 0.0, 0.0)
    trip = walk(HALL, (2, 7, 0), (12, 7, 0), people=(waits,))
    assert_arrived(trip, (12, 7, 0))
    assert trip.to_people > TOUCH_PERSON


def test_before_a_wall_that_nobody_knew_it_stops() -> None:
    wall = room(8, 4, (4.0, 4.2, 0.0, 4.0))
    trip = walk(room(8, 4), (1, 2, 0), (7, 2, 0), seen=wall, seconds=15)
    assert trip.to_walls > TOUCH + 0.03
    last = trip.states[-1]
    assert last.blocked and last.reason == "obstacle" and not last.reached
    assert np.abs(last.velocity).max() < 0.02
    assert last.distance_to_goal == pytest.approx(3.4, abs=0.15)


def test_a_wall_that_appears_at_once_is_not_touched() -> None:
    """It walks at full speed; the wall is where it can just stop."""
    config = FollowerConfig()
    follower, clear = Follower(config), room(12, 4)
    follower.follow(plan(clear, (1, 2, 0), (11, 2, 0)))
    body, speed = np.array([1.0, 2.0, 0.0]), np.zeros(3)
    floor = clear
    # v²/2a and what the lag adds.
    stopping = config.forward**2 / (2 * config.forward_acceleration)
    stopping += config.forward * config.lag
    for tick in range(150):
        if tick == 60:
            assert speed[0] > 0.95 * config.forward
            x = body[0] + stopping + config.radius + config.clearance + 0.15
            floor = room(12, 4, (x, x + 0.2, 0.0, 4.0))
        state = follower.step(body, speed, floor, (), 0.1)
        speed = speed + (1 - math.exp(-0.1 / config.lag)) * (state.velocity - speed)
        body = body + 0.1 * np.array([speed[0], speed[1], speed[2]])
    assert body[0] + config.radius < x
    assert np.abs(speed).max() < 0.02


def test_it_neither_enters_what_is_unknown_nor_is_caught_by_it() -> None:
    floor = room(8, 4)
    path = plan(floor, (1, 2, 0), (7, 2, 0))
    floor.costs[:, 60:] = UNKNOWN

    def end(config: FollowerConfig, start: float) -> Array:
        follower = Follower(config)
        follower.follow(path)
        body, velocity = np.array([start, 2.0, 0.0]), np.zeros(3)
        for _ in range(120):
            velocity = follower.step(body, velocity, floor, (), 0.1).velocity
            body = body + 0.1 * velocity
        return body

    assert 2.4 < end(FollowerConfig(), 1.0)[0] < 2.7
    assert end(FollowerConfig(unknown_allowed=True), 1.0)[0] > 5.0
    assert end(FollowerConfig(), 5.0)[0] > 6.5


def test_it_does_not_walk_off_the_grid() -> None:
    floor = room(4, 4, open_border=True)
    follower, body, velocity = Follower(), np.array([1.0, 2.0, 0.0]), np.zeros(3)
    follower.follow([[1.0, 2.0, 0.0], [6.0, 2.0, 0.0]])
    for _ in range(100):
        state = follower.step(body, velocity, floor, (), 0.1)
        velocity = state.velocity
        body = body + 0.1 * velocity
    assert 3.4 < body[0] < 4.0 - TOUCH
    assert state.blocked and state.reason == "obstacle"


def test_a_limit_of_the_speed_holds() -> None:
    def fastest(share: float) -> float:
        follower = Follower()
        follower.limit(share)
        follower.follow([[1.0, 2.0, 0.0], [11.0, 2.0, 0.0]])
        body, velocity = np.array([1.0, 2.0, 0.0]), np.zeros(3)
        speeds = []
        for _ in range(60):
            velocity = follower.step(body, velocity, room(12, 4), (), 0.1).velocity
            body = body + 0.1 * velocity
            speeds.append(velocity[0])
        return max(speeds)

    assert fastest(1.0) == pytest.approx(0.5, abs=0.01)
    assert fastest(0.4) == pytest.approx(0.2, abs=0.01)
    assert fastest(0.0) == 0.0
    with pytest.raises(ConfigError, match="0 to 1"):
        Follower().limit(1.5)


def test_commands_change_no_faster_than_the_gait_allows() -> None:
    crosses = passes((7.0, 7.0), math.pi / 2.0, 1.0, 10.0)
    trip = walk(HALL, (2, 7, 1.0), (12, 7, 0), people=(crosses,))
    speeds = np.array([state.velocity for state in trip.states])
    most = np.abs(np.diff(speeds, axis=0)).max(0)
    assert (most <= np.array([0.4, 0.4, 1.5]) * 0.1 + 1e-9).all()


def test_where_it_sways_its_commands_do_not() -> None:
    trip = walk(room(12, 4), (1, 2, 0), (11, 2, 0), sway=0.04)
    steady = np.array([state.velocity for state in trip.states])[30:150]
    assert steady[:, 0].min() > 0.45
    assert np.abs(steady[:, 1]).max() < 0.08
    assert np.abs(steady[:, 2]).max() < 0.15


def test_without_a_path_it_stops() -> None:
    follower = Follower()
    state = follower.step(np.zeros(3), np.zeros(3), HALL, (), 0.1)
    assert (state.reason, state.reached, state.blocked) == ("no path", False, False)
    follower.follow([[1.0, 7.0, 0.0], [9.0, 7.0, 0.0]])
    for _ in range(10):
        state = follower.step([1.0, 7.0, 0.0], np.zeros(3), HALL, (), 0.1)
    assert state.velocity[0] > 0.3
    follower.reset()
    assert not follower.step([1.0, 7.0, 0.0], np.zeros(3), HALL, (), 0.1).velocity.any()


def test_arrived_is_arrived_until_the_next_path() -> None:
    follower = Follower()
    follower.follow([[7.0, 7.0, 0.0]])
    assert follower.step([7.05, 7.0, 0.1], np.zeros(3), HALL, (), 0.1).reached
    assert follower.step([7.6, 7.0, 0.1], np.zeros(3), HALL, (), 0.1).reached
    follower.follow([[7.0, 7.0, 0.0]])
    assert not follower.step([7.6, 7.0, 0.1], np.zeros(3), HALL, (), 0.1).reached


def test_a_path_that_comes_back_is_not_cut_short() -> None:
    out = np.column_stack([np.arange(2.0, 7.0, 0.1), np.full(50, 7.0), np.zeros(50)])
    back = np.column_stack([np.arange(7.0, 2.0, -0.1), np.full(50, 7.3), np.zeros(50)])
    follower = Follower()
    follower.follow(np.concatenate([out, back]))
    state = follower.step([2.0, 7.0, 0.0], np.zeros(3), HALL, (), 0.1)
    assert state.distance_to_goal == pytest.approx(10.0, abs=0.3)
    assert state.velocity[0] > 0.0


def test_a_path_that_was_moved_goes_on_where_it_was() -> None:
    there = np.column_stack([np.arange(2.0, 7.0, 0.1), np.full(50, 7.0), np.zeros(50)])
    loop = np.concatenate([there, there[::-1]])
    for moved in (True, False):
        follower = Follower()
        follower.follow(loop)
        for x in np.arange(2.0, 4.9, 0.1):
            follower.step([x, 7.0, 0.0], np.zeros(3), HALL, (), 0.2)
        follower.follow(loop + [0.0, 0.1, 0.0], moved=moved)
        state = follower.step([4.9, 7.1, 0.0], np.zeros(3), HALL, (), 0.2)
        assert state.distance_to_goal == pytest.approx(7.0, abs=0.3)
    # On the way back only who remembers knows which way it goes.
    follower.follow(loop)
    for x in [*np.arange(2.0, 7.0, 0.1), *np.arange(6.8, 3.0, -0.1)]:
        follower.step([x, 7.0, 0.0], np.zeros(3), HALL, (), 0.2)
    follower.follow(loop + [0.0, 0.1, 0.0], moved=True)
    state = follower.step([3.0, 7.1, 0.0], np.zeros(3), HALL, (), 0.2)
    assert state.distance_to_goal == pytest.approx(1.2, abs=0.3)
    follower.follow(loop)
    state = follower.step([3.0, 7.1, 0.0], np.zeros(3), HALL, (), 0.2)
    assert state.distance_to_goal == pytest.approx(8.8, abs=0.3)


def test_after_the_map_jumped_it_believes_the_new_pose() -> None:
    follower = Follower()
    follower.follow([[2.0, 7.0, 0.0], [12.0, 7.0, 0.0]])
    follower.step([2.0, 7.0, 0.0], np.zeros(3), HALL, (), 0.1)
    state = follower.step([4.0, 7.0, 0.0], np.zeros(3), HALL, (), 0.1)
    assert state.distance_to_goal == pytest.approx(8.0, abs=0.05)


def test_what_is_no_pose_or_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="pose"):
        Follower().step([0.0, np.nan, 0.0], np.zeros(3), HALL, (), 0.1)
    for path in (np.zeros((0, 3)), np.zeros((3, 2)), [[0.0, 0.0, np.inf]]):
        with pytest.raises(ConfigError, match="path"):
            Follower().follow(path)


def test_off_the_grid_and_within_walls_it_stands() -> None:
    floor = room(4, 4)
    floor.costs[:, 40:] = LETHAL
    for x, reason in ((5.0, "off the grid"), (3.0, "obstacle"), (1.0, "")):
        follower = Follower()
        follower.follow([[x, 2.0, 0.0], [x - 2.0, 2.0, 0.0]])
        state = follower.step([x, 2.0, math.pi], np.zeros(3), floor, (), 0.1)
        assert (state.reason, state.velocity.any()) == (reason, reason == "")


def test_after_the_rehearsal_nothing_has_to_be_compiled() -> None:
    rehearse()
    modules = (distance, grid, rollout, search, smoothing)
    compiled = [
        v for m in modules for v in vars(m).values() if hasattr(v, "signatures")
    ]
    before = [len(c.signatures) for c in compiled]
    near = Person(1, np.array([5.0, 3.0]), np.zeros(2), np.eye(4), 0.0)
    walk(
        room(8, 4), (1, 2, 0), (3, 2, 0), people=(lambda t: near.position,), replan=0.5
    )
    with pytest.raises(NoRoute):
        plan(room(8, 4, (4, 4.1, 0, 4)), (1, 2, 0), (7, 2, 0))
    assert [len(c.signatures) for c in compiled] == before
    assert any(before)


def test_out_and_back_on_one_line() -> None:
    """As through waypoints; the robot must not stay at the far end."""
    out = np.column_stack([np.arange(2.0, 5.05, 0.1), np.full(31, 7.0), np.zeros(31)])
    follower, body, velocity = Follower(), np.array([2.0, 7.0, 0.0]), np.zeros(3)
    follower.follow(np.concatenate([out, out[::-1]]))
    farthest = 0.0
    for _ in range(250):
        state = follower.step(body, velocity, HALL, (), 0.1)
        velocity = velocity + 0.28 * (state.velocity - velocity)
        cos, sin = math.cos(body[2]), math.sin(body[2])
        body = body + 0.1 * np.array(
            [
                cos * velocity[0] - sin * velocity[1],
                sin * velocity[0] + cos * velocity[1],
                velocity[2],
            ]
        )
        farthest = max(farthest, body[0])
        if state.reached:
            break
    assert state.reached
    assert farthest > 4.5
