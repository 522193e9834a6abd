# SPDX-License-Identifier: Apache-2.0
"""The simulated drives keep their law, their envelope, their heat and their delay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renxing.robot import Robot, load_robot
from renxing.signals import JointCommand
from renxing.sim.drive_law import AMBIENT, COPPER, DERATE
from renxing.sim.drives import DriveConfig, Drives

QUIET = DriveConfig(encoder_bias=0.0, velocity_noise=0.0, torque_noise=0.0)


def command(robot: Robot, **parts: np.ndarray | float) -> JointCommand:
    n = len(robot.joints)
    names = ("position", "velocity", "effort", "proportional", "derivative")
    return JointCommand(**{name: np.zeros(n) + parts.get(name, 0.0) for name in names})


def test_law(rx1: Robot) -> None:
    """tau = effort + kp (position - q) + kd (velocity - dq), term by term."""
    random = np.random.default_rng(11)
    drives = Drives(rx1, DriveConfig(), 0.001, ideal=True)
    for _ in range(50):
        p, v, e, kp, kd, q, dq = random.uniform(0.0, 1.0, (7, len(rx1.joints)))
        wanted = e + kp * (p - q) + kd * (v - dq)
        scale = 0.3 * rx1.torque / np.abs(wanted).max()  # inside every envelope
        got = drives.torque(
            JointCommand(
                position=p,
                velocity=v,
                effort=scale * e,
                proportional=scale * kp,
                derivative=scale * kd,
            ),
            q,
            dq,
        )
        assert np.allclose(got, scale * wanted, rtol=1e-12, atol=1e-12)
        state = drives.measure(3.0, q, dq)
        assert np.array_equal(state.effort, got)
        assert np.array_equal(state.position, q)
        assert np.array_equal(state.velocity, dq)
        assert state.stamp == 3.0


RX1 = load_robot("rx1")
ENVELOPE = Drives(RX1, QUIET, 0.001, ideal=True)


@given(
    wanted=st.floats(-3.0, 3.0), speed=st.floats(-1.5, 1.5), joint=st.integers(0, 42)
)
def test_envelope(wanted: float, speed: float, joint: int) -> None:
    """Torque in peaks, speed in no-load speeds: what comes out is what a motor can."""
    drive = RX1.description.drives[RX1.description.joints[joint].drive]
    n = len(RX1.joints)
    ENVELOPE.reset(np.random.default_rng(0))
    torques = ENVELOPE.torque(
        command(RX1, effort=wanted * RX1.torque),
        np.zeros(n),
        np.full(n, speed * drive.no_load_speed),
    )
    got, peak = torques[joint], RX1.torque[joint]
    assert abs(got) <= peak
    assert got * wanted >= 0.0, "never against the command"
    assert abs(got) <= abs(wanted) * peak * (1 + 1e-12)
    rate = abs(speed) * drive.no_load_speed
    if wanted * speed <= 0.0:  # braking, or at rest
        assert abs(got) == pytest.approx(min(abs(wanted), 1.0) * peak)
    else:
        fade = (drive.no_load_speed - rate) / (drive.no_load_speed - drive.corner_speed)
        room = peak * min(max(fade, 0.0), 1.0)
        assert abs(got) == pytest.approx(min(abs(wanted) * peak, room), abs=1e-9)
        if rate >= drive.no_load_speed:
            assert got == 0.0


def test_winding_warms_to_its_loss(rx1: Robot) -> None:
    """Constant torque ends at R_th times the loss at that temperature."""
    step = 0.2  # [s] so that minutes pass quickly
    drives = Drives(rx1, QUIET, step, ideal=True)
    parts = [rx1.description.drives[j.drive] for j in rx1.description.joints]
    torque_constant = np.array([d.torque_constant for d in parts])
    resistance = np.array([d.resistance for d in parts])
    to_ambient = np.array([d.thermal_resistance for d in parts])
    # A loss that warms each by 30 K when cold.
    torque = torque_constant * np.sqrt(30.0 / to_ambient / resistance)
    torque = np.minimum(torque, 0.9 * rx1.torque)
    cold = to_ambient * resistance * (torque / torque_constant) ** 2  # [K]
    assert cold.max() == pytest.approx(30.0)
    n = len(rx1.joints)
    order, still = command(rx1, effort=torque), np.zeros(n)
    first = []
    for count in range(round(7200 / step)):
        drives.torque(order, still, still)
        if count == 9:
            first = drives.temperature - AMBIENT
    end = drives.temperature - AMBIENT
    # T = cold (1 + COPPER T): the hotter, the more loss.
    assert np.allclose(end, cold / (1 - COPPER * cold), rtol=1e-3)
    loss = resistance * (torque / torque_constant) ** 2
    capacity = np.array([d.thermal_capacity for d in parts])
    assert np.allclose(first, loss * 10 * step / capacity), (
        "at first, energy / capacity"
    )


def test_hot_drive_gives_less(rx1: Robot) -> None:
    drives = Drives(rx1, QUIET, 0.1, ideal=True)
    limit = np.array(
        [
            rx1.description.drives[j.drive].temperature_limit
            for j in rx1.description.joints
        ]
    )
    n = len(rx1.joints)
    order, still = command(rx1, effort=rx1.torque), np.zeros(n)
    assert np.array_equal(drives.torque(order, still, still), rx1.torque)
    hottest = np.zeros(n)
    for _ in range(20000):
        torque = drives.torque(order, still, still).copy()
        hottest = np.maximum(hottest, drives.temperature)
    assert (hottest <= limit).all()
    hot = hottest > limit - DERATE
    assert hot.sum() >= 30, "most cannot hold their peak torque for long"
    assert (torque[hot] < 0.95 * rx1.torque[hot]).all()
    share = (limit - drives.temperature) / DERATE
    assert np.allclose(torque[hot], (share * rx1.torque)[hot], rtol=0.05)
    drives.reset(np.random.default_rng(0))
    assert np.array_equal(drives.torque(order, still, still), rx1.torque), "cold again"


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_delay_is_exact(rx1: Robot, steps: int) -> None:
    config = DriveConfig(
        command_delay=steps * 0.001, encoder_bias=0.0, velocity_noise=0.0
    )
    drives = Drives(rx1, config, 0.001, ideal=False)
    zero = np.zeros(len(rx1.joints))
    sent = [0.01 * (count + 1) for count in range(20)]
    got = [drives.torque(command(rx1, effort=e), zero, zero)[0] for e in sent]
    # Until the first command has arrived a drive does what it will say.
    assert got == [sent[max(0, count - steps)] for count in range(20)]
    drives.reset(np.random.default_rng(0))
    assert drives.torque(command(rx1, effort=-0.5), zero, zero)[0] == -0.5


def test_ideal_drive_has_no_delay(rx1: Robot) -> None:
    drives = Drives(rx1, DriveConfig(command_delay=0.01), 0.001, ideal=True)
    zero = np.zeros(len(rx1.joints))
    drives.torque(command(rx1, effort=0.1), zero, zero)
    assert drives.torque(command(rx1, effort=0.2), zero, zero)[0] == 0.2


def test_encoder_steps(rx1: Robot) -> None:
    drives = Drives(rx1, QUIET, 0.001, ideal=False)
    bits = [
        rx1.description.drives[j.drive].encoder_bits for j in rx1.description.joints
    ]
    tick = 2 * np.pi / 2.0 ** np.array(bits)
    assert sorted(set(bits)) == [14, 16, 17, 18]
    random = np.random.default_rng(4)
    for _ in range(20):
        q = random.uniform(rx1.lower, rx1.upper)
        read = drives.measure(0.0, q, np.zeros_like(q)).position
        assert np.allclose(read / tick, np.round(read / tick), atol=1e-6)
        assert (q - read >= -1e-12).all() and (q - read <= tick).all()


def test_imperfections_have_their_size(rx1: Robot) -> None:
    """Zero errors are constant; noise is white and has the declared deviation."""
    config = DriveConfig(encoder_bias=0.01, velocity_noise=0.05, torque_noise=0.02)
    drives = Drives(rx1, config, 0.001, ideal=False)
    n = len(rx1.joints)
    zero = np.zeros(n)
    states = [drives.measure(0.0, zero, zero) for _ in range(400)]
    bias = np.array([state.position for state in states])
    assert (np.ptp(bias, axis=0) == 0.0).all()
    assert np.std(bias[0]) == pytest.approx(0.01, rel=0.3)  # of 43 drives
    speed = np.array([state.velocity for state in states])
    assert np.std(speed) == pytest.approx(0.05, rel=0.02)
    effort = np.array([state.effort for state in states]) / rx1.torque
    assert np.std(effort) == pytest.approx(0.02, rel=0.02)
    assert abs(np.mean(effort)) < 0.001
