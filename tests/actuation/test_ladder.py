# SPDX-License-Identifier: Apache-2.0
"""Stopping must not bump, must not drop, and must not end by itself."""

import numpy as np
import pytest

from renxing.actuation.guard import Guard, GuardConfig
from renxing.actuation.ladder import Ladder, LadderConfig, Rung
from renxing.control.hold import Hold, HoldConfig
from renxing.errors import ConfigError, UnsafeCommandError
from renxing.robot import load_robot
from renxing.sim import Twin, TwinConfig, load_world

ROBOT = load_robot("rx1")
N = len(ROBOT.joints)
STAND = ROBOT.posture("stand")
ZERO = np.zeros(N)
DT = 0.002


def test_on_the_top_rung_commands_pass_untouched():
    ladder = Ladder(LadderConfig(), ROBOT)
    wanted = np.full((5, N), np.nan)
    assert ladder.step(wanted, STAND, ZERO, ZERO, DT) is wanted


def test_a_hold_starts_with_exactly_the_torque_that_was_there():
    ladder = Ladder(LadderConfig(), ROBOT)
    velocity = np.linspace(-1, 1, N)
    torque = np.linspace(-40, 40, N)
    ladder.ask(Rung.HOLD, "test")
    position, speed, effort, kp, kd = ladder.step(
        np.full((5, N), np.nan), STAND, velocity, torque, DT
    )
    result = effort + kp * (position - STAND) + kd * (speed - velocity)
    np.testing.assert_allclose(result, torque)


@pytest.mark.parametrize("rung", [Rung.STAND, Rung.SIT])
def test_while_somebody_balances_only_what_its_joints_are_told_passes(rung):
    ladder = Ladder(LadderConfig(), ROBOT)
    wanted = np.arange(5.0 * N).reshape(5, N)
    ladder.balancing[:4] = True
    ladder.ask(rung, "button")
    passed = ladder.step(wanted, STAND, ZERO, ZERO, DT)
    np.testing.assert_array_equal(passed[:, :4], wanted[:, :4])
    assert np.isnan(passed[:, 4:]).all()
    ladder.reset()
    assert not ladder.balancing.any()


def test_a_hold_after_standing_starts_where_the_robot_is_then():
    ladder = Ladder(LadderConfig(), ROBOT)
    ladder.ask(Rung.STAND, "button")
    ladder.step(np.full((5, N), np.nan), STAND, ZERO, ZERO, DT)
    ladder.ask(Rung.HOLD, "nobody balances")
    torque = np.linspace(-40, 40, N)
    held = ladder.step(np.full((5, N), np.nan), STAND + 0.1, ZERO, torque, DT)
    np.testing.assert_allclose(held[0], STAND + 0.1)
    np.testing.assert_allclose(held[2], torque)


def test_a_fall_is_braced_then_damped_and_never_held():
    config = LadderConfig(brace_time=0.01, brace_stiffness=0.5, brace_damping=3.0)
    ladder = Ladder(config, ROBOT)
    wanted, torque = np.full((5, N), np.nan), np.linspace(-40, 40, N)
    crouch = ROBOT.posture("brace")
    ladder.brace(crouch, "fall")
    assert ladder.asked is Rung.DAMP
    for _ in range(5):
        told = ladder.step(wanted, STAND, ZERO, torque, DT)
        assert ladder.rung is Rung.DAMP
        # It stays the posture even when told again, or when the base lies.
        ladder.brace(STAND, "fall")
        ladder.ask(Rung.DAMP, "fallen")
        braced = [crouch, ZERO, ZERO, 0.5 * ROBOT.kp, 3.0 * ROBOT.kd]
        np.testing.assert_array_equal(told, braced)
    told = ladder.step(wanted, STAND, ZERO, torque, DT)
    np.testing.assert_array_equal(told[2:4], 0.0)
    np.testing.assert_array_equal(told[4], config.damping * ROBOT.kd)
    ladder.reset()
    ladder.ask(Rung.HOLD, "button")
    told = ladder.step(wanted, STAND, ZERO, torque, DT)
    np.testing.assert_array_equal(told[0], STAND)


def test_the_lowest_rung_asked_for_rules_and_stays():
    ladder = Ladder(LadderConfig(off_after=0.0), ROBOT)
    wanted = np.full((5, N), np.nan)
    ladder.ask(Rung.DAMP, "fallen")
    ladder.step(wanted, STAND, ZERO, ZERO, DT)
    ladder.ask(Rung.HOLD, "button")
    ladder.step(wanted, STAND, ZERO, ZERO, DT)
    assert ladder.rung == Rung.DAMP
    assert list(ladder.causes) == ["fallen", "button"]
    for _ in range(1000):
        ladder.step(wanted, STAND, ZERO, ZERO, DT)
    assert ladder.rung == Rung.DAMP


def test_reset_wants_the_cause_to_be_over():
    ladder = Ladder(LadderConfig(), ROBOT)
    ladder.ask(Rung.HOLD, "button")
    ladder.step(np.full((5, N), np.nan), STAND, ZERO, ZERO, DT)
    with pytest.raises(UnsafeCommandError, match="button"):
        ladder.reset(clear=False)
    ladder.reset()
    assert ladder.rung == Rung.RUN and not ladder.causes


def test_an_unknown_rung_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'sleep'.*run, stand, sit, hold, damp, off"):
        Rung.named("sleep")


class Bench:
    """The twin behind ladder and guard, as the loop has them."""

    def __init__(self, posture: str, **config: float) -> None:
        self.twin = Twin(ROBOT, load_world("flat"), TwinConfig(ideal=True))
        self.twin.reset(posture)
        self.hold = Hold(HoldConfig(posture=posture), ROBOT)
        self.guard = Guard(GuardConfig(), ROBOT)
        self.ladder = Ladder(LadderConfig(**config), ROBOT)
        self.torque = ZERO

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT)):
            state = self.twin.joint_state()
            command = self.hold.step(self.twin.time)
            wanted = np.array(
                [
                    command.position,
                    command.velocity,
                    command.effort,
                    command.proportional,
                    command.derivative,
                ]
            )
            q, dq = state.position, state.velocity
            wanted = self.ladder.step(wanted, q, dq, self.torque, DT)
            sent = self.guard.step(wanted, q, dq, DT)
            self.torque = (
                sent.effort
                + sent.proportional * (sent.position - q)
                + sent.derivative * (sent.velocity - dq)
            )
            self.twin.step(sent, 2)

    @property
    def height(self) -> float:
        return float(self.twin.base_state().transform_base_to_odom.translation[2])


def test_hold_in_the_middle_of_a_squat_stops_there_and_keeps_standing():
    bench = Bench("stand")
    bench.run(0.5)
    bench.hold.move_to("squat", bench.twin.time)
    bench.run(0.8)
    bench.ladder.ask(Rung.HOLD, "button")
    bench.run(0.3)
    stopped_at = bench.height
    bench.run(4.0)
    assert abs(bench.height - stopped_at) < 0.01
    assert 0.80 < bench.height < 0.93  # neither standing nor squatting


def test_damp_sinks_slower_than_falling():
    bench = Bench("stand", sink_time=2.0, off_after=0.0)
    bench.run(0.5)
    standing = bench.height
    bench.ladder.ask(Rung.DAMP, "test")
    bench.run(0.5)
    # Free fall would be 1.2 m down after half a second.
    assert standing - bench.height < 0.05
    bench.run(8.0)
    assert bench.height < 0.7 * standing
    assert np.abs(bench.twin.joint_state().velocity).max() < 0.05


def test_off_comes_by_itself_only_after_damping():
    bench = Bench("squat", sink_time=0.5, off_after=1.0)
    bench.ladder.ask(Rung.DAMP, "test")
    bench.run(0.9)
    assert bench.ladder.rung == Rung.DAMP
    bench.run(0.3)
    assert bench.ladder.rung == Rung.OFF
    np.testing.assert_allclose(bench.torque, 0.0, atol=1e-9)
