# SPDX-License-Identifier: Apache-2.0
"""Each fault on a standing robot: which rung it comes to, how soon, and what is left.

The table below is what `docs/safety.md` declares. A fault that comes to no rung must be
one that the robot stands through.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from renxing.actuation.faults import Fault
from renxing.actuation.ladder import Rung
from renxing.control.posture_controller import GoToPosture
from renxing.errors import ConfigError, DeviceError, UnsafeCommandError
from renxing.hardware_interface import IMPEDANCE, Result, State
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep
from renxing.signals import JointCommand
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.mujoco_system import MujocoSystem

RATE = 500
PERIOD = 1.0 / RATE
STANDING = 0.93  # [m] of the base; it stands at 0.944
SQUAT = 0.79  # [m]
KNEE, ANKLE, ELBOW = "left_knee_joint", "left_ankle_pitch_joint", "left_elbow_joint"


class Trial:
    """rx1 under its posture controller, and what its drives were sent.

    Attributes:
        cycles: Since the fault.
        safe: Cycles from the fault to the rung that it came to, None for none.
        finite: Whether all that was sent since then is finite.
        lowest: Height of the base since then [m].
        strayed: Greatest distance of a joint from where it was at the fault [rad].
    """

    def __init__(self, robot):
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=1))
        self.core = RealTimeCore(
            robot,
            ManagerSettings(update_rate=RATE),
            CoreConfig(),
            hardware={
                "mujoco_ros2_control/MujocoSystemInterface": lambda info: MujocoSystem(
                    info, self.twin
                )
            },
        )
        self.body = self.core.manager.resources.component("body")
        self.pace = LockStep(RATE)
        self.core.start()
        manager = self.core.manager
        for answer in (
            manager.load_controller("posture", "renxing/PostureController"),
            manager.configure_controller("posture"),
            manager.switch_controller(["posture"], []),
        ):
            assert answer.ok, answer.message
        run_lock_step(self.core, 0.6, self.pace)
        self.measure()
        self.core.after = self.watch

    def watch(self, pace):
        self.cycles += 1
        core, twin = self.core, self.twin
        if core.ladder.rung is not Rung.RUN and self.safe is None:
            self.safe = self.cycles
        sent = self.body.hardware.inner.command
        self.finite &= bool(np.isfinite(core.sent).all())
        if self.body.state is State.ACTIVE:
            self.finite &= bool(np.isfinite(sent).all())
            self.last = sent.copy()
        else:
            # The world does not wait; drives without a line keep their last command.
            rows = self.last.reshape(len(IMPEDANCE), -1)
            names = self.body.command_names[: rows.shape[1]]
            order = core.robot.indices([name.rpartition("/")[0] for name in names])
            values = np.empty_like(rows)
            values[:, order] = rows
            steps = round(PERIOD / twin.time_step)
            twin.step(JointCommand(**dict(zip(IMPEDANCE, values, strict=True))), steps)
        self.lowest = min(self.lowest, self.height)
        moved = np.abs(twin.true_positions() - self.start).max()
        self.strayed = max(self.strayed, float(moved))

    def break_it(self, fault):
        """Inject a fault and begin to measure; return its number."""
        self.measure()
        return self.core.inject_fault(fault)

    def measure(self):
        self.cycles, self.safe, self.finite = 0, None, True
        self.lowest, self.strayed = np.inf, 0.0
        self.last = self.body.hardware.inner.command.copy()
        self.start = self.twin.true_positions().copy()

    def run(self, seconds):
        run_lock_step(self.core, seconds, self.pace)

    @property
    def height(self):
        return float(self.twin.base_state().transform_base_to_odom.translation[2])


@dataclass(frozen=True)
class Case:
    """A fault and its declared reaction.

    Attributes:
        fault: What breaks.
        rung: That it comes to.
        within: Time from the fault to that rung [s].
        upright: Whether the robot is still on its feet.
        stray: How far a joint of a standing robot may go [rad].
    """

    fault: Fault
    rung: Rung = Rung.RUN
    within: float = 0.0
    upright: bool = True
    stray: float = 0.02


def case(kind, pattern, *reaction, value=0.0, duration=0.0, **more):
    fault = Fault(kind=kind, pattern=pattern, value=value, duration=duration, seed=1)
    return Case(fault, *reaction, **more)


CASES = {
    "encoder frozen": case("freeze", f"{KNEE}/(position|velocity)"),
    "encoder dead": case("drop", f"{KNEE}/position", Rung.HOLD, PERIOD),
    "encoder dead 20 ms": case("drop", f"{KNEE}/.*", Rung.HOLD, PERIOD, duration=0.02),
    "encoder 0.02 rad off": case("bias", f"{ANKLE}/position", value=0.02),
    "velocities noisy": case("noise", ".*_joint/velocity", value=0.2),
    "imu dead": case("drop", "pelvis_imu", Rung.HOLD, PERIOD),
    "imu frozen": case("freeze", "pelvis_imu"),
    "arm joint off": case("off", ELBOW, stray=0.6),
    "knee off": case("off", KNEE, Rung.DAMP, 1.8, False),
    "states 4 ms late": case("delay", ".*", value=0.004),
    "commands 4 ms late": Case(
        Fault(kind="delay", pattern=".*", value=0.004, commands=True)
    ),
    "line cut 50 ms": case("outage", ".*", Rung.HOLD, PERIOD, duration=0.05),
    "line cut for good": case("outage", ".*", Rung.HOLD, PERIOD),
}


def check(trial, wanted):
    """Compare the reaction with the declared one."""
    assert trial.core.failures == 0
    assert trial.finite
    assert (np.abs(trial.core.guard.torque) <= trial.core.robot.torque + 1e-9).all()
    if wanted.rung is Rung.RUN:
        assert trial.safe is None, trial.core.ladder.causes
    else:
        assert trial.core.ladder.rung >= wanted.rung
        assert trial.safe is not None
        assert trial.safe * PERIOD <= wanted.within + 1e-9


@pytest.mark.parametrize("name", CASES)
def test_a_standing_robot(rx1, name):
    wanted, trial = CASES[name], Trial(rx1)
    trial.break_it(wanted.fault)
    trial.run(2.0)
    check(trial, wanted)
    if wanted.upright:
        assert trial.lowest > STANDING
        assert trial.strayed < wanted.stray
    else:
        assert "fallen" in trial.core.ladder.causes


@pytest.mark.parametrize("name", CASES)
def test_a_robot_on_its_way_into_a_squat(rx1, name):
    wanted, trial = CASES[name], Trial(rx1)
    trial.core.send("posture", GoToPosture(1, "squat"))
    trial.run(0.8)
    before = trial.height
    assert SQUAT + 0.05 < before < STANDING  # in the middle of it
    trial.break_it(wanted.fault)
    trial.run(2.4)
    check(trial, wanted)
    if not wanted.upright:
        assert "fallen" in trial.core.ladder.causes
    elif wanted.rung is Rung.HOLD:
        assert trial.height == pytest.approx(before, abs=0.015)
    else:
        assert trial.height == pytest.approx(SQUAT, abs=0.015)


def test_after_a_short_outage_the_robot_can_be_taken_back(rx1):
    trial = Trial(rx1)
    core, manager = trial.core, trial.core.manager
    trial.break_it(Fault(kind="outage", pattern=".*", duration=0.05))
    trial.run(0.02)
    with pytest.raises(UnsafeCommandError, match="body is not active"):
        core.reset_stop()
    trial.run(0.08)
    assert core.list_faults() == ()
    answer = manager.set_hardware_component_state("body", State.ACTIVE)
    assert answer.ok, answer.message
    core.reset_stop()
    # The controller that the outage took down is back, from where the robot is.
    assert [c.state for c in manager.list_controllers()] == ["active"]
    trial.measure()
    trial.run(1.0)
    assert core.ladder.rung is Rung.RUN
    assert trial.safe is None
    assert trial.lowest > STANDING
    assert trial.strayed < 0.02
    trial.core.send("posture", GoToPosture(1, "squat"))
    trial.run(3.0)
    assert trial.height == pytest.approx(SQUAT, abs=0.015)


def test_a_reset_leaves_what_somebody_has_unloaded(rx1):
    trial = Trial(rx1)
    core, manager = trial.core, trial.core.manager
    trial.break_it(Fault(kind="outage", pattern=".*", duration=0.05))
    trial.run(0.1)
    assert manager.unload_controller("posture").ok
    assert manager.set_hardware_component_state("body", State.ACTIVE).ok
    assert core.reset_stop() == "running again: no controllers"
    trial.run(0.5)
    assert core.ladder.rung is Rung.RUN


def test_hardware_that_is_gone_for_good_fails_again_until_it_is_mended(rx1):
    trial = Trial(rx1)
    core, manager = trial.core, trial.core.manager
    number = trial.break_it(Fault(kind="outage", pattern=f"{KNEE}/position"))
    for _ in range(2):
        trial.run(0.1)
        assert trial.body.state is State.UNCONFIGURED
        manager.set_hardware_component_state("body", State.ACTIVE)
    trial.run(0.1)
    with pytest.raises(UnsafeCommandError, match="body is not active"):
        core.reset_stop()
    assert core.clear_faults(number) == 1
    assert manager.set_hardware_component_state("body", State.ACTIVE).ok
    core.reset_stop()
    trial.run(0.5)
    assert core.ladder.rung is Rung.RUN
    assert trial.lowest > STANDING


def test_a_fault_outlives_a_component_that_is_made_anew(rx1):
    trial = Trial(rx1)
    manager = trial.core.manager
    trial.break_it(Fault(kind="drop", pattern=f"{KNEE}/position"))
    first = trial.body.hardware
    for goal in (State.FINALIZED, State.ACTIVE):
        answer = manager.set_hardware_component_state("body", goal)
        assert answer.ok, answer.message
    assert trial.body.hardware is not first
    trial.run(0.01)
    place = manager.resources.state_index[f"{KNEE}/position"]
    assert np.isnan(manager.resources.states[place])


def test_a_stop_is_not_reset_while_joints_are_not_seen(rx1):
    trial = Trial(rx1)
    core = trial.core
    trial.break_it(Fault(kind="drop", pattern=f"{KNEE}/position"))
    trial.run(0.1)
    with pytest.raises(UnsafeCommandError, match=f"no state of {KNEE}; has its drive"):
        core.reset_stop()
    assert core.ladder.rung is Rung.HOLD
    # Hardware that can get it back by itself is asked to.
    trial.body.hardware.inner.recover = lambda: core.clear_faults() and Result.SUCCESS
    assert core.reset_stop() == "running again: posture"
    trial.run(0.5)
    assert core.ladder.rung is Rung.RUN
    assert trial.lowest > STANDING


def test_hardware_that_fails_to_recover_is_said(rx1):
    trial = Trial(rx1)
    core = trial.core
    trial.break_it(Fault(kind="drop", pattern=f"{KNEE}/position"))
    trial.run(0.1)

    def fail():
        raise DeviceError("the fuse has blown")

    trial.body.hardware.inner.recover = fail
    core.manager.take_events()
    with pytest.raises(UnsafeCommandError, match="no state of"):
        core.reset_stop()
    said = [event.message for event in core.manager.take_events()]
    assert "recover: DeviceError: the fuse has blown" in said
    assert trial.body.state is State.ACTIVE


def test_a_joint_that_comes_back_elsewhere_is_held_there(rx1):
    trial = Trial(rx1)
    core, place = trial.core, rx1.joints.index(ELBOW)
    start = trial.twin.true_positions()[place]
    trial.break_it(Fault(kind="drop", pattern=ELBOW))
    core.inject_fault(Fault(kind="off", pattern=ELBOW))
    trial.run(1.0)
    there = trial.twin.true_positions()[place]
    assert abs(there - start) > 0.05  # it hangs almost straight
    core.clear_faults()
    trial.run(1.0)
    assert core.ladder.rung is Rung.HOLD
    assert abs(trial.twin.true_positions()[place] - there) < 0.02
    assert trial.lowest > STANDING


def test_without_an_attitude_a_stop_cannot_be_reset(rx1):
    trial = Trial(rx1)
    trial.break_it(Fault(kind="drop", pattern="pelvis_imu"))
    trial.run(0.1)
    with pytest.raises(UnsafeCommandError, match="no attitude"):
        trial.core.reset_stop()
    trial.core.clear_faults()
    trial.run(0.1)
    trial.core.reset_stop()
    trial.run(1.0)
    assert trial.core.ladder.rung is Rung.RUN
    assert trial.height > 0.93


def test_same_seed_same_bytes(rx1):
    prints = []
    for seed in (1, 1, 2):
        trial = Trial(rx1)
        noise = Fault(kind="noise", pattern=".*/position", value=0.5, seed=seed)
        trial.break_it(noise)
        trial.run(0.3)
        prints.append(trial.twin.fingerprint())
    assert prints[0] == prints[1] != prints[2]


def test_a_pattern_that_finds_nothing_is_refused_with_the_nearest(rx1):
    trial = Trial(rx1)
    with pytest.raises(ConfigError, match=KNEE):
        trial.break_it(Fault(kind="off", pattern="left_kne_joint"))
    assert trial.core.list_faults() == ()
