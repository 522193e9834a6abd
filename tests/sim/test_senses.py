# SPDX-License-Identifier: Apache-2.0
"""Noise has the declared size, and the battery loses exactly what is taken."""

import numpy as np
import pytest

from renxing.robot import Robot
from renxing.robot.description import Battery, Imu
from renxing.sim.senses import BatteryModel, Cells, ImuModel
from renxing.spatial import (
    rotation_from_quat_xyzw,
    rotation_from_rpy,
    xyzw_from_wxyz,
)

PACK = Battery(capacity=10.0, voltage=(40.0, 50.0), resistance=0.1, idle_power=50.0)


@pytest.mark.parametrize("power", [-400.0, -50.0, 0.0, 800.0])
def test_battery_keeps_the_books(power: float) -> None:
    """Terminal power is what is drawn; the charge lost is the current's integral."""
    battery, dt = BatteryModel(PACK), 0.1
    charge, source = 0.0, 0.0
    battery.draw(2000.0, 300.0)  # room to be charged
    start = battery.sample(0.0).charge
    for _ in range(1000):
        battery.draw(power, dt)
        sample = battery.sample(0.0)
        # Within what the source's voltage changes in one step.
        assert sample.voltage * sample.current == pytest.approx(power + 50.0, abs=0.05)
        charge += sample.current * dt
        source += (sample.voltage + 0.1 * sample.current) * sample.current * dt
    end = battery.sample(0.0).charge
    assert (start - end) * PACK.capacity * 3600 == pytest.approx(charge)
    # The energy between two charges is the area below the open voltage.
    area = (40.0 + 10.0 * (start + end) / 2) * (start - end) * PACK.capacity * 3600
    assert area == pytest.approx(source, abs=1e-3 * abs(source) + 1e-6)


def test_battery_has_ends() -> None:
    battery = BatteryModel(PACK)
    full = battery.sample(0.0)
    assert (full.charge, full.voltage, full.current) == (1.0, 50.0, 0.0)
    battery.draw(-1000.0, 1000.0)
    assert battery.sample(0.0).charge == 1.0
    battery.draw(5000.0, 1e5)
    assert battery.sample(0.0).charge == 0.0
    battery.draw(1e9, 0.001)  # more than it can give: its short-circuit half
    assert battery.sample(0.0).voltage == pytest.approx(20.0)
    battery.reset()
    assert battery.sample(1.0).charge == 1.0


def test_battery_without_resistance() -> None:
    battery = BatteryModel(Battery(10.0, (40.0, 50.0), 0.0, 50.0))
    battery.draw(450.0, 1e-6)
    assert battery.sample(0.0).current == pytest.approx(10.0)
    assert battery.sample(0.0).voltage == pytest.approx(50.0)


def test_standing_costs_power(rx1: Robot, held) -> None:
    """The idle power and the copper losses of the holding torques, nothing else."""
    made = held(rx1)
    made.run(3.0)
    sample = made.twin.battery()
    heat = 0.0
    state = made.twin.joint_state()
    for index, joint in enumerate(rx1.description.joints):
        drive = rx1.description.drives[joint.drive]
        heat += drive.resistance * (state.effort[index] / drive.torque_constant) ** 2
    assert heat > 1.0
    power = sample.voltage * sample.current
    assert power == pytest.approx(90.0 + heat, rel=0.02)


UPRIGHT = [1.0, 0.0, 0.0, 0.0]


def test_imu_noise_has_its_size() -> None:
    noisy = Imu("a", "f", "t", 0.003, 0.0, 0.03, 0.0, 0.002)
    model, random = ImuModel(noisy, ideal=False), np.random.default_rng(2)
    true = np.array([0.1, 0.2, 9.7])
    reading = np.concatenate([UPRIGHT, true, 2 * true])
    samples = np.array([model.sample(reading, 0.001, random) for _ in range(3000)])
    gyro, accel = samples[:, 4:7] - true, samples[:, 7:] - 2 * true
    angle = np.array([rotation_from_quat_xyzw(s[:4])[2, 1] for s in samples])
    for errors, size in ((gyro, 0.003), (accel, 0.03), (angle, 0.002)):
        assert np.std(errors) == pytest.approx(size, rel=0.05)
        assert abs(np.mean(errors)) < size / 10


def test_the_attitude_error_is_a_small_turn_about_the_sensors_axes() -> None:
    sloppy, random = Imu("a", "f", "t", 0.0, 0.0, 0.0, 0.0, 0.3), np.random
    draws = random.default_rng(5).standard_normal(15)
    quat = random.default_rng(6).standard_normal(4)
    quat /= np.linalg.norm(quat)
    reading = np.concatenate([quat, np.zeros(6)])
    sample = ImuModel(sloppy, ideal=False).sample(reading, 0.0, random.default_rng(5))
    true = rotation_from_quat_xyzw(xyzw_from_wxyz(quat))
    wanted = true @ rotation_from_rpy(0.3 * draws[12:])
    assert np.allclose(rotation_from_quat_xyzw(sample[:4]), wanted, atol=1e-12)
    assert sample[3] >= 0.0
    ideal = ImuModel(sloppy, ideal=True).sample(reading, 0.0, random.default_rng(5))
    assert np.allclose(rotation_from_quat_xyzw(ideal[:4]), true, atol=1e-12)


def test_imu_bias_walks_with_the_root_of_time() -> None:
    walker = Imu("a", "f", "t", 0.0, 0.01, 0.0, 0.02, 0.0)
    reading = np.concatenate([UPRIGHT, np.zeros(6)])
    ends = []
    for seed in range(300):
        model, random = ImuModel(walker, ideal=False), np.random.default_rng(seed)
        for _ in range(16):  # 4 s
            last = model.sample(reading, 0.25, random)
        ends.append([last[4:7], last[7:]])
    deviation = np.std(ends, axis=(0, 2))
    assert deviation == pytest.approx([0.01 * 2, 0.02 * 2], rel=0.1)
    model.reset()
    assert not model.sample(reading, 0.0, random)[4:7].any()


def test_cell_noise_has_its_size(rx1: Robot) -> None:
    cells = rx1.description.sensors.force_torque[:1]
    random, zero = np.random.default_rng(6), np.zeros((1, 6))
    noisy = Cells(cells, ideal=False)
    samples = np.array([noisy.sample(zero, random)[0] for _ in range(2000)])
    assert np.std(samples[:, :3]) == pytest.approx(1.5, rel=0.05)
    assert np.std(samples[:, 3:]) == pytest.approx(0.05, rel=0.05)
    ideal = Cells(cells, ideal=True).sample(zero + 1.0, random)
    assert np.array_equal(ideal, np.ones((1, 6)))


def test_samples_are_their_own(rx1: Robot, held) -> None:
    """A sample must not change when the simulation goes on."""
    made = held(rx1, ideal=False)
    state, imu = made.twin.joint_state(), made.twin.imus()[0]
    kept = state.position.copy(), state.effort.copy(), imu.specific_force.copy()
    made.hold.move_to("squat", 0.0, 1.0)
    made.run(0.5)
    assert np.array_equal(state.position, kept[0])
    assert np.array_equal(state.effort, kept[1])
    assert np.array_equal(imu.specific_force, kept[2])
