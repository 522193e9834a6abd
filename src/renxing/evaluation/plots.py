# SPDX-License-Identifier: Apache-2.0
"""The plots of a trial as one PNG: way, speed, torque, height."""

from typing import TYPE_CHECKING

import numpy as np

from renxing.environment import require_extra
from renxing.evaluation.document import png
from renxing.evaluation.recorder import SAMPLE_PERIOD, Trace
from renxing.evaluation.trial import Outcome
from renxing.robot import Robot
from renxing.spatial import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRIDE = 0.8  # [s] about, over which a plotted speed is averaged


def plot(outcome: Outcome, trace: Trace, robot: Robot) -> bytes:
    """Return the plots of one trial as PNG.

    Args:
        outcome: Which trial, and when it fell.
        trace: Of it.
        robot: Who walked.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched.
    """
    require_extra("evaluation")
    # Without pyplot nothing is kept of the last figure, and no screen is asked for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 6.4), dpi=80, layout="constrained")
    axes = figure.subplots(2, 2)
    time = trace.time
    _draw_way(axes[0, 0], trace, robot)
    _draw_speed(axes[0, 1], trace, outcome.measures.get("fell_at", np.inf))
    torque = axes[1, 0]
    torque.set_title("torque margin: 1 - |torque| / limit")
    worst = np.argsort(trace.torque.max(axis=0))[-3:][::-1]
    for joint in worst:
        name = robot.joints[joint].removesuffix("_joint")
        torque.plot(time, 1.0 - trace.torque[:, joint], linewidth=0.8, label=name)
    torque.set_ylim(-0.05, 1.05)
    height = axes[1, 1]
    height.set_title("height [m]")
    height.plot(time, trace.com[:, 2], label="centre of mass")
    height.plot(time, trace.base[:, 2], label="base")
    height.plot(time, trace.estimate[:, 2], "--", linewidth=0.8, label="base, estimate")
    for foot, part in enumerate(robot.description.feet):
        sole = trace.soles[:, foot, 2]
        height.plot(time, sole, linewidth=0.8, label=f"{part.name} sole")
    for axis in (axes[0, 1], torque, height):
        axis.set_xlabel("time [s]")
        if "fell_at" in outcome.measures:
            axis.axvline(outcome.measures["fell_at"], color="red", linewidth=0.8)
    for axis in axes.flat:
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, loc="best")
    return png(figure)


def _draw_way(axis: "Axes", trace: Trace, robot: Robot) -> None:
    axis.set_title("centre of mass and soles from above [m]")
    axis.plot(trace.com[:, 0], trace.com[:, 1], linewidth=1.0, label="centre of mass")
    axis.plot(
        trace.estimate[:, 0],
        trace.estimate[:, 1],
        "--",
        linewidth=0.8,
        label="base, estimate",
    )
    for foot, part in enumerate(robot.description.feet):
        stands = trace.load[:, foot] > 0.2
        places = trace.soles[stands, foot]
        axis.plot(places[:, 0], places[:, 1], ".", markersize=2, label=part.name)
    axis.set_aspect("equal", adjustable="datalim")


def _draw_speed(axis: "Axes", trace: Trace, until: float) -> None:
    axis.set_title("velocity: wanted (dashed) and achieved, over a stride")
    names = ("forward [m/s]", "left [m/s]", "turn [rad/s]")
    achieved = [*trace.velocity[:, :2].T, _turn_rate(trace)]
    width = max(1, min(round(STRIDE / SAMPLE_PERIOD), len(trace.time)))
    # Lying, a robot has no forward.
    upright = trace.time <= until
    for index, (name, values) in enumerate(zip(names, achieved, strict=True)):
        smooth = np.convolve(values, np.ones(width) / width, mode="same")
        axis.plot(
            trace.time[upright],
            smooth[upright],
            color=f"C{index}",
            linewidth=0.9,
            label=name,
        )
        axis.plot(trace.time, trace.command[:, index], "--", color=f"C{index}")


def _turn_rate(trace: Trace) -> Array:
    if len(trace.time) < 2:
        return np.zeros(len(trace.time))
    return np.asarray(np.gradient(trace.rpy[:, 2], SAMPLE_PERIOD))
