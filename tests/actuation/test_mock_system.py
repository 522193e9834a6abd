# SPDX-License-Identifier: Apache-2.0
"""The mock backend: real controllers, joints that obey at once."""

import numpy as np
import pytest

from renxing.robot import load_robot
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep


@pytest.fixture
def core():
    robot = load_robot("rx1", backend="mock")
    core = RealTimeCore(robot, ManagerSettings(update_rate=500), CoreConfig())
    core.start()
    return core


def states(core, kind):
    resources = core.manager.resources
    at = [resources.state_index[f"{joint}/{kind}"] for joint in core.robot.joints]
    return resources.states[at]


def test_states_follow_what_controllers_command(core):
    run_lock_step(core, 0.01, LockStep(500))
    np.testing.assert_allclose(states(core, "position"), 0.0)
    manager = core.manager
    for answer in (
        manager.load_controller("posture", "renxing/PostureController"),
        manager.configure_controller("posture"),
        manager.switch_controller(["posture"], []),
    ):
        assert answer.ok, answer.message
    run_lock_step(core, 5.0, LockStep(500))
    np.testing.assert_allclose(
        states(core, "position"), core.robot.posture("stand"), atol=1e-6
    )


def test_the_imu_lies_level_and_still(core):
    run_lock_step(core, 0.01, LockStep(500))
    resources = core.manager.resources
    value = {
        name: resources.states[resources.state_index[f"pelvis_imu/{name}"]]
        for name in ("orientation.w", "orientation.x", "linear_acceleration.z")
    }
    assert value == {
        "orientation.w": 1.0,
        "orientation.x": 0.0,
        "linear_acceleration.z": 9.81,
    }
    assert not core.fallen
