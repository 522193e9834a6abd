# SPDX-License-Identifier: Apache-2.0
"""A robot that is stopped in the middle of a step makes the steps it needs to stand."""

from dataclasses import replace

import numpy as np
import pytest

from renxing.actuation.guard import Flag
from renxing.actuation.ladder import Rung
from renxing.control.base_controller import Notice
from renxing.control.locomotion_controller import VelocityCommand
from renxing.controller_interface import Claim, Controller, InterfaceConfiguration
from renxing.hardware_interface import Return
from renxing.runtime import fault_table
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.default_hardware import PLUGINS, default_hardware
from renxing.runtime.fault_table import case_named, try_fault
from renxing.runtime.fault_trial import SPEEDS, STILL, Task
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.mujoco_system import MujocoSystem

RATE = 500
WITHIN = 3.0  # [s] in which a stopped robot stands


class Walking:
    """A robot that walks behind a core."""

    def __init__(self, robot, seed=0, plugins=None, files=()):
        twin = self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=seed))
        tagged = robot.urdf.root.find("ros2_control") is not None
        self.core = RealTimeCore(
            robot,
            ManagerSettings(update_rate=RATE),
            CoreConfig(),
            description=None if tagged else default_hardware(robot, "mujoco"),
            controllers=plugins,
            files=files,
            hardware={PLUGINS["mujoco"]: lambda info: MujocoSystem(info, twin)},
        )
        self.speed = SPEEDS[robot.name]
        self.pace = LockStep(RATE)
        self.notices = []
        self.core.start()
        self.add("state_estimator", "renxing/StateEstimator")
        self.add("locomotion", "renxing/LocomotionController")
        self.run(0.4)

    def add(self, name, kind):
        manager = self.core.manager
        for answer in (
            manager.load_controller(name, kind),
            manager.configure_controller(name),
            manager.switch_controller([name], []),
        ):
            assert answer.ok, answer.message

    def run(self, seconds):
        run_lock_step(self.core, seconds, self.pace)
        news = self.core.outboxes().get("locomotion", ())
        self.notices += [one.text for one in news if isinstance(one, Notice)]

    def walk(self, seconds):
        for _ in range(max(1, round(seconds / 0.1))):
            self.core.send("locomotion", VelocityCommand(self.speed, 0.0, 0.0))
            self.run(0.1)

    def active(self, name):
        return self.core.manager.loader.specs[name].active

    @property
    def steps(self):
        controller = self.core.manager.loader.specs["locomotion"].controller
        return controller._locomotion.plan.steps

    def jump(self, seconds):
        """Return the greatest change of a torque from one cycle to the next [N·m]."""
        torques = [self.core.guard.torque.copy()]
        for _ in range(round(seconds * RATE)):
            self.run(1 / RATE)
            torques.append(self.core.guard.torque.copy())
        return float(np.abs(np.diff(torques, axis=0)).max())

    @property
    def forward(self):
        return float(self.twin.base_state().linear_velocity[0])

    def stands(self, seconds=0.5):
        """Return whether it is upright and does not go anywhere for some time."""
        for _ in range(round(seconds / 0.02)):
            self.run(0.02)
            if np.linalg.norm(self.twin.base_state().linear_velocity[:2]) > STILL:
                return False
        return self.twin.base_state().transform_base_to_odom.rotation[2, 2] > 0.98


class Arm(Controller):
    """Commands an elbow."""

    def command_interfaces(self):
        names = ("left_elbow_joint/effort",)
        return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=names)

    def update(self, time, period):
        self.commands.set(1.0)
        return Return.OK


def test_stopped_in_any_phase_it_stands_and_after_the_reset_it_walks_again(robot):
    walking = Walking(robot)
    core, random = walking.core, np.random.default_rng(1)
    for _ in range(3):
        walking.walk(1.5)
        assert walking.forward > 0.4 * walking.speed
        walking.run(0.4 * random.random())  # the time-out is 0.5 s: it still walks
        assert core.stop(Rung.STAND, "button") is Rung.STAND
        walking.walk(WITHIN)  # whoever walks it does not know yet
        assert walking.stands()
        assert core.ladder.rung is Rung.STAND
        assert any("stopped" in text for text in walking.notices)
        walking.notices.clear()
        # Latched: it does not end by itself, nor does a velocity end it.
        jump, steps = walking.jump(0.1), walking.steps
        assert "running again: locomotion" in core.reset_stop()
        # Not restarted, so that it still counts its steps, and nothing jumps.
        assert walking.jump(0.1) < 1.5 * jump + 0.5
        assert core.ladder.rung is Rung.RUN
        assert walking.steps == steps > 4
    walking.walk(1.5)
    assert walking.forward > 0.4 * walking.speed
    assert walking.notices == []
    assert core.failures == 0


def test_others_lose_their_joints_and_get_them_back(rx1, tmp_path):
    file = tmp_path / "arms_free.yaml"
    groups = "{groups: [left_leg, right_leg, waist]}"
    file.write_text(f"locomotion: {{ros__parameters: {groups}}}")
    walking = Walking(rx1, plugins={"test/Arm": Arm}, files=[file])
    core, elbow = walking.core, rx1.joints.index("left_elbow_joint")
    walking.add("arm", "test/Arm")
    core.stop(Rung.STAND, "button")
    walking.run(0.2)
    assert core.stops.suspended == ("arm",)
    assert walking.active("locomotion") and not walking.active("arm")
    # Somebody starts it again nevertheless: its joint stays held, nothing passes.
    assert core.manager.switch_controller(["arm"], []).ok
    walking.run(0.1)
    assert core.guard.flags[elbow] & Flag.HELD
    assert core.ladder.rung is Rung.STAND
    core.reset_stop()
    assert walking.active("arm") and walking.active("locomotion")
    walking.run(0.02)
    assert not core.guard.flags[elbow] & Flag.HELD


def test_without_a_controller_that_balances_it_holds(rx1):
    walking = Walking(rx1)
    walking.core.manager.switch_controller([], ["locomotion"])
    assert walking.core.stop(Rung.STAND, "button") is Rung.HOLD
    walking.run(0.1)
    assert walking.core.ladder.rung is Rung.HOLD


def test_a_hold_can_be_asked_for_and_takes_the_joints_from_all(rx1):
    walking = Walking(rx1)
    walking.core.stop(Rung.STAND, "button")
    walking.run(0.1)
    assert walking.core.stop(Rung.HOLD, "request") is Rung.HOLD
    walking.run(0.1)
    assert walking.core.ladder.rung is Rung.HOLD
    assert walking.core.stops.suspended == ("locomotion",)
    walking.core.reset_stop()
    assert walking.active("locomotion")
    assert walking.stands()


@pytest.mark.parametrize("who", ["locomotion", "state_estimator"])
def test_when_who_balances_fails_the_joints_are_held_in_the_same_cycle(rx1, who):
    walking = Walking(rx1)
    core = walking.core
    core.stop(Rung.STAND, "button")
    walking.run(0.2)
    assert core.ladder.rung is Rung.STAND

    def fail(time, period):
        raise ArithmeticError("told to break")

    core.manager.loader.specs[who].controller.update = fail
    walking.run(1 / RATE)
    assert core.ladder.rung is Rung.HOLD
    assert core.ladder.causes["locomotion no longer balances"] is Rung.HOLD
    assert walking.stands(1.0)
    # A reset gives nobody the joints: what failed must be started by hand.
    assert "no controllers" in core.reset_stop()
    assert np.isfinite(core.sent).all()


def test_deactivated_meanwhile_the_joints_are_held(rx1):
    walking = Walking(rx1)
    walking.core.stop(Rung.STAND, "button")
    walking.run(0.1)
    walking.core.manager.switch_controller([], ["locomotion"])
    walking.run(1 / RATE)
    assert walking.core.ladder.rung is Rung.HOLD


def test_a_simulation_reset_leaves_the_stop_as_a_hold(rx1):
    walking = Walking(rx1)
    core, posture = walking.core, rx1.posture("stand")
    core.stop(Rung.STAND, "button")
    walking.run(0.1)
    core.stops.start_over(lambda: walking.twin.reset_to(posture))
    walking.run(0.1)
    assert core.ladder.rung is Rung.HOLD and list(core.ladder.causes) == ["button"]
    core.reset_stop()
    assert walking.active("locomotion")
    assert walking.stands()


@pytest.mark.parametrize(
    "case", ["emergency stop while walking", "ROS side killed while walking"]
)
def test_the_declared_reactions_are_seen(case, monkeypatch):
    short = replace(case_named(case), watched=3.6)
    monkeypatch.setattr(fault_table, "CASES", (short,))
    outcome = try_fault(Task(case=case, robot="rx1", seed=2))
    assert outcome.missed == "" and outcome.stands


@pytest.mark.long
@pytest.mark.parametrize("name", ["rx1", "g1"])
@pytest.mark.parametrize(
    "case", ["emergency stop while walking", "ROS side killed while walking"]
)
def test_twenty_phases_and_half_a_minute_each(case, name, load):
    load(name)  # skips where its optional package lacks
    for seed in range(20):
        outcome = try_fault(Task(case=case, robot=name, seed=seed))
        assert outcome.missed == "", f"seed {seed}"
