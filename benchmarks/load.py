# SPDX-License-Identifier: Apache-2.0
"""Time to load a robot and compile its twin, as every start pays it.

Beside it: pinocchio and MuJoCo reading the same expanded URDF on their own.
"""

import time
from collections.abc import Callable

import numpy as np
import pinocchio

from renxing.cli.bench import Row
from renxing.robot import load_robot
from renxing.sim import Twin, load_world


def run(seconds: float | None) -> list[Row]:
    """Measure loading rx1 and compiling it into three worlds."""
    robot = load_robot("rx1")
    root = pinocchio.JointModelFreeFlyer()
    cases: dict[str, Callable[[], object]] = {
        "rx1: xacro + YAML -> Robot": lambda: load_robot("rx1"),
        "rx1: expanded URDF -> pinocchio alone": lambda: pinocchio.buildModelFromXML(
            robot.urdf.text, root
        ),
    }
    for world in ("flat", "workshop", "rough"):
        cases[f"rx1 in {world}: Robot -> twin"] = _compile(world)
    budget = (seconds or 6.0) / len(cases)
    return [_measure(name, case, budget) for name, case in cases.items()]


def _compile(world: str) -> Callable[[], object]:
    robot, loaded = load_robot("rx1"), load_world(world)
    return lambda: Twin(robot, loaded)


def _measure(name: str, case: Callable[[], object], budget: float) -> Row:
    samples = []
    end = time.monotonic() + budget
    while time.monotonic() < end or len(samples) < 3:
        start = time.perf_counter()
        case()
        samples.append(1e3 * (time.perf_counter() - start))
    return Row(
        name=name,
        unit="ms",
        median=float(np.median(samples)),
        p99=float(np.percentile(samples, 99)),
        minimum=min(samples),
        note=f"{len(samples)} times, wall time",
    )
