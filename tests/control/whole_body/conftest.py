# SPDX-License-Identifier: Apache-2.0
"""States and tasks to try the whole-body controller on."""

from collections.abc import Callable

import numpy as np
import pytest

from renxing.control.whole_body import (
    FootMotion,
    FootTask,
    Kinematics,
    WholeBodyConfig,
    WholeBodyController,
    WholeBodyTask,
)
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState
from renxing.spatial import SE3, transform

PERIOD = 0.002  # [s]


@pytest.fixture
def controller(robot: Robot) -> WholeBodyController:
    return WholeBodyController(WholeBodyConfig(), robot, PERIOD)


@pytest.fixture
def state_of(robot: Robot) -> Callable[..., BodyState]:
    """Make a random state near standing; hands and neck rest where they are locked."""

    def make(seed: int, spread: float = 0.3, speed: float = 0.5) -> BodyState:
        random = np.random.default_rng(seed)
        stand = robot.posture("stand")
        free = np.array(["thumb" not in name for name in robot.joints])
        for group in ("neck", "left_hand", "right_hand"):
            names = robot.description.groups.get(group, ())
            free[robot.indices(names)] = False
        n = len(stand)
        position = stand + free * random.uniform(-spread, spread, n)
        position = np.clip(position, robot.lower, robot.upper)
        lean = transform(
            random.uniform(-0.5, 0.5, 3), random.uniform(-spread, spread, 3)
        )
        return BodyState(
            stamp=0.0,
            base=BaseState(
                stamp=0.0,
                transform_base_to_odom=lean * robot.standing_base(stand),
                linear_velocity=random.uniform(-speed, speed, 3),
                angular_velocity=random.uniform(-speed, speed, 3),
            ),
            position=position,
            velocity=free * random.uniform(-speed, speed, n),
            sole_wrench=np.zeros((2, 6)),
            contact=np.ones(2, dtype=bool),
        )

    return make


@pytest.fixture
def standing(robot: Robot) -> BodyState:
    """At rest in `stand`."""
    stand = robot.posture("stand")
    return BodyState(
        stamp=0.0,
        base=BaseState(
            stamp=0.0,
            transform_base_to_odom=robot.standing_base(stand),
            linear_velocity=np.zeros(3),
            angular_velocity=np.zeros(3),
        ),
        position=stand,
        velocity=np.zeros(len(stand)),
        sole_wrench=np.zeros((2, 6)),
        contact=np.ones(2, dtype=bool),
    )


def hover(pose: SE3) -> FootTask:
    """Keep a foot in the air where it is."""
    return FootTask(
        motion=FootMotion(
            transform_sole_to_odom=pose,
            twist=np.zeros(6),
            acceleration=np.zeros(6),
        )
    )


@pytest.fixture
def task_of(robot: Robot) -> Callable[..., WholeBodyTask]:
    """Make the task to stay where one is."""

    def make(kinematics: Kinematics, **changes: object) -> WholeBodyTask:
        parts: dict[str, object] = {
            "com_acceleration": np.zeros(3),
            "base_rotation": np.eye(3),
            "base_angular_velocity": np.zeros(3),
            "torso_rotation": np.eye(3),
            "torso_angular_velocity": np.zeros(3),
            "feet": (FootTask(), FootTask()),
            "posture": robot.posture("stand"),
        }
        contacts = changes.pop("stands", (True, True))
        parts["feet"] = tuple(
            FootTask() if stands else hover(sole)
            for stands, sole in zip(contacts, kinematics.soles, strict=True)
        )
        return WholeBodyTask(**{**parts, **changes})

    return make
