# SPDX-License-Identifier: Apache-2.0
"""How far each sole rests on the ground, and so what it may teach.

In: the estimate, legs, contacts.  Out: what each sole seems to do on the ground; the
noise of its place, added to the estimate's covariance; variances of what it says of the
motion.  Method: a sole that rolls on an edge turns about its centre of pressure, which
rests; a slip of some speed is a noise of that size for as long as slips last.
"""

import numpy as np
from numba import njit

from renxing.estimation.contact import Contacts
from renxing.estimation.estimate import Estimate
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.legs import Legs
from renxing.spatial import Array

STEADY = 0.9  # [-] trust above which a sole's velocity counts
_DOUBT = 2.0  # [m/s/√s] growth of the velocity's error while it is doubted


class Footing:
    """Watches the soles on the ground.

    Attributes:
        slides: Velocities of the soles in odom, of what should rest [m/s], (feet, 3).
        spins: Turns of the soles about their normals [rad/s], shape (feet,).
        velocity_variances: Of `slides`, horizontally and upwards [m²/s²], shape
            (feet, 2); infinite for a sole that does not stand.
        spin_variance: Of `spins` [rad²/s²]; infinite unless all lie still.
    """

    def __init__(self, config: StateEstimatorConfig, feet: int) -> None:
        """Set it up; `reset` starts it."""
        self._config = config
        # Of a sole's place, horizontally and vertically [m²/s]: standing, and by which
        # factor more when it is loose.
        standing = np.array([config.slide, config.sink]) ** 2
        self._rest = np.stack([standing, config.loose**2 / standing])
        self._slip = np.zeros((feet, 3))
        self.slides = np.zeros((feet, 3))
        self.spins = np.zeros(feet)
        self.velocity_variances = np.zeros((feet, 2))
        self.spin_variance = np.inf
        self.reset()

    def reset(self) -> None:
        """Start: nothing slides, nothing has rested for long."""
        self._slip[:] = 0.0
        self._still = 0.0  # [s] for which all soles have lain flat
        self._sliding = 0.0  # [s] for which all loaded soles have seemed to slide

    def step(
        self, estimate: Estimate, legs: Legs, contacts: Contacts, turn: Array, dt: float
    ) -> None:
        """Look at the soles, and loosen the estimate where they do not rest.

        Args:
            estimate: Of this cycle, before it is corrected.
            legs: Of this cycle.
            contacts: Of this cycle.
            turn: Angular velocity as measured, in the sensor frame [rad/s], shape (3,).
            dt: Since the last call [s].
        """
        config = self._config
        steady, all_slide = _watch(
            *(self.slides, self.spins, self.velocity_variances, self._slip),
            *estimate,
            *(legs.soles, legs.rotations, legs.velocities, legs.turns),
            *(contacts.levers, contacts.trust, turn, self._rest),
            config.slip_span,
            config.slip_speed,
            1.0 - np.exp(-dt / config.slip_time) if config.slip_time > 0.0 else 1.0,
            config.velocity_noise**2,
            dt,
        )
        # Soles that all slide for long: then rather the velocity is wrong.
        self._sliding = self._sliding + dt if all_slide else 0.0
        if self._sliding > config.slip_patience:
            estimate.covariance[range(3, 6), range(3, 6)] += dt * _DOUBT**2
        # A single foot may turn on its sole, two only if they slide; in the short time
        # between two steps they yield, which would pass for a bias.
        self._still = self._still + dt if contacts.flat and steady else 0.0
        still = self._still > config.still_time
        self.spin_variance = config.turn_noise**2 if still else np.inf


@njit(cache=True)
def _watch(
    slides: Array,
    spins: Array,
    velocity_variances: Array,
    slip: Array,
    rotation: Array,
    vectors: Array,
    bias: Array,
    covariance: Array,
    soles: Array,
    rotations: Array,
    velocities: Array,
    turns: Array,
    levers: Array,
    trust: Array,
    turn: Array,
    rest: Array,
    slip_span: float,
    slip_speed: float,
    slip_share: float,
    velocity_variance: float,
    dt: float,
) -> tuple[bool, bool]:
    """Find what the soles seem to do.

    Args:
        slides: As in `Footing`, like the next two, to fill.
        spins: To fill.
        velocity_variances: To fill.
        slip: Low-passed `slides`, to renew, shape (feet, 3).
        rotation: As in `Estimate`, like the next three.
        vectors: The soles that roll are moved.
        bias: Of the sensor.
        covariance: To which the noise of the soles' places is added.
        soles: As in `Legs`, like the next three.
        rotations: Sole to sensor.
        velocities: Relative to the sensor.
        turns: Likewise.
        levers: As in `Contacts`, in the sensor frame.
        trust: As in `Contacts`.
        turn: As measured [rad/s], shape (3,).
        rest: Noise of a standing sole's place [m²/s], and by which factor it is greater
            when loose [-]; horizontally and vertically, shape (2, 2).
        slip_span: As in `StateEstimatorConfig`, like the next.
        slip_speed: Beyond which a sole slides.
        slip_share: Of the new value in the low-pass filter of `slip` [-].
        velocity_variance: Of a sole's velocity by the encoders [m²/s²].
        dt: Since the last call [s].

    Returns:
        Whether all soles stand and none slides; whether all that stand slide.
    """
    steady, slide, any_stands = True, True, False
    rate, motion = np.empty(3), np.empty((2, 3))
    for foot in range(len(trust)):
        sole, lever = soles[foot], levers[foot]
        spins[foot] = 0.0
        for i in range(3):
            rate[i] = turn[i] - bias[i]
            spins[foot] += rotations[foot, i, 2] * (rate[i] + turns[foot, i])
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            motion[0, i] = lever[j] * (rate[k] + turns[foot, k])
            motion[0, i] -= lever[k] * (rate[j] + turns[foot, j])
            motion[1, i] = rate[j] * sole[k] - rate[k] * sole[j]
            motion[1, i] += velocities[foot, i] - motion[0, i]
        for i in range(3):
            rolled, slid = 0.0, vectors[0, i]
            for j in range(3):
                rolled += rotation[i, j] * motion[0, j]
                slid += rotation[i, j] * motion[1, j]
            vectors[2 + foot, i] += dt * rolled
            slides[foot, i] = slid
            # Encoders' speeds are noisy.
            slip[foot, i] += slip_share * (slid - slip[foot, i])
            if trust[foot] == 0.0:
                slip[foot, i] = 0.0
        across, upward = np.hypot(slip[foot, 0], slip[foot, 1]), abs(slip[foot, 2])
        stands = trust[foot] > STEADY
        slips = max(across, upward) >= slip_speed
        steady = steady and stands and not slips
        if stands:
            any_stands = True
            slide = slide and max(across, upward) > slip_speed
        for i in range(3):
            way = 0 if i < 2 else 1
            square = across**2 if i < 2 else upward**2
            # Between standing and loose on a logarithmic scale.
            noise = rest[0, way] * rest[1, way] ** (1.0 - trust[foot])
            # A slip of that speed which lasts that long.
            at = 9 + 3 * foot + i
            covariance[at, at] += dt * (noise + square * slip_span)
            velocity_variances[foot, way] = (
                velocity_variance + square if stands else np.inf
            )
    return steady, any_stands and slide
