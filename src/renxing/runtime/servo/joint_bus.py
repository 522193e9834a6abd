# SPDX-License-Identifier: Apache-2.0
"""The joint bus: the blocks of shared memory between core, buses, nodes and sensors.

Each has one writer; a layout's checksum covers the order of its joints.

| block | writer | holds |
|---|---|---|
| `<name>.command` | core | the five parameters of all joints, and whether to power |
| `<name>.<bus>.state` | process of the bus | what its drives say, its own health |
| `<name>.<bus>.orders` | node of the bus | the last order of an operator |
| `<name>.body` | who reads IMUs and cells | samples of all body sensors |
| `<name>.plant` | a test bench | orders to the simulated drives |
"""

from collections.abc import Sequence

from renxing.hardware_interface import FORCE_TORQUE, IMPEDANCE, IMU
from renxing.robot import Robot
from renxing.runtime.block_layout import Field, Layout

# Numbers of a bus since its process started, and of its last second.
COUNTS = ("cycles", "overruns", "frames_out", "frames_in", "damaged", "unanswered")
RATES = ("frames_per_second", "cpu_share", "period_p50", "period_p99", "period_max")


def bus_name(namespace: str, backend: str = "servo") -> str:
    """Return the name of a robot's joint bus on this machine."""
    return f"{backend}/{namespace.strip('/')}".strip("/").replace("/", ".")


def command_layout(robot: Robot) -> Layout:
    """Return the layout of the core's block.

    `rows` are the five of the impedance law, NaN for no command. `session` is
    when the hardware was activated, CLOCK_MONOTONIC [ns]; 0 while it must have no
    power.
    """
    rows = Field("rows", (len(IMPEDANCE), len(robot.joints)))
    return Layout(
        name="servo command",
        fields=(rows, Field("session", (), "i8")),
        joints=robot.joints,
    )


def state_layout(joints: Sequence[str]) -> Layout:
    """Return the layout of a bus's block.

    `heard` is when each drive's last answer came, CLOCK_MONOTONIC [ns]; `state` and
    `fault` are codes of the protocol; `answered` is the number of the last order of
    the node that has been carried out, `obeyed` a bit for each drive that did it.
    """
    k = (len(joints),)
    floats = ("position", "velocity", "effort", "temperature")
    return Layout(
        name="servo state",
        fields=(
            *(Field(kind, k) for kind in floats),
            *(Field(kind, k, "i8") for kind in ("state", "fault", "heard")),
            *(Field(kind, (), "i8") for kind in ("answered", "obeyed", "inhibited")),
            *(Field(kind, (), "i8") for kind in COUNTS),
            *(Field(kind) for kind in RATES),
        ),
        joints=tuple(joints),
    )


def orders_layout(joints: Sequence[str]) -> Layout:
    """Return the layout of a node's block; `drives` has a bit for each joint.

    `number` is when the order was given, CLOCK_MONOTONIC [ns].
    """
    fields = ("number", "order", "drives")
    return Layout(
        name="servo orders",
        fields=tuple(Field(kind, (), "i8") for kind in fields),
        joints=tuple(joints),
    )


def body_layout(robot: Robot) -> Layout:
    """Return the layout of the body sensors' block: a field for each IMU and cell."""
    sensors = robot.description.sensors
    return Layout(
        name="body sensors",
        fields=(
            *(Field(imu.name, (len(IMU),)) for imu in sensors.imu),
            *(Field(cell.name, (len(FORCE_TORQUE),)) for cell in sensors.force_torque),
        ),
    )


def plant_layout() -> Layout:
    """Return the layout of orders to the simulated drives: start again, if it rises."""
    return Layout(name="servo plant", fields=(Field("resets", (), "i8"),))
