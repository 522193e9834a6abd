# SPDX-License-Identifier: Apache-2.0
"""Checks of a robot that holds still. Each returns what it measured."""

import numpy as np

from renxing.hardware_interface import State
from renxing.runtime.conformance.bench import Bench, Nonconforming, NotApplicable
from renxing.runtime.conformance.rig import RATE, Rig
from renxing.spatial import Array, rotation_from_quat_xyzw

GRAVITY = 9.81  # [m/s²]
ACCELERATION_ERROR = 0.5  # [m/s²] of a resting accelerometer, bias and sway included
LIMIT_MARGIN = 0.01  # [rad] beyond a limit that an encoder's zero error may show
WEIGHT_ERROR = 0.08  # [-] of the weight; what hangs below the cells is not in it


def timing(bench: Bench) -> str:
    """Half of all reads and writes together take less than half a period."""
    hold = bench.hold
    both = np.median(hold.read_times) + np.median(hold.write_times)
    text = ", ".join(
        f"{what} {1e6 * np.median(times):.0f} µs (p99 "
        f"{1e6 * np.quantile(times, 0.99):.0f})"
        for what, times in (("read", hold.read_times), ("write", hold.write_times))
    )
    if both > 0.5 / RATE:
        raise Nonconforming(f"{text}; half a period is {5e5 / RATE:.0f} µs")
    return text


def finite(bench: Bench) -> str:
    """All state values are finite for 1 s of holding."""
    hold = bench.hold
    good = np.isfinite(hold.rows).min(axis=0)
    if not good.all():
        wrong = [name for name, place in hold.index.items() if not good[place]]
        raise Nonconforming(f"not finite: {', '.join(wrong[:5])}")
    return f"{hold.rows.shape[1]} values, {len(hold.rows)} cycles"


def limits(bench: Bench) -> str:
    """Positions stay inside the limits while holding."""
    robot, positions = bench.robot, bench.hold.joints
    over = np.maximum(robot.lower - positions, positions - robot.upper).max(axis=0)
    worst = int(np.argmax(over))
    side = "beyond" if over[worst] > 0.0 else "inside"
    text = f"{robot.joints[worst]} is {abs(over[worst]):.3f} rad {side} its limit"
    if not over[worst] <= LIMIT_MARGIN:
        raise Nonconforming(text)
    return text


def imu(bench: Bench) -> str:
    """At rest each IMU feels +9.81 m/s² upwards; its orientation is a unit one."""
    index, rows = bench.hold.index, bench.hold.rows
    imus = [n.rpartition("/")[0] for n in index if n.endswith("linear_acceleration.z")]
    if not imus:
        raise NotApplicable("the robot has no IMU")
    texts = []
    for name in imus:
        quat = _columns(index, rows, f"{name}/orientation", "xyzw")
        norms = np.linalg.norm(quat, axis=1)
        if not np.abs(norms - 1.0).max() < 1e-3:
            raise Nonconforming(f"{name}: |orientation| from {norms.min():.3f}")
        felt = _columns(index, rows, f"{name}/linear_acceleration", "xyz")
        upright = [
            rotation_from_quat_xyzw(q) @ a for q, a in zip(quat, felt, strict=True)
        ]
        mean = np.mean(upright[len(upright) // 2 :], axis=0)
        texts.append(f"{name} ({mean[0]:.2f}, {mean[1]:.2f}, {mean[2]:.2f}) m/s²")
        if not np.linalg.norm(mean - [0.0, 0.0, GRAVITY]) < ACCELERATION_ERROR:
            raise Nonconforming(texts[-1])
    return ", ".join(texts)


def weight(bench: Bench) -> str:
    """The cells of the soles carry the robot's weight together."""
    bench.need_forces()
    if not bench.backend.simulated:
        raise NotApplicable("a device may hang on a hoist")
    feet = bench.robot.description.feet
    cells = [foot.force_torque for foot in feet if foot.force_torque]
    if not cells or len(cells) < len(feet):
        raise NotApplicable("not every foot has a cell")
    index, rows = bench.hold.index, bench.hold.rows
    half = rows[len(rows) // 2 :]
    # The soles stand flat, so their z is up.
    total = sum(float(half[:, index[f"{cell}/force.z"]].mean()) for cell in cells)
    wanted = bench.robot.mass * GRAVITY
    text = f"{total:.0f} N of {wanted:.0f} N"
    if not abs(total - wanted) < WEIGHT_ERROR * wanted:
        raise Nonconforming(text)
    return text


def determinism(bench: Bench) -> str:
    """A simulation does the same thing twice, to the last bit."""
    if not bench.backend.simulated:
        raise NotApplicable("a device is never twice the same")
    if bench.backend.paced:
        raise NotApplicable("its time is the wall's, which is never twice the same")
    runs = []
    for _ in range(2):
        with Rig(bench.backend) as rig:
            rig.walk(State.ACTIVE)
            rig.hold()
            rig.wanted[0, list(bench.light)] += 0.01
            runs.append(rig.turn(0.3))
    same = runs[0].tobytes() == runs[1].tobytes()
    if not same:
        raise Nonconforming(f"runs differ by {np.abs(runs[0] - runs[1]).max():.2g}")
    return f"{runs[0].size} values equal"


def _columns(index: dict[str, int], rows: Array, name: str, axes: str) -> Array:
    return rows[:, [index[f"{name}.{axis}"] for axis in axes]]
