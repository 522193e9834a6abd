# SPDX-License-Identifier: Apache-2.0
"""Numbers out of a trace: speed, drift, slip, margins, time to standing still."""

import numpy as np

from renxing.evaluation.recorder import SAMPLE_PERIOD, Trace, standing
from renxing.evaluation.rig import Run
from renxing.spatial import Array, Mask

SETTLING = 2.5  # [s] after a change of the wanted velocity that is not scored
STILL = 0.06  # [m/s] of the centre of mass in the plane, below which it stands still
CARRIES = 0.2  # of the weight [-] above which a foot ought not to slide
WALKED = 2.0  # [m] of way from which on a drift can be told


def measure(run: Run) -> dict[str, float]:
    """Return all measures of a trial by name; what cannot be told is left out.

    Names and units are explained in `docs/evaluation.md`.
    """
    trace = run.trace
    upright = _until(trace, run.fell_at)
    way = float(np.linalg.norm(np.diff(trace.com[upright, :2], axis=0), axis=1).sum())
    found = {
        "duration": float(trace.time[-1]),
        "way": way,
        "torque_peak": float(trace.torque[upright].max()),
        "torque_p99": float(np.percentile(trace.torque[upright].max(axis=1), 99)),
        "slip": _slip(trace, upright),
        "tilt": float(np.abs(trace.rpy[upright, :2]).max()),
        "velocity_error": _rms(trace.estimate_velocity - trace.velocity, upright),
    }
    if run.fell_at is not None:
        found["fell_at"] = run.fell_at
    found |= _tracking(trace, upright)
    found |= _drift(trace, upright, way)
    return found


def still_after(trace: Trace, since: float) -> float:
    """Return how long it took to stand still for good [s]; infinite if it never did."""
    speed = np.linalg.norm(_rate(trace.com[:, :2]), axis=1)
    both = standing(trace) == trace.load.shape[1]
    moving = np.flatnonzero((speed > STILL) | ~both)
    if len(moving) and moving[-1] >= len(trace.time) - 2:
        return float("inf")
    last = trace.time[moving[-1]] if len(moving) else since
    return max(0.0, float(last) - since)


def _until(trace: Trace, fell_at: float | None) -> Mask:
    if fell_at is None:
        return np.ones(len(trace.time), dtype=bool)
    mask: Mask = trace.time <= fell_at
    return mask


def _rate(values: Array) -> Array:
    if len(values) < 2:
        return np.zeros_like(values)
    return np.asarray(np.gradient(values, SAMPLE_PERIOD, axis=0))


def _rms(error: Array, mask: Mask) -> float:
    return float(np.sqrt((error[mask] ** 2).sum(axis=1).mean()))


def _slip(trace: Trace, mask: Mask) -> float:
    """Return how far loaded soles have slid in the plane, both feet together [m]."""
    moved = np.linalg.norm(np.diff(trace.soles[mask, :, :2], axis=0), axis=2)
    loaded = trace.load[mask] > CARRIES
    return float(moved[loaded[1:] & loaded[:-1]].sum())


def _tracking(trace: Trace, mask: Mask) -> dict[str, float]:
    """Compare wanted and achieved velocity, averaged over steps, once settled."""
    changed = np.any(np.diff(trace.command, axis=0) != 0.0, axis=1)
    since = np.zeros(len(trace.time))
    last = -np.inf
    for index, time in enumerate(trace.time):
        if index and changed[index - 1]:
            last = time
        since[index] = time - last
    wanted = trace.command
    settled = mask & (since > SETTLING) & np.any(wanted != 0.0, axis=1)
    if not settled.any():
        return {}
    yaw = trace.rpy[:, 2]
    rate = _rate(trace.com[:, :2])
    forward = np.cos(yaw) * rate[:, 0] + np.sin(yaw) * rate[:, 1]
    left = -np.sin(yaw) * rate[:, 0] + np.cos(yaw) * rate[:, 1]
    achieved = np.stack([forward, left, _rate(yaw)], axis=1)[settled]
    wanted = wanted[settled]
    found = {
        name: float(achieved[:, axis].mean())
        for axis, name in enumerate(("speed_forward", "speed_left", "speed_turn"))
    }
    # Projected on what was wanted: 1 when all of it came.
    found["speed_share"] = float((achieved * wanted).sum() / (wanted**2).sum())
    return found


def _drift(trace: Trace, mask: Mask, way: float) -> dict[str, float]:
    """Return how far the estimated pose has drifted off, by the way walked."""
    error = trace.estimate[mask] - trace.base[mask]
    yaw = float((trace.estimate_yaw[mask] - trace.rpy[mask, 2])[-1])
    found = {"heading_drift": yaw}
    if way > WALKED:
        found["drift"] = float(np.linalg.norm(error[-1, :2])) / way
        found["drift_height"] = float(abs(error[-1, 2] - error[0, 2])) / way
    return found
