# SPDX-License-Identifier: Apache-2.0
"""People who walk through a world: where each of them is at some time.

They are bodies that MuJoCo moves by their pose alone: they push what they meet and
nothing pushes them. Where they are depends on simulated time, and on the robot only
where somebody waits for it or before it, so that a run repeats to the bit.
"""

import math
from bisect import bisect_right

import mujoco
import numpy as np

from renxing.errors import ModelError
from renxing.sim.shapes import Pedestrian, World
from renxing.spatial import SE3, Array, rotation_from_rpy

TURN = 2.5  # [rad/s] of somebody who turns on the spot

State = tuple[float, float, float]  # x, y [m], yaw [rad]


class Stroll:
    """One person's way, as a pose for each time."""

    def __init__(self, person: Pedestrian) -> None:
        """Lay out when the person is where."""
        pose, walk = person.transform_person_to_odom, person.walk
        x, y = (float(value) for value in pose.translation[:2])
        yaw = math.atan2(pose.rotation[1, 0], pose.rotation[0, 0])
        self._again = walk.again
        self._times = [0.0]
        self._states: list[State] = [(x, y, yaw)]
        places = [*walk.way, (x, y)] if walk.again else list(walk.way)
        for place in places:
            self._go(place, walk.speed)
        if walk.again:
            self._turn(yaw)

    def _go(self, place: tuple[float, float], speed: float) -> None:
        x, y, _ = self._states[-1]
        dx, dy = place[0] - x, place[1] - y
        if dx == dy == 0.0:
            return
        self._turn(math.atan2(dy, dx))
        self._times.append(self._times[-1] + math.hypot(dx, dy) / speed)
        self._states.append((*place, self._states[-1][2]))

    def _turn(self, towards: float) -> None:
        x, y, yaw = self._states[-1]
        by = math.remainder(towards - yaw, math.tau)
        if by:
            self._times.append(self._times[-1] + abs(by) / TURN)
            self._states.append((x, y, yaw + by))

    @property
    def duration(self) -> float:
        """How long it takes once [s]."""
        return self._times[-1]

    def state(self, walked: float) -> State:
        """Return x, y [m] and yaw [rad].

        Args:
            walked: Time since the beginning [s].
        """
        last = self._times[-1]
        if self._again and last > 0.0:
            walked = math.fmod(max(walked, 0.0), last)
        after = bisect_right(self._times, walked)
        if after == 0:
            return self._states[0]
        if after == len(self._times):
            return self._states[-1]
        begun, ended = self._times[after - 1 : after + 1]
        share = (walked - begun) / (ended - begun)
        a, b = self._states[after - 1 : after + 1]
        return (
            a[0] + share * (b[0] - a[0]),
            a[1] + share * (b[1] - a[1]),
            a[2] + share * (b[2] - a[2]),
        )


class People:
    """All people of a world who walk.

    Attributes:
        any: Whether there are any.
        names: Of them.
    """

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData
    ) -> None:
        """Lay out their ways.

        Args:
            world: Which has them.
            model: In which they are.
            data: Its state.
        """
        self._people = world.people
        self._data = data
        self.names = tuple(person.name for person in world.people)
        self.any = bool(world.people)
        self._strolls = [Stroll(person) for person in world.people]
        self._rows = [int(model.body(name).mocapid[0]) for name in self.names]
        self._position, self._quat = data.mocap_pos, data.mocap_quat
        self._qpos = data.qpos
        self.reset()

    def reset(self) -> None:
        """Begin again, all where they start."""
        self._began: list[float | None] = [None for _ in self._people]
        self._held = [0.0 for _ in self._people]
        self._last = float(self._data.time)
        self.step()

    def step(self) -> None:
        """Put everybody where they are now."""
        now = float(self._data.time)
        passed, self._last = now - self._last, now
        for number, person in enumerate(self._people):
            stroll, began = self._strolls[number], self._began[number]
            if began is None:
                if self._waits(person, stroll, now):
                    self._show(number, stroll.state(0.0))
                    continue
                # From its own time on where nobody is waited for, whatever the step.
                began = self._began[number] = (
                    now if person.walk.near else (person.walk.start)
                )
            walked = now - began - self._held[number]
            if person.walk.yields and self._meets(person, stroll.state(walked)):
                self._held[number] += passed
                walked -= passed
            self._show(number, stroll.state(walked))

    def _meets(self, person: Pedestrian, state: State) -> bool:
        """Say whether the robot is in somebody's way."""
        x, y = self._qpos[0] - state[0], self._qpos[1] - state[1]
        away = math.hypot(x, y)
        ahead = x * math.cos(state[2]) + y * math.sin(state[2])
        # Who passes beside it nearer than that brushes along it, too.
        return away < person.walk.yields and ahead > 0.0

    def _waits(self, person: Pedestrian, stroll: Stroll, now: float) -> bool:
        if now < person.walk.start:
            return True
        if not person.walk.near:
            return False
        x, y, _ = stroll.state(0.0)
        away = math.hypot(self._qpos[0] - x, self._qpos[1] - y)
        return away > person.walk.near

    def _show(self, number: int, state: State) -> None:
        row, half = self._rows[number], 0.5 * state[2]
        self._position[row, 0], self._position[row, 1] = state[0], state[1]
        quat = self._quat[row]
        quat[0], quat[3] = math.cos(half), math.sin(half)

    def poses(self) -> Array:
        """Return where they are: x, y, z, then w, x, y, z of the attitude, (n, 7).

        Rows are in the order of MuJoCo's.
        """
        return np.hstack([self._position, self._quat])

    def pose(self, name: str) -> SE3:
        """Return the pose of somebody in odom.

        Raises:
            ModelError: If nobody of this name walks here.
        """
        if name not in self.names:
            raise ModelError(
                f"nobody '{name}' walks here; known {', '.join(self.names) or 'none'}"
            )
        row = self._rows[self.names.index(name)]
        w, _, _, z = self._quat[row]
        rotation = rotation_from_rpy((0.0, 0.0, 2.0 * math.atan2(z, w)))
        return SE3(rotation, np.array(self._position[row]))
