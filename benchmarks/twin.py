# SPDX-License-Identifier: Apache-2.0
"""Speed of the twin, beside a bare `mj_step` loop of the same model.

Both loops run in this thread, by turns of 200 steps, so that other load on the machine
touches both alike. A step is 1 ms of simulated time; the twin's includes drives (law,
envelope, heat, encoders), battery and checks, the bare loop nothing but MuJoCo.
"""

import time
from collections.abc import Callable

import mujoco
import numpy as np

from renxing.cli.bench import Row
from renxing.control.hold import Hold, HoldConfig
from renxing.robot import load_robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.physics import PhysicsConfig

BURST = 200  # steps in a turn
CASES = (
    ("rx1", "flat", "spheres"),
    ("rx1", "flat", "box"),
    ("rx1", "workshop", "spheres"),
)


def run(seconds: float | None) -> list[Row]:
    """Measure all cases."""
    budget = (seconds or 12.0) / len(CASES)
    return [row for case in CASES for row in _case(*case, budget)]


def _case(robot_name: str, world: str, sole: str, budget: float) -> list[Row]:
    robot = load_robot(robot_name)
    physics = PhysicsConfig(sole=sole)  # type: ignore[arg-type]
    twin = Twin(robot, load_world(world), TwinConfig(physics=physics))
    hold = Hold(HoldConfig(), robot)
    command = hold.step(0.0)
    twin.step(command, 500)
    data = mujoco.MjData(twin.model)

    def bare() -> None:
        for _ in range(BURST):
            mujoco.mj_step(twin.model, data)

    def whole() -> None:
        twin.step(command, BURST)

    times: dict[str, list[float]] = {"bare": [], "whole": []}
    end = time.monotonic() + budget
    while time.monotonic() < end:
        for name, loop in (("bare", bare), ("whole", whole)):
            # The bare loop starts where the twin is, with the torques that hold it
            # up, and does not get far from there in one turn.
            mujoco.mj_copyData(data, twin.model, twin.data)
            times[name].append(_cpu_time(loop) / BURST)
    step = twin.time_step
    name = f"{robot_name} in {world}, {sole}"
    rows = []
    for kind, label in (("bare", "bare mj_step"), ("whole", "twin step")):
        micro = 1e6 * np.array(times[kind])
        factor = step * 1e6 / micro
        rows.append(_row(f"{name}: {label}", "us", micro))
        note = f"{len(micro) * BURST} steps of {1e3 * step:g} ms, CPU time"
        rows.append(_row(f"{name}: {label}", "x real time", factor, note))
    return rows


def _cpu_time(loop: Callable[[], None]) -> float:
    start = time.thread_time()
    loop()
    return time.thread_time() - start


def _row(name: str, unit: str, samples: np.ndarray, note: str = "") -> Row:
    # Of a speed the slow tail is the low one.
    tail = 1 if unit == "x real time" else 99
    return Row(
        name=name,
        unit=unit,
        median=float(np.median(samples)),
        p99=float(np.percentile(samples, tail)),
        minimum=float(samples.min()),
        note=note,
    )
