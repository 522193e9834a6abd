# SPDX-License-Identifier: Apache-2.0
"""The trajectory controller, in lock-step, against plants that lag behind."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renxing.control.base_controller import Notice
from renxing.control.trajectory import (
    ACCELERATION,
    EFFORT,
    POSITION,
    VELOCITY,
    Points,
)
from renxing.control.trajectory_controller import JointTrajectoryController
from renxing.control.trajectory_tolerances import of_goal, read_tolerances
from renxing.control.trajectory_values import (
    CancelTrajectory,
    Code,
    Outcome,
    QueryTrajectory,
    SpeedScaling,
    TrajectoryAnswer,
    TrajectoryGoal,
    TrajectoryResult,
    TrajectoryState,
)
from renxing.controller_interface import ControllerInfo
from renxing.errors import ConfigError
from renxing.hardware_interface import IMPEDANCE, Result
from renxing.robot import Robot

ARM = (
    "left_shoulder_pitch_joint",
    "left_shoulder_roll_joint",
    "left_shoulder_yaw_joint",
    "left_elbow_joint",
)
BASE = {
    "joints": list(ARM),
    "command_interfaces": ["position"],
    "state_interfaces": ["position", "velocity"],
}
LAG = 0.01  # [s] of the plants


def perfect(lab: Any) -> None:
    lab.put("position", lab.command("position"))


def first_order(lab: Any) -> None:
    """Joints that follow the commanded position with a lag."""
    q = lab.state("position")
    rate = (lab.command("position") - q) / LAG
    lab.put("velocity", rate)
    lab.put("position", q + lab.period * rate)


def speed_driven(lab: Any) -> None:
    lab.put("velocity", lab.command("velocity"))
    lab.put("position", lab.state("position") + lab.period * lab.command("velocity"))


def force_driven(lab: Any) -> None:
    """A unit mass under the commanded effort."""
    speed = lab.state("velocity") + lab.period * lab.command("effort")
    lab.put("velocity", speed)
    lab.put("position", lab.state("position") + lab.period * speed)


def points(*rows: tuple[float, float], rest: bool = True, joints: int = 4) -> Points:
    """Return (time, position) points at rest."""
    values = np.full((4, len(rows), joints), np.nan)
    for index, (_, position) in enumerate(rows):
        values[POSITION, index] = position
    if rest:
        values[VELOCITY] = 0.0
    return Points(times=np.array([time for time, _ in rows]), values=values)


def result(lab: Any) -> TrajectoryResult:
    (found,) = lab.news(TrajectoryResult)
    return found


@pytest.fixture
def jtc(lab: Callable[..., Any]) -> Callable[..., Any]:
    def make(plant: Callable[[Any], None] = first_order, **parameters: Any) -> Any:
        made = lab(JointTrajectoryController, {**BASE, **parameters})
        made.plant = plant
        return made

    return make


def test_starts_by_holding_where_it_is(jtc: Callable[..., Any], lab: Any) -> None:
    made = lab(
        JointTrajectoryController,
        BASE,
        states={f"{joint}/position": 0.3 for joint in ARM},
    )
    made.plant = first_order
    made.run(0.1)
    np.testing.assert_allclose(made.command("position"), 0.3)
    assert not made.news(TrajectoryResult)


def test_refuses_to_start_blind(lab: Any, rx1: Robot) -> None:
    with pytest.raises(AssertionError):
        lab(
            JointTrajectoryController,
            BASE,
            states={f"{ARM[1]}/position": math.nan},
        )


def test_takes_over_the_commands_of_the_controller_before(
    jtc: Callable[..., Any],
) -> None:
    made = jtc()
    made.commands[:] = 0.4
    assert made.activate() is Result.SUCCESS
    made.step()
    np.testing.assert_allclose(made.command("position"), 0.4)
    made = jtc(set_last_command_interface_value_as_state_on_activation=False)
    made.commands[:] = 0.4
    made.activate()
    made.step()
    np.testing.assert_allclose(made.command("position"), 0.0)


def test_follows_and_reports_success(jtc: Callable[..., Any]) -> None:
    made = jtc()
    made.send(TrajectoryGoal(points=points((0.5, 0.2), (1.0, 0.5)), number=7))
    commands = []
    for _ in range(520):
        made.step()
        commands.append(made.command("position")[0])
    done = result(made)
    assert (done.number, done.outcome, done.code) == (7, Outcome.SUCCEEDED, 0)
    assert done.text == "Goal successfully reached!"
    commands = np.array(commands)
    assert np.abs(np.diff(commands)).max() < 1.6 * 0.6 * made.period  # no jumps
    assert commands[-1] == pytest.approx(0.5)
    assert commands[250] == pytest.approx(0.2, abs=2e-3)
    states = made.news(TrajectoryState)
    assert len(states) == pytest.approx(52, abs=2)
    assert states[10].number == 7
    np.testing.assert_allclose(
        states[10].error[POSITION],
        states[10].reference[POSITION] - states[10].feedback[POSITION],
    )


def test_commands_are_one_cycle_ahead(jtc: Callable[..., Any]) -> None:
    """The hardware gets it now and has until the next cycle."""
    made = jtc(plant=perfect)
    made.send(TrajectoryGoal(points=points((1.0, 1.0), rest=False)))
    made.step()
    made.step()
    assert made.command("position")[0] == pytest.approx(2 * made.period)


@pytest.mark.parametrize("starts_with", [0.0, 1.5])
def test_start_in_the_header(jtc: Callable[..., Any], starts_with: float) -> None:
    made = jtc()
    begin = made.time + starts_with
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), begin=begin, number=1))
    made.run(starts_with + 0.9)
    assert not made.news(TrajectoryResult)
    made.run(0.2)
    assert result(made).outcome is Outcome.SUCCEEDED


def test_path_violation_aborts_and_holds(jtc: Callable[..., Any]) -> None:
    limits = {joint: {"trajectory": 0.05} for joint in ARM}
    made = jtc(constraints=limits)
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.4)
    made.plant = lambda lab: None  # something blocks the arm
    stuck = made.state("position")[0]
    made.run(0.5)
    done = result(made)
    assert done.outcome is Outcome.ABORTED
    assert done.code is Code.PATH_TOLERANCE_VIOLATED
    assert done.text == "Aborted due to path tolerance violation"
    np.testing.assert_allclose(made.command("position"), stuck)
    (told,) = made.news(Notice)
    assert "left_shoulder_pitch_joint" in told.text and "0.05" in told.text


def test_goal_time_violation(jtc: Callable[..., Any]) -> None:
    limits = {"goal_time": 0.3, **{joint: {"goal": 0.01} for joint in ARM}}
    made = jtc(constraints=limits, plant=lambda lab: None)
    made.send(TrajectoryGoal(points=points((0.5, 0.2)), number=1))
    made.run(0.75)
    assert not made.news(TrajectoryResult)
    made.run(0.1)
    done = result(made)
    assert done.code is Code.GOAL_TOLERANCE_VIOLATED
    assert done.text.startswith("Aborted due to goal_time_tolerance exceeding by 0.3")
    np.testing.assert_allclose(made.command("position"), 0.0)


def test_without_a_goal_time_it_waits(jtc: Callable[..., Any]) -> None:
    made = jtc(
        constraints={joint: {"goal": 0.01} for joint in ARM}, plant=lambda lab: None
    )
    made.send(TrajectoryGoal(points=points((0.5, 0.2)), number=1))
    made.run(5.0)
    assert not made.news(TrajectoryResult)
    made.plant = first_order
    made.run(0.2)
    assert result(made).outcome is Outcome.SUCCEEDED


def test_tolerances_of_the_goal_win(jtc: Callable[..., Any]) -> None:
    limits = {joint: {"trajectory": 0.05} for joint in ARM}
    made = jtc(constraints=limits, plant=lambda lab: None)
    default = made.controller.config.tolerances
    lifted = of_goal(default, ARM, {j: (-1.0, 0.0, 0.0) for j in ARM}, {}, 0.0)
    made.send(
        TrajectoryGoal(points=points((1.0, 0.5)), number=1, tolerances=lifted),
    )
    made.run(0.9)
    assert not made.news(TrajectoryResult)


@pytest.mark.parametrize("from_desired", [False, True])
def test_a_new_goal_preempts(jtc: Callable[..., Any], from_desired: bool) -> None:
    made = jtc(interpolate_from_desired_state=from_desired)
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.5)
    speed = made.state("velocity")[0]
    last = made.command("position")[0]
    made.send(TrajectoryGoal(points=points((1.0, -0.5)), number=2))
    made.step()
    # From the measured state the command falls back by the lag; else it goes on.
    back = 0.0 if from_desired else LAG * speed
    step = made.command("position")[0] - last
    assert step == pytest.approx(speed * made.period - back, abs=2e-3)
    done = result(made)
    assert (done.number, done.outcome) == (1, Outcome.ABORTED)
    assert done.text == "Current goal preempted by new incoming action."
    made.run(1.2)
    assert result(made).number == 2
    np.testing.assert_allclose(made.state("position"), -0.5, atol=1e-3)


def test_a_message_preempts_too(jtc: Callable[..., Any]) -> None:
    made = jtc()
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.1)
    made.send(TrajectoryGoal(points=points((1.0, -0.5))))
    made.step()
    assert result(made).code is Code.INVALID_GOAL


def test_cancel_holds(jtc: Callable[..., Any]) -> None:
    made = jtc()
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.5)
    made.send(CancelTrajectory(99))
    made.step()
    assert not made.news(TrajectoryResult)
    here = made.state("position")[0]
    made.send(CancelTrajectory(1))
    made.run(0.2)
    assert result(made).outcome is Outcome.CANCELED
    np.testing.assert_allclose(made.command("position"), here, atol=1e-2)


def test_cancel_decelerates_when_it_may(jtc: Callable[..., Any]) -> None:
    limits = {joint: {"max_deceleration_on_cancel": 2.0} for joint in ARM}
    made = jtc(constraints={"decelerate_on_cancel": True, **limits})
    made.send(TrajectoryGoal(points=points((1.0, 1.0)), number=1))
    made.run(0.5)
    q, v = made.state("position")[0], made.state("velocity")[0]
    assert v > 1.0
    made.send(CancelTrajectory(1))
    commands = []
    for _ in range(600):
        made.step()
        commands.append(made.command("position")[0])
    assert commands[-1] == pytest.approx(q + v**2 / (2 * 2.0), abs=5e-3)
    # Accelerations never exceed what was asked for (but for the first step's lag).
    bend = np.diff(commands[3:], 2) / made.period**2
    assert np.abs(bend).max() < 2.0 + 1e-6


def test_interpolates_from_the_desired_state(jtc: Callable[..., Any]) -> None:
    """A stream of trajectories over a joint that hangs behind does not drift."""
    made = jtc(plant=lambda lab: None, interpolate_from_desired_state=True)
    for target in (0.1, 0.2, 0.3):
        made.send(TrajectoryGoal(points=points((0.2, target))))
        before = made.command("position").copy()
        made.step()
        if np.isfinite(before).all():
            np.testing.assert_allclose(made.command("position"), before, atol=2e-3)
        made.run(0.19)
    np.testing.assert_allclose(made.command("position"), 0.3, atol=1e-3)


def test_scaling_slows_down_and_stops(jtc: Callable[..., Any]) -> None:
    made = jtc(plant=perfect)
    made.send(SpeedScaling(0.5))
    made.send(TrajectoryGoal(points=points((1.0, 1.0), rest=False), number=1))
    made.run(1.0)
    assert made.command("position")[0] == pytest.approx(0.5, abs=0.01)
    made.send(SpeedScaling(0.0))
    made.run(1.0)
    assert made.command("position")[0] == pytest.approx(0.5, abs=0.01)
    made.send(SpeedScaling(1.0))
    made.run(0.6)
    assert result(made).outcome is Outcome.SUCCEEDED


def test_scaling_of_the_hardware(lab: Callable[..., Any]) -> None:
    scaling = {"state_interface": "arm/scale", "command_interface": "arm/scale_wish"}
    made = lab(
        JointTrajectoryController,
        {**BASE, "speed_scaling": scaling},
        states={"arm/scale": 0.25},
    )
    made.plant = perfect
    made.send(TrajectoryGoal(points=points((1.0, 1.0), rest=False)))
    made.run(1.0)
    assert made.command("position")[0] == pytest.approx(0.25, abs=0.01)
    assert made.commands[-1] == 0.25


def test_partial_goals_leave_the_others(jtc: Callable[..., Any]) -> None:
    made = jtc(allow_partial_joints_goal=True)
    made.send(TrajectoryGoal(points=points((0.2, 0.4))))
    made.run(0.4)
    some = points((0.2, 0.1))
    some.values[:, :, 1:] = np.nan
    meant = np.array([True, False, False, False])
    made.send(
        TrajectoryGoal(
            points=Points(times=some.times, values=some.values, joints=meant),
            number=1,
        )
    )
    made.run(0.4)
    assert result(made).outcome is Outcome.SUCCEEDED
    np.testing.assert_allclose(made.command("position"), [0.1, 0.4, 0.4, 0.4])


def test_queries(jtc: Callable[..., Any]) -> None:
    made = jtc(plant=perfect)
    made.send(TrajectoryGoal(points=points((1.0, 1.0), rest=False)))
    made.step()
    start = made.time
    for number, time in enumerate((start + 0.5, start + 2.0, start - 5.0)):
        made.send(QueryTrajectory(number, time))
    made.step()
    inside, after, before = made.news(TrajectoryAnswer)
    assert inside.success
    np.testing.assert_allclose(inside.state[POSITION], 0.5, atol=1e-3)
    np.testing.assert_allclose(inside.state[VELOCITY], 1.0, atol=1e-2)
    assert not after.success and "end" in after.message
    assert not before.success and "start" in before.message


def test_timeout_ends_a_stream(jtc: Callable[..., Any]) -> None:
    made = jtc(cmd_timeout=0.2)
    made.send(TrajectoryGoal(points=points((0.2, 0.1))))
    made.run(0.39)
    assert not made.news(Notice)
    made.run(0.1)
    (told,) = made.news(Notice)
    assert told.text.endswith("Aborted due to command timeout")


def test_deactivation_aborts_and_stops(jtc: Callable[..., Any]) -> None:
    made = jtc(
        command_interfaces=["position", "velocity"],
        plant=lambda lab: None,
    )
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.5)
    assert made.command("velocity")[0] > 0.1
    where = made.command("position").copy()
    assert made.controller.on_deactivate() is Result.SUCCESS
    done = result(made)
    assert done.text == "Current goal cancelled during deactivate transition."
    np.testing.assert_array_equal(made.command("position"), where)
    assert not made.command("velocity").any()


def test_a_failing_sensor_is_no_place_to_go(jtc: Callable[..., Any]) -> None:
    made = jtc()
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(0.5)
    last = made.command("position").copy()
    made.put("position", math.nan)
    made.plant = lambda lab: None
    made.run(0.1)
    assert result(made).code is Code.PATH_TOLERANCE_VIOLATED
    np.testing.assert_allclose(made.command("position"), last, atol=1e-2)


def test_wrong_shapes_are_refused(jtc: Callable[..., Any]) -> None:
    made = jtc()
    made.send(TrajectoryGoal(points=points((1.0, 0.5), joints=3), number=1))
    made.step()
    assert result(made).code is Code.INVALID_GOAL


# --- command interfaces --------------------------------------------------------------


def test_position_velocity_acceleration(jtc: Callable[..., Any]) -> None:
    made = jtc(command_interfaces=["position", "velocity", "acceleration"])
    quintic = points((1.0, 0.5))
    quintic.values[ACCELERATION] = 0.0
    made.send(TrajectoryGoal(points=quintic))
    log = []
    for _ in range(500):
        made.step()
        log.append(
            [made.command(k)[0] for k in ("position", "velocity", "acceleration")]
        )
    q, v, a = np.array(log).T
    np.testing.assert_allclose(np.gradient(q, made.period)[2:-2], v[2:-2], atol=1e-3)
    np.testing.assert_allclose(np.gradient(v, made.period)[2:-2], a[2:-2], atol=0.02)


def test_velocity_with_pid(jtc: Callable[..., Any]) -> None:
    gains = {joint: {"p": 20.0, "ff_velocity_scale": 1.0} for joint in ARM}
    made = jtc(plant=speed_driven, command_interfaces=["velocity"], gains=gains)
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(1.2)
    assert result(made).outcome is Outcome.SUCCEEDED
    np.testing.assert_allclose(made.state("position"), 0.5, atol=2e-3)


def test_effort_with_pid(jtc: Callable[..., Any]) -> None:
    gains = {joint: {"p": 400.0, "i": 50.0, "d": 40.0} for joint in ARM}
    made = jtc(
        plant=force_driven,
        command_interfaces=["effort"],
        gains=gains,
        constraints={joint: {"trajectory": 0.1, "goal": 0.005} for joint in ARM},
    )
    made.send(TrajectoryGoal(points=points((1.0, 0.5)), number=1))
    made.run(2.0)
    assert result(made).outcome is Outcome.SUCCEEDED
    np.testing.assert_allclose(made.state("position"), 0.5, atol=5e-3)


def test_effort_is_fed_forward(jtc: Callable[..., Any]) -> None:
    made = jtc(command_interfaces=["position", "effort"])
    goal = points((0.5, 0.0), (1.0, 0.0))
    goal.values[EFFORT, 0], goal.values[EFFORT, 1] = 2.0, 6.0
    made.send(TrajectoryGoal(points=goal))
    made.run(0.75)
    np.testing.assert_allclose(made.command("effort"), 4.0, atol=0.05)
    made.run(0.5)
    np.testing.assert_allclose(made.command("effort"), 6.0)


def test_five_parameters(jtc: Callable[..., Any], rx1: Robot) -> None:
    made = jtc(command_interfaces=list(IMPEDANCE), gains={ARM[0]: {"p": 33.0}})
    made.send(TrajectoryGoal(points=points((0.5, 0.2))))
    made.run(0.25)
    at = rx1.indices(ARM)
    np.testing.assert_array_equal(made.command("proportional")[1:], rx1.kp[at][1:])
    assert made.command("proportional")[0] == 33.0
    np.testing.assert_array_equal(made.command("derivative"), rx1.kd[at])
    assert (made.command("velocity") > 0.1).all()
    assert not made.command("effort").any()


def test_keeps_carrying_what_the_one_before_carried(
    jtc: Callable[..., Any],
) -> None:
    made = jtc(command_interfaces=list(IMPEDANCE))
    made.commands[:] = np.tile([0.1, 0.0, 3.0, 50.0, 1.0], len(ARM))
    assert made.activate() is Result.SUCCESS
    made.step()
    np.testing.assert_allclose(made.command("effort"), 3.0)
    np.testing.assert_allclose(made.command("position"), 0.1)


def test_command_joints_may_be_fewer(jtc: Callable[..., Any]) -> None:
    made = jtc(command_joints=[ARM[2], ARM[0]])
    assert list(made.command_at) == [f"{ARM[2]}/position", f"{ARM[0]}/position"]
    goal = points((0.2, 0.0))
    goal.values[POSITION, 0] = [0.1, 0.2, 0.3, 0.4]
    made.plant = lambda lab: None
    made.send(TrajectoryGoal(points=goal))
    made.run(0.3)
    np.testing.assert_allclose(made.commands, [0.3, 0.1])


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"joints": []}, "joints"),
        ({"joints": [ARM[0], ARM[0]]}, "twice"),
        ({"command_interfaces": []}, "command_interfaces"),
        ({"command_interfaces": ["velocity", "effort"]}, "command_interfaces"),
        ({"command_interfaces": ["warp"]}, "command_interfaces"),
        ({"state_interfaces": ["velocity"]}, "state_interfaces"),
        (
            {"command_interfaces": ["effort"], "state_interfaces": ["position"]},
            "state_interfaces",
        ),
        ({"command_joints": [ARM[0], "nose"]}, "command_joints"),
        ({"constraints": {"decelerate_on_cancel": True}}, "max_deceleration"),
        ({"constraints": {"goal_time": -1.0}}, "goal_time"),
        ({"cmd_timeout": 0.1, "constraints": {"goal_time": 1.0}}, "cmd_timeout"),
        ({"interpolation_method": "magic"}, "interpolation_method"),
        ({"allow_partial_joints_goal": "yes"}, "allow_partial_joints_goal"),
    ],
)
def test_wrong_parameters(
    rx1: Robot, parameters: dict[str, Any], complaint: str
) -> None:
    made = JointTrajectoryController(
        ControllerInfo(
            name="unit",
            type="",
            update_rate=500,
            parameters={**BASE, **parameters},
            robot=rx1,
        )
    )
    with pytest.raises(ConfigError, match=complaint):
        made.on_configure()


# --- tolerances ----------------------------------------------------------------------


def test_tolerances_resolve_as_in_joint_tolerance() -> None:
    from renxing.control.controller_parameters import Parameters

    given = {"goal_time": 2.0, "a": {"trajectory": 0.1, "goal": 0.2}}
    default = read_tolerances(Parameters("unit", given), ("a", "b"))
    assert default.path[0].tolist() == [0.1, math.inf]
    assert default.goal[1].tolist() == [0.01, 0.01]
    new = of_goal(
        default, ("a", "b"), {"a": (-1.0, 0.5, 0.0)}, {"b": (0.3, -1.0, 0.0)}, -1.0
    )
    assert new.path[:, 0].tolist() == [math.inf, 0.5, math.inf]
    assert new.goal[:, 1].tolist() == [0.3, math.inf, math.inf]
    assert new.goal[:, 0].tolist() == default.goal[:, 0].tolist()
    assert new.goal_time == 0.0
    for wrong in ({"c": (0.1, 0, 0)}, {"a": (-2.0, 0, 0)}):
        with pytest.raises(ConfigError):
            of_goal(default, ("a", "b"), wrong, {}, 0.0)
