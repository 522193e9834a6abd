# SPDX-License-Identifier: Apache-2.0
"""What is drawn depends on the seed, never on the level."""

from functools import cache

import numpy as np
import pytest

from renxing.evaluation.course import make_course
from renxing.evaluation.scenario import Scenario, choose, load_suite


@cache
def scenario(suite: str, name: str) -> Scenario:
    return choose(load_suite(suite), [name], "rx1")[0]


def course(suite: str, name: str, level: float, seed: int, **more):
    chosen = scenario(suite, name)
    return make_course(chosen, chosen.robots["rx1"], level, seed, **more)


def test_a_harder_push_comes_at_the_same_moment() -> None:
    soft, hard = (course("balance", "push_walking", i, 3) for i in (5.0, 50.0))
    assert soft.push_at == hard.push_at
    assert 5.0 <= soft.push_at <= 6.5
    other = course("balance", "push_walking", 5.0, 4)
    assert other.push_at != soft.push_at
    np.testing.assert_allclose(10.0 * soft.push, hard.push)


@pytest.mark.parametrize(
    ("degrees", "axis", "sign"), [(0, 0, 1), (90, 1, 1), (180, 0, -1), (270, 1, -1)]
)
def test_push_has_its_impulse_and_direction(degrees, axis, sign) -> None:
    made = course("balance", "push_standing", 25.0, 0, direction=np.radians(degrees))
    impulse = made.push * made.push_duration
    assert impulse[axis] == pytest.approx(sign * 25.0)
    assert np.linalg.norm(impulse) == pytest.approx(25.0)


def test_odd_seeds_go_to_the_other_side() -> None:
    left, right = (course("locomotion", "sideways", 0.25, seed) for seed in (0, 1))
    np.testing.assert_allclose(left.velocity(5.0), [0.0, 0.25, 0.0])
    np.testing.assert_allclose(right.velocity(5.0), [0.0, -0.25, 0.0])


def test_velocity_is_zero_before_the_first_command_and_after_the_stop() -> None:
    made = course("locomotion", "stop", 1.5, 2)
    stop = made.times[-1]
    assert 4.0 <= stop <= 5.5
    np.testing.assert_array_equal(made.velocity(0.4), np.zeros(3))
    np.testing.assert_allclose(made.velocity(stop - 0.01), [0.5, 0.0, 0.0])
    np.testing.assert_array_equal(made.velocity(stop + 0.01), np.zeros(3))


def test_random_commands_fill_their_box_and_last_as_said() -> None:
    ranges = scenario("locomotion", "random").robots["rx1"].random
    made = [course("locomotion", "random", 1.0, seed) for seed in range(20)]
    velocities = np.concatenate([one.velocities for one in made])
    stands = (velocities == 0.0).all(axis=1)
    assert stands.mean() == pytest.approx(ranges.stand, abs=0.05)
    for axis, span in enumerate((ranges.forward, ranges.left, ranges.turn)):
        low, high = velocities[:, axis].min(), velocities[:, axis].max()
        room = 0.05 * (span[1] - span[0])
        assert span[0] <= low <= span[0] + room and span[1] - room <= high <= span[1]
    gaps = np.concatenate([np.diff(one.times) for one in made])
    assert gaps.min() >= ranges.every[0] and gaps.max() <= ranges.every[1]
    assert not np.array_equal(made[0].velocities[:5], made[1].velocities[:5])
