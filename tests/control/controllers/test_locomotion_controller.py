# SPDX-License-Identifier: Apache-2.0
"""Walking on the bench: what it takes, refuses, commands and shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pinocchio
import pytest

from renxing.body_interfaces import fill_exported, state_names
from renxing.control.base_controller import Notice
from renxing.control.footstep_goals import FootstepGoal, FootstepResult
from renxing.control.gait.footsteps import Footstep
from renxing.control.locomotion_controller import (
    BOARD,
    FOOT_BOARD,
    LocomotionController,
    VelocityCommand,
)
from renxing.controller_interface import ControllerInfo
from renxing.errors import ConfigError
from renxing.hardware_interface import IMPEDANCE, Result, Return
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState

LIMITS = [0.8, 0.3, 0.25, 1.0]  # ahead, back, aside, turning
LEGS = ["left_leg", "right_leg", "waist"]


def standing(robot: Robot, estimator: str = "state_estimator") -> dict[str, float]:
    """Return the interfaces of a robot at rest in `stand`."""
    stand = robot.posture("stand")
    wrench = np.zeros((2, 6))
    wrench[:, 2] = 0.5 * robot.mass * 9.81
    state = BodyState(
        stamp=0.0,
        base=BaseState(
            stamp=0.0,
            transform_base_to_odom=robot.standing_base(stand),
            linear_velocity=np.zeros(3),
            angular_velocity=np.zeros(3),
        ),
        position=stand,
        velocity=np.zeros(len(stand)),
        sole_wrench=wrench,
        contact=np.ones(2, dtype=bool),
    )
    names = state_names(robot)
    values = np.empty(len(names))
    fill_exported(state, values)
    return {
        **{f"{j}/position": q for j, q in zip(robot.joints, stand, strict=True)},
        **{f"{estimator}/{n}": v for n, v in zip(names, values, strict=True)},
    }


@pytest.fixture
def walker(lab: Callable[..., Any], rx1: Robot) -> Any:
    parameters = {"velocity_limits": LIMITS, "command_timeout": 0.05}
    return lab(LocomotionController, parameters, states=standing(rx1))


def shown(lab: Any, name: str) -> float:
    board = lab.controller.board
    return float(board.values[list(board.names).index(name)])


def velocity(lab: Any) -> list[float]:
    return [shown(lab, f"velocity.{axis}") for axis in ("forward", "left", "turning")]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"joints": ["tail"]}, "tail"),
        ({"groups": ["wings"]}, "wings"),
        ({"estimator": 3}, "'estimator': got 3; a string wanted"),
        ({"command_timeout": 0.0}, "'command_timeout': got 0.0; allowed 0.02 to 60"),
        ({"command_timeout": float("nan")}, "'command_timeout': got nan"),
        ({"velocity_limits": [1.0, 1.0]}, "'velocity_limits'.*4 numbers wanted"),
        ({"velocity_limits": [1.0, 1.0, -1.0, 1.0]}, "'velocity_limits': negative"),
        ({"gait": {"step_time": 9.0}}, "'gait.step_time': got 9.0; allowed 0.8 to 3"),
        ({"gait": {"width": "wide"}}, "'gait.width': got 'wide'; a number wanted"),
        ({"gait": 7}, "'gait': got 7; a mapping wanted"),
        ({"gait": {"acceleration": [1.0, 1.0]}}, "'gait.acceleration'.*3 numbers"),
        ({"gait": {"acceleration": [1.0, -1.0, 1.0]}}, "'gait.acceleration'.*above 0"),
    ],
)
def test_parameters_are_checked(rx1: Robot, wrong: dict[str, Any], told: str) -> None:
    info = ControllerInfo(
        name="unit", type="", update_rate=500, parameters=wrong, robot=rx1
    )
    with pytest.raises(ConfigError, match=told):
        LocomotionController(info).on_configure()


def test_gait_parameters_arrive(lab: Callable[..., Any], rx1: Robot) -> None:
    """The same moment of a quicker first step wants other torques."""
    efforts = []
    for support in (1.45, 0.5):
        made = lab(
            LocomotionController,
            {"gait": {"first_support": support}, "command_timeout": 5.0},
            states=standing(rx1),
        )
        made.send(VelocityCommand(0.2, 0.0, 0.0))
        made.run(0.3)
        efforts.append(made.commands[made.command_at["left_knee_joint/effort"]])
    assert efforts[0] != efforts[1]


def test_stands_where_the_robot_stands(walker: Any, rx1: Robot) -> None:
    walker.run(0.05)
    assert np.isfinite(walker.commands).all()
    assert shown(walker, "walking") == 0.0 and shown(walker, "steps") == 0.0
    # The legs carry the robot: its knees push.
    knees = [walker.command_at[f"{s}_knee_joint/effort"] for s in ("left", "right")]
    assert np.abs(walker.commands[knees]).min() > 1.0
    torque = walker.command("effort")
    assert (np.abs(torque) <= rx1.torque + 1e-6).all()
    moved = walker.command("position") - rx1.posture("stand")
    assert np.abs(moved).max() < 0.05
    assert (walker.command("proportional") >= 0.0).all()


def test_board_tells_what_is_so(walker: Any, rx1: Robot) -> None:
    walker.run(0.02)
    board = walker.controller.board
    assert len(board.names) == len(board.values) == len(BOARD) + 2 * len(FOOT_BOARD)
    foothold = {"foothold.x", "foothold.y"}
    assert np.isnan([shown(walker, name) for name in foothold]).all()
    others = [shown(walker, name) for name in board.names if name not in foothold]
    assert np.isfinite(others).all()
    # At rest the capture point is below the centre of mass, between the soles.
    for axis in "xy":
        com = shown(walker, f"com.{axis}")
        assert shown(walker, f"capture_point.{axis}") == pytest.approx(com, abs=1e-6)
    left, right = (shown(walker, f"{s}/position.y") for s in ("left", "right"))
    assert right < shown(walker, "com.y") < left
    assert 0.5 < shown(walker, "com.z") < 1.5
    for side in ("left", "right"):
        weight = 0.5 * rx1.mass * 9.81
        assert shown(walker, f"{side}/force.z") == pytest.approx(weight)
        assert shown(walker, f"{side}/position.z") == pytest.approx(0.0, abs=1e-6)
        assert shown(walker, f"{side}/heading") == pytest.approx(0.0, abs=1e-6)
    assert shown(walker, "margin") > 0.02
    assert shown(walker, "failures") == 0.0


def test_velocity_begins_a_walk(walker: Any) -> None:
    walker.send(VelocityCommand(0.2, 0.1, -0.3))
    walker.step()
    assert velocity(walker) == [0.2, 0.1, -0.3]
    assert shown(walker, "walking") == 1.0
    assert not walker.news(Notice)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ((2.0, 0.0, 0.0), [0.8, 0.0, 0.0]),
        ((-2.0, 0.0, 0.0), [-0.3, 0.0, 0.0]),
        ((0.1, 9.0, -9.0), [0.1, 0.25, -1.0]),
        ((0.1, -9.0, 9.0), [0.1, -0.25, 1.0]),
    ],
)
def test_limits_clip_and_say_so(
    walker: Any, asked: tuple[float, float, float], allowed: list[float]
) -> None:
    walker.send(VelocityCommand(*asked))
    walker.step()
    assert velocity(walker) == allowed
    (told,) = walker.news(Notice)
    assert told.level == "warning" and "beyond the limits" in told.text


def test_default_limits_grow_with_the_leg(lab: Callable[..., Any], rx1: Robot) -> None:
    made = lab(LocomotionController, {}, states=standing(rx1))
    made.send(VelocityCommand(99.0, 0.0, 0.0))
    made.step()
    # Humans change to running at a Froude number of 0.5, 0.7 of this pace.
    froude = velocity(made)[0] ** 2 / (9.81 * 0.8)
    assert 0.1 < froude < 0.5


@pytest.mark.parametrize("place", [0, 1, 2])
def test_velocity_that_is_not_finite_is_refused(walker: Any, place: int) -> None:
    walker.send(VelocityCommand(0.1, 0.0, 0.0))
    walker.step()
    bad = [0.2, 0.2, 0.2]
    bad[place] = np.nan
    walker.send(VelocityCommand(*bad))
    walker.step()
    assert velocity(walker) == [0.1, 0.0, 0.0]
    (told,) = walker.news(Notice)
    assert told.level == "error" and "not finite" in told.text


def test_late_commands_stop_it(walker: Any) -> None:
    walker.send(VelocityCommand(0.2, 0.0, 0.0))
    walker.run(0.04)
    walker.send(VelocityCommand(0.3, 0.0, 0.0))
    walker.run(0.04)
    # The second one counted as fresh.
    assert velocity(walker) == [0.3, 0.0, 0.0] and not walker.news(Notice)
    walker.run(0.02)
    assert velocity(walker) == [0.0, 0.0, 0.0]
    (told,) = walker.news(Notice)
    assert told.level == "warning" and "no velocity for 0.05 s" in told.text
    walker.run(0.1)
    assert not walker.news(Notice)
    walker.send(VelocityCommand(0.1, 0.0, 0.0))
    walker.step()
    assert velocity(walker) == [0.1, 0.0, 0.0]


def test_failed_estimator_gives_the_joints_back(walker: Any) -> None:
    walker.run(0.01)
    before = walker.commands.copy()
    at = walker.state_at["state_estimator/base/position.x"]
    walker.states[at] = np.nan
    assert walker.controller.update(walker.time + 0.002, 0.002) is Return.ERROR
    np.testing.assert_array_equal(walker.commands, before)
    (told,) = walker.news(Notice)
    assert told.level == "error" and "estimator has failed" in told.text


def test_another_estimator(lab: Callable[..., Any], rx1: Robot) -> None:
    made = lab(
        LocomotionController, {"estimator": "truth"}, states=standing(rx1, "truth")
    )
    assert "truth/base/position.x" in made.state_at
    made.run(0.01)


def test_does_not_start_without_joint_states(walker: Any) -> None:
    walker.put("position", np.nan)
    assert walker.activate() is Result.FAILURE
    (told,) = walker.news(Notice)
    assert "no joint states" in told.text


def test_is_anew_after_activation(walker: Any) -> None:
    walker.send(VelocityCommand(0.2, 0.0, 0.0))
    walker.step()
    assert walker.activate() is Result.SUCCESS
    walker.step()
    assert velocity(walker) == [0.0, 0.0, 0.0] and shown(walker, "walking") == 0.0


def test_leaves_the_arms_alone(lab: Callable[..., Any], rx1: Robot) -> None:
    made = lab(LocomotionController, {"groups": LEGS}, states=standing(rx1))
    groups = rx1.description.groups
    wanted = {joint for group in LEGS for joint in groups[group]}
    assert {name.rpartition("/")[0] for name in made.command_at} == wanted
    assert len(made.commands) == len(IMPEDANCE) * len(wanted)
    made.run(0.02)
    # What it commands does not depend on whether it has the arms.
    whole = lab(LocomotionController, {}, states=standing(rx1))
    whole.run(0.02)
    same = [whole.command_at[name] for name in made.command_at]
    np.testing.assert_array_equal(made.commands, whole.commands[same])


def ahead(rx1: Robot, way: float, number: int = 1) -> FootstepGoal:
    """Return one step of the left foot from where `standing` puts it."""
    sole = rx1.description.feet[0].sole
    data = rx1.model.createData()
    stand = rx1.posture("stand")
    q = rx1.configuration(stand, rx1.standing_base(stand, data))
    pinocchio.framesForwardKinematics(rx1.model, data, q)
    place = data.oMf[rx1.frame(sole)].translation[:2] + (way, 0.0)
    step = Footstep(foot=0, place=place, yaw=0.0)
    return FootstepGoal(steps=(step,), number=number)


def test_footsteps_begin_and_a_stop_ends_them(walker: Any, rx1: Robot) -> None:
    walker.send(ahead(rx1, 0.1))
    walker.step()
    assert shown(walker, "walking") == 1.0
    walker.controller.stand(True)
    (result,) = walker.news(FootstepResult)
    assert (result.number, result.outcome, result.text) == (1, "aborted", "stopped")
    walker.send(ahead(rx1, 0.1, number=2))
    walker.step()
    (result,) = walker.news(FootstepResult)
    assert (result.number, result.outcome, result.text) == (2, "aborted", "stopped")


def test_footsteps_out_of_reach_are_refused(walker: Any, rx1: Robot) -> None:
    walker.send(ahead(rx1, 3.0))
    walker.step()
    assert shown(walker, "walking") == 0.0
    (told,) = walker.news(Notice)
    assert "refused footsteps: footstep 0" in told.text
