# SPDX-License-Identifier: Apache-2.0
"""Closed forms of the capture point against the integrated law."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.control.gait.conftest import LIMITS, OMEGA, STEP_TIME, SUPPORT

from renxing.control.gait.capture_point import (
    PREVIEW,
    catch,
    footholds,
    touchdown_offset,
)
from renxing.control.gait.ground import ANYWHERE
from renxing.spatial import Array

VELOCITIES = ([0.0, 0.0, 0.0], [0.6, 0.0, 0.0], [-0.3, 0.2, 0.0], [0.4, -0.1, 0.8])
SINGLE = STEP_TIME - SUPPORT
SOLE = np.array([0.09, 0.035])
BOX = np.array([-0.4, 0.5, 0.16, 0.45])
SWING_SPEED = 6.0

place = st.floats(-0.3, 0.3)
points = st.tuples(place, place).map(np.array)
velocities = st.tuples(
    st.floats(-0.8, 1.2), st.floats(-0.4, 0.4), st.floats(-1.0, 1.0)
).map(np.array)


def feet_for(velocity: object, yaw: float = 0.0, side: float = 1.0) -> Array:
    return footholds(np.array([0.1, -0.2]), yaw, side, np.array(velocity), LIMITS)


# --- footholds -----------------------------------------------------------------------


def test_in_place_feet_alternate_at_the_width() -> None:
    feet = feet_for([0.0, 0.0, 0.0])
    assert feet.shape == (PREVIEW + 2, 3)
    np.testing.assert_allclose(feet[:, 0], 0.1)
    np.testing.assert_allclose(np.diff(feet[:, 1]), [0.22, -0.22, 0.22, -0.22, 0.22])


@pytest.mark.parametrize("yaw", [0.0, 2.0])
def test_two_steps_make_the_velocity(yaw: float) -> None:
    """In the heading's frame, whatever the width does in between."""
    c, s = np.cos(yaw), np.sin(yaw)
    for velocity in ([0.6, 0.0, 0.0], [-0.3, 0.2, 0.0], [0.0, -0.25, 0.0]):
        way = feet_for(velocity, yaw)[2::2, :2] - feet_for(velocity, yaw)[:-2:2, :2]
        wanted = 2.0 * STEP_TIME * np.array(velocity[:2])
        np.testing.assert_allclose(way @ [[c, -s], [s, c]], [wanted] * 2, atol=1e-12)


@settings(deadline=None)
@given(velocity=velocities, yaw=st.floats(-3.0, 3.0), side=st.sampled_from([-1.0, 1.0]))
def test_legs_never_cross_and_headings_turn(
    velocity: Array, yaw: float, side: float
) -> None:
    feet = feet_for(velocity, yaw, side)
    np.testing.assert_allclose(np.diff(feet[:, 2]), velocity[2] * STEP_TIME, atol=1e-12)
    for foot, after in zip(feet, feet[1:], strict=False):
        middle = 0.5 * (foot[2] + after[2])
        to_left = np.array([-np.sin(middle), np.cos(middle)])
        assert side * (after[:2] - foot[:2]) @ to_left >= LIMITS[2] - 1e-12
        side = -side


def test_turning_in_place_is_a_circle_of_feet() -> None:
    feet = feet_for([0.0, 0.0, 0.9])
    # A chord of the width between two headings leaves the centre where it is.
    radius = 0.5 * LIMITS[1] / np.cos(0.5 * 0.9 * STEP_TIME)
    sides = np.array([-1.0, 1.0] * 3)
    to_left = np.column_stack((-np.sin(feet[:, 2]), np.cos(feet[:, 2])))
    centres = feet[:, :2] - radius * sides[:, None] * to_left
    np.testing.assert_allclose(centres, [centres[0]] * len(feet), atol=1e-12)


# --- touchdown_offset ----------------------------------------------------------------


@pytest.mark.parametrize("velocity", VELOCITIES)
def test_capture_point_arrives_at_every_offset(
    stride: Callable[..., Array], velocity: list[float]
) -> None:
    feet = feet_for(velocity)
    offset, _ = touchdown_offset(feet, OMEGA, STEP_TIME, SUPPORT)
    capture = feet[1, :2] + offset
    for k in range(1, PREVIEW + 1):
        capture = stride(capture, feet[k - 1, :2], feet[k, :2])
        if k < PREVIEW:
            # The plan seen from the next foot is the same plan.
            later, _ = touchdown_offset(feet[k:], OMEGA, STEP_TIME, SUPPORT)
            np.testing.assert_allclose(capture, feet[k + 1, :2] + later, atol=1e-7)
    # The preview ends above the last foot, where the robot could stand.
    np.testing.assert_allclose(capture, feet[-1, :2], atol=1e-6)


def test_ratio_says_how_far_the_capture_point_goes_with_the_foot() -> None:
    feet = feet_for([0.5, 0.0, 0.2])
    offset, ratio = touchdown_offset(feet, OMEGA, STEP_TIME, SUPPORT)
    shift = np.array([0.07, -0.03])
    moved = feet.copy()
    moved[1:, :2] += shift
    shifted, _ = touchdown_offset(moved, OMEGA, STEP_TIME, SUPPORT)
    np.testing.assert_allclose(shift + shifted - offset, ratio * shift, atol=1e-12)
    assert 0.0 < ratio < 1.0


# --- catch ---------------------------------------------------------------------------


def caught(
    now: Array,
    velocity: object = (0.5, 0.0, 0.0),
    elapsed: float = 0.0,
    yaw: float = 0.0,
    side: float = 1.0,
    swing: Array | None = None,
    stretches: Array = ANYWHERE,
) -> tuple[Array, float, Array, Array]:
    """Return foothold and duration that are chosen, the plan's feet and offset."""
    feet = feet_for(velocity, yaw, side)
    offset, ratio = touchdown_offset(feet, OMEGA, STEP_TIME, SUPPORT)
    times = np.append(np.arange(0.2, 0.8, 0.02), SINGLE)
    foot, wanted = feet[0, :2], feet[1, :2]
    swing = wanted if swing is None else swing
    found, time = catch(
        *(now, elapsed, foot, yaw, side, swing, wanted, offset, ratio, OMEGA),
        *(times[times > elapsed], SINGLE, SINGLE, 0.5, SOLE, BOX, SWING_SPEED),
        stretches,
    )
    assert time in times
    return found, time, feet, offset


def planned(velocity: object = (0.5, 0.0, 0.0), elapsed: float = 0.0) -> Array:
    """Return the capture point on its plan during single support."""
    feet = feet_for(velocity)
    offset, _ = touchdown_offset(feet, OMEGA, STEP_TIME, SUPPORT)
    shrunk = np.exp(-OMEGA * (SINGLE - elapsed))
    return feet[0, :2] + (feet[1, :2] + offset - feet[0, :2]) * shrunk


@pytest.mark.parametrize("velocity", VELOCITIES)
@pytest.mark.parametrize("elapsed", [0.0, 0.2])
def test_undisturbed_keeps_place_and_time(
    velocity: list[float], elapsed: float
) -> None:
    now = planned(velocity, elapsed)
    found, time, feet, _ = caught(now, velocity, elapsed)
    np.testing.assert_allclose(found, feet[1, :2], atol=1e-9)
    assert time == SINGLE


@pytest.mark.parametrize("push", [[0.03, 0.0], [-0.05, 0.0], [0.0, 0.05], [0.02, 0.03]])
def test_disturbed_step_regains_balance(
    drift: Callable[..., Array], stride: Callable[..., Array], push: list[float]
) -> None:
    """The chosen step, walked on with a pressure inside the sole, ends on the plan."""
    start = planned() + push
    found, time, feet, offset = caught(start)
    foot = feet[0, :2]
    moved = feet.copy()
    moved[1:, :2] += found - feet[1, :2]
    shifted, _ = touchdown_offset(moved, OMEGA, STEP_TIME, SUPPORT)
    goal = found + shifted
    # The law is affine in the pressure: two integrations find the one that it takes.
    at_foot = drift(start, lambda t: foot, time)
    slope = drift(start, lambda t: foot + 1.0, time) - at_foot
    needed = (goal - at_foot) / slope
    assert (np.abs(needed) <= SOLE + 1e-6).all()
    capture = drift(start, lambda t: foot + needed, time)
    for k in range(1, PREVIEW + 1):
        capture = stride(capture, moved[k - 1, :2], moved[k, :2])
    np.testing.assert_allclose(capture, moved[-1, :2], atol=1e-5)
    # Without the change the capture point would have been lost by then.
    lost = drift(start, lambda t: foot, SINGLE)
    for k in range(1, PREVIEW + 1):
        lost = stride(lost, feet[k - 1, :2], feet[k, :2])
    assert np.abs(lost - feet[-1, :2]).max() > 1.0


def test_strong_push_to_the_side_takes_a_wider_step() -> None:
    found, _, feet, _ = caught(planned() + [0.0, 0.06])
    assert found[1] - feet[1, 1] > 0.03


@settings(deadline=None)
@given(now=points, velocity=velocities, swing=points, elapsed=st.floats(0.0, 0.5))
def test_footholds_stay_in_the_box(
    now: Array, velocity: Array, swing: Array, elapsed: float
) -> None:
    found, _, feet, _ = caught(now, velocity, elapsed, 0.7, -1.0, swing)
    c, s = np.cos(0.7), np.sin(0.7)
    ahead, to_left = np.array([[c, s], [-s, c]]) @ (found - feet[0, :2])
    assert BOX[0] - 1e-9 <= ahead <= BOX[1] + 1e-9
    assert BOX[2] - 1e-9 <= -to_left <= BOX[3] + 1e-9


@settings(deadline=None)
@given(now=points, velocity=velocities, swing=points, yaw=st.floats(-3.0, 3.0))
def test_left_and_right_are_mirror_images(
    now: Array, velocity: Array, swing: Array, yaw: float
) -> None:
    origin = np.zeros(2)
    results = []
    for sign in (1.0, -1.0):
        flip = np.array([1.0, sign])
        feet = footholds(origin, sign * yaw, sign, velocity * [1.0, sign, sign], LIMITS)
        offset, ratio = touchdown_offset(feet, OMEGA, STEP_TIME, SUPPORT)
        found, time = catch(
            *(now * flip, 0.1, origin, sign * yaw, sign, swing * flip),
            *(feet[1, :2], offset, ratio, OMEGA, np.arange(0.2, 0.8, 0.03)),
            *(SINGLE, SINGLE, 0.5, SOLE, BOX, SWING_SPEED, ANYWHERE),
        )
        results.append((feet[:, :2] * flip, found * flip, time))
    (feet, found, time), (mirrored_feet, mirrored, mirrored_time) = results
    np.testing.assert_allclose(feet, mirrored_feet, atol=1e-12)
    np.testing.assert_allclose(found, mirrored, atol=1e-9)
    assert time == mirrored_time


@settings(deadline=None)
@given(
    push=points,
    first=st.floats(-0.3, 0.0),
    gap=st.floats(0.05, 0.3),
    length=st.floats(0.0, 0.15),
)
def test_foot_goes_where_it_can_stand(
    push: Array, first: float, gap: float, length: float
) -> None:
    """Whatever pushes, the foothold is on one of two treads."""
    second = first + length + gap
    treads = np.array([[first, first + length], [second, second + length]])
    now = planned() + push
    found, _, feet, _ = caught(now, stretches=treads)
    ahead = found[0] - feet[0, 0]
    assert ((treads[:, 0] - 1e-9 <= ahead) & (ahead <= treads[:, 1] + 1e-9)).any()


def test_a_tread_too_near_is_stepped_on_earlier() -> None:
    """The capture point has not run so far by then: time makes up for the place."""
    now = planned() + [0.1, 0.0]
    free, usual, feet, _ = caught(now)
    tread = free[0] - feet[0, 0] - np.array([[0.12, 0.1]])
    held, sooner, _, _ = caught(now, stretches=tread)
    assert held[0] == pytest.approx(free[0] - 0.1)
    assert sooner < usual - 0.05
