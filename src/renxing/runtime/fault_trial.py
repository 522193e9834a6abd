# SPDX-License-Identifier: Apache-2.0
"""Break a simulated robot in one way, see whether it does what is declared.

Each trial is one core in lock-step: a robot that stands, is on its way into a squat or
walks, one fault at a random time on a random side. A trial is a pure function of case,
robot and seed. Drives keep their last command while their component is down.
"""

import math
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from renxing.actuation.guard import Flag
from renxing.actuation.ladder import Rung
from renxing.control.locomotion_controller import VelocityCommand
from renxing.control.posture_controller import GoToPosture
from renxing.hardware_interface import State
from renxing.robot import Robot, load_robot
from renxing.runtime.clumsy import clumsy_of
from renxing.runtime.core import CoreConfig, RealTimeCore
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.default_hardware import PLUGINS, default_hardware
from renxing.runtime.fault_cases import FaultCase
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep, Pace
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.mujoco_system import MujocoSystem
from renxing.spatial import Array

RATE = 500
PERIOD = 1.0 / RATE
SETTLE = 0.6  # [s] before anything happens
SPREAD = 1.2  # [s] in which the fault comes
SPEEDS = {"rx1": 0.5, "g1": 0.3}  # [m/s] of the robots that walk
SPEED = 0.3  # [m/s] of others
UNDER_WAY = 2.0  # [s] to reach it
COMMAND_PERIOD = 0.1  # [s] between two velocities
STILL = 0.06  # [m/s] of the base in the plane, below which it stands still
UPRIGHT = math.cos(0.6)  # of the base's tilt, for a robot on its feet
DISK = 4096  # [bytes] that a file may have on a full disk
DUMP_TIME = 20.0  # [s] for the helper to give up


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One trial.

    Attributes:
        case: Name of the case.
        robot: Name or file of the robot.
        seed: Of the twin, the time and the side.
    """

    case: str
    robot: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a trial.

    Attributes:
        case: Its name.
        seed: Of the trial.
        rung: That the ladder was on in the end.
        reaction: From the fault to the declared reaction [s]; None if there was none.
        stands: Whether the robot was on its feet in the end.
        missed: What was declared and did not happen, or nothing.
    """

    case: str
    seed: int
    rung: str
    reaction: float | None
    stands: bool
    missed: str


@cache
def _robot(name: str) -> Robot:
    return load_robot(name)


class Trial:
    """A robot in lock-step, and what it did since the fault."""

    def __init__(self, task: Task, case: FaultCase, folder: Path) -> None:
        """Put the robot on its feet.

        Args:
            task: Which robot and seed.
            case: What breaks.
            folder: Where the trial may write.
        """
        self._task, self._folder, self._case = task, folder, case
        self._random = random = np.random.default_rng(task.seed)
        side = str(random.choice(["left", "right"]))
        robot = self._robot = _robot(task.robot)
        self._elbow = f"{side}_elbow_joint"
        self._speed = SPEEDS.get(robot.name, SPEED)
        imus = robot.description.sensors.imu
        self._names = {"side": side, "imu": imus[0].name if imus else ""}
        self._clumsy = case.act in ("nan", "exception", "two writers")
        twin = self._twin = Twin(robot, load_world("flat"), TwinConfig(seed=task.seed))
        joints = [j for j in robot.joints if not self._clumsy or j != self._elbow]
        file = folder / "posture.yaml"
        file.write_text(f"posture: {{ros__parameters: {{joints: {joints}}}}}")
        tagged = robot.urdf.root.find("ros2_control") is not None
        self._core = RealTimeCore(
            robot,
            ManagerSettings(update_rate=RATE),
            CoreConfig(),
            description=None if tagged else default_hardware(robot, "mujoco"),
            hardware={PLUGINS["mujoco"]: lambda info: MujocoSystem(info, twin)},
            controllers={"test/Clumsy": clumsy_of(self._elbow)},
            files=[file],
        )
        self._core.after = self._after
        self._pace = LockStep(RATE)
        self._body = self._core.manager.resources.components[0]
        self._sent: Array = np.empty(0)
        self._finite = True
        self._late = False

    def run(self) -> Outcome:
        """Stand, squat or walk, break, watch."""
        core, random, case = self._core, self._random, self._case
        core.start()
        if case.walks:
            self._start("state_estimator", "renxing/StateEstimator")
            self._start("locomotion", "renxing/LocomotionController")
        else:
            self._start("posture", "renxing/PostureController")
        if self._clumsy:
            self._start("clumsy", "test/Clumsy")
        self._turn(SETTLE)
        if case.walks:
            self._turn(UNDER_WAY, driven=True)
        elif random.random() < 0.5:
            core.send("posture", GoToPosture(1, "squat"))
        self._turn(SPREAD * random.random(), driven=case.walks)
        walked = self._twin.base_state().linear_velocity[0] > 0.5 * self._speed
        reaction = self._break()
        began = self._cycles()
        while self._cycles() - began < case.watched * RATE:
            # Whoever walks it goes on for a while after a stop, and must not be heard.
            self._turn(PERIOD, driven=case.act == "emergency stop")
            reacted = self._reacted()
            if case.walks and not reacted:
                reaction = None
            elif reaction is None and reacted:
                reaction = (self._cycles() - began) * PERIOD
        rotation = self._twin.base_state().transform_base_to_odom.rotation
        stands = bool(rotation[2, 2] > UPRIGHT)
        return Outcome(
            case=case.name,
            seed=self._task.seed,
            rung=core.ladder.rung.label,
            reaction=reaction,
            stands=stands,
            missed="; ".join(self._missed(reaction, stands, walked)),
        )

    def _start(self, name: str, kind: str) -> str:
        """Start a controller; return why that did not work, or nothing."""
        manager = self._core.manager
        for answer in (
            manager.load_controller(name, kind),
            manager.configure_controller(name),
            manager.switch_controller([name], []),
        ):
            if not answer.ok:
                return answer.message
        return ""

    def _cycles(self) -> int:
        return self._pace.cycle

    def _turn(self, seconds: float, *, driven: bool = False) -> None:
        for _ in range(max(1, round(seconds * RATE))):
            if driven and self._cycles() % round(COMMAND_PERIOD * RATE) == 0:
                walk = VelocityCommand(self._speed, 0.0, 0.0)
                self._core.send("locomotion", walk)
            self._pace.wait()
            self._core.tick(self._pace.cycle * PERIOD, PERIOD, self._pace)
            self._core.ledger.end(1 if self._late else 0)

    def _after(self, _pace: Pace) -> None:
        core = self._core
        self._finite &= bool(np.isfinite(core.sent).all())
        if self._body.state is State.ACTIVE:
            self._sent = core.guard.sent.copy()
        elif len(self._sent):
            # The world does not wait for a component that is down.
            self._twin.advance(self._sent, round(PERIOD / self._twin.time_step))

    # --- how it breaks, and how that shows ----------

    def _break(self) -> float | None:
        """Break what the case says; return the reaction [s] if it is immediate."""
        core, case = self._core, self._case
        if case.fault is not None:
            pattern = case.fault.pattern
            for word, name in self._names.items():
                pattern = pattern.replace(f"{{{word}}}", name)
            core.inject_fault(
                replace(case.fault, pattern=pattern, seed=self._task.seed)
            )
        elif case.act == "two writers":
            return 0.0 if self._start("second", "test/Clumsy") else None
        elif case.act == "disk full":
            return self._fill_disk()
        elif case.act == "storm":
            self._late = True
        elif case.act == "emergency stop":
            core.stop(Rung.STAND, "emergency stop")
        elif case.act != "silence":
            clumsy = core.manager.loader.specs["clumsy"].controller
            setattr(clumsy, "value" if case.act == "nan" else "breaks", math.nan)
        return None

    def _fill_disk(self) -> float | None:
        """Have a dump written where only a little fits; the loop turns meanwhile."""
        memory = CoreMemory(
            self._core, f"fault.{os.getpid()}", seconds=1.0, folder=self._folder
        )
        try:
            for _ in range(RATE):
                self._turn(PERIOD)
                memory.remember(self._pace)
            full = (DISK, resource.prlimit(memory.dumper, resource.RLIMIT_FSIZE)[1])
            resource.prlimit(memory.dumper, resource.RLIMIT_FSIZE, full)
            begin = time.monotonic()
            memory.dump(self._folder / "dumps", "disk full")
            while time.monotonic() - begin < DUMP_TIME:
                self._turn(PERIOD)
                for result in memory.results():
                    return time.monotonic() - begin if result.error else None
            return None
        finally:
            memory.close()

    def _reacted(self) -> bool:
        core, act = self._core, self._case.act
        if self._case.walks:
            speed = np.linalg.norm(self._twin.base_state().linear_velocity[:2])
            return bool(speed < STILL)
        if act == "nan":
            flags = core.guard.flags[self._robot.joints.index(self._elbow)]
            return bool(flags & Flag.HELD)
        if act == "exception":
            return not core.manager.loader.specs["clumsy"].active
        if act == "storm":
            return core.storm.raging
        return core.ladder.rung >= max(self._case.rung, Rung.HOLD)

    def _missed(
        self, reaction: float | None, stands: bool, walked: bool
    ) -> Iterator[str]:
        core, case = self._core, self._case
        if case.walks and not walked:
            yield "did not walk"
        if case.within and reaction is None:
            yield f"no reaction, declared {case.reaction}"
        elif case.within and reaction is not None and reaction > case.within + 1e-9:
            yield f"after {reaction:.3f} s, declared {case.within:g} s"
        unasked = set(core.ladder.causes) - (set() if case.stands else {"fallen"})
        if case.rung is Rung.STAND and core.ladder.rung is not Rung.STAND:
            yield f"came to {core.ladder.rung.label}: {', '.join(core.ladder.causes)}"
        if case.rung is Rung.RUN and unasked:
            yield f"came to {core.ladder.rung.label}: {', '.join(core.ladder.causes)}"
        if case.stands is not None and stands is not case.stands:
            yield "fell" if case.stands else "did not fall"
        if not self._finite:
            yield "sent what is not finite"
        if core.failures:
            yield f"{core.failures} exceptions in the core"
        if (np.abs(core.guard.torque) > self._robot.torque + 1e-9).any():
            yield "sent more than the torque limit"
