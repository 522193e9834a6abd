# SPDX-License-Identifier: Apache-2.0
"""Parameters of the trajectory controller, named as in ros2_controllers."""

from dataclasses import dataclass

import numpy as np

from renxing.control.base_controller import places
from renxing.control.controller_parameters import Parameters
from renxing.control.joint_pid import PidGains, read_gains
from renxing.control.trajectory import Mask
from renxing.control.trajectory_tolerances import Tolerances, read_tolerances
from renxing.hardware_interface import (
    ALIASES,
    DERIVATIVE,
    EFFORT,
    POSITION,
    PROPORTIONAL,
    VELOCITY,
)
from renxing.robot import Robot
from renxing.spatial import Array

ACCELERATION = "acceleration"
# ros2_controllers knows all but the last, which is our drives' whole command.
COMMANDS = (
    {POSITION},
    {POSITION, VELOCITY},
    {POSITION, VELOCITY, ACCELERATION},
    {VELOCITY},
    {EFFORT},
    {POSITION, EFFORT},
    {POSITION, VELOCITY, EFFORT},
    {POSITION, VELOCITY, ACCELERATION, EFFORT},
    {POSITION, VELOCITY, EFFORT, PROPORTIONAL, DERIVATIVE},
)
STATES = ({POSITION}, {POSITION, VELOCITY}, {POSITION, VELOCITY, ACCELERATION})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrajectoryConfig:
    """The trajectory controller.

    Attributes:
        joints: That trajectories are about.
        command_joints: That are commanded; in the places `commanded` of `joints`.
        commanded: See there.
        command_interfaces: Of each command joint.
        state_interfaces: Of each joint.
        partial: Whether a trajectory may leave out joints.
        from_desired: Start new trajectories from the last command, not from the
            measured state.
        integrate: Whether a trajectory may leave out positions.
        end_velocity: Whether it may end in motion.
        from_commands: Take the commands of the controller before as the state.
        monitor_rate: Of action feedback [Hz].
        interpolate: False jumps from point to point.
        timeout: How long after its end a trajectory is held before the controller
            stops where it is [s]; 0 is for ever.
        tolerances: Unless a goal brings its own.
        decelerations: When a goal is given up [rad/s²], shape (n,); None stops at once.
        pid: For velocity or effort alone; None otherwise.
        kp: For the five-parameter command [N·m/rad], one for each command joint.
        kd: The same [N·m·s/rad].
        scaling: Speed scaling factor to start with.
        scaling_state: Interface that says the factor, if any.
        scaling_command: Interface that sets it in the hardware, if any.
        wraps: Joints that turn without end, shape (n,).
    """

    joints: tuple[str, ...]
    command_joints: tuple[str, ...]
    commanded: list[int]
    command_interfaces: tuple[str, ...]
    state_interfaces: tuple[str, ...]
    partial: bool
    from_desired: bool
    integrate: bool
    end_velocity: bool
    from_commands: bool
    monitor_rate: float
    interpolate: bool
    timeout: float
    tolerances: Tolerances
    decelerations: Array | None
    pid: PidGains | None
    kp: Array
    kd: Array
    scaling: float
    scaling_state: str
    scaling_command: str
    wraps: Mask


def read_trajectory_config(parameters: Parameters, robot: Robot) -> TrajectoryConfig:
    """Read the parameters.

    Raises:
        ConfigError: If one cannot be used.
    """
    joints = parameters.names("joints")
    if not joints:
        raise parameters.wrong("joints", "must be given")
    command_joints = parameters.names("command_joints") or joints
    if len(command_joints) > len(joints):
        raise parameters.wrong("command_joints", "more than there are 'joints'")
    if len(command_joints) == len(joints):
        # Of a chain, where commands may have other names than states.
        commanded = list(range(len(joints)))
    elif set(command_joints) <= set(joints):
        commanded = [joints.index(name) for name in command_joints]
    else:
        raise parameters.wrong("command_joints", "must be a subset of 'joints'")
    commands, states = _interfaces(parameters)
    constraints = parameters.section("constraints")
    kp, kd = read_stiffness(parameters, robot, command_joints)
    scaling = parameters.section("speed_scaling")
    tolerances = read_tolerances(constraints, joints)
    timeout = parameters.number("cmd_timeout", 0.0, minimum=0.0)
    if 0.0 < timeout <= tolerances.goal_time:
        what = f"{timeout:g} s must be longer than constraints.goal_time"
        raise parameters.wrong("cmd_timeout", what)
    urdf = {name: joint.get("type") for name, joint in robot.urdf.joints()}
    return TrajectoryConfig(
        joints=joints,
        command_joints=command_joints,
        commanded=commanded,
        command_interfaces=commands,
        state_interfaces=states,
        partial=parameters.flag("allow_partial_joints_goal", False),
        from_desired=parameters.flag("interpolate_from_desired_state", False)
        or parameters.flag("open_loop_control", False),
        integrate=parameters.flag("allow_integration_in_goal_trajectories", False),
        end_velocity=parameters.flag("allow_nonzero_velocity_at_trajectory_end", False),
        from_commands=parameters.flag(
            "set_last_command_interface_value_as_state_on_activation", True
        ),
        monitor_rate=parameters.number("action_monitor_rate", 20.0, minimum=0.1),
        interpolate=parameters.text(
            "interpolation_method", "splines", ("splines", "none")
        )
        == "splines",
        timeout=timeout,
        tolerances=tolerances,
        decelerations=_decelerations(constraints, joints, states),
        pid=read_gains(parameters.section("gains"), command_joints)
        if set(commands) in ({VELOCITY}, {EFFORT})
        else None,
        kp=kp,
        kd=kd,
        scaling=scaling.number("initial_scaling_factor", 1.0, minimum=0.0),
        scaling_state=scaling.text("state_interface"),
        scaling_command=scaling.text("command_interface"),
        wraps=np.array([urdf.get(name) == "continuous" for name in joints]),
    )


def _interfaces(parameters: Parameters) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given = parameters.names("command_interfaces")
    commands = tuple(ALIASES.get(name, name) for name in given)
    states = parameters.names("state_interfaces")
    for key, names, allowed in (
        ("command_interfaces", commands, COMMANDS),
        ("state_interfaces", states, STATES),
    ):
        if set(names) not in allowed:
            known = "; ".join(", ".join(sorted(one)) for one in allowed)
            raise parameters.wrong(key, f"{list(names)}: allowed are {known}")
    if set(commands) in ({VELOCITY}, {EFFORT}, {POSITION, EFFORT}):
        if VELOCITY not in states:
            what = f"need position and velocity for the command {list(commands)}"
            raise parameters.wrong("state_interfaces", what)
    return commands, states


def _decelerations(
    constraints: Parameters, joints: tuple[str, ...], states: tuple[str, ...]
) -> Array | None:
    if not constraints.flag("decelerate_on_cancel", False):
        return None
    if VELOCITY not in states:
        raise constraints.wrong(
            "decelerate_on_cancel", "needs the state interface 'velocity'"
        )
    found = [
        constraints.section(joint).number("max_deceleration_on_cancel", 0.0)
        for joint in joints
    ]
    for joint, value in zip(joints, found, strict=True):
        if not value > 0.0:
            raise constraints.wrong(
                f"{joint}.max_deceleration_on_cancel",
                f"got {value:g}; decelerate_on_cancel needs more than 0 rad/s²",
            )
    return np.array(found)


def read_stiffness(
    parameters: Parameters, robot: Robot, joints: tuple[str, ...]
) -> tuple[Array, Array]:
    """Return kp and kd: `gains.<joint>.p` and `.d`, or else those of the robot.

    Raises:
        ConfigError: If a value is negative or of the wrong type.
    """
    gains = parameters.section("gains")
    kp, kd = np.zeros(len(joints)), np.zeros(len(joints))
    for index, (joint, place) in enumerate(
        zip(joints, places(robot, joints), strict=True)
    ):
        own = gains.section(joint)
        known = place >= 0
        kp[index] = own.number("p", robot.kp[place] if known else 0.0, minimum=0.0)
        kd[index] = own.number("d", robot.kd[place] if known else 0.0, minimum=0.0)
    return kp, kd
