# SPDX-License-Identifier: Apache-2.0
"""A push gives the momentum that was ordered, to the body that was named."""

import numpy as np
import pytest

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.sim.pushes import Push
from renxing.spatial import SE3, transform

G = 9.81  # [m/s²]
MASS = 0.3  # [kg] of red_box


def push(**parts) -> Push:
    values = {
        "body": "red_box",
        "force": np.zeros(3),
        "torque": np.zeros(3),
        "point": np.zeros(3),
        "duration": 0.0,
        **parts,
    }
    return Push(**values)


@pytest.fixture
def falling(rx1: Robot, held):
    """A workshop whose red box falls freely, from far above everything."""
    made = held(rx1, "workshop")
    made.twin.objects.place("red_box", transform((0.0, 0.0, 20.0)))
    return made


def velocity(made) -> np.ndarray:
    """Return the box's velocity [m/s, rad/s], shape (6,); gravity taken out."""
    twin = made.twin
    dof = twin.model.joint("red_box").dofadr[0]
    found = np.array(twin.data.qvel[dof : dof + 6])
    found[2] += G * twin.time
    return found


@pytest.mark.parametrize(
    ("duration", "ramp", "seconds"),
    [
        (0.1, 0.0, 0.1),
        (0.2, 0.1, 0.15),
        (0.1, 0.1, 0.05),
        (0.0, 0.0, 0.001),  # one physics step
    ],
)
def test_momentum_is_the_impulse(falling, duration, ramp, seconds) -> None:
    force = np.array([3.0, -2.0, 1.0])
    falling.twin.apply_wrenches([push(force=force, duration=duration, ramp_down=ramp)])
    falling.run(0.4)
    # A ramp is sampled once a step, which is half a step too strong.
    wanted = force * seconds
    half = 0.0 if ramp == 0.0 else 0.5 * 0.001 * np.abs(force).max()
    assert np.allclose(MASS * velocity(falling)[:3], wanted, atol=1e-6 + half)
    assert np.abs(velocity(falling)[3:]).max() < 1e-9


def test_force_off_the_centre_turns(falling) -> None:
    point = np.array([0.0, 0.02, 0.04])
    force = np.array([2.0, 0.0, 0.0])
    falling.twin.apply_wrenches([push(force=force, point=point)])
    falling.run(0.002)
    inertia = falling.twin.model.body("red_box").inertia
    turn = np.cross(point, force) * 0.001
    # MuJoCo sorts principal axes, here along the edges: a box of 6 x 6 x 10 cm.
    solid = MASS / 12 * np.array([0.06**2 + 0.1**2, 0.06**2 + 0.1**2, 2 * 0.06**2])
    assert np.allclose(np.sort(inertia), np.sort(solid))
    assert np.allclose(velocity(falling)[3:], turn / solid, atol=1e-4)


def test_torque_is_in_the_frame_of_the_body(falling) -> None:
    pose = transform((0.0, 0.0, 20.0), (0.0, 0.0, np.pi / 2))
    falling.twin.objects.place("red_box", pose)
    falling.twin.apply_wrenches(
        [push(force=np.array([1.0, 0.0, 0.0]), torque=np.array([0.001, 0.0, 0.0]))]
    )
    falling.run(0.002)
    got = velocity(falling)
    assert np.allclose(got[:3], [0.0, 0.001 / MASS, 0.0], atol=1e-7), "x looks along y"
    assert got[3] > 0.0 and np.abs(got[4:]).max() < 1e-9, "MuJoCo: in the body"


def test_pushes_add_up(falling) -> None:
    ahead = push(force=np.array([1.0, 0.0, 0.0]), duration=0.1)
    aside = push(force=np.array([0.0, 2.0, 0.0]), duration=0.05)
    falling.twin.apply_wrenches([ahead, aside, ahead])
    falling.run(0.2)
    assert np.allclose(MASS * velocity(falling)[:3], [0.2, 0.1, 0.0], atol=1e-6)


def test_reset_ends_a_push(falling) -> None:
    falling.twin.apply_wrenches([push(force=np.ones(3), duration=10.0)])
    falling.run(0.01)
    falling.twin.reset()
    falling.hold.reset("stand")
    falling.twin.objects.place("red_box", SE3(np.eye(3), np.array([0.0, 0.0, 20.0])))
    falling.run(0.1)
    assert np.abs(velocity(falling)).max() < 1e-9


def test_robot_takes_a_push(rx1: Robot, held) -> None:
    """8 N·s at the chest sway it without making it fall; 60 N·s throw it over.

    Standing still, it can take about m h w = 20 N·s: the mass, over half a foot, at
    the rate w = sqrt(g / height) of the pendulum that it is.
    """
    for force, stands in ((40.0, True), (300.0, False)):
        made = held(rx1)
        made.twin.apply_wrenches(
            [push(body="torso_link", force=np.array([force, 0, 0]), duration=0.2)]
        )
        made.run(0.2)
        swayed = 1.0 - made.upright
        made.run(2.8)
        assert swayed > 1e-6
        assert (made.upright > 0.99 and made.height > 0.85) == stands


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"body": "tail"}, ModelError, "no body 'tail' to push; there are base_link"),
        ({"body": "world"}, ModelError, "no body 'world' to push"),
        ({"force": np.array([np.nan, 0, 0])}, ConfigError, "3 finite numbers"),
        ({"point": np.zeros(2)}, ConfigError, "3 finite numbers"),
        ({"duration": -0.1}, ConfigError, "not negative"),
        ({"duration": np.inf}, ConfigError, "must be finite"),
        ({"ramp_down": -1.0}, ConfigError, "ramp -1.0 s must be finite"),
    ],
)
def test_refuses_and_does_nothing(falling, wrong, error, words) -> None:
    good = push(force=np.ones(3), duration=0.1)
    with pytest.raises(error, match=words):
        falling.twin.apply_wrenches([good, push(**wrong)])
    falling.run(0.1)
    assert np.abs(velocity(falling)).max() < 1e-9, "all or none"
