# SPDX-License-Identifier: Apache-2.0
"""The twin stands, feels what it must feel, repeats itself, and refuses nonsense."""

from dataclasses import replace

import numpy as np
import pytest

from renxing.errors import ConfigError, ModelError, UnsafeCommandError
from renxing.resources import resource
from renxing.robot import Robot
from renxing.sim import Twin, load_world
from renxing.sim.physics import PhysicsConfig
from renxing.sim.pushes import Push
from renxing.spatial import transform

G = 9.81  # [m/s²]
WORLDS = sorted(file.stem for file in resource("config/worlds").glob("*.yaml"))


@pytest.mark.parametrize("world", WORLDS)
def test_stands_for_ten_seconds(rx1: Robot, held, world: str) -> None:
    made = held(rx1, world, ideal=False)
    before = made.height
    made.run(10.0)
    assert made.twin.time == pytest.approx(10.0)
    assert made.height == pytest.approx(before, abs=0.01)
    assert made.upright > np.cos(np.radians(1.0))
    weight = rx1.mass * G
    assert made.twin.sole_forces().sum() == pytest.approx(weight, rel=0.02)
    assert made.twin.sole_forces().min() > 0.4 * weight


def test_worlds_are_those_tested() -> None:
    own = {"flat", "ramps", "rough", "stairs", "workshop"}
    # What scorecards vary and walk through themselves.
    scored = {"block_field", "flight", "hall", "ledge", "ramp", "slippery", "soft"}
    assert set(WORLDS) == own | scored


def test_stands_with_noise_g1(load, held) -> None:
    g1 = load("g1")
    made = held(g1, ideal=False)
    before = made.height
    made.run(10.0)
    assert made.height == pytest.approx(before, abs=0.01)
    assert made.twin.sole_forces().sum() == pytest.approx(g1.mass * G, rel=0.02)


@pytest.mark.parametrize("sole", ["box", "spheres"])
def test_either_contact_shape_stands(rx1: Robot, held, sole: str) -> None:
    made = held(rx1, physics=PhysicsConfig(sole=sole))
    made.run(2.0)
    assert made.upright > 0.9999
    assert made.twin.sole_forces().sum() == pytest.approx(rx1.mass * G, rel=1e-3)


def test_squats_and_comes_back(robot: Robot, held) -> None:
    made = held(robot, ideal=False)
    heights = {
        posture: robot.standing_base(robot.posture(posture)).translation[2]
        for posture in ("stand", "squat")
    }
    assert heights["stand"] - heights["squat"] > 0.08
    for posture in ("squat", "stand"):
        duration = made.hold.move_to(posture, made.twin.time, 2.0)
        made.run(duration + 1.0)
        assert made.height == pytest.approx(heights[posture], abs=0.015)
        assert made.upright > np.cos(np.radians(3.0))
    assert made.twin.sole_forces().sum() == pytest.approx(robot.mass * G, rel=0.02)


def test_cells_feel_the_weight(rx1: Robot, held) -> None:
    """The ground pushes a sole up (+z); a hand pulls its wrist down."""
    made = held(rx1)
    made.run(2.0)
    twin = made.twin
    cells = [cell.name for cell in rx1.description.sensors.force_torque]
    samples = dict(zip(cells, twin.wrenches(), strict=True))
    plate = 0.4  # [kg] below the cell
    for side, ground in zip("lr", twin.sole_forces(), strict=True):
        force = samples[f"{side}_sole_ft"].force
        assert force[2] == pytest.approx(ground - plate * G, rel=1e-3)
        assert np.abs(force[:2]).max() < 1.0
    # All of the hand: palm, thumb base and five fingers of two links.
    hand = 0.34 + 0.03 + 5 * (0.022 + 0.012)
    for side, name in (("l", "left_palm_link"), ("r", "right_palm_link")):
        rotation = twin.data.body(name).xmat.reshape(3, 3)
        force = rotation @ samples[f"{side}_wrist_ft"].force
        assert np.allclose(force, [0.0, 0.0, -hand * G], atol=0.02)


def test_torque_of_a_sole_says_where_the_pressure_is(rx1: Robot, held) -> None:
    """Centre of pressure from the cells = from the contacts = below the mass."""
    made = held(rx1)
    made.run(3.0)
    force = torque = 0.0
    for sample in made.twin.wrenches()[:2]:
        force += sample.force[2]
        torque += sample.torque[1]
    # x of the pressure is -torque_y / force_z; soles are symmetric about x = 0 of the
    # sole frame in odom, and the mass is above it.
    centre = made.twin.data.subtree_com[1][0]
    sole = made.twin.data.site("l_sole").xpos[0]
    assert -torque / force + sole == pytest.approx(centre, abs=0.002)


def test_imus_at_rest(robot: Robot, held) -> None:
    made = held(robot)
    made.run(2.0)
    samples = made.twin.imus()
    assert len(samples) == 2
    for sample in samples:
        upwards = sample.rotation_sensor_to_odom @ sample.specific_force
        assert np.allclose(upwards, [0.0, 0.0, G], atol=0.02)
        assert np.abs(sample.angular_velocity).max() < 0.01


def test_truth_agrees_with_itself(rx1: Robot, held) -> None:
    """The base's velocity is the derivative of its pose, in its own frame."""
    made = held(rx1)
    twin = made.twin
    push = Push(
        body="torso_link",
        force=np.array([150.0, 60.0, 0.0]),
        torque=np.array([0.0, 0.0, 20.0]),
        point=np.zeros(3),
        duration=0.3,
    )
    twin.apply_wrenches([push])
    made.run(0.3)
    first = twin.base_state()
    twin.step(made.hold.step(twin.time))
    second = twin.base_state()
    step = first.transform_base_to_odom.actInv(second.transform_base_to_odom)
    assert np.linalg.norm(second.linear_velocity) > 0.05
    assert np.allclose(
        step.translation / twin.time_step, second.linear_velocity, atol=2e-3
    )
    turn = step.rotation - step.rotation.T
    rate = np.array([turn[2, 1], turn[0, 2], turn[1, 0]]) / (2 * twin.time_step)
    assert np.allclose(rate, second.angular_velocity, atol=2e-3)


def story(twin: Twin, made) -> bytes:
    """Do a bit of everything and return all that came of it."""
    felt = []
    push = Push(
        body="torso_link",
        force=np.array([60.0, 20.0, 0.0]),
        torque=np.zeros(3),
        point=np.array([0.0, 0.0, 0.2]),
        duration=0.1,
        ramp_down=0.05,
    )
    made.run(0.1)
    twin.apply_wrenches([push])
    twin.objects.place("red_box", transform((1.3, -0.2, 1.0), (0.3, 0.0, 0.0)))
    for _ in range(20):
        made.run(0.02)
        state = twin.joint_state()
        felt += [state.position, state.velocity, state.effort, state.temperature]
        for sample in twin.imus():
            felt += [sample.specific_force, sample.angular_velocity]
        felt += [sample.force for sample in twin.wrenches()]
        felt.append(np.array([twin.battery().voltage]))
    return b"".join(part.tobytes() for part in felt) + twin.fingerprint()


def test_same_seed_same_bytes(rx1: Robot, held) -> None:
    runs = {}
    for name, seed in {"first": 7, "second": 7, "other": 8}.items():
        made = held(rx1, "workshop", ideal=False, seed=seed)
        runs[name] = story(made.twin, made), made.twin.fingerprint()
    assert runs["first"] == runs["second"]
    assert runs["first"][0] != runs["other"][0]
    # Noise moves the robot too, for the drives believe their encoders.
    assert runs["first"][1] != runs["other"][1]


def test_reset_starts_the_same_story_again(rx1: Robot, held) -> None:
    made = held(rx1, "workshop", ideal=False, seed=7)
    first = story(made.twin, made)
    made.twin.reset()
    made.hold.reset("stand")
    assert made.twin.time == 0.0
    assert story(made.twin, made) == first
    made.twin.reset(seed=9)
    made.hold.reset("stand")
    assert story(made.twin, made) != first


def test_taking_a_fingerprint_changes_nothing(rx1: Robot, held) -> None:
    """It once drew from the noise, and so changed what it was to compare."""
    ends = []
    for looks in (0, 3):
        made = held(rx1, ideal=False)
        made.run(0.05)
        for _ in range(looks):
            made.twin.fingerprint()
        made.run(0.05)
        ends.append(made.twin.fingerprint())
    assert ends[0] == ends[1]


def test_ideal_has_no_noise(rx1: Robot, held) -> None:
    runs = []
    for seed in (1, 2):
        made = held(rx1, "workshop", ideal=True, seed=seed)
        runs.append(story(made.twin, made))
        assert np.array_equal(
            made.twin.joint_state().position, made.twin.true_positions()
        )
    assert runs[0] == runs[1]


def test_joints_are_known_before_the_first_step(rx1: Robot, held) -> None:
    """A controller that starts from the first sample must not start from zeros."""
    twin = held(rx1, ideal=False).twin
    assert np.allclose(twin.joint_state().position, rx1.posture("stand"), atol=0.005)
    twin.reset("squat")
    assert np.allclose(twin.joint_state().position, rx1.posture("squat"), atol=0.005)
    assert np.abs(twin.imus()[0].specific_force).max() > 0.0


def test_encoders_are_of_now(rx1: Robot, held) -> None:
    """What is reported after a step is where the joints are after that step."""
    made = held(rx1)
    made.hold.move_to("squat", 0.0, 1.0)
    made.run(0.5)
    state = made.twin.joint_state()
    assert np.abs(state.velocity).max() > 1.0
    assert np.array_equal(state.position, made.twin.true_positions())
    assert state.stamp == made.twin.time


@pytest.mark.parametrize(
    "part", ["position", "velocity", "effort", "proportional", "derivative"]
)
@pytest.mark.parametrize("wrong", ["nan", "infinite", "short"])
def test_refuses_commands(rx1: Robot, held, part: str, wrong: str) -> None:
    made = held(rx1)
    command = made.hold.step(0.0)
    values = getattr(command, part).copy()
    if wrong == "short":
        values = values[:-1]
    else:
        values[5] = np.nan if wrong == "nan" else -np.inf
    before = made.twin.fingerprint()
    with pytest.raises(UnsafeCommandError, match=f"command {part}: .*43"):
        made.twin.step(replace(command, **{part: values}))
    assert made.twin.fingerprint() == before


def test_refuses_what_is_not_there(rx1: Robot, held) -> None:
    twin = held(rx1, "workshop").twin
    pose = transform()
    with pytest.raises(ModelError, match="no object 'cup'; it has red_box, blue_can"):
        twin.objects.place("cup", pose)
    with pytest.raises(ModelError, match="no object 'bench'"):
        twin.objects.pose("bench")  # a table is fixed
    with pytest.raises(ModelError, match="no object 'red_box'; it has none"):
        Twin(rx1, load_world("flat")).objects.pose("red_box")
    with pytest.raises(ModelError, match="no posture 'dance'; it has stand"):
        twin.reset("dance")
    with pytest.raises(ConfigError, match="twice time_step = 0.002 s"):
        PhysicsConfig(time_step=0.002, contact_time=0.003)


def test_set_object_pose(rx1: Robot, held) -> None:
    made = held(rx1, "workshop")
    twin = made.twin
    before = {thing.name: twin.objects.pose(thing.name) for thing in twin.world.objects}
    pose = transform((2.0, -3.0, 1.5), (0.4, -0.2, 2.0))
    made.run(0.1)
    twin.objects.place("parcel", pose)
    assert twin.objects.pose("parcel").isApprox(pose, 1e-9)
    dof = twin.model.joint("parcel").dofadr[0]
    assert not twin.data.qvel[dof : dof + 6].any()
    made.run(0.2)
    fallen = pose.translation[2] - twin.objects.pose("parcel").translation[2]
    assert fallen == pytest.approx(G * 0.2**2 / 2, rel=0.02)
    twin.reset()
    for name, start in before.items():
        assert twin.objects.pose(name).isApprox(start, 1e-9)


def test_an_arm_stops_at_the_torso(rx1: Robot, held) -> None:
    """A forearm swung inwards goes through the torso, unless the two collide."""
    arm = tuple(
        f"left_{name}_joint"
        for name in ("shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow")
    )
    index = rx1.indices(arm)
    palm = {}
    for collides in (True, False):
        made = held(rx1, physics=PhysicsConfig(self_collision=collides))
        command = made.hold.step(0.0)
        start = rx1.posture("stand")
        goal = start.copy()
        goal[index] = [0.3, 0.0, -1.5, -1.5]
        for step in range(1500):
            wanted = start + min(1.0, step / 1000) * (goal - start)
            made.twin.step(replace(command, position=wanted))
        missed = np.abs(made.twin.true_positions() - goal)[index].max()
        palm[collides] = missed
    assert palm[False] < 0.06
    assert palm[True] > 0.15
