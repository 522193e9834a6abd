# SPDX-License-Identifier: Apache-2.0
"""How far a joint may be from its trajectory, and from the goal at its end.

The rules are those of `control_msgs/JointTolerance`: 0 keeps the default, -1 lifts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.control.controller_parameters import Parameters
from renxing.errors import ConfigError
from renxing.spatial import Array

ERASED = -1.0
_QUANTITIES = ("position", "velocity", "acceleration")
_UNITS = ("rad", "rad/s", "rad/s²")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tolerances:
    """Bounds on position, velocity and acceleration; inf where there is none.

    Attributes:
        path: On the way [rad, rad/s, rad/s²], shape (3, n).
        goal: At the end, shape (3, n).
        goal_time: How much later than planned the goal may be reached [s]; 0 waits
            for ever.
    """

    path: Array
    goal: Array
    goal_time: float


def read_tolerances(constraints: Parameters, joints: Sequence[str]) -> Tolerances:
    """Read `constraints.*`.

    Raises:
        ConfigError: If a value is of the wrong type or negative.
    """
    path = np.zeros((3, len(joints)))
    goal = np.zeros((3, len(joints)))
    for index, joint in enumerate(joints):
        own = constraints.section(joint)
        path[0, index] = own.number("trajectory", 0.0)
        goal[0, index] = own.number("goal", 0.0)
    goal[1] = constraints.number("stopped_velocity_tolerance", 0.01)
    path[path <= 0.0] = np.inf
    goal[goal <= 0.0] = np.inf
    goal_time = constraints.number("goal_time", 0.0, minimum=0.0)
    return Tolerances(path=path, goal=goal, goal_time=goal_time)


def of_goal(
    default: Tolerances,
    joints: Sequence[str],
    path: Mapping[str, Sequence[float]],
    goal: Mapping[str, Sequence[float]],
    goal_time: float,
) -> Tolerances:
    """Return the tolerances of an action goal.

    Args:
        default: Those of the parameters.
        joints: Of the controller.
        path: Position, velocity, acceleration by joint: 0 keeps the default, -1 lifts.
        goal: The same at the end.
        goal_time: The same for the time.

    Raises:
        ConfigError: If a joint is unknown or a value is neither -1 nor at least 0;
            ros2_controllers then goes on with the default.
    """
    new_path, new_goal = default.path.copy(), default.goal.copy()
    for field, given, target in (
        ("path_tolerance", path, new_path),
        ("goal_tolerance", goal, new_goal),
    ):
        for joint, values in given.items():
            if joint not in joints:
                raise ConfigError(
                    f"joint '{joint}' specified in goal.{field} does not exist."
                )
            index = list(joints).index(joint)
            for row, value in enumerate(values):
                what = (
                    f"joint '{joint}' specified in goal.{field} has a invalid "
                    f"{_QUANTITIES[row]} tolerance"
                )
                target[row, index] = _resolve(value, target[row, index], np.inf, what)
    time = _resolve(
        goal_time,
        default.goal_time,
        0.0,
        f"Specified illegal goal_time_tolerance: {goal_time:f}",
    )
    return Tolerances(path=new_path, goal=new_goal, goal_time=time)


def _resolve(value: float, default: float, erased: float, what: str) -> float:
    if value > 0.0:
        return value
    if value == 0.0:
        return default
    if abs(value - ERASED) < np.finfo(np.float32).eps:
        return erased
    raise ConfigError(f"{what}.")


def outside(error: Array, bounds: Array) -> npt.NDArray[np.bool_]:
    """Return where an error is not within its bounds, shape (3, n); NaN never is."""
    return ~(np.abs(error) <= bounds)


def describe(error: Array, bounds: Array, joints: Sequence[str]) -> str:
    """Say which joint is outside, and by how much; the first one."""
    row, index = np.argwhere(outside(error, bounds))[0]
    unit = _UNITS[row]
    return (
        f"joint '{joints[index]}': {_QUANTITIES[row]} error {error[row, index]:.4f} "
        f"{unit}, tolerance {bounds[row, index]:.4f} {unit}"
    )
