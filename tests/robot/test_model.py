# SPDX-License-Identifier: Apache-2.0
"""The robot's two files, the pinocchio model and the MuJoCo model say the same."""

import mujoco
import numpy as np
import pinocchio
import pytest

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.sim import load_world
from renxing.sim.compile import compile_model
from renxing.sim.physics import PhysicsConfig
from renxing.spatial import SE3, wxyz_from_xyzw

SAMPLES = 25  # random configurations of each robot
TOLERANCE = 1e-6  # relative to the largest number in question


@pytest.fixture
def compiled(robot: Robot) -> mujoco.MjModel:
    return compile_model(robot, load_world("flat"), PhysicsConfig())


def test_joints_are_those_of_the_urdf(robot: Robot) -> None:
    actuated = {
        name
        for name, joint in robot.urdf.joints()
        if joint.get("type") != "fixed" and joint.find("mimic") is None
    }
    assert (
        len(robot.joints) == len(set(robot.joints)) == {"rx1": 43, "g1": 29}[robot.name]
    )
    assert set(robot.joints) == actuated


def test_limits_are_those_of_the_urdf(robot: Robot) -> None:
    elements = dict(robot.urdf.joints())
    for index, name in enumerate(robot.joints):
        limit = elements[name].find("limit")
        assert limit is not None
        got = (robot.lower, robot.upper, robot.torque, robot.speed)
        wanted = [limit.get(key) for key in ("lower", "upper", "effort", "velocity")]
        assert [values[index] for values in got] == [float(w or "nan") for w in wanted]


def test_drives_reach_both_models(robot: Robot, compiled: mujoco.MjModel) -> None:
    for index, joint in enumerate(robot.description.joints):
        drive = robot.description.drives[joint.drive]
        armature = drive.rotor_inertia * drive.gear_ratio**2
        dof = compiled.joint(joint.name).dofadr[0]
        assert compiled.dof_armature[dof] == pytest.approx(armature, rel=1e-12)
        assert compiled.dof_damping[dof] == drive.viscous_friction
        assert compiled.dof_frictionloss[dof] == drive.coulomb_friction
        assert robot.model.armature[robot.v_index[index]] == pytest.approx(armature)
        # Commands address actuators by joint order, and gear must not scale them.
        assert compiled.actuator(joint.name).trnid[0] == compiled.joint(joint.name).id
        assert list(compiled.actuator(joint.name).gear) == [1, 0, 0, 0, 0, 0]
    assert np.count_nonzero(robot.model.armature) == len(robot.joints)


def test_every_frame_is_a_site(robot: Robot, compiled: mujoco.MjModel) -> None:
    """Sensors, soles and grippers sit in MuJoCo where the description puts them."""
    description = robot.description
    sensors = description.sensors
    frames = [foot.sole for foot in description.feet]
    frames += [hand.gripper for hand in description.hands]
    for kind in (sensors.imu, sensors.force_torque, sensors.cameras, sensors.skin):
        frames += [sensor.frame for sensor in kind]
    assert len(frames) >= 7
    q = robot.configuration(
        robot.posture("squat"), robot.standing_base(robot.posture("squat"))
    )
    data, mj = robot.model.createData(), mujoco.MjData(compiled)
    pinocchio.framesForwardKinematics(robot.model, data, q)
    place(robot, compiled, mj, q)
    mujoco.mj_kinematics(compiled, mj)
    for frame in frames:
        site, pose = mj.site(frame), data.oMf[robot.frame(frame)]
        assert np.allclose(site.xpos, pose.translation, atol=1e-7), frame
        assert np.allclose(site.xmat.reshape(3, 3), pose.rotation, atol=1e-7), frame


def place(
    robot: Robot, model: mujoco.MjModel, data: mujoco.MjData, q: np.ndarray
) -> None:
    """Put pinocchio's configuration into MuJoCo, joint by joint."""
    data.qpos[:3] = q[:3]
    data.qpos[3:7] = wxyz_from_xyzw(q[3:7])
    for index, name in all_joints(robot):
        data.joint(name).qpos = q[robot.model.joints[index].idx_q]


def all_joints(robot: Robot) -> list[tuple[int, str]]:
    """Return index and name of every joint of pinocchio's tree, followers too."""
    names = list(robot.model.names)
    return [(index, names[index]) for index in range(2, len(names))]


def random_states(robot: Robot):
    """Yield configurations and velocities with random poses of the base."""
    random = np.random.default_rng(20)
    low = robot.model.lowerPositionLimit.copy()
    high = robot.model.upperPositionLimit.copy()
    for _ in range(SAMPLES):
        q = pinocchio.neutral(robot.model)
        q[7:] = random.uniform(low[7:], high[7:])
        q[:3] = random.uniform(-2, 2, 3)
        quat = random.standard_normal(4)
        q[3:7] = quat / np.linalg.norm(quat)
        yield q, random.standard_normal(robot.model.nv)


def to_pinocchio(robot: Robot, model: mujoco.MjModel, q: np.ndarray) -> np.ndarray:
    """Return the matrix T with `v_pinocchio = T v_mujoco`.

    pinocchio's base velocity is in the base frame; MuJoCo's free joint has the linear
    part in the world and the angular part in the body.
    """
    matrix = np.zeros((robot.model.nv, model.nv))
    rotation = pinocchio.XYZQUATToSE3(q[:7]).rotation
    matrix[:3, :3] = rotation.T
    matrix[3:6, 3:6] = np.eye(3)
    for index, name in all_joints(robot):
        matrix[robot.model.joints[index].idx_v, model.joint(name).dofadr[0]] = 1.0
    return matrix


def assert_close(got: np.ndarray, wanted: np.ndarray, what: str) -> None:
    scale = max(1.0, float(np.abs(wanted).max()))
    worst = float(np.abs(got - wanted).max())
    assert worst < TOLERANCE * scale, (
        f"{what}: {worst:.3g} apart on a scale of {scale:.3g}"
    )


def test_mujoco_and_pinocchio_agree(robot: Robot, compiled: mujoco.MjModel) -> None:
    """Mass, centre of mass, mass matrix, gravity and Coriolis torques are the same.

    Two libraries read the same files and share no code: what they agree on is right.
    """
    assert compiled.body_mass.sum() == pytest.approx(robot.mass, rel=1e-9)
    model, data = robot.model, robot.model.createData()
    mj = mujoco.MjData(compiled)
    full = np.zeros((compiled.nv, compiled.nv))
    for q, v in random_states(robot):
        turn = to_pinocchio(robot, compiled, q)
        mj.qvel[:] = turn.T @ v  # the inverse: its blocks are orthogonal
        place(robot, compiled, mj, q)
        mujoco.mj_forward(compiled, mj)
        centre = pinocchio.centerOfMass(model, data, q)
        assert_close(mj.subtree_com[0], centre, "centre of mass")
        mujoco.mj_fullM(compiled, mj, full)
        upper = np.triu(pinocchio.crba(model, data, q))
        matrix = upper + np.triu(upper, 1).T
        assert_close(full, turn.T @ matrix @ turn, "mass matrix")
        # qfrc_bias at rest is gravity; the rest of it, Coriolis and centrifugal. The
        # linear base acceleration differs too: MuJoCo's is classical, d/dt in the
        # world, pinocchio's spatial; zero classical is -w x v spatial.
        acceleration = np.zeros(model.nv)
        acceleration[:3] = -np.cross(v[3:6], v[:3])
        torques = pinocchio.rnea(model, data, q, v, acceleration)
        assert_close(mj.qfrc_bias, turn.T @ torques, "gravity and Coriolis torques")
        mj.qvel[:] = 0.0
        mujoco.mj_forward(compiled, mj)
        gravity = pinocchio.computeGeneralizedGravity(model, data, q)
        assert_close(mj.qfrc_bias, turn.T @ gravity, "gravity torques")


def test_standing_base_puts_the_soles_on_the_ground(robot: Robot) -> None:
    data = robot.model.createData()
    random = np.random.default_rng(5)
    for posture in robot.description.postures:
        q = robot.posture(posture)
        # Also with both ankles turned by the same angles: the base must lean back.
        for joint in robot.joints:
            if "ankle" in joint:
                q[robot.indices((joint,))] += 0.1 * random.uniform() * ("left" in joint)
        base = robot.standing_base(q)
        pinocchio.framesForwardKinematics(
            robot.model, data, robot.configuration(q, base)
        )
        soles = [data.oMf[robot.frame(foot.sole)] for foot in robot.description.feet]
        heights = [sole.translation[2] for sole in soles]
        assert min(heights) == pytest.approx(0.0, abs=1e-9)
        middle = np.mean([sole.translation for sole in soles], axis=0)
        assert np.allclose(middle[:2], 0.0, atol=1e-9)
        normal = np.mean([sole.rotation[:, 2] for sole in soles], axis=0)
        assert np.allclose(normal[:2], 0.0, atol=1e-9) and normal[2] > 0.9


def test_followers_follow(rx1: Robot) -> None:
    mimic = rx1.mimic
    assert len(mimic.names) == 10
    positions = np.random.default_rng(3).uniform(rx1.lower, rx1.upper)
    q = rx1.configuration(positions)
    for index, name in enumerate(mimic.names):
        leader = name.replace("_distal", "")
        ratio = 0.8 if "thumb" in name else 1.05
        at = rx1.model.joints[rx1.model.getJointId(name)].idx_q
        assert q[at] == pytest.approx(ratio * positions[rx1.joints.index(leader)])
        assert rx1.joints[mimic.source[index]] == leader


def test_wrong_names_are_answered_with_the_right_ones(rx1: Robot) -> None:
    with pytest.raises(ModelError, match="no posture 'dance'; it has stand, squat"):
        rx1.posture("dance")
    with pytest.raises(ModelError, match="no frame 'tail'; it has"):
        rx1.frame("tail")
    with pytest.raises(ModelError, match="no actuated joint tail_joint"):
        rx1.indices(("tail_joint", "waist_yaw_joint"))


def test_base_pose_goes_into_the_configuration(rx1: Robot) -> None:
    pose = SE3.Random()
    q = rx1.configuration(rx1.posture("stand"), pose)
    assert pinocchio.XYZQUATToSE3(q[:7]).isApprox(pose)
    assert np.allclose(q[rx1.q_index], rx1.posture("stand"))


def test_missing_package_is_named_with_its_cure(small) -> None:
    from renxing.robot import load_robot

    small.change("small.yaml", "urdf: small", "extra: g1\nurdf: package://moon/small")
    with pytest.raises(ConfigError, match="'moon': not installed.*setup --extra g1"):
        load_robot(small.write())
