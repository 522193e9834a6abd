# SPDX-License-Identifier: Apache-2.0
"""The whole-body controller: physics, tasks, limits, failure, and standing up."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pinocchio
import pytest

from renxing.control.whole_body import (
    FootMotion,
    FootTask,
    LinkTask,
    WholeBodyConfig,
    WholeBodyController,
    WholeBodyTask,
)
from renxing.control.whole_body.wrench_cone import wrench_cone
from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.signals import BodyState, JointCommand
from renxing.sim import Twin, TwinConfig, load_world
from renxing.spatial import SE3, Array

States = Callable[..., BodyState]
Tasks = Callable[..., WholeBodyTask]
CONTACTS = [(True, True), (True, False), (False, True), (False, False)]


def full_dynamics(
    robot: Robot, state: BodyState, controller: WholeBodyController
) -> tuple[Array, Array]:
    """Return what `M dv + h - S'tau - J'w` of the full model leaves, and the locks."""
    model, data = robot.model, robot.model.createData()
    q = robot.configuration(state.position, state.base.transform_base_to_odom)
    v, a, tau = (np.zeros(model.nv) for _ in range(3))
    v[:3], v[3:6] = state.base.linear_velocity, state.base.angular_velocity
    v[robot.v_index] = state.velocity
    last = controller.last
    a[:6] = last.accelerations[:6]
    a[robot.v_index] = last.accelerations[6:]
    tau[robot.v_index] = last.torques
    rest = pinocchio.rnea(model, data, q, v, a) - tau
    pinocchio.computeJointJacobians(model, data, q)
    pinocchio.updateFramePlacements(model, data)
    for foot, wrench in zip(robot.description.feet, last.sole_wrenches, strict=True):
        jacobian = pinocchio.getFrameJacobian(
            model, data, robot.frame(foot.sole), pinocchio.LOCAL
        )
        centre = np.array([0.5 * sum(foot.x), 0.5 * sum(foot.y), 0.0])
        at_sole = wrench.copy()
        at_sole[3:] += np.cross(centre, wrench[:3])
        rest -= jacobian.T @ at_sole
    locked = np.ones(model.nv, dtype=bool)
    locked[:6] = False
    locked[robot.v_index] = last.torques == 0.0
    return rest, locked


@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("seed", range(3))
def test_solution_obeys_the_full_dynamics(
    robot: Robot,
    controller: WholeBodyController,
    state_of: States,
    task_of: Tasks,
    contacts: tuple[bool, bool],
    seed: int,
) -> None:
    state = state_of(seed)
    kinematics = controller.update(state)
    controller.solve(task_of(kinematics, stands=contacts))
    assert controller.last.solved
    rest, locked = full_dynamics(robot, state, controller)
    assert np.abs(rest[~locked]).max() < 1e-8
    # Only hands, their followers and the neck are locked.
    assert locked.sum() == {"rx1": 24, "g1": 0}[robot.name]


def test_com_and_momentum_follow_the_task(
    controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    kinematics = controller.update(standing)
    wanted = np.array([0.2, -0.3, 0.4])
    controller.solve(task_of(kinematics, com_acceleration=wanted))
    force = np.zeros(3)
    for sole, wrench in zip(
        kinematics.soles, controller.last.sole_wrenches, strict=True
    ):
        force += sole.rotation @ wrench[:3]
    found = force / controller.mass + [0.0, 0.0, -9.81]
    assert np.allclose(found, wanted, atol=0.05)


def test_swinging_foot_gets_its_acceleration(
    controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    kinematics = controller.update(standing)
    wanted = np.array([0.5, 0.2, 1.5, 0.0, 0.3, 0.0])
    motion = FootMotion(
        transform_sole_to_odom=kinematics.soles[1],
        twist=np.zeros(6),
        acceleration=wanted,
    )
    # Let the body topple as it does on one foot, or the tasks contradict each other.
    fall = kinematics.com - kinematics.soles[0].translation
    fall *= 9.81 / fall[2]
    fall[2] = 0.0
    feet = (FootTask(), FootTask(motion=motion))
    controller.solve(task_of(kinematics, com_acceleration=fall, feet=feet))
    frames = controller._frames.terms
    body = controller._body
    accelerations = controller.last.accelerations
    reduced = np.concatenate((accelerations[:6], accelerations[6:][body.free]))
    found = frames.jacobian[1] @ reduced + frames.drift[1]
    turn = np.kron(np.eye(2), kinematics.soles[1].rotation)
    assert np.allclose(turn @ found, wanted, atol=0.15)
    standing_foot = frames.jacobian[0] @ reduced + frames.drift[0]
    assert np.abs(standing_foot).max() < 0.05


def test_hand_moves_and_presses(
    robot: Robot, controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    """The hand accelerates to its goal, and the feet bear what it presses."""
    kinematics = controller.update(standing)
    name = robot.description.hands[0].gripper
    data = robot.model.createData()
    q = robot.configuration(standing.position, standing.base.transform_base_to_odom)
    pinocchio.framesForwardKinematics(robot.model, data, q)
    pose = data.oMf[robot.frame(name)]
    goal = SE3(pose.rotation, pose.translation + [0.02, 0.0, 0.0])
    press = np.array([-15.0, 5.0, 0.0, 0.0, 0.0, 0.0])
    sums = []
    for force in (np.zeros(6), press):
        link = LinkTask(
            frame=name, transform_frame_to_odom=goal, twist=np.zeros(6), force=force
        )
        controller.solve(task_of(kinematics, links=(link,)))
        assert controller.last.solved
        terms = controller._links[(name,)].terms
        body = controller._body
        accelerations = controller.last.accelerations
        reduced = np.concatenate((accelerations[:6], accelerations[6:][body.free]))
        hand = terms.rotation[0] @ (terms.jacobian[0] @ reduced + terms.drift[0])[:3]
        assert hand[0] == pytest.approx(2.0, rel=0.35)  # link_stiffness * 0.02 m
        sums.append(
            sum(
                sole.rotation @ wrench[:3]
                for sole, wrench in zip(
                    kinematics.soles, controller.last.sole_wrenches, strict=True
                )
            )
        )
    assert np.allclose(sums[1] - sums[0], press[:3], atol=1.0)


def test_head_that_is_no_frame(
    controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    kinematics = controller.update(standing)
    link = LinkTask(
        frame="tail", transform_frame_to_odom=SE3.Identity(), twist=np.zeros(6)
    )
    with pytest.raises(ModelError, match="tail"):
        controller.solve(task_of(kinematics, links=(link,)))


@pytest.mark.parametrize("contacts", CONTACTS[:3])
@pytest.mark.parametrize("seed", range(8))
def test_limits_hold_under_wild_wishes(
    robot: Robot,
    controller: WholeBodyController,
    state_of: States,
    task_of: Tasks,
    contacts: tuple[bool, bool],
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    config = WholeBodyConfig()
    limit = 0.8 * 9.81 * robot.mass
    state = state_of(seed, speed=3.0)
    kinematics = controller.update(state)
    wish = task_of(
        kinematics, com_acceleration=random.uniform(-30.0, 30.0, 3), stands=contacts
    )
    feet = tuple(replace(foot, force_limit=limit) for foot in wish.feet)
    command = controller.solve(replace(wish, feet=feet))
    assert controller.last.solved
    wrenches = controller.last.sole_wrenches
    for k, stands in enumerate(contacts):
        if not stands:
            assert not wrenches[k].any()
            continue
        x = kinematics.half_length[k] - config.sole_margin
        y = kinematics.half_width[k] - config.sole_margin
        cone = wrench_cone(x, y, config.friction)
        assert (cone @ wrenches[k]).max() < 1e-3
        assert config.least_force - 1e-3 < wrenches[k, 2] < limit + 1e-3
    parts = [robot.description.drives[j.drive] for j in robot.description.joints]
    viscous = np.array([part.viscous_friction for part in parts])
    motor = controller.last.torques + config.friction_compensation * (
        viscous * state.velocity
    )
    free = controller._body.free
    assert (np.abs(motor) < config.torque_share * robot.torque + 1e-3)[free].all()
    assert np.isfinite(command.effort).all()


def test_force_limit_of_almost_nothing(
    controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    """A foot about to leave: the cone must not degenerate."""
    kinematics = controller.update(standing)
    feet = (FootTask(), FootTask(force_limit=0.0))
    controller.solve(task_of(kinematics, feet=feet))
    assert controller.last.solved
    assert controller.last.sole_wrenches[1, 2] < 1.0 + 1e-6
    assert controller.last.sole_wrenches[0, 2] > 0.9 * 9.81 * controller.mass


def test_joint_limits_never_make_it_infeasible(
    robot: Robot, controller: WholeBodyController, state_of: States, task_of: Tasks
) -> None:
    """Joints beyond their limits and far too fast, on one foot and on two."""
    random = np.random.default_rng(3)
    n = len(robot.joints)
    for seed in range(120):
        state = replace(
            state_of(seed),
            position=random.uniform(robot.lower - 0.2, robot.upper + 0.2),
            velocity=random.uniform(-0.5, 0.5, n) * robot.speed,
        )
        kinematics = controller.update(state)
        command = controller.solve(task_of(kinematics, stands=CONTACTS[seed % 4]))
        assert controller.last.solved, seed
        assert np.isfinite(command.effort).all()


def test_joint_at_its_limit_is_turned_back(
    robot: Robot, controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    joint = robot.joints.index("left_elbow_joint")
    position, velocity = standing.position.copy(), standing.velocity.copy()
    position[joint] = robot.upper[joint] - 0.02
    velocity[joint] = 1.0
    beyond = robot.posture("stand")
    beyond[joint] = robot.upper[joint] + 1.0
    kinematics = controller.update(
        replace(standing, position=position, velocity=velocity)
    )
    controller.solve(task_of(kinematics, posture=beyond))
    rate = WholeBodyConfig().limit_rate
    most = -2.0 * rate * 1.0 + rate**2 * 0.02
    assert controller.last.accelerations[6 + joint] < most + 1e-3


def test_drive_law_gives_the_torque(
    robot: Robot, controller: WholeBodyController, state_of: States, task_of: Tasks
) -> None:
    """At the measured state, besides friction; hands and neck hold the posture."""
    state = state_of(5)
    command = controller.solve(task_of(controller.update(state)))
    law = (
        command.effort
        + command.proportional * (command.position - state.position)
        + command.derivative * (command.velocity - state.velocity)
    )
    parts = [robot.description.drives[j.drive] for j in robot.description.joints]
    share = WholeBodyConfig().friction_compensation
    friction = share * np.array([part.viscous_friction for part in parts])
    wanted = controller.last.torques + friction * state.velocity
    free = controller._body.free
    assert np.allclose(law[free], wanted[free], atol=1e-9)
    locked = np.setdiff1d(np.arange(len(robot.joints)), free)
    assert np.array_equal(command.position[locked], robot.posture("stand")[locked])
    assert np.array_equal(command.proportional[locked], robot.kp[locked])
    assert (command.proportional[free] < robot.kp[free]).all()


def test_failed_solve_repeats_the_last_motion(
    controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    kinematics = controller.update(standing)
    good = task_of(kinematics)
    bad = replace(good, com_acceleration=np.full(3, np.nan))
    controller.solve(good)
    before = controller.last
    command = controller.solve(bad)
    assert controller.failures == 1
    assert not controller.last.solved
    assert np.array_equal(controller.last.accelerations, before.accelerations)
    assert np.array_equal(controller.last.torques, before.torques)
    assert np.isfinite(command.effort).all()
    controller.solve(good)
    assert controller.last.solved
    assert controller.failures == 1


def test_failed_solve_without_a_past_carries_the_limbs(
    robot: Robot, controller: WholeBodyController, standing: BodyState, task_of: Tasks
) -> None:
    kinematics = controller.update(standing)
    bad = task_of(kinematics, com_acceleration=np.full(3, np.nan))
    controller.solve(bad)
    assert not controller.last.solved
    data = robot.model.createData()
    q = robot.configuration(standing.position, standing.base.transform_base_to_odom)
    gravity = pinocchio.computeGeneralizedGravity(robot.model, data, q)
    free = controller._body.free
    assert np.allclose(controller.last.torques[free], gravity[robot.v_index][free])
    controller.reset()
    assert controller.failures == 0


def test_history_does_not_matter(
    robot: Robot, state_of: States, task_of: Tasks
) -> None:
    """Same state and task, same bytes, whatever was solved before."""
    commands: list[JointCommand] = []
    for past in ([], [1, 2, 3]):
        controller = WholeBodyController(WholeBodyConfig(), robot, 0.002)
        for seed in past:
            kinematics = controller.update(state_of(seed))
            controller.solve(task_of(kinematics, stands=CONTACTS[seed]))
        kinematics = controller.update(state_of(9))
        commands.append(controller.solve(task_of(kinematics)))
    for part in ("position", "velocity", "effort"):
        first, second = (getattr(command, part) for command in commands)
        assert first.tobytes() == second.tobytes()


def test_soft_foot_may_turn(
    controller: WholeBodyController, state_of: States, task_of: Tasks
) -> None:
    """A foot that has landed askew keeps its speed of roll longer when it is soft."""
    turning = []
    for softness in (0.0, 1.0):
        state = state_of(4, spread=0.05, speed=0.3)
        kinematics = controller.update(state)
        feet = (FootTask(), FootTask(softness=softness))
        controller.solve(task_of(kinematics, feet=feet))
        frames, body = controller._frames.terms, controller._body
        accelerations = controller.last.accelerations
        reduced = np.concatenate((accelerations[:6], accelerations[6:][body.free]))
        found = frames.jacobian[1] @ reduced + frames.drift[1]
        own = kinematics.soles[1].rotation.T @ kinematics.sole_velocities[1, 3:]
        stiff = -WholeBodyConfig().stance_damping * own
        turning.append(np.abs(found[3:5] - stiff[:2]).max())
    assert turning[0] < 0.1
    assert turning[1] > 1.0


def test_margin_wider_than_the_sole(robot: Robot) -> None:
    with pytest.raises(ConfigError, match="sole_margin"):
        WholeBodyController(WholeBodyConfig(sole_margin=0.06), robot, 0.002)


def test_weights_below_zero() -> None:
    with pytest.raises(ConfigError, match="com_weight"):
        WholeBodyConfig(com_weight=(1.0, -1.0, 1.0))


def test_stands_and_lifts_a_foot_in_the_twin(
    robot: Robot, controller: WholeBodyController
) -> None:
    """Sway over the left foot, lift the right one, and stay up."""
    twin = Twin(robot, load_world("flat"), TwinConfig(ideal=True))
    posture = robot.posture("stand")
    start = left = right = None
    lifted = 0.0
    while twin.time < 2.2:
        joints = twin.joint_state()
        kinematics = controller.update(
            BodyState(
                stamp=twin.time,
                base=twin.base_state(),
                position=joints.position,
                velocity=joints.velocity,
                sole_wrench=np.zeros((2, 6)),
                contact=np.ones(2, dtype=bool),
            )
        )
        com, soles = kinematics.com, kinematics.soles
        if start is None:
            left, right = (SE3(sole) for sole in soles)
            start = np.array(
                [*(0.5 * (left.translation + right.translation))[:2], com[2]]
            )
        share = min(1.0, twin.time / 1.2)
        goal = start.copy()
        goal[:2] += share * (left.translation - start)[:2]
        feet = (FootTask(), FootTask())
        if twin.time > 1.6:
            up = SE3(right.rotation, right.translation + [0.0, 0.0, 0.04])
            motion = FootMotion(
                transform_sole_to_odom=up,
                twist=np.zeros(6),
                acceleration=np.zeros(6),
            )
            feet = (FootTask(), FootTask(motion=motion))
            lifted = soles[1].translation[2]
        command = controller.solve(
            WholeBodyTask(
                com_acceleration=40.0 * (goal - com) - 13.0 * kinematics.com_velocity,
                base_rotation=np.eye(3),
                base_angular_velocity=np.zeros(3),
                torso_rotation=np.eye(3),
                torso_angular_velocity=np.zeros(3),
                feet=feet,
                posture=posture,
            )
        )
        twin.step(command, 2)
    assert controller.failures == 0
    assert lifted == pytest.approx(0.04, abs=0.01)
    assert np.linalg.norm((com - left.translation)[:2]) < 0.02
    assert np.abs(left.translation - soles[0].translation).max() < 0.005
    assert twin.base_state().transform_base_to_odom.rotation[2, 2] > 0.99
    assert twin.sole_forces()[1] == 0.0
