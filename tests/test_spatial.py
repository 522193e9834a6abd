# SPDX-License-Identifier: Apache-2.0
"""Rotations and poses: group axioms, round trips, and what is refused."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from renxing.errors import ConfigError
from renxing.spatial import (
    SE3,
    quat_xyzw_from_rotation,
    rotation_from_quat_xyzw,
    rotation_from_rpy,
    rpy_from_rotation,
    transform,
    transform_from_quat_xyzw,
    wxyz_from_xyzw,
    xyzw_from_wxyz,
)

number = st.floats(-10.0, 10.0)
vectors = arrays(float, 3, elements=number)
angles = arrays(float, 3, elements=st.floats(-np.pi, np.pi))


@st.composite
def quaternions(draw):
    """Any unit quaternion, also with a negative w."""
    quat = draw(arrays(float, 4, elements=st.floats(-1.0, 1.0)))
    norm = np.linalg.norm(quat)
    assume(norm > 0.1)
    return quat / norm


poses = st.builds(transform_from_quat_xyzw, vectors, quaternions())


def close(first: SE3, second: SE3) -> bool:
    return np.allclose(first.homogeneous, second.homogeneous, atol=1e-9)


@given(quaternions())
def test_rotation_is_a_rotation(quat) -> None:
    rotation = rotation_from_quat_xyzw(quat)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(quaternions(), vectors)
def test_quaternion_turns_a_vector_as_hamilton_says(quat, vector) -> None:
    """v + 2 w (u x v) + 2 u x (u x v), with u, w the parts of the quaternion."""
    u, w = quat[:3], quat[3]
    wanted = vector + 2 * w * np.cross(u, vector) + 2 * np.cross(u, np.cross(u, vector))
    assert np.allclose(rotation_from_quat_xyzw(quat) @ vector, wanted, atol=1e-9)


@given(quaternions())
def test_quaternion_round_trip(quat) -> None:
    back = quat_xyzw_from_rotation(rotation_from_quat_xyzw(quat))
    assert back[3] >= 0.0
    assert np.linalg.norm(back) == pytest.approx(1.0)
    assert abs(back @ quat) == pytest.approx(1.0), "the same or its negative"


@given(angles)
def test_rpy_round_trip(rpy) -> None:
    rotation = rotation_from_rpy(rpy)
    assert np.allclose(
        rotation_from_rpy(rpy_from_rotation(rotation)), rotation, atol=1e-7
    )


def test_rpy_is_about_fixed_axes() -> None:
    """URDF: first roll about x, then pitch about y, then yaw about z."""
    quarter = np.pi / 2
    assert np.allclose(rotation_from_rpy([quarter, 0, 0]) @ [0, 1, 0], [0, 0, 1])
    assert np.allclose(rotation_from_rpy([0, quarter, 0]) @ [0, 0, 1], [1, 0, 0])
    assert np.allclose(rotation_from_rpy([0, 0, quarter]) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(rotation_from_rpy([quarter, 0, quarter]) @ [0, 1, 0], [0, 0, 1])


@given(poses, poses, poses)
def test_group_axioms(a: SE3, b: SE3, c: SE3) -> None:
    identity = SE3.Identity()
    assert close((a * b) * c, a * (b * c))
    assert close(a * identity, a)
    assert close(identity * a, a)
    assert close(a * a.inverse(), identity)
    assert close(a.inverse() * a, identity)


@given(poses, poses, vectors)
def test_names_cancel(b_to_c: SE3, a_to_b: SE3, point) -> None:
    """transform_a_to_c = transform_b_to_c * transform_a_to_b maps points alike."""
    assert np.allclose((b_to_c * a_to_b).act(point), b_to_c.act(a_to_b.act(point)))


@given(vectors, angles)
def test_transform_is_that_of_an_origin(position, rpy) -> None:
    pose = transform(position, rpy)
    assert np.array_equal(pose.translation, position)
    assert np.array_equal(pose.rotation, rotation_from_rpy(rpy))
    assert close(transform(), SE3.Identity())


@given(arrays(float, 4, elements=number))
def test_orders_are_inverse(quat) -> None:
    assert np.array_equal(xyzw_from_wxyz(wxyz_from_xyzw(quat)), quat)
    assert wxyz_from_xyzw(quat)[0] == quat[3]


@pytest.mark.parametrize(
    ("quat", "words"),
    [
        ([0.0, 0.0, 0.0, 0.0], "length 0.0000, not 1"),
        ([0.0, 0.0, 0.0, 1.1], "length 1.1000, not 1"),
        ([0.0, 0.0, 0.0, 0.998], "length 0.9980, not 1"),
        ([np.nan, 0.0, 0.0, 1.0], "four finite numbers"),
        ([np.inf, 0.0, 0.0, 1.0], "four finite numbers"),
        ([0.0, 0.0, 1.0], "four finite numbers"),
    ],
)
def test_refuses_what_is_no_rotation(quat, words) -> None:
    with pytest.raises(ConfigError, match=words):
        rotation_from_quat_xyzw(quat)
    with pytest.raises(ConfigError, match=words):
        transform_from_quat_xyzw([0.0, 0.0, 0.0], quat)


def test_rounding_is_forgiven() -> None:
    """A message of 32-bit floats is not exactly of unit length."""
    rotation = rotation_from_quat_xyzw([0.0, 0.0, 0.7075, 0.7075])
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("position", [[np.nan, 0, 0], [0, 0], [0, 0, -np.inf]])
def test_refuses_what_is_no_position(position) -> None:
    with pytest.raises(ConfigError, match="three finite numbers"):
        transform_from_quat_xyzw(position, [0, 0, 0, 1])
