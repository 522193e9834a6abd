# SPDX-License-Identifier: Apache-2.0
"""The map of heights, with points whose truth is known by construction."""

import numpy as np
import pytest

from renxing.mapping import Elevation, ElevationConfig

EYE = np.array([0.0, 0.0, 1.2])
BASE = np.array([0.0, 0.0, 0.9])


def patch(
    x: tuple[float, float], height: float, spread: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return points on level ground for -0.5 < y < 0.5, and their variance."""
    count = 4000
    points = np.empty((count, 3))
    points[:, 0] = random.uniform(*x, count)
    points[:, 1] = random.uniform(-0.5, 0.5, count)
    points[:, 2] = height + spread * random.standard_normal(count)
    return points, np.full(count, spread**2)


def part(grid: np.ndarray, origin: np.ndarray, x: tuple[float, float]) -> np.ndarray:
    """Return the cells of an x range with |y| < 0.4."""
    i = np.round((np.array(x) - origin[0]) / 0.04).astype(int)
    j = np.round((np.array([-0.4, 0.4]) - origin[1]) / 0.04).astype(int)
    return grid[i[0] : i[1], j[0] : j[1]]


def test_errors_average_out_and_the_variance_says_by_how_much() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig(drift=0.0))
    spreads = []
    for image in range(40):
        points, variance = patch((1.0, 1.5), 0.1, 0.03, random)
        elevation.step(image / 15, points, variance, EYE, BASE)
        heights = elevation.heights()
        known = part(heights.height, heights.origin, (1.08, 1.44))
        spreads.append(np.std(known))
    assert spreads[-1] < 0.35 * spreads[0]
    assert np.mean(known) == pytest.approx(0.1, abs=0.002)
    claimed = np.sqrt(part(heights.variance, heights.origin, (1.08, 1.44)).mean())
    # It must not claim more than is so; the floor is 5 mm.
    assert np.std(known) < claimed < 0.01


def test_the_map_goes_with_the_robot_and_cells_stay_in_place() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig())
    points, variance = patch((1.0, 1.5), 0.1, 0.001, random)
    elevation.step(0.0, points, variance, EYE, BASE)
    none = np.empty((0, 3)), np.empty(0)
    moved = np.array([0.63, -0.21, 0.9])
    elevation.step(0.1, *none, EYE, moved)
    heights = elevation.heights()
    assert part(heights.height, heights.origin, (1.08, 1.44)) == pytest.approx(
        0.1, abs=5e-3
    )
    middle = heights.origin + 0.5 * 0.04 * (np.array(heights.height.shape) - 1)
    assert np.abs(middle - moved[:2]).max() <= 0.04
    assert heights.height.shape == (200, 200)
    elevation.step(0.2, *none, EYE, np.array([30.0, 0.0, 0.9]))
    assert np.isnan(elevation.heights().height).all()


def test_where_points_spread_the_upper_ones_count() -> None:
    """At the edge of a step both levels, and the riser, fall into one cell."""
    random = np.random.default_rng(1)
    points, variance = patch((1.0, 1.5), 0.0, 0.004, random)
    points[:, 2] += random.choice([0.0, 0.15, 0.08], len(points))
    elevation = Elevation(ElevationConfig())
    # From straight above, or rays would lead through the upper level.
    above = np.array([1.25, 0.0, 50.0])
    elevation.step(0.0, points, variance, above, BASE)
    heights = elevation.heights()
    known = part(heights.height, heights.origin, (1.08, 1.44))
    assert np.median(known) == pytest.approx(0.15, abs=0.01)


def test_one_odd_image_changes_nothing_and_three_do() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig(doubts=3))
    place = (1.08, 1.44)
    seen = []
    for height in (0.0, 0.0, 0.3, 0.0, 0.3, 0.3, 0.3):
        points, variance = patch((1.0, 1.5), height, 0.004, random)
        elevation.step(0.1 * len(seen), points, variance, EYE, BASE)
        heights = elevation.heights()
        seen.append(float(np.median(part(heights.height, heights.origin, place))))
    assert seen == pytest.approx([0, 0, 0, 0, 0, 0, 0.3], abs=0.01)


def test_rays_bound_what_is_below_them_and_clear_what_is_gone() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig(ray_stride=1))
    points, variance = patch((1.0, 1.3), 0.75, 0.004, random)
    elevation.step(0.0, points, variance, EYE, BASE)
    # The thing has gone: the camera sees the ground behind its place.
    points, variance = patch((1.9, 2.2), 0.0, 0.004, random)
    elevation.step(0.1, points, variance, EYE, BASE)
    heights = elevation.heights()
    # Rays to both sides of the new ground spread no further than this.
    gone = part(heights.height, heights.origin, (1.16, 1.24))[:, 4:-4]
    assert np.isnan(gone).all()
    bound = part(heights.upper, heights.origin, (1.6, 1.64))
    # The lowest ray there leads to the nearest point, 1.9 m away; it counts as high as
    # where it came into the cell.
    assert np.median(bound) == pytest.approx(1.2 * (1 - 1.6 / 1.9), abs=0.05)
    assert np.isinf(part(heights.upper, heights.origin, (2.6, 2.7))).all()


def test_beams_clear_who_has_left_and_leave_a_table() -> None:
    y, z = np.meshgrid(np.arange(-0.2, 0.2, 0.02), np.arange(0.0, 1.4, 0.02))
    somebody = np.column_stack([np.full(y.size, 2.0), y.ravel(), z.ravel()])
    table = np.array([(3.0, y, 0.7) for y in np.arange(-0.4, 0.4, 0.02)])
    eye, base = np.array([0.0, 0.0, 1.7]), np.array([0.0, 0.0, 0.9])
    elevation = Elevation(ElevationConfig(neighbours=0))
    for stamp in range(3):
        points = np.vstack([somebody, table])
        variance = np.full(len(points), 1e-6)
        elevation.step(float(stamp), points, variance, np.zeros(3), base)

    def known() -> list[bool]:
        found = elevation.heights()
        there = np.isfinite(found.height)
        x = found.origin[0] + found.resolution * np.arange(len(there))
        return [bool(there[np.abs(x - at) < 0.03].any()) for at in (2.0, 3.0)]

    assert known() == [True, True]
    elevation.see_through(np.empty((0, 3)), eye)
    assert known() == [True, True]
    # Beams that end on somebody say nothing; on the table's top behind, they do.
    elevation.see_through(np.repeat(somebody[-20:], 2, axis=0), eye)
    assert known() == [True, True]
    elevation.see_through(np.repeat(table, 2, axis=0), eye)
    assert known() == [False, True]


def test_what_hangs_above_the_ground_is_no_ground() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig(highest=0.5))
    points, variance = patch((1.0, 1.5), 1.6, 0.004, random)
    elevation.step(0.0, points, variance, EYE, BASE)
    assert np.isnan(elevation.heights().height).all()


def test_where_the_robot_is_nothing_else_can_be() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig())
    points, variance = patch((0.7, 1.5), 0.8, 0.001, random)
    elevation.step(0.0, points, variance, np.array([0.0, 0.0, 2.0]), BASE)
    before = elevation.heights()
    assert np.isfinite(part(before.height, before.origin, (1.0, 1.2))).all()
    # It walks into what it took for an obstacle, such as its own hand.
    elevation.stand(np.array([1.1, 0.0, 0.9]), sole=0.0)
    after = elevation.heights()
    i = np.round((np.array([1.1, 0.0]) - after.origin) / after.resolution).astype(int)
    assert np.isnan(after.height[i[0] - 4 : i[0] + 5, i[1] - 4 : i[1] + 5]).all()
    away = part(after.height, after.origin, (1.4, 1.46))
    assert away == pytest.approx(0.8, abs=5e-3)
    # A stair that it stands before may be there.
    elevation.stand(np.array([1.4, 0.0, 0.9]), sole=0.6)
    later = elevation.heights()
    assert np.array_equal(part(later.height, later.origin, (1.4, 1.46)), away)
    elevation.stand(np.array([50.0, 0.0, 0.9]), sole=0.0)  # off the map


def test_a_clock_that_goes_back_empties_the_map() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig())
    points, variance = patch((1.0, 1.5), 0.1, 0.004, random)
    elevation.step(50.0, points, variance, EYE, BASE)
    elevation.step(0.0, np.empty((0, 3)), np.empty(0), EYE, BASE)
    assert np.isnan(elevation.heights().height).all()


def test_planners_get_the_same_heights() -> None:
    random = np.random.default_rng(1)
    elevation = Elevation(ElevationConfig())
    points, variance = patch((1.0, 1.5), 0.1, 0.004, random)
    elevation.step(2.0, points, variance, EYE, BASE)
    heights = elevation.heights()
    ground = heights.ground()
    assert ground.stamp == 2.0
    assert np.array_equal(ground.height, heights.height, equal_nan=True)
