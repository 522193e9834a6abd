# SPDX-License-Identifier: Apache-2.0
"""A joint trajectory as splines, sampled the way ros2_controllers does.

In: points with times, the state in which it starts.  Out: position, velocity,
acceleration and effort at a time.  Method: between two points a polynomial of degree 1
where only positions are given, 3 with velocities, 5 with accelerations as well; its
coefficients follow from the two ends. Efforts are linear. A segment is worked out when
it is first sampled, so that a long trajectory costs the loop no more than a short one.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.spatial import Array

POSITION, VELOCITY, ACCELERATION, EFFORT = range(4)  # rows of a sample
Mask = npt.NDArray[np.bool_]
_CACHED = 3  # segments: a cycle samples now and one cycle ahead


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """The points of a trajectory; small enough to be sent between processes.

    Attributes:
        times: From the start [s], strictly increasing, shape (m,).
        values: Position [rad], velocity [rad/s], acceleration [rad/s²] and effort
            [N·m], shape (4, m, n); all of a row (k, i, :) is NaN where point i does
            not give it.
        joints: Which joints are meant, shape (n,); None means all.
    """

    times: Array
    values: Array
    joints: Mask | None = None

    def filled(self, positions: Array) -> "Points":
        """Return it for all joints; those that are not meant stay where they are.

        Args:
            positions: Where the other joints stay [rad], shape (n,).
        """
        if self.joints is None or self.joints.all():
            return self
        values = self.values.copy()
        others: Mask = ~self.joints
        given = _complete(values[:, :, self.joints])
        values[:, :, others] = np.where(given, 0.0, np.nan)[:, :, None]
        values[POSITION][np.ix_(given[POSITION], others)] = positions[others]
        return Points(times=self.times, values=values)


def _complete(values: Array) -> Mask:
    """Return which points give which row for all joints, shape (4, m)."""
    return np.asarray(np.isfinite(values).all(axis=2))


def single(positions: Array, effort: Array | float = 0.0) -> Points:
    """Return the trajectory that is at one place at once, at rest.

    Args:
        positions: Where [rad], shape (n,).
        effort: With which feed-forward [N·m], shape (n,).
    """
    values = np.zeros((4, 1, len(positions)))
    values[POSITION, 0] = positions
    values[EFFORT, 0] = effort
    return Points(times=np.zeros(1), values=values)


def braking(positions: Array, velocities: Array, decelerations: Array) -> Points:
    """Return the trajectory on which each joint stops with its own deceleration.

    Args:
        positions: Now [rad], shape (n,).
        velocities: Now [rad/s], shape (n,).
        decelerations: Greater than zero [rad/s²], shape (n,).
    """
    stops = np.abs(velocities) / decelerations
    # A parabola is a cubic: points where a joint comes to rest are all it takes.
    times = np.unique(np.concatenate([[0.0], stops]))
    moving = np.minimum(times[:, None], stops)
    sign = np.sign(velocities)
    values = np.full((4, len(times), len(positions)), np.nan)
    values[POSITION] = (
        positions + velocities * moving - 0.5 * sign * decelerations * moving**2
    )
    values[VELOCITY] = sign * decelerations * (stops - moving)
    return Points(times=times, values=values)


class Trajectory:
    """Points that start at a time, in a state.

    Attributes:
        begin: When the first point's time counts from [s]; None until `start` if the
            trajectory shall begin at once.
        started: Whether `start` was called.
        last: Index of the last point.
    """

    def __init__(
        self, points: Points, begin: float | None = None, interpolate: bool = True
    ) -> None:
        """Take the points, for all joints.

        Args:
            points: Not changed.
            begin: Time from which the points' times count [s]; None for the start.
            interpolate: False jumps to the next point (`interpolation_method: none`).

        Raises:
            ConfigError: If shapes do not fit, times do not increase, a point is empty.
        """
        count = len(points.times)
        if count == 0 or points.values.shape[:2] != (4, count):
            raise ConfigError(
                f"trajectory: {count} times, values of shape {points.values.shape}; "
                "at least one point and (4, points, joints) wanted"
            )
        if not (np.diff(points.times) > 0.0).all():  # also refuses NaN
            raise ConfigError("trajectory: times must be strictly increasing")
        self.begin = begin
        self.started = False
        self.last = count - 1
        self._offsets = points.times
        self._interpolate = interpolate
        # Row 0 is the state before the first point.
        joints = points.values.shape[2]
        self._rows = np.empty((4, count + 1, joints))
        self._rows[:, 1:] = points.values
        self._has = np.empty((4, count + 1), dtype=bool)
        self._has[:, 1:] = _complete(points.values)
        some = self._has[POSITION] | self._has[VELOCITY] | self._has[ACCELERATION]
        if not some[1:].all():
            raise ConfigError(
                "trajectory: a point gives neither position, velocity nor acceleration "
                "for all joints"
            )
        self._rows[EFFORT, 1:][~self._has[EFFORT, 1:]] = 0.0
        self._known = 0
        self._segments: dict[int, Array] = {}
        self._powers = np.zeros((4, 8))
        self._times: list[float] = []

    def start(
        self,
        time: float,
        state: Array,
        before: float | None = None,
        has_velocity: bool = True,
        has_acceleration: bool = False,
        wraps: Mask | None = None,
    ) -> None:
        """Say in what state the joints are when it starts.

        Args:
            time: Now [s].
            state: Position, velocity, acceleration and effort, shape (4, n).
            before: When the joints were in that state [s]; now if left out.
            has_velocity: Whether the state's velocity is known.
            has_acceleration: Whether its acceleration is known.
            wraps: Joints that turn without end; they take the short way.
        """
        begin = time if self.begin is None else self.begin
        self.begin = begin
        rows = self._rows
        rows[:, 0] = state
        has = self._has
        has[:, 0] = (True, has_velocity, has_acceleration, True)
        for row in (VELOCITY, ACCELERATION):
            if not has[row, 0]:
                # Otherwise the way to the first point would be of a lower degree.
                rows[row, 0] = 0.0
                has[row, 0] = has[row, 1]
        if wraps is not None and has[POSITION, 1] and wraps.any():
            goal = rows[POSITION, 1, wraps]
            way = np.remainder(goal - state[POSITION, wraps] + math.pi, 2 * math.pi)
            rows[POSITION, 0, wraps] = goal - (way - math.pi)
        self._before = time if before is None else min(before, time)
        self._times = (begin + self._offsets).tolist()
        self._known = 0
        self._segments.clear()
        self.started = True

    def reached(self, index: int) -> float:
        """Return when a point is due [s]; -1 is the first point as well."""
        return self._times[max(index, 0)]

    def sample(self, time: float, out: Array) -> int:
        """Write what is wanted at a time into `out`, shape (4, n).

        Returns:
            The last point that was reached: -1 on the way to the first one, `last`
            at the end.

        Raises:
            ConfigError: If it is before the state from which the trajectory starts.
        """
        index = bisect_right(self._times, time) - 1
        if index == self.last:
            self._deduce(index + 1)
            out[:] = self._rows[:, index + 1]
            for row in (VELOCITY, ACCELERATION):
                if not self._has[row, index + 1]:
                    out[row] = 0.0
            return index
        if index < 0 and time < self._before:
            raise ConfigError(
                f"trajectory: {time:.3f} s is before its start at {self._before:.3f} s"
            )
        if not self._interpolate:
            # Before the first point nothing moves; then each next point at once.
            row = index + 2 if index >= 0 else 0
            self._deduce(row)
            out[:] = np.where(self._has[:, row, None], self._rows[:, row], 0.0)
            return index
        segment = self._segments.get(index)
        if segment is None:
            segment = self._segment(index)
        begin = self._before if index < 0 else self._times[index]
        np.dot(self._weights(time - begin), segment, out=out)
        return index

    def _weights(self, t: float) -> Array:
        """Return what turns coefficients into position, velocity, ... at t."""
        powers = self._powers
        t2 = t * t
        t3, t4 = t2 * t, t2 * t2
        powers[0, :6] = (1.0, t, t2, t3, t4, t4 * t)
        powers[1, 1:6] = (1.0, 2.0 * t, 3.0 * t2, 4.0 * t3, 5.0 * t4)
        powers[2, 2:6] = (2.0, 6.0 * t, 12.0 * t2, 20.0 * t3)
        powers[3, 6:] = (1.0, t)
        return powers

    def _segment(self, index: int) -> Array:
        """Return the coefficients from point `index` to the next, shape (8, n)."""
        self._deduce(index + 2)
        begin = self._before if index < 0 else self._times[index]
        span = self._times[index + 1] - begin
        has, first, second = self._has, index + 1, index + 2
        p0, v0, a0, e0 = self._rows[:, first]
        p1, v1, a1, e1 = self._rows[:, second]
        c = np.zeros((8, len(p0)))
        c[0] = p0
        if not (has[VELOCITY, first] and has[VELOCITY, second]):
            c[1] = (p1 - p0) / span
        elif not (has[ACCELERATION, first] and has[ACCELERATION, second]):
            way = (p1 - p0) / span
            c[1] = v0
            c[2] = (3.0 * way - 2.0 * v0 - v1) / span
            c[3] = (v0 + v1 - 2.0 * way) / span**2
        else:
            # What is left to cover after the start's own acceleration.
            c[1], c[2] = v0, 0.5 * a0
            way = (p1 - p0 - v0 * span - c[2] * span**2) / span**3
            rate = (v1 - v0 - a0 * span) / span**2
            bend = 0.5 * (a1 - a0) / span
            c[3] = 10.0 * way - 4.0 * rate + bend
            c[4] = (-15.0 * way + 7.0 * rate - 2.0 * bend) / span
            c[5] = (6.0 * way - 3.0 * rate + bend) / span**2
        c[6] = e0
        c[7] = (e1 - e0) / span
        if len(self._segments) >= _CACHED:
            self._segments.clear()
        self._segments[index] = c
        return c

    def _deduce(self, upto: int) -> None:
        """Work out positions (and velocities) that points leave out, up to a row."""
        rows, has = self._rows, self._has
        while self._known < upto:
            row = self._known = self._known + 1
            if has[POSITION, row]:
                continue
            begin = self._before if row == 1 else self._times[row - 2]
            half = 0.5 * (self._times[row - 1] - begin)
            if not has[VELOCITY, row - 1]:
                rows[VELOCITY, row - 1] = 0.0
                has[VELOCITY, row - 1] = True
            if not has[VELOCITY, row]:
                start = has[ACCELERATION, row - 1]
                early = rows[ACCELERATION, row - 1] if start else 0.0
                rows[VELOCITY, row] = rows[VELOCITY, row - 1] + half * (
                    early + rows[ACCELERATION, row]
                )
                has[VELOCITY, row] = True
            rows[POSITION, row] = rows[POSITION, row - 1] + half * (
                rows[VELOCITY, row - 1] + rows[VELOCITY, row]
            )
            has[POSITION, row] = True
