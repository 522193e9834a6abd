# SPDX-License-Identifier: Apache-2.0
"""The robot's eyes: what an image costs on its way to the map, and how true that is.

Costs are CPU time of this process for one 320 x 240 image of rx1's chest camera, so
that other load on the machine does not count. Truth is the world that is rendered; the
pose is the true one. Drop-offs: 4 cm pieces of the edge of a platform, within 3 m.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from renxing.cli.bench import Row
from renxing.evaluation.ground import make_world
from renxing.evaluation.ledges import drop_offs, false_lethal
from renxing.evaluation.scenario import Setting
from renxing.evaluation.sight import Sight, height_errors, within
from renxing.mapping import (
    Elevation,
    ElevationConfig,
    Traversability,
    TraversabilityConfig,
    traversability,
)
from renxing.perception import (
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
    SelfFilterConfig,
    lift,
)
from renxing.perception.projection import Depth
from renxing.robot import load_robot
from renxing.robot.pinhole import pinhole_of
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import DepthCamera, Look
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig
from renxing.sim.twin import Twin

RADIUS = 3.0  # [m]
END = 0.6  # [m] where the robot stops
EDGE = 1.5  # [m] where the platform ends
WORLDS: tuple[tuple[str, Setting, float], ...] = (
    ("flight", "rise", 0.10),
    ("flight", "rise", 0.17),
    ("ramp", "slope", 15.0),
    ("block_field", "height", 0.06),
)


def run(seconds: float | None) -> list[Row]:
    """Measure costs, then truth."""
    repeats = max(20, round(4.0 * (seconds or 25.0)))
    rows = _costs(repeats)
    robot = load_robot("rx1")
    for name, setting, level in WORLDS:
        world = make_world(name, setting, level, seed=3)
        sight = Sight(robot, world, seed=1)
        heights = sight.walk(END - 1.6, END)
        for camera in robot.description.sensors.cameras:
            if name == "flight" and camera.name in sight.images:
                before, after = sight.depth_errors(camera)
                what = f"{name} {level:g}, {camera.name}"
                for label, errors in (("raw", before), ("conditioned", after)):
                    rows.append(
                        _row(
                            f"depth {label}, {what}",
                            "mm",
                            1e3 * errors.rmse,
                            note=f"RMSE; {errors.covered:.1%} covered, "
                            f"{errors.gross:.2%} gross",
                        )
                    )
        sight.close()
        near = within(heights, END, 0.0, RADIUS)
        errors = height_errors(heights, world, near)
        ground = traversability(heights, TraversabilityConfig())
        x = heights.origin[0] + heights.resolution * np.arange(len(heights.height))
        lethal = false_lethal(ground, near & (x < 3.0)[:, None])
        note = f"RMSE, 95th percentile; falsely lethal {lethal:.2%}"
        what = f"height, {name} {level:g}"
        rows.append(_row(what, "mm", 1e3 * errors.rmse, 1e3 * errors.p95, note))
    rows += [_drop(level, end) for level in (0.25, 0.5, 1.0) for end in (0.2, 0.9)]
    return rows


def _row(
    name: str, unit: str, median: float, p99: float = np.nan, note: str = ""
) -> Row:
    return Row(name=name, unit=unit, median=float(median), p99=float(p99), note=note)


def _costs(repeats: int) -> list[Row]:
    robot = load_robot("rx1")
    world = make_world("flight", "rise", 0.17, seed=3)
    (camera,) = [c for c in robot.description.sensors.cameras if c.name == "chest"]
    twin, pinhole = Twin(robot, world), pinhole_of(camera, 2)
    with Offscreen(640, 480):
        eye = DepthCamera(compile_model(robot, world, PhysicsConfig()))
        noise = StereoNoise(StereoConfig(), camera, 2, seed=1)
        body = SelfFilter(SelfFilterConfig(), robot)
        condition = DepthConditioner(ConditioningConfig(), pinhole)
        elevation = Elevation(ElevationConfig())
        positions, base = robot.posture("stand"), twin.data.qpos[:3].copy()
        spent: dict[str, list[float]] = {}

        def timed(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
            begin = time.process_time()
            made = work(*arguments)
            spent.setdefault(name, []).append(1e3 * (time.process_time() - begin))
            return made

        def render(x: float) -> Look:
            qpos = twin.data.qpos.copy()
            qpos[0] += x
            eye.place(qpos)
            return eye.look(camera, 2)

        def without_body(raw: Depth) -> Depth:
            body.place(positions)
            return body.remove(raw, pinhole, camera.frame)

        def judge() -> Traversability:
            return traversability(elevation.heights(), TraversabilityConfig())

        for image in range(repeats + 3):
            look = timed("render", render, 0.005 * image)
            raw = timed("noise", noise.measure, look.depth, look.colour)
            kept = timed("own body", without_body, raw)
            clean = timed("condition", condition.step, kept, look.pose)
            points = timed(
                "lift", lift, clean.depth, clean.deviation, pinhole, look.pose, 5.0
            )
            place, spread = points.position, points.variance
            eyes = look.pose.translation
            timed("map", elevation.step, image / 15, place, spread, eyes, base)
            timed("traversability", judge)
        eye.free()
    rows = []
    for name, samples in spent.items():
        kept_samples = np.array(samples[3:])  # what is compiled at first is left out
        rows.append(
            Row(
                name=f"{name}, an image",
                unit="ms",
                median=float(np.median(kept_samples)),
                p99=float(np.quantile(kept_samples, 0.99)),
                minimum=float(kept_samples.min()),
                note="CPU time",
            )
        )
    return rows


def _drop(level: float, end: float) -> Row:
    world = make_world("ledge", "drop", level, seed=3)
    sight = Sight(load_robot("rx1"), world, seed=1)
    heights = sight.walk(end - 1.2, end, images=20)
    sight.close()
    ground = traversability(heights, TraversabilityConfig())
    near = within(heights, end, 0.0, RADIUS)
    drops = drop_offs(heights, ground, EDGE, near)
    return _row(
        f"drop-off {level:g} m, {EDGE - end:g} m ahead",
        "missed",
        float(drops.missed),
        note=f"of {drops.pieces} pieces of the edge; {drops.invented} invented",
    )
