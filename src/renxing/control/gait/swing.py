# SPDX-License-Identifier: Apache-2.0
"""The path of a foot through the air, to a place and a time that may still change.

In the plane and in yaw: minimum jerk to the newest target from where the path has got
to. Upwards: one bump over both ends, and a slow search for the ground when it is late.
"""

import math

import numpy as np

from renxing.control.whole_body import FootMotion
from renxing.spatial import SE3, Array

SETTLE = 0.015  # [s] before touchdown the foot is over its place
JERK_LIMIT = 3000.0  # [m/s³]
ACCELERATION_LIMIT = 60.0  # [m/s²]
MORE = 0.15  # [m] of rise beyond which the bump grows no more
EDGE_PHASE = 0.3  # [-] of the swing in which a foot only rises before an edge
EDGE_RISE = 0.06  # [m] of an edge from which it does so fully
SINKS, DOWN = 0.6, 0.95  # [-] of the swing: it sinks from here, and is down from here
STOPPED = 0.4  # [-] of the wanted speed
REST = 0.2  # [m/s] below which a foot counts as resting, whatever it is told
HURRY = 0.03  # [s] of lateness that doubles the speed of the search
LATE = 0.85  # [-] part of the swing after which the foot feels for the ground


def wrap(angle: float) -> float:
    """Return the angle between -pi and pi [rad]."""
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)


def yaw_rotation(yaw: float) -> Array:
    """Return the rotation about z by `yaw` [rad]."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def tilt_to(normal: Array) -> Array:
    """Return the shortest rotation that brings z to a unit vector that points up."""
    v = np.array([-normal[1], normal[0], 0.0])
    cross = np.array([[0.0, 0.0, v[1]], [0.0, 0.0, -v[0]], [-v[1], v[0], 0.0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1.0 + normal[2]))


class SwingFoot:
    """One foot from lift-off to touchdown.

    Attributes:
        phase: 0 at lift-off, 1 at the planned touchdown.
        start: Pose of the sole's centre at lift-off.
    """

    def __init__(
        self, start: SE3, yaw: float, height: float, landing_speed: float
    ) -> None:
        """Begin at lift-off.

        Args:
            start: Pose of the sole's centre in odom.
            yaw: Its heading [rad].
            height: Of the bump [m].
            landing_speed: Of the search for late ground [m/s].
        """
        self.start = start
        self._position = np.array([*start.translation[:2], yaw])
        self._velocity = np.zeros(3)
        self._acceleration = np.zeros(3)
        self._height_before = float(start.translation[2])
        self._height = height
        self._landing_speed = landing_speed
        self._sunk = self._late = 0.0
        self._rising = 0.0
        self._normal: Array | None = None
        self.phase = 0.0
        self._steepness = 1.0

    def least_left(self, shortest: float) -> float:
        """Return how soon the foot can be down [s].

        A higher bump takes longer with the same accelerations.

        Args:
            shortest: Swing that is possible on level ground [s].
        """
        return (1.0 - self.phase) * shortest * self._steepness

    @property
    def place(self) -> Array:
        """Where the path has got to in the plane [m], shape (2,)."""
        return self._position[:2]

    def step(
        self,
        target: Array,
        yaw: float,
        ground: float,
        normal: Array,
        top: float,
        left: float,
        dt: float,
    ) -> FootMotion:
        """Advance by one tick.

        Args:
            target: Foothold (2,) [m].
            yaw: Heading there [rad].
            ground: Height there [m].
            normal: Of the ground there, shape (3,).
            top: Of the ground on the way [m]; -inf if unknown.
            left: Until touchdown [s].
            dt: Of the tick [s].
        """
        # Plain floats: NumPy's are several times slower.
        z0, ground, top = self._height_before, float(ground), float(top)
        total = left / max(1.0 - self.phase, 0.05)
        wait, early = (
            EDGE_PHASE * min(1.0, max(0.0, edge) / EDGE_RISE)
            for edge in (top - z0, z0 - ground if math.isfinite(top) else 0.0)
        )
        if self.phase >= wait:
            self._glide(np.array([*target, yaw]), left - SETTLE - early * total, dt)
        if self.phase < 1.0:
            rate = (1.0 - self.phase) / max(left, dt)
            self.phase = min(1.0, self.phase + rate * dt)
        else:
            rate = 0.0
        s = self.phase
        rise = ground - z0
        # A step up or down turns the path: it needs room at the edge.
        over = max(0.0, top - max(z0, ground))
        height = self._height + over + min(MORE, abs(rise)) * 0.5
        # Without a flat end: a foot that arrives slowly lands early .
        blend = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
        self._steepness = math.sqrt(max(height, self._height) / self._height)
        bump = 16.0 * (s * (1.0 - s)) ** 2
        z = z0 + rise * blend + height * bump
        blend_rate = 30.0 * s * s * (1.0 - s) ** 2
        bump_rate = 32.0 * s * (1.0 - s) * (1.0 - 2.0 * s)
        speed = (rise * blend_rate + height * bump_rate) * rate
        curve = 32.0 * ((1.0 - 2.0 * s) ** 2 - 2.0 * s * (1.0 - s))
        self._rising = speed
        if s > LATE:
            sinking = self._landing_speed * min(1.0, (s - LATE) / (1.0 - LATE))
            if s >= 1.0:
                self._late += dt
                sinking *= 1.0 + self._late / HURRY
            self._sunk += sinking * dt
            speed -= sinking
        x, y, heading = self._position
        linear = np.array([*self._velocity[:2], speed])
        upward = height * curve * rate * rate if s < 1.0 else 0.0
        return FootMotion(
            transform_sole_to_odom=SE3(
                self._tilt_to(normal) @ yaw_rotation(heading),
                np.array([x, y, z - self._sunk]),
            ),
            twist=np.array([*linear, 0.0, 0.0, self._velocity[2]]),
            acceleration=np.array([*self._acceleration[:2], upward, 0.0, 0.0, 0.0]),
        )

    def stopped(self, velocity: Array) -> bool:
        """Tell whether something stops the foot: it moves less than it is told to.

        A force alone may be a wrong guess where it is worked out from torques: a leg
        that is thrown looks like one that carries. Its foot is on its way, though.

        Args:
            velocity: Real velocity of the sole in odom [m/s], shape (3,).
        """
        if self.phase <= SINKS:
            return False
        told = float(np.hypot(self._velocity[0], self._velocity[1]))
        gliding = float(np.hypot(velocity[0], velocity[1]))
        if gliding > max(STOPPED * told, REST):
            return False
        slow = REST if self.phase >= DOWN else 0.0
        return bool(-velocity[2] < max(-STOPPED * self._rising, slow))

    def _tilt_to(self, normal: Array) -> Array:
        """Return `tilt_to`, which seldom changes within a step."""
        if normal is not self._normal:
            self._normal, self._tilt = normal, tilt_to(normal)
        return self._tilt

    def _glide(self, target: Array, left: float, dt: float) -> None:
        """Follow the minimum-jerk way to the target [Flash1985]."""
        if left <= 0.02:
            self._acceleration[:] = 0.0
            self._velocity *= 0.9
            return
        way = target - self._position
        way[2] = wrap(way[2])
        jerk = (
            60.0 / left**3 * way
            - 36.0 / left**2 * self._velocity
            - 9.0 / left * self._acceleration
        )
        # np.clip would take five times as long for three numbers.
        jerk = np.minimum(np.maximum(jerk, -JERK_LIMIT), JERK_LIMIT)
        self._acceleration += jerk * dt
        np.maximum(self._acceleration, -ACCELERATION_LIMIT, out=self._acceleration)
        np.minimum(self._acceleration, ACCELERATION_LIMIT, out=self._acceleration)
        self._velocity += self._acceleration * dt
        self._position += self._velocity * dt
