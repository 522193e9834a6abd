# SPDX-License-Identifier: Apache-2.0
"""One step: double support, swing, touchdown; place and time adapt on the way.

The centre of pressure goes from the last foot to the standing one during the double
support and stays there; the capture point then drifts to where the next foot takes it
over. Every few ticks place and time of that foot are chosen anew from where the capture
point really is (`capture_point.catch`).
"""

import numpy as np

from renxing.control.gait import capture_point
from renxing.control.gait.gait_config import GaitScale
from renxing.control.gait.ground import ANYWHERE
from renxing.control.gait.swing import SwingFoot
from renxing.spatial import Array

REPLAN = 0.005  # [s] between two plans
FREEZE = 0.07  # [s] before touchdown the foothold is final
GRID = 0.02  # [s] between two candidate times
SOON = 0.04  # [s] from now on in which no step ends
MARGIN = np.array([0.02, 0.015])  # [m] of the sole that plans leave to corrections


class Step:
    """The step that is being made.

    Attributes:
        swing: Which foot moves: 0 left, 1 right.
        stance: The other one.
        elapsed: Since it began [s].
        duration: Until touchdown, as of now [s].
        support: Double support at its beginning [s].
        first: Whether it begins from standing at leisure.
        foothold: Where the foot goes [m], shape (2,).
        heading: Of the foothold [rad].
        foot: The foot in the air, None during the double support.
    """

    def __init__(
        self,
        scale: GaitScale,
        sole: Array,
        swing: int,
        last_pressure: Array,
        duration: float,
        support: float,
        first: bool = False,
    ) -> None:
        """Begin a step.

        Args:
            scale: Lengths and times.
            sole: Half length and half width of a sole [m], shape (2,).
            swing: Which foot moves.
            last_pressure: Where the centre of pressure comes from [m], shape (2,).
            duration: That nothing disturbs [s].
            support: Double support [s].
            first: Whether it begins from standing at leisure.
        """
        self._scale = scale
        self._sole = sole
        self.swing, self.stance = swing, 1 - swing
        self.side = 1.0 if swing == 0 else -1.0
        self._from = last_pressure
        self._usual = duration
        self.duration, self.support, self.first = duration, support, first
        self.elapsed = 0.0
        self.foothold = np.zeros(2)
        self.heading = 0.0
        self.foot: SwingFoot | None = None
        self._offset = np.zeros(2)
        self._planned = -np.inf
        self._begin: Array | None = None
        grid = np.arange(scale.shortest_step, scale.longest_step, GRID)
        self._times = grid - support

    @property
    def left(self) -> float:
        """Until touchdown [s]."""
        return max(self.duration - self.elapsed, 0.0)

    @property
    def swinging(self) -> bool:
        """Whether the double support is over."""
        return self.elapsed >= self.support

    # --- plan ------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        """Whether it is time to plan anew."""
        return self.elapsed - self._planned >= REPLAN - 1e-9

    def plan(
        self,
        capture: Array,
        feet: Array,
        swing_place: Array,
        omega: float,
        stretches: Array = ANYWHERE,
    ) -> bool:
        """Choose place and time of the touchdown, if it is time to.

        Args:
            capture: The capture point [m], shape (2,).
            feet: The foot that stands and the ones to come, from `footholds`.
            swing_place: Where the other foot is [m], shape (2,).
            omega: Of the pendulum [1/s].
            stretches: Where ahead a foot can stand, from `Ground.stretches`.

        Returns:
            Whether the foothold is a new one.
        """
        if not self.due:
            return False
        self._planned = self.elapsed
        scale = self._scale
        wanted, self.heading = feet[1, :2], float(feet[1, 2])
        offset, ratio = capture_point.touchdown_offset(
            feet, omega, scale.step_time, scale.double_support
        )
        if self.first and not self.swinging:
            self.foothold, self._offset = wanted.copy(), offset
            return True
        if self.swinging and self.left < FREEZE:
            return False
        place, time = self._catch(
            capture, feet, swing_place, wanted, offset, ratio, omega, stretches
        )
        self.foothold, self.duration = place, time + self.support
        self._offset = offset - (1.0 - ratio) * (place - wanted)
        return True

    def _catch(
        self,
        capture: Array,
        feet: Array,
        swing_place: Array,
        wanted: Array,
        offset: Array,
        ratio: float,
        omega: float,
        stretches: Array,
    ) -> tuple[Array, float]:
        scale = self._scale
        now, elapsed = capture, self.elapsed - self.support
        if not self.swinging:
            now, elapsed = self._after_support(capture, feet[0, :2], omega), 0.0
        usual = self._usual - self.support
        last = self.duration - self.support
        if self.first:
            times = np.array([usual])
        elif self.swinging:
            times = np.append(self._times, last)
        else:
            times = self._times
        shortest = scale.shortest_step - self.support
        soonest = shortest
        if self.swinging:
            least = 0.0 if self.foot is None else self.foot.least_left(shortest)
            soonest = elapsed + max(SOON, least)
        times = times[times >= soonest - 1e-9]
        if len(times) == 0:
            times = np.array([max(soonest, usual)])
        return capture_point.catch(
            now,
            elapsed,
            feet[0, :2],
            float(feet[0, 2]),
            self.side,
            swing_place,
            wanted,
            offset,
            ratio,
            omega,
            times,
            usual,
            last,
            0.5 if self.swinging else 0.0,
            np.maximum(self._sole - MARGIN, 0.005),
            np.array([*scale.span, scale.least_width, scale.width_limit]),
            scale.swing_speed,
            stretches,
        )

    def _after_support(self, capture: Array, foot: Array, omega: float) -> Array:
        """Return the capture point at the end of the double support."""
        rest = self.support - self.elapsed
        slope = (foot - self._from) / self.support
        pressed = self._from + slope * self.elapsed
        g = slope / omega
        return np.asarray(foot + g + (capture - pressed - g) * np.exp(omega * rest))

    # --- act -------------------------------------------------------------------------

    def pressure(self, capture: Array, foot: Array, omega: float, gain: float) -> Array:
        """Return where the centre of pressure shall be [m], shape (2,).

        Args:
            capture: The capture point [m], shape (2,).
            foot: Centre of the foot that stands [m], shape (2,).
            omega: Of the pendulum [1/s].
            gain: With which the capture point returns to its plan [1/s].
        """
        goal = self.foothold + self._offset
        if self.swinging:
            reference = foot + (goal - foot) * np.exp(-omega * self.left)
            return np.asarray(foot + (1.0 + gain / omega) * (capture - reference))
        swing_time = self.duration - self.support
        lift = foot + (goal - foot) * np.exp(-omega * swing_time)
        if self.first:
            return self._lean(capture, lift, omega, gain)
        slope = (foot - self._from) / self.support
        pressed = self._from + slope * self.elapsed
        g = slope / omega
        rest = np.exp(-omega * (self.support - self.elapsed))
        reference = pressed + g + (lift - foot - g) * rest
        return np.asarray(pressed + (1.0 + gain / omega) * (capture - reference))

    def _lean(self, capture: Array, lift: Array, omega: float, gain: float) -> Array:
        """Bring the capture point smoothly from where it stands to where it lifts."""
        if self._begin is None:
            self._begin = capture.copy()
        a = min(1.0, self.elapsed / self.support)
        way = lift - self._begin
        reference = self._begin + way * a**3 * (10.0 - 15.0 * a + 6.0 * a * a)
        rate = way * 30.0 * a * a * (1.0 - a) ** 2 / self.support
        return np.asarray(capture - rate / omega + gain / omega * (capture - reference))

    def force_limit(self, weight: float) -> float:
        """Return what the foot that will lift may still carry [N]."""
        part = self.elapsed / self.support
        begin, share = (0.8, 0.6) if self.first else (0.5, 1.0)
        if part <= begin:
            return np.inf
        return max(1.0, share * weight * (1.0 - (part - begin) / (1.0 - begin)))
