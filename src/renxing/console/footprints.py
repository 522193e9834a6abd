# SPDX-License-Identifier: Apache-2.0
"""Where the feet have stood, and where they are told to stand next.

The foothold of the step that is made now belongs to the balance, see there.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import viser

from renxing.console.balance import LIFT, LOADED, outline, ring, sole_rectangle
from renxing.console.report import Balance
from renxing.robot import Robot
from renxing.spatial import SE3, Array

KEPT = 10  # footprints that are shown
NEW = 0.05  # [m] from the last print of the same foot: nearer is the same
PATIENCE = 3.0  # [s] for a robot that stands to begin with given footsteps
LEFT, RIGHT = (66, 99, 235), (12, 166, 120)
PRINT = (134, 142, 150)


@dataclass(frozen=True, slots=True, eq=False)
class Foothold:
    """Where a foot shall stand.

    Attributes:
        foot: 0 left, 1 right.
        sole_to_odom: Pose of the centre of its sole.
    """

    foot: int
    sole_to_odom: SE3


class FootprintView:
    """A trail behind the robot, and footsteps that somebody has given it."""

    def __init__(
        self,
        server: viser.ViserServer,
        robot: Robot,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Send its parts to the page, hidden.

        Args:
            server: The page's server.
            robot: Whose soles are outlined.
            clock: Tells the time [s].
        """
        self._server, self._clock = server, clock
        self._root = server.scene.add_frame("/footprints", show_axes=False)
        self._soles = [
            np.array([(x, y, LIFT) for x, y in sole_rectangle(foot.x, foot.y)])
            for foot in robot.description.feet
        ]
        self._trail = [
            outline(server.scene, f"/footprints/print_{n}", 4, PRINT, visible=False)
            for n in range(KEPT)
        ]
        self._prints: deque[tuple[int, Array]] = deque(maxlen=KEPT)
        self._made = 0
        self._carried = [True] * len(self._soles)
        self._given: tuple[Foothold, ...] = ()
        self._begun: int | None = None
        self._came = 0.0
        self._left = 0
        self._planned: list[viser.LineSegmentsHandle] = []

    @property
    def left(self) -> int:
        """How many of the given footsteps are still to be made."""
        return self._left

    def want(self, wanted: bool) -> None:
        """Show it or not, as the operator likes."""
        self._root.visible = wanted

    def give(self, footsteps: Sequence[Foothold]) -> None:
        """Show footsteps that were given instead of those before."""
        self._drop()
        self._given, self._begun = tuple(footsteps), None
        self._came = self._clock()
        self._left = len(footsteps)
        for number, step in enumerate(self._given):
            corners = _corners(self._soles[step.foot], step.sole_to_odom)
            colour = LEFT if step.foot == 0 else RIGHT
            line = outline(self._server.scene, f"/footprints/step_{number}", 4, colour)
            line.points = ring(corners)
            self._planned.append(line)

    def show(self, balance: Balance | None) -> None:
        """Go on with what the gait tells; None: nobody balances."""
        if balance is None:
            self._drop()
            return
        self._leave_prints(balance)
        if self._given:
            self._count(balance)

    def _leave_prints(self, balance: Balance) -> None:
        for foot, (sole, force) in enumerate(
            zip(balance.soles, balance.forces, strict=True)
        ):
            carries = bool(force[2] > LOADED)
            landed = carries and not self._carried[foot]
            self._carried[foot] = carries
            if not landed:
                continue
            place = sole.translation
            last = next((p for f, p in reversed(self._prints) if f == foot), None)
            if last is not None and np.linalg.norm(place - last) < NEW:
                continue
            self._prints.append((foot, place))
            line = self._trail[self._made % KEPT]
            line.points = ring(_corners(self._soles[foot], sole))
            line.visible = True
            self._made += 1

    def _count(self, balance: Balance) -> None:
        """Take away the given footsteps that are made, or that nobody will make."""
        if balance.mode == "stand":
            waited = self._clock() - self._came > PATIENCE
            if self._begun is not None or waited:
                self._drop()
            return
        if self._begun is None:
            self._begun = balance.steps
        self._left = max(len(self._given) - (balance.steps - self._begun), 0)
        for number, line in enumerate(self._planned):
            ahead = number >= len(self._given) - self._left
            if line.visible != ahead:
                line.visible = ahead

    def _drop(self) -> None:
        for line in self._planned:
            line.remove()
        self._planned, self._given, self._left = [], (), 0


def _corners(sole: Array, sole_to_odom: SE3) -> Array:
    return np.asarray(sole @ sole_to_odom.rotation.T + sole_to_odom.translation)
