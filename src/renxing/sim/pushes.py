# SPDX-License-Identifier: Apache-2.0
"""Wrenches on bodies of the simulation, for as long as they last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from renxing.errors import ConfigError
from renxing.spatial import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Push:
    """A wrench on a body for a while; it turns with the body.

    Attributes:
        body: Link or object that it acts on.
        force: In the body's frame [N], shape (3,).
        torque: In the body's frame [N·m], shape (3,).
        point: Where the force acts, in the body's frame [m], shape (3,).
        duration: From start to end [s]; 0 acts for one physics step.
        ramp_down: The last part of the duration, in which it fades away [s].
    """

    body: str
    force: Array
    torque: Array
    point: Array
    duration: float
    ramp_down: float = 0.0


class Pushes:
    """All pushes that act on one simulation."""

    def __init__(self, time_step: float) -> None:
        """Start without any.

        Args:
            time_step: Of the physics [s]; no push is shorter.
        """
        self._time_step = time_step
        self._acting: list[tuple[float, int, Push]] = []
        self._pushed: set[int] = set()

    @property
    def any(self) -> bool:
        """Whether there is something to apply, or to take off again."""
        return bool(self._acting or self._pushed)

    def add(self, pushes: Sequence[tuple[int, Push]], now: float) -> None:
        """Add pushes; all of them, or none if one is wrong.

        Args:
            pushes: Each with the MuJoCo id of its body.
            now: Simulated time [s].

        Raises:
            ConfigError: If a number is not finite or a time is negative.
        """
        for _, push in pushes:
            _check(push)
        self._acting += [(now + push.duration, body, push) for body, push in pushes]

    def apply(self, data: mujoco.MjData) -> None:
        """Set the external forces of the next physics step."""
        for body in self._pushed:
            data.xfrc_applied[body] = 0.0
        self._pushed.clear()
        kept = []
        for end, body, push in self._acting:
            left = end - data.time
            strength = _strength(push, left)
            rotation = np.array(data.xmat[body]).reshape(3, 3)
            # MuJoCo takes the wrench at the centre of mass, in world axes.
            lever = data.xpos[body] + rotation @ push.point - data.xipos[body]
            force = rotation @ push.force
            torque = rotation @ push.torque + np.cross(lever, force)
            data.xfrc_applied[body] += strength * np.concatenate([force, torque])
            self._pushed.add(body)
            if left > 1.5 * self._time_step:
                kept.append((end, body, push))
        self._acting = kept

    def acting(self, now: float) -> Iterator[tuple[int, Push, float]]:
        """Yield what pushes, each with its body and its strength, 0 to 1.

        Args:
            now: Simulated time [s].
        """
        for end, body, push in self._acting:
            yield body, push, _strength(push, end - now)


def _strength(push: Push, left: float) -> float:
    if push.ramp_down <= 0.0:
        return 1.0
    return min(1.0, max(0.0, left / push.ramp_down))


def _check(push: Push) -> None:
    numbers = np.concatenate([push.force, push.torque, push.point])
    if numbers.shape != (9,) or not np.isfinite(numbers).all():
        raise ConfigError(
            f"push on '{push.body}': force, torque and point want 3 finite numbers each"
        )
    times = (push.duration, push.ramp_down)
    if not np.isfinite(times).all() or min(times) < 0.0:
        raise ConfigError(
            f"push on '{push.body}': duration {push.duration} s and ramp "
            f"{push.ramp_down} s must be finite and not negative"
        )
