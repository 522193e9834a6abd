# SPDX-License-Identifier: Apache-2.0
"""The estimator on the twin, scored against the truth that it never sees."""

from dataclasses import replace

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher
from tests.estimation.conftest import Samples, Watch, biased, rms

from renxing.control.locomotion import Locomotion, LocomotionConfig
from renxing.errors import ConfigError, ModelError, StaleError
from renxing.estimation import (
    contact,
    estimate,
    footing,
    legs,
    measurement,
    odometry,
    propagation,
    samples,
    sole_wrench,
)
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.state_estimator import StateEstimator
from renxing.robot import Robot
from renxing.signals import BodyState
from renxing.sim.pushes import Push

ZERO = np.zeros(3)


def push(body: str, force: tuple[float, float, float], duration: float) -> Push:
    return Push(
        body=body, force=np.array(force), torque=ZERO, point=ZERO, duration=duration
    )


def test_starts_on_the_ground_between_the_feet(watch: Watch) -> None:
    rows = watch.run(0.02)
    # One sample of the fused attitude gives the tilt: at hip height 1 cm for 0.01 rad.
    assert np.abs(rows[0].position).max() < 0.012
    assert rows[0].tilt < 0.012


def test_squat_is_followed(watch: Watch) -> None:
    watch.run(0.5)
    watch.hold.move_to("squat", watch.twin.time, 1.5)
    rows = watch.run(2.0)
    fallen = rows[0].state.base.transform_base_to_odom.translation[2]
    fallen -= rows[-1].state.base.transform_base_to_odom.translation[2]
    assert fallen > 0.05
    assert np.abs(rows[-1].position).max() < 0.006
    assert rms(rows) < 0.008
    assert all(row.state.contact.all() for row in rows)


def test_push_is_felt(rx1: Robot) -> None:
    watch = Watch(rx1)
    watch.run(0.5)
    watch.twin.apply_wrenches([push("torso_link", (80.0, 30.0, 0.0), 0.1)])
    rows = watch.run(1.0)
    speeds = [np.linalg.norm(row.state.base.linear_velocity) for row in rows]
    assert max(speeds) > 0.05
    assert rms(rows) < 0.015
    assert np.abs(rows[-1].position).max() < 0.01


def test_wrenches_carry_the_weight_with_and_without_cells(watch: Watch) -> None:
    weight = watch.twin.robot.mass * 9.81
    watch.run(0.4)
    for row in watch.run(0.2)[::20]:
        upward = row.state.sole_wrench[:, 2]
        assert upward.sum() == pytest.approx(weight, rel=0.08)
        assert np.abs(upward - row.forces).max() < 0.12 * weight


@pytest.mark.parametrize("cells", [True, False])
def test_lifted_and_set_down(rx1: Robot, cells: bool) -> None:
    watch = Watch(rx1)
    if not cells:
        watch.spoil = lambda time, samples: (samples[0], samples[1], ())
    watch.run(0.5)
    weight = rx1.mass * 9.81
    up = watch.twin.base_state().transform_base_to_odom.rotation.T @ [0, 0, 1.15]
    watch.twin.apply_wrenches([push("base_link", tuple(weight * up), 0.3)])
    rows = watch.run(1.0)
    air = [row for row in rows if row.forces.max() == 0.0]
    assert len(air) > 50
    late = air[30:]
    told = np.mean([row.state.contact.any() for row in late])
    assert told < 0.1
    assert all(np.isfinite(row.state.base.linear_velocity).all() for row in rows)
    assert rms(rows) < 0.03


def test_bias_of_the_sensor_is_learnt_while_standing(rx1: Robot) -> None:
    watch = Watch(rx1, StateEstimatorConfig(use_attitude=False))
    gyro = np.array([0.01, -0.008, 0.012])
    watch.spoil = biased(gyro, ZERO)
    watch.run(10.0)
    assert np.abs(watch.estimator.gyro_bias - gyro).max() < 1e-3
    assert np.abs(watch.run(0.1)[-1].position).max() < 0.01


def test_vertical_bias_of_the_accelerometer_is_learnt(rx1: Robot) -> None:
    watch = Watch(rx1)
    watch.spoil = biased(ZERO, np.array([0.0, 0.0, 0.08]))
    watch.run(4.0)
    assert watch.estimator.accel_bias[2] == pytest.approx(0.08, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("attitude", [True, False])
def test_stands_for_a_minute_without_drift(rx1: Robot, attitude: bool) -> None:
    watch = Watch(rx1, StateEstimatorConfig(use_attitude=attitude), steps=4)
    rows = watch.run(60.0)
    assert np.abs(rows[-1].position).max() < 0.005
    assert rms(rows) < 0.003
    assert rows[-1].tilt < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("cells", [True, False])
def test_walks_on_its_own_estimate(rx1: Robot, cells: bool) -> None:
    watch = Watch(rx1)
    if not cells:
        watch.spoil = lambda time, samples: (samples[0], samples[1], ())
    gait = Locomotion(LocomotionConfig(), rx1, 0.002)
    gait.reset(watch.run(1.0)[-1].state)
    gait.command_velocity(0.5, 0.0, 0.1)
    watch.command = lambda state: gait.step(state)
    rows = watch.run(8.0)
    assert watch.twin.base_state().transform_base_to_odom.rotation[2, 2] > 0.95
    way = np.linalg.norm(watch.twin.base_state().transform_base_to_odom.translation[:2])
    assert way > 2.0
    assert np.linalg.norm(rows[-1].position[:2]) < 0.02 * way
    assert abs(rows[-1].position[2]) < 0.01 * way
    assert rms(rows) < 0.015


def test_wrong_heading_of_the_fused_attitude_is_not_believed(rx1: Robot) -> None:
    watch = Watch(rx1)
    c, s = np.cos(1.0), np.sin(1.0)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def spoil(time: float, samples: Samples) -> Samples:
        joints, imu, wrenches = samples
        wrong = turn @ imu.rotation_sensor_to_odom
        return joints, replace(imu, rotation_sensor_to_odom=wrong), wrenches

    watch.spoil = spoil
    forward = watch.run(0.5)[-1].state.base.transform_base_to_odom.rotation[:, 0]
    assert abs(forward[1]) < 0.01


def test_fused_attitude_may_be_missing(rx1: Robot) -> None:
    watch = Watch(rx1)

    def spoil(time: float, samples: Samples) -> Samples:
        joints, imu, wrenches = samples
        blind = np.full((3, 3), np.nan)
        return joints, replace(imu, rotation_sensor_to_odom=blind), wrenches

    watch.spoil = spoil
    rows = watch.run(1.0)
    assert rms(rows) < 0.01
    assert rows[-1].tilt < 0.01


@pytest.mark.parametrize("fault", ["nan", "frozen", "absurd", "gone"])
def test_broken_cell_does_not_lose_the_contacts(rx1: Robot, fault: str) -> None:
    watch = Watch(rx1)
    watch.run(0.3)
    frozen = watch.twin.wrenches()[0]

    def spoil(time: float, samples: Samples) -> Samples:
        joints, imu, wrenches = samples
        if fault == "gone":
            return joints, imu, ()
        left = {
            "nan": replace(wrenches[0], force=np.full(3, np.nan)),
            # A value that would mean a foot in the air, again and again.
            "frozen": replace(frozen, force=ZERO, torque=ZERO),
            "absurd": replace(wrenches[0], force=np.array([0.0, 0.0, 1e6])),
        }[fault]
        return joints, imu, (left, *wrenches[1:])

    watch.spoil = spoil
    rows = watch.run(0.5)
    settled = rows[50:]
    assert all(row.state.contact.all() for row in settled)
    assert all(np.isfinite(row.state.sole_wrench).all() for row in rows)
    for row in settled[::20]:
        assert row.state.sole_wrench[0, 2] == pytest.approx(row.forces[0], abs=70.0)
    assert rms(rows) < 0.01


def blank(what: str, samples: Samples) -> Samples:
    joints, imu, wrenches = samples
    if what == "imu":
        return joints, replace(imu, angular_velocity=np.full(3, np.nan)), wrenches
    position = joints.position.copy()
    position[0] = np.nan
    return replace(joints, position=position), imu, wrenches


@pytest.mark.parametrize("what", ["imu", "joints"])
def test_missing_samples_are_bridged_and_then_an_error(rx1: Robot, what: str) -> None:
    watch = Watch(rx1)
    watch.run(0.2)
    start = watch.twin.time
    watch.spoil = lambda time, samples: (
        blank(what, samples) if time < start + 0.0195 else samples
    )
    rows = watch.run(0.1)
    assert rms(rows) < 0.01
    assert all(np.isfinite(row.state.position).all() for row in rows)
    watch.spoil = lambda time, samples: blank(what, samples)
    with pytest.raises(StaleError, match="inertial" if what == "imu" else "joint"):
        watch.run(0.1)
    watch.spoil = lambda time, samples: samples
    with pytest.raises(StaleError, match="reset"):
        watch.run(0.01)
    watch.started = False
    assert rms(watch.run(0.2)) < 0.02


def test_jump_of_the_time_is_an_error(rx1: Robot) -> None:
    watch = Watch(rx1)
    watch.run(0.1)
    joints, imu, wrenches = watch.samples()
    with pytest.raises(StaleError, match="since the last step"):
        watch.estimator.step(replace(joints, stamp=joints.stamp - 1.0), imu, wrenches)


def test_step_before_reset_and_reset_on_nothing(rx1: Robot) -> None:
    watch = Watch(rx1)
    with pytest.raises(StaleError, match="never reset"):
        watch.estimator.step(*watch.samples())
    joints, imu, _ = blank("imu", watch.samples())
    with pytest.raises(StaleError, match="cannot start"):
        watch.estimator.reset(joints, imu)


def test_wrong_number_of_wrenches_is_refused(rx1: Robot) -> None:
    watch = Watch(rx1)
    watch.run(0.01)
    watch.twin.step(watch.hold.step(watch.twin.time), 2)
    joints, imu, wrenches = watch.samples()
    with pytest.raises(ConfigError, match="none or 4"):
        watch.estimator.step(joints, imu, wrenches[:1])


def test_sensor_must_be_on_the_base(rx1: Robot) -> None:
    with pytest.raises(ModelError, match="torso_imu"):
        StateEstimator(StateEstimatorConfig(imu="torso_imu"), rx1, 0.002)
    with pytest.raises(ConfigError, match="pelvis_imu"):
        StateEstimator(StateEstimatorConfig(imu="nose_imu"), rx1, 0.002)


def as_bytes(state: BodyState) -> bytes:
    base = state.base
    return b"".join(
        part.tobytes()
        for part in (
            base.transform_base_to_odom.homogeneous,
            base.linear_velocity,
            base.angular_velocity,
            state.position,
            state.velocity,
            state.sole_wrench,
            state.contact,
        )
    )


def test_same_samples_give_the_same_bits(rx1: Robot) -> None:
    first, second = (Watch(rx1).run(0.2) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert as_bytes(one.state) == as_bytes(other.state)


def test_reset_forgets_to_the_bit(watch: Watch) -> None:
    old, new = watch.estimator, Watch(watch.twin.robot).estimator
    watch.hold.move_to("squat", 0.0, 0.3)
    watch.run(0.2)
    joints, imu, _ = watch.samples()
    for one in (old, new):
        one.reset(joints, imu)
    for _ in range(5):
        watch.twin.step(watch.hold.step(watch.twin.time), watch.steps)
        samples_now = watch.samples()
        assert as_bytes(old.step(*samples_now)) == as_bytes(new.step(*samples_now))
    assert old.covariance.tobytes() == new.covariance.tobytes()


def test_speeds_of_slip_need_no_filter(rx1: Robot) -> None:
    watch = Watch(rx1, StateEstimatorConfig(slip_time=0.0))
    assert rms(watch.run(0.1)) < 0.02


def test_states_do_not_change_afterwards(rx1: Robot) -> None:
    watch = Watch(rx1)
    kept = watch.run(0.1)[-1].state
    before = as_bytes(kept)
    watch.run(0.1)
    assert as_bytes(kept) == before


def test_nothing_is_compiled_in_the_loop(watch: Watch) -> None:
    kernels = [
        kernel
        for module in (contact, estimate, footing, legs, measurement, odometry)
        + (propagation, samples, sole_wrench)
        for kernel in vars(module).values()
        if isinstance(kernel, Dispatcher)
    ]
    before = [len(kernel.signatures) for kernel in kernels]
    watch.run(0.02)
    assert watch.estimator.pose_covariance.shape == (6, 6)
    assert watch.estimator.twist_covariance.shape == (6, 6)
    assert [len(kernel.signatures) for kernel in kernels] == before
    assert len(kernels) > 15


def test_covariances_are_honest_about_what_drifts(rx1: Robot) -> None:
    watch = Watch(rx1)
    watch.run(1.0)
    estimator = watch.estimator
    pose, twist = estimator.pose_covariance, estimator.twist_covariance
    assert estimator.covariance.shape == (15, 15)
    for matrix in (pose, twist, estimator.covariance):
        assert np.allclose(matrix, matrix.T)
        assert np.linalg.eigvalsh(matrix).min() > -1e-15
    assert 1e-6 < np.sqrt(pose[5, 5]) < 0.05  # heading
    assert 1e-5 < np.sqrt(twist[0, 0]) < 0.02
