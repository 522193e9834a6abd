# SPDX-License-Identifier: Apache-2.0
"""The core in lock-step: the robot stands whatever controllers and hardware do."""

import numpy as np
import pytest

from renxing.actuation.guard import Flag
from renxing.actuation.ladder import Rung
from renxing.control.forward_controller import ForwardCommand
from renxing.control.posture_controller import GoToPosture
from renxing.controller_interface import Claim, Controller, InterfaceConfiguration
from renxing.errors import UnsafeCommandError
from renxing.hardware_interface import Return
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.default_hardware import PLUGINS, default_hardware
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.mujoco_system import MujocoSystem
from renxing.sim.pushes import Push

RATE = 500
ARM = ["left_shoulder_pitch_joint", "left_elbow_joint"]


class Stand:
    """rx1 in a world, behind a core."""

    def __init__(self, robot, seed=0, plugins=None, files=()):
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=seed))
        self.core = RealTimeCore(
            robot,
            ManagerSettings(update_rate=RATE),
            CoreConfig(),
            controllers=plugins,
            files=files,
            hardware={
                "mujoco_ros2_control/MujocoSystemInterface": lambda info: MujocoSystem(
                    info, self.twin
                )
            },
        )
        self.pace = LockStep(RATE)
        self.core.start()

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

    @property
    def height(self):
        return float(self.twin.base_state().transform_base_to_odom.translation[2])

    def state_of(self, name):
        return {c.name: c.state for c in self.core.manager.list_controllers()}[name]


class Bad(Controller):
    """Commands one arm with whatever it is told, or breaks."""

    value = 0.0
    breaks = False

    def command_interfaces(self):
        names = tuple(f"{joint}/effort" for joint in ARM)
        return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=names)

    def update(self, time, period):
        if self.breaks:
            raise ZeroDivisionError("a bug in a controller")
        self.commands.set(self.value)
        return Return.OK


@pytest.fixture
def stand(rx1):
    return Stand(rx1, plugins={"test/Bad": Bad})


def test_a_robot_without_controllers_is_held_where_it_is(stand):
    stand.run(3.0)
    assert stand.height > 0.93
    assert stand.core.failures == 0
    assert stand.twin.time == pytest.approx(3.0)


def test_a_posture_controller_squats_and_stands_up(stand):
    stand.add("posture", "renxing/PostureController")
    stand.run(0.5)
    stand.core.send("posture", GoToPosture(1, "squat"))
    stand.run(3.0)
    assert stand.height < 0.82
    stand.core.send("posture", GoToPosture(2, "stand"))
    stand.run(3.0)
    assert stand.height > 0.93
    answers = [answer.success for answer in stand.core.outboxes()["posture"]]
    assert answers == [True, True]


def test_same_seed_same_bytes_other_seed_other_bytes(rx1):
    prints = []
    for seed in (3, 3, 4):
        stand = Stand(rx1, seed)
        stand.add("posture", "renxing/PostureController")
        stand.run(0.5)
        prints.append(stand.twin.fingerprint())
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e9, -1e9])
def test_nonsense_from_a_controller_reaches_no_drive(stand, value):
    stand.add("bad", "test/Bad")
    bad = stand.core.manager.loader.specs["bad"].controller
    stand.run(0.2)
    bad.value = value
    stand.run(1.0)
    assert np.isfinite(stand.core.sent).all()
    assert (np.abs(stand.core.guard.torque) <= stand.core.robot.torque + 1e-9).all()
    assert stand.height > 0.9


def test_a_controller_that_raises_is_stopped_and_its_joints_are_held(stand):
    stand.add("bad", "test/Bad")
    bad = stand.core.manager.loader.specs["bad"].controller
    stand.run(0.2)
    bad.breaks = True
    before = stand.twin.true_positions()
    stand.run(1.0)
    assert stand.state_of("bad") != "active"
    assert np.abs(stand.twin.true_positions() - before).max() < 0.05
    assert any(
        "a bug in a controller" in e.message for e in stand.core.manager.take_events()
    )
    assert stand.core.failures == 0


def test_an_emergency_stop_holds_takes_the_joints_and_gives_them_back(stand):
    stand.add("posture", "renxing/PostureController")
    stand.run(0.5)
    stand.core.send("posture", GoToPosture(1, "squat"))
    stand.run(0.8)
    stand.core.stop(Rung.HOLD, "button")
    stand.run(0.5)
    stopped = stand.height
    stand.run(2.0)
    assert stand.state_of("posture") == "inactive"
    assert stand.height == pytest.approx(stopped, abs=0.01)
    assert 0.80 < stopped < 0.93
    before = stand.twin.true_positions()
    stand.core.reset_stop()
    stand.run(2 / RATE)
    # Bumpless: nothing moves when the controllers take over again.
    assert np.abs(stand.twin.true_positions() - before).max() < 0.002
    assert stand.state_of("posture") == "active"
    stand.run(3.0)
    assert stand.height > 0.93
    assert stand.core.ladder.rung is Rung.RUN


def test_a_fallen_robot_is_damped_and_cannot_be_reset(stand):
    stand.run(0.2)
    stand.twin.apply_wrenches(
        [
            Push(
                body="torso_link",
                force=np.array([800.0, 0.0, 0.0]),
                torque=np.zeros(3),
                point=np.zeros(3),
                duration=0.2,
            )
        ]
    )
    stand.run(3.0)
    assert stand.core.ladder.rung >= Rung.DAMP
    assert "fallen" in stand.core.ladder.causes
    with pytest.raises(UnsafeCommandError, match="fallen"):
        stand.core.reset_stop()


def test_hardware_that_fails_stops_the_robot_and_can_be_recovered(stand):
    stand.add("posture", "renxing/PostureController")
    stand.run(0.5)
    component = stand.core.manager.resources.component("body")
    read = component.hardware.read
    component.hardware.read = lambda time, period: Return.ERROR
    stand.run(0.1)
    assert stand.core.ladder.rung is Rung.HOLD
    with pytest.raises(UnsafeCommandError, match="body is not active"):
        stand.core.reset_stop()
    component.hardware.read = read
    answer = stand.core.manager.set_hardware_component_state("body", 3)
    assert answer.ok, answer.message
    stand.core.reset_stop()
    stand.run(2.0)
    assert stand.core.ladder.rung is Rung.RUN
    assert stand.height > 0.93


def test_an_encoder_that_goes_blind_holds_the_robot(stand):
    stand.add("posture", "renxing/PostureController")
    stand.run(0.5)
    component = stand.core.manager.resources.component("body")
    read = component.hardware.read

    def blind(time, period):
        result = read(time, period)
        component.hardware.state[3] = np.nan
        return result

    component.hardware.read = blind
    stand.run(2.0)
    assert stand.core.ladder.rung is Rung.HOLD
    assert np.isfinite(stand.core.sent).all()
    assert stand.core.failures == 0
    assert stand.height > 0.93


def test_a_bug_of_our_own_holds_the_robot_and_is_counted(stand, monkeypatch):
    stand.run(0.2)
    guard = stand.core.guard
    bound = guard.bound
    calls = []

    def broken(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a bug in the guard")
        return bound(*arguments)

    monkeypatch.setattr(guard, "bound", broken)
    stand.run(1.0)
    assert stand.core.failures == 1
    assert stand.core.ladder.rung is Rung.HOLD
    assert stand.height > 0.93


def test_the_ledger_has_a_row_for_each_cycle(stand):
    stand.run(0.2)
    rows = stand.core.ledger.rows()
    assert len(rows) == 100
    assert (rows[:, 4:].sum(axis=1) > 0).all()


def test_a_robot_without_ros2_control_tags_gets_one_system(load):
    g1 = load("g1")
    assert g1.urdf.root.find("ros2_control") is None
    twin = Twin(g1, load_world("flat"))
    core = RealTimeCore(
        g1,
        ManagerSettings(update_rate=RATE),
        CoreConfig(),
        description=default_hardware(g1, "mujoco"),
        hardware={PLUGINS["mujoco"]: lambda info: MujocoSystem(info, twin)},
    )
    core.start()
    run_lock_step(core, 2.0, LockStep(RATE))
    assert twin.base_state().transform_base_to_odom.translation[2] > 0.75
    assert core.failures == 0


def test_a_source_that_is_late_has_its_joint_held_where_it_is(rx1, tmp_path):
    file = tmp_path / "push.yaml"
    file.write_text(
        f"push: {{ros__parameters: {{joints: [{ARM[1]}], command_timeout: 0.1}}}}"
    )
    stand = Stand(rx1, files=[file])
    stand.add("push", "effort_controllers/JointGroupEffortController")
    elbow = rx1.joints.index(ARM[1])
    stand.run(0.2)
    stand.core.send("push", ForwardCommand((2.0,)))
    stand.run(0.05)
    assert not stand.core.guard.flags[elbow] & Flag.HELD
    stand.run(0.06)
    assert stand.core.guard.flags[elbow] & Flag.HELD
    late = stand.twin.true_positions()[elbow]
    stand.run(1.0)
    assert stand.twin.true_positions()[elbow] == pytest.approx(late, abs=0.15)
    assert stand.core.ladder.rung is Rung.RUN
