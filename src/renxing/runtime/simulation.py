# SPDX-License-Identifier: Apache-2.0
"""An operator's hands on the simulated robot, and the truth about it.

Stands beside the core, not in it: a real robot has neither. `watch` runs in the
real-time thread at the end of each cycle; all else in the other one.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renxing.control.base_controller import Cadence
from renxing.control.posture_controller import GoToPosture, PostureController
from renxing.errors import ConfigError
from renxing.runtime.core import RealTimeCore
from renxing.runtime.core_report import TwinReport, TwinTruth, WorldReport
from renxing.runtime.pacer import Pace
from renxing.runtime.scene_block import SceneWriter
from renxing.runtime.skin_block import SkinWriter
from renxing.sim import Twin
from renxing.sim.pushes import Push
from renxing.spatial import SE3

TRUTH_RATE = 50.0  # [Hz] of simulated time; of the wall's while paused
SKIN_RATE = 200.0  # [Hz] of simulated time
REPORT_EVERY = 10  # truths
FACTOR_PERIOD = 1.0  # [s] over which the speed of time is averaged
STEPS_LIMIT = 2_000  # physics steps in one request: an emergency stop waits for it
CHUNK = 50  # cycles between which the loop gets to other requests
UNHEARD = 100  # truths that are kept while nobody takes them


class Simulation:
    """The twin as its operator has it.

    Attributes:
        news: Truths for whoever listens, oldest first.
    """

    def __init__(
        self,
        core: RealTimeCore,
        twin: Twin,
        period: float,
        scene: SceneWriter,
        skin: SkinWriter | None,
    ) -> None:
        """Watch a twin.

        Args:
            core: That moves it.
            twin: The simulated robot and its world.
            period: Of the core's cycle [s].
            scene: Shows it to who draws it.
            skin: Shows what it feels; None for a robot without skin.
        """
        self.news: deque[TwinTruth] = deque(maxlen=UNHEARD)
        self._core = core
        self._twin = twin
        self._period = period
        self._scene = scene
        self._skin = skin
        self._touch = Cadence(SKIN_RATE)
        self._felt = -np.inf
        self._objects = tuple(thing.name for thing in twin.world.objects)
        self._cadence = Cadence(TRUTH_RATE)
        self._told = -np.inf
        self._count = 0
        self._mark = (time.monotonic(), twin.time)
        self._factor = 0.0

    # --- the real-time thread ----------

    def watch(self, pace: Pace) -> None:
        """Note the truth when it is time."""
        twin, wall = self._twin, pace.woke * 1e-9
        now = twin.time
        if wall - self._mark[0] > FACTOR_PERIOD:
            # A reset turns simulated time back; such a second says nothing.
            passed = now - self._mark[1]
            self._factor = max(passed, 0.0) / (wall - self._mark[0])
            self._mark = (wall, now)
        still = self._core.paused and wall - self._told >= 1.0 / TRUTH_RATE
        # A cycle has just moved it on to where the next one will begin.
        due = pace.due + round(self._period * 1e9)
        if self._skin is not None and (self._touch.due(now) or still):
            if now != self._felt:
                self._felt = now
                twin.feel()
            self._skin.show(now, due)
        if not self._cadence.due(now) and not still:
            return
        self._told = wall
        self._scene.show(due)
        self._count += 1
        self.news.append(
            TwinTruth(
                stamp=now,
                base=twin.base_state(),
                objects={name: twin.objects.pose(name) for name in self._objects}
                | {name: twin.people.pose(name) for name in twin.people.names},
                report=self._report() if self._count % REPORT_EVERY == 1 else None,
            )
        )

    def _report(self) -> TwinReport:
        paused = self._core.paused
        return TwinReport(
            paused=paused,
            real_time_factor=0.0 if paused else self._factor,
            battery=self._twin.battery(),
        )

    # --- the other thread ----------

    def world(self) -> WorldReport:
        """Return what is simulated."""
        robot = self._twin.robot
        return WorldReport(
            robot=robot.name,
            world=self._twin.world.name,
            objects=self._objects,
            keyframes=tuple(robot.description.postures),
        )

    def set_pause(self, paused: bool) -> str:
        """Stop time or let it go on."""
        self._core.submit(lambda: setattr(self._core, "paused", paused))
        return "paused" if paused else "running"

    def step(self, steps: int) -> str:
        """Advance a paused simulation.

        Args:
            steps: Of the physics; the last cycle is shorter if they do not fill it.

        Raises:
            ConfigError: If it is not paused, or that is too much at once.
        """
        core, twin = self._core, self._twin
        if not core.paused:
            raise ConfigError("step_simulation: pause the simulation first")
        if steps > STEPS_LIMIT:
            raise ConfigError(
                f"step_simulation: {steps} steps; at most {STEPS_LIMIT} at once"
            )
        each = max(1, round(self._period / twin.time_step))
        left = steps

        def advance() -> None:
            nonlocal left
            for _ in range(CHUNK):
                count = min(left, each)
                if count == 0:
                    return
                core.advance(twin.time, count * twin.time_step)
                left -= count

        while left:
            core.submit(advance)
        return f"at {twin.time:.3f} s"

    def reset(
        self,
        keyframe: str,
        joints: Mapping[str, float],
        objects: Sequence[tuple[str, SE3]],
    ) -> str:
        """Start the world again; controllers start anew where the robot is then.

        Args:
            keyframe: A posture; empty for standing.
            joints: Positions of joints that shall be elsewhere [rad].
            objects: Poses of objects that shall be elsewhere.

        Raises:
            ConfigError: If a position is not finite or an object unknown.
            ModelError: If there is no such posture or joint.
        """
        robot = self._twin.robot
        posture = keyframe or "stand"
        positions = robot.posture(posture)
        positions[robot.indices(tuple(joints))] = list(joints.values())
        if not np.isfinite(positions).all():
            raise ConfigError("state_overrides: positions must be finite")
        self._check(objects)

        def place() -> None:
            self._twin.reset_to(positions)
            self._put(objects)

        core = self._core
        paused = core.paused
        self.set_pause(True)
        try:
            core.stops.start_over(place)
            for spec in core.manager.loader.all():
                if spec.active and isinstance(spec.controller, PostureController):
                    # It would else go to the posture of its own parameters.
                    core.send(spec.name, GoToPosture(0, posture))
        finally:
            self.set_pause(paused)
        return f"reset to '{posture}'"

    def place(self, objects: Sequence[tuple[str, SE3]]) -> str:
        """Put objects somewhere, at rest.

        Raises:
            ConfigError: If one is unknown.
        """
        self._check(objects)
        self._core.submit(lambda: self._put(objects))
        return f"{len(objects)} objects placed"

    def push(self, pushes: Sequence[Mapping[str, Any]]) -> str:
        """Push bodies; the fields are those of `Push`.

        Raises:
            ModelError: If there is no such body.
            ConfigError: If a number is not finite or a time is negative.
        """
        made = [Push(**values) for values in pushes]
        self._core.submit(lambda: self._twin.apply_wrenches(made))
        return f"{len(made)} wrenches applied"

    def _check(self, objects: Sequence[tuple[str, SE3]]) -> None:
        for name, _ in objects:
            if name not in self._objects:
                raise ConfigError(
                    f"object '{name}': not in world '{self._twin.world.name}', "
                    f"which has {', '.join(self._objects) or 'none'}"
                )

    def _put(self, objects: Sequence[tuple[str, SE3]]) -> None:
        for name, pose in objects:
            self._twin.objects.place(name, pose)
