# SPDX-License-Identifier: Apache-2.0
"""Where soles fit on known ground."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renxing.control.gait.terrain import (
    flat_stretches,
    height_at,
    highest,
    patch,
    stand_place,
)
from renxing.spatial import Array

RESOLUTION = 0.01
ORIGIN = np.array([-0.5, -0.5])
CELLS = 201
SOLE = np.array([0.1, 0.05])
TREAD, RISE = 0.3, 0.15
REACH = 0.14


def grid() -> tuple[Array, Array]:
    """Return x and y of the cells."""
    axis = ORIGIN[0] + RESOLUTION * np.arange(CELLS)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    return x, y


def stairs() -> Array:
    return RISE * np.floor(grid()[0] / TREAD + 1e-9)


def test_height_is_that_of_the_nearest_cell() -> None:
    x, y = grid()
    heights = x + 10.0 * y
    assert height_at(heights, ORIGIN, RESOLUTION, 0.204, -0.096) == pytest.approx(-0.8)
    outside = [(-0.51, 0.0), (0.0, -0.51), (1.51, 0.0), (0.0, 1.51)]
    assert all(np.isnan(height_at(heights, ORIGIN, RESOLUTION, *p)) for p in outside)


@pytest.mark.parametrize("yaw", [0.0, np.pi / 2, np.pi])
def test_fit_is_exact_on_planes(yaw: float) -> None:
    """Where the samples lie on cells; the slopes are the foot's, not the map's."""
    x, y = grid()
    heights = 0.3 + 0.2 * x - 0.1 * y
    place = np.array([0.4, 0.6])
    height, ahead, across, rough = patch(heights, ORIGIN, RESOLUTION, place, yaw, SOLE)
    assert height == pytest.approx(0.3 + 0.2 * 0.4 - 0.1 * 0.6)
    c, s = np.cos(yaw), np.sin(yaw)
    assert ahead == pytest.approx(0.2 * c - 0.1 * s)
    assert across == pytest.approx(-0.2 * s - 0.1 * c)
    assert rough == pytest.approx(0.0, abs=1e-12)


@settings(deadline=None)
@given(
    x=st.floats(0.0, 1.0),
    y=st.floats(0.0, 1.0),
    yaw=st.floats(-3.2, 3.2),
    slope=st.floats(-0.4, 0.4),
)
def test_fit_is_within_a_cell_anywhere(
    x: float, y: float, yaw: float, slope: float
) -> None:
    heights = slope * grid()[0]
    height, ahead, _, rough = patch(
        heights, ORIGIN, RESOLUTION, np.array([x, y]), yaw, SOLE
    )
    # A sample is at most half a cell from its place.
    off = 0.5 * RESOLUTION * abs(slope) + 1e-9
    assert abs(height - slope * x) <= off
    assert rough <= 4.0 * off
    assert abs(ahead - slope * np.cos(yaw)) <= 2.0 * off / SOLE[0]


def test_a_stone_under_the_sole_is_rough() -> None:
    x, y = grid()
    heights = np.where(np.hypot(x - 0.4, y - 0.6) < 0.02, 0.05, 0.0)
    assert patch(heights, ORIGIN, RESOLUTION, np.array([0.4, 0.6]), 0.0, SOLE)[3] > 0.03
    assert patch(heights, ORIGIN, RESOLUTION, np.array([0.0, 0.6]), 0.0, SOLE)[3] == 0.0


@settings(deadline=None)
@given(x=st.floats(0.0, 1.0))
def test_whole_sole_stands_on_one_tread(x: float) -> None:
    heights, wanted = stairs(), np.array([x, 0.3])
    place = stand_place(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE, REACH)
    # Between the outer samples there is no riser.
    ends = [
        height_at(heights, ORIGIN, RESOLUTION, place[0] + a, place[1])
        for a in np.linspace(-SOLE[0], SOLE[0], 41)
    ]
    assert len(set(ends)) == 1
    assert abs(place[0] - x) <= REACH + 1e-9 and place[1] == 0.3


def test_a_good_place_is_kept_and_the_nearest_one_taken() -> None:
    heights = stairs()
    good, edge = np.array([0.45, 0.3]), np.array([0.52, 0.3])
    kept = stand_place(heights, ORIGIN, RESOLUTION, good, 0.0, SOLE, REACH)
    np.testing.assert_array_equal(kept, good)
    back = stand_place(heights, ORIGIN, RESOLUTION, edge, 0.0, SOLE, REACH)
    np.testing.assert_allclose(back, [0.48, 0.3])
    # Backwards on the stairs it is the same place.
    turned = stand_place(heights, ORIGIN, RESOLUTION, edge, np.pi, SOLE, REACH)
    np.testing.assert_allclose(turned, back)


def test_least_rough_place_where_none_is_good() -> None:
    """Treads shorter than the sole."""
    heights = RISE * np.floor(grid()[0] / 0.12 + 1e-9)
    wanted = np.array([0.42, 0.3])
    place = stand_place(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE, REACH)
    found, before = (
        patch(heights, ORIGIN, RESOLUTION, p, 0.0, SOLE)[3] for p in (place, wanted)
    )
    assert 0.0 < found <= before


def test_unknown_ground_is_neither_rough_nor_good() -> None:
    heights = np.full((CELLS, CELLS), np.nan)
    wanted = np.array([0.4, 0.3])
    assert np.isnan(patch(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE)[3])
    place = stand_place(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE, REACH)
    np.testing.assert_array_equal(place, wanted)
    for end in (wanted, wanted + 0.2):
        top = highest(heights, ORIGIN, RESOLUTION, wanted, end, SOLE[0])
        assert top == -np.inf
    # One unknown cell under the sole is enough.
    heights[:] = 0.0
    heights[90, 80] = np.nan
    assert np.isnan(patch(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE)[3])
    elsewhere = stand_place(heights, ORIGIN, RESOLUTION, wanted, 0.0, SOLE, REACH)
    assert abs(elsewhere[0] - 0.4) == pytest.approx(0.02)


def test_highest_sees_what_the_sole_passes_over() -> None:
    heights = np.zeros((CELLS, CELLS))
    start, end = np.array([0.0, 0.3]), np.array([0.4, 0.3])
    heights[70, 80] = 0.2  # x 0.2, y 0.3
    assert highest(heights, ORIGIN, RESOLUTION, start, end, SOLE[0]) == 0.2
    heights[:] = 0.0
    heights[99, 80] = 0.1  # x 0.49, under the toe at the end
    assert highest(heights, ORIGIN, RESOLUTION, start, end, SOLE[0]) == 0.1
    heights[:] = 0.0
    heights[105, 80] = 0.1  # beyond it
    assert highest(heights, ORIGIN, RESOLUTION, start, end, SOLE[0]) == 0.0
    heights[55, 80] = np.nan  # a hole in the map hides nothing else
    heights[65, 80] = 0.05
    assert highest(heights, ORIGIN, RESOLUTION, start, end, SOLE[0]) == 0.05


def test_stretches_are_the_treads() -> None:
    """Whole soles fit on treads; each stretch is shorter than its tread by a sole."""
    start, ahead, span = np.array([0.15, 0.5]), np.array([1.0, 0.0]), [0.0, 1.0]
    found = flat_stretches(
        stairs(), ORIGIN, RESOLUTION, start, ahead, 0.0, SOLE, np.array(span)
    )
    middles = found.mean(axis=1) + start[0]
    # The first one begins at the start, the middle of a tread.
    np.testing.assert_allclose(middles[1:3], [0.45, 0.75], atol=0.02)
    lengths = found[1:3, 1] - found[1:3, 0]
    assert (lengths < TREAD - 2.0 * SOLE[0] + 0.02).all() and (lengths > 0.05).all()


def test_level_and_unknown_ground_is_one_stretch() -> None:
    start, ahead, span = np.zeros(2), np.array([0.0, 1.0]), np.array([-0.3, 0.41])
    for heights in (np.zeros((CELLS, CELLS)), np.full((CELLS, CELLS), np.nan)):
        found = flat_stretches(
            heights, ORIGIN, RESOLUTION, start, ahead, np.pi / 2, SOLE, span
        )
        np.testing.assert_allclose(found, [span])
