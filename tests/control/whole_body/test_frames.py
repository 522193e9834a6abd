# SPDX-License-Identifier: Apache-2.0
"""Kinematics and Jacobians of the whole-body controller by finite differences."""

from collections.abc import Callable

import numpy as np
import pinocchio
import pytest

from renxing.control.whole_body import WholeBodyConfig
from renxing.control.whole_body.frames import Frames
from renxing.control.whole_body.reduced_body import ReducedBody
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState
from renxing.spatial import SE3, Array

STEP = 1e-5  # [s]
CENTRE = (0.03, -0.01)  # [m]


@pytest.fixture
def body(robot: Robot) -> ReducedBody:
    return ReducedBody(WholeBodyConfig(), robot)


@pytest.fixture
def frames(robot: Robot, body: ReducedBody) -> Frames:
    description = robot.description
    names = [description.feet[0].sole, description.torso, description.hands[1].gripper]
    return Frames(body, names, [CENTRE])


def moved(body: ReducedBody, state: BodyState, rate: Array, time: float) -> BodyState:
    """Return the state after moving at a constant rate (nv,)."""
    pose = state.base.transform_base_to_odom
    position, velocity = state.position.copy(), state.velocity.copy()
    position[body.free] += time * rate[6:]
    velocity[body.free] = rate[6:]
    return BodyState(
        stamp=time,
        base=BaseState(
            stamp=time,
            transform_base_to_odom=pose * pinocchio.exp6(time * rate[:6]),
            linear_velocity=rate[:3],
            angular_velocity=rate[3:6],
        ),
        position=position,
        velocity=velocity,
        sole_wrench=state.sole_wrench,
        contact=state.contact,
    )


def at(body: ReducedBody, frames: Frames, state: BodyState) -> list[Array]:
    body.update(state)
    frames.update()
    return [np.array(part) for part in frames.terms[:5]]


@pytest.mark.parametrize("seed", range(3))
def test_jacobian_velocity_and_drift(
    body: ReducedBody,
    frames: Frames,
    state_of: Callable[..., BodyState],
    seed: int,
) -> None:
    state = state_of(seed)
    rate = np.random.default_rng(seed).uniform(-1.0, 1.0, body.model.nv)
    now = moved(body, state, rate, 0.0)
    before = at(body, frames, moved(body, state, rate, -STEP))
    after = at(body, frames, moved(body, state, rate, STEP))
    rotation, _position, velocity, jacobian, drift = at(body, frames, now)
    for f in range(3):
        linear = (after[1][f] - before[1][f]) / (2 * STEP)
        turn = after[0][f] @ before[0][f].T
        angular = pinocchio.log3(turn) / (2 * STEP)
        assert np.allclose(velocity[f], [*linear, *angular], atol=1e-6)
        own = np.kron(np.eye(2), rotation[f].T)
        assert np.allclose(jacobian[f] @ rate, own @ velocity[f], atol=1e-9)
        # At a constant rate, all acceleration is drift.
        acceleration = (after[2][f] - before[2][f]) / (2 * STEP)
        assert np.allclose(drift[f], own @ acceleration, atol=1e-5)


def test_frames_of_the_robot(
    robot: Robot, frames: Frames, body: ReducedBody, state_of: Callable[..., BodyState]
) -> None:
    """The reduced body's frames are where the full model's are, moved to the centre."""
    state = state_of(7)
    rotation, position, *_ = at(body, frames, state)
    data = robot.model.createData()
    q = robot.configuration(state.position, state.base.transform_base_to_odom)
    pinocchio.framesForwardKinematics(robot.model, data, q)
    description = robot.description
    sole = data.oMf[robot.frame(description.feet[0].sole)]
    centre = sole * SE3(np.eye(3), np.array([*CENTRE, 0.0]))
    assert np.allclose(position[0], centre.translation)
    assert np.allclose(rotation[0], sole.rotation)
    gripper = data.oMf[robot.frame(description.hands[1].gripper)]
    assert np.allclose(position[2], gripper.translation)


@pytest.mark.parametrize("seed", range(3))
def test_centre_of_mass_and_momentum(
    robot: Robot, body: ReducedBody, state_of: Callable[..., BodyState], seed: int
) -> None:
    state = state_of(seed)
    body.update(state)
    model, data = robot.model, robot.model.createData()
    q = robot.configuration(state.position, state.base.transform_base_to_odom)
    v = np.zeros(model.nv)
    v[:3], v[3:6] = state.base.linear_velocity, state.base.angular_velocity
    v[robot.v_index] = state.velocity
    pinocchio.ccrba(model, data, q, v)
    pinocchio.centerOfMass(model, data, q, v)
    dynamics = body.dynamics
    assert np.allclose(dynamics.com, data.com[0])
    assert np.allclose(dynamics.com_velocity, data.vcom[0])
    assert np.allclose(dynamics.momentum, data.hg.angular)
    assert dynamics.mass[0] == pytest.approx(robot.mass)
