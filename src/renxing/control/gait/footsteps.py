# SPDX-License-Identifier: Apache-2.0
"""A walk over given footholds, in place of those that a velocity asks for.

In: footsteps in odom.  Out: the footholds that steps are planned for. Place and time
of each step still adapt to pushes; what that came to is measured at every touchdown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from renxing.control.gait.capture_point import PREVIEW, footholds
from renxing.control.gait.gait_config import GaitScale
from renxing.control.gait.swing import wrap
from renxing.errors import UnsafeCommandError
from renxing.spatial import Array

NAMES = ("left", "right")
STEEPEST = 0.87  # [-] cosine of the steepest ground to stand on
TURN_LIMIT = 0.8  # [rad] of a foot against the other one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footstep:
    """Where a foot shall stand.

    Attributes:
        foot: 0 left, 1 right.
        place: Centre of the sole in odom [m], shape (2,).
        yaw: Heading of the sole in odom [rad].
        height: Of the ground there in odom [m].
        normal: Of the ground there, shape (3,).
    """

    foot: int
    place: Array
    yaw: float
    height: float = 0.0
    normal: Array = field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))


def check_footsteps(
    steps: Sequence[Footstep], stance: Footstep, scale: GaitScale
) -> None:
    """Refuse a plan that legs cannot do.

    Args:
        steps: In their order.
        stance: Of the foot that stands while the first step is made.
        scale: Lengths of the robot.

    Raises:
        UnsafeCommandError: Says which step, what it wants and what is allowed.
    """
    if not steps:
        raise UnsafeCommandError("footsteps: none; at least one wanted")
    for number, step in enumerate(steps):
        name = f"footstep {number}"
        if not np.isfinite([*step.place, step.yaw, step.height, *step.normal]).all():
            raise UnsafeCommandError(f"{name}: place or heading is not finite")
        if step.normal[2] < STEEPEST:
            slope, most = np.degrees(np.arccos([step.normal[2], STEEPEST]))
            raise UnsafeCommandError(
                f"{name}: ground of {slope:.0f} degrees, allowed {most:.0f}"
            )
        if step.foot == stance.foot:
            raise UnsafeCommandError(
                f"{name}: the {NAMES[step.foot]} foot stands; the "
                f"{NAMES[1 - step.foot]} one steps"
            )
        c, s = np.cos(stance.yaw), np.sin(stance.yaw)
        way = np.array([[c, s], [-s, c]]) @ (step.place - stance.place)
        side = 1.0 if step.foot == 0 else -1.0
        longest = scale.length_limit
        for what, value, low, high in (
            ("ahead", way[0], -0.8 * longest, longest),
            ("apart", side * way[1], scale.least_width, scale.width_limit),
            ("up", step.height - stance.height, -scale.rise_limit, scale.rise_limit),
        ):
            if not low <= value <= high:
                raise UnsafeCommandError(
                    f"{name}: {value:.3f} m {what}, allowed {low:.3f} to {high:.3f}"
                )
        turn = wrap(step.yaw - stance.yaw)
        if abs(turn) > TURN_LIMIT:
            raise UnsafeCommandError(
                f"{name}: turned {turn:.2f} rad, allowed {TURN_LIMIT:g} either way"
            )
        stance = step


class Footsteps:
    """A plan and how far it is.

    Attributes:
        steps: The plan.
        errors: From the wanted to the real place of each step that was made [m].
    """

    def __init__(self, steps: Sequence[Footstep]) -> None:
        """Begin with the first one."""
        self.steps = tuple(steps)
        self.errors: list[float] = []

    @property
    def next(self) -> Footstep | None:
        """The step to make; None if all are made."""
        done = len(self.errors)
        return self.steps[done] if done < len(self.steps) else None

    def footholds(
        self, foot: Array, yaw: float, swing: int, limits: Array
    ) -> tuple[Array, Footstep | None]:
        """Return the foot that stands and the next ones.

        Args:
            foot: Centre of the foot that stands [m], shape (2,).
            yaw: Its heading [rad].
            swing: Which foot steps; if it is not the plan's, it steps in place.
            limits: As for `capture_point.footholds`.

        Returns:
            x, y [m], yaw [rad] of each, shape (PREVIEW + 2, 3), and the step of the
            plan that the next one is, None if it is none.
        """
        rest = np.zeros(3)
        side = 1.0 if swing == 0 else -1.0
        feet = footholds(foot, yaw, side, rest, limits)
        step = self.next
        if step is None:
            return feet, None
        own = step.foot == swing
        row = 1 if own else 2
        for one in self.steps[len(self.errors) :][: PREVIEW + 2 - row]:
            feet[row] = *one.place, one.yaw
            last, row = one, row + 1
        if row < len(feet):
            side = -1.0 if last.foot == 0 else 1.0
            further = footholds(last.place, last.yaw, side, rest, limits)
            feet[row:] = further[1 : 1 + len(feet) - row]
        return feet, step if own else None

    def land(self, foot: int, place: Array) -> None:
        """Note a touchdown.

        Args:
            foot: Which one.
            place: Centre of its sole [m], shape (2,).
        """
        step = self.next
        if step is not None and step.foot == foot:
            self.errors.append(float(np.linalg.norm(place - step.place)))
