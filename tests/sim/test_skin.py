# SPDX-License-Identifier: Apache-2.0
"""The simulated skin: what touches the robot becomes pressure, then counts."""

import mujoco
import numpy as np
import pytest

from renxing.robot import Robot
from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout, taxel_centres
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.pushes import Push
from renxing.sim.skin_device import FULL, SkinDevice, SkinDeviceConfig
from renxing.sim.skin_press import press, touched_radius
from renxing.spatial import SE3

PITCH, COVER = 0.01, 0.006
CHEST = SkinPatch(name="chest", frame="f", rows=12, columns=10, pitch=0.02)


def boussinesq(x: float, y: float, radius: float) -> np.ndarray:
    """Return the pressure of 1 N on 9 x 9 taxels, summed up point by point."""
    fine = 40
    side = PITCH / fine
    at = (np.arange(9 * fine) - 0.5 * (9 * fine - 1)) * side
    disc, weights = [(x, y)], [1.0]
    if radius > 0.0:
        grid = np.linspace(-radius, radius, 25)
        disc = [(x + u, y + v) for u in grid for v in grid if np.hypot(u, v) < radius]
        weights = [
            np.sqrt(1.0 - (np.hypot(u - x, v - y) / radius) ** 2) for u, v in disc
        ]
    stress = np.zeros((len(at), len(at)))
    for (u, v), weight in zip(disc, weights, strict=True):
        squares = (at[None, :] - u) ** 2 + (at[:, None] - v) ** 2 + COVER**2
        stress += weight * 3.0 * COVER**3 / (2.0 * np.pi * squares**2.5)
    stress /= sum(weights)
    return stress.reshape(9, fine, 9, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("radius", [0.0, 0.004, 0.012])
def test_pressure_under_the_cover_is_boussinesq_s(radius: float) -> None:
    found = np.zeros((9, 9))
    press(0.002, -0.004, 3.0, radius, COVER, PITCH, found)
    assert found.sum() * PITCH**2 == pytest.approx(3.0)
    # All of the force stays on the patch: the shares of 81 taxels, not of a half space.
    wanted = boussinesq(0.002, -0.004, radius)
    wanted *= 3.0 / (wanted.sum() * PITCH**2)
    assert found == pytest.approx(wanted, abs=0.04 * wanted.max())


def test_a_disc_grows_with_the_cube_root_of_the_force() -> None:
    one = touched_radius(1.0, 0.01, 0.7e6)
    # Hertz: (3 F R / 4 E*)^(1/3)
    assert one == pytest.approx((3 * 0.01 / (4 * 0.7e6)) ** (1 / 3))
    assert touched_radius(8.0, 0.01, 0.7e6) == pytest.approx(2 * one)


# --- contacts of the physics ----------


def forces_on(twin: Twin, body: str) -> float:
    """Return the sum of all normal forces on a body [N]."""
    total, wrench = 0.0, np.zeros(6)
    own = twin.model.body(body).id
    for index, contact in enumerate(twin.data.contact):
        if own in twin.model.geom_bodyid[contact.geom]:
            mujoco.mj_contactForce(twin.model, twin.data, index, wrench)
            total += wrench[0]
    return total


def image(twin: Twin, name: str) -> np.ndarray:
    layout = twin.skin.layout
    place = [patch.name for patch in layout.patches].index(name)
    patch = layout.patches[place]
    return twin.skin.pressure[layout.slices[place]].reshape(patch.rows, patch.columns)


def ball_against(held, rx1: Robot, side: float, height: float):
    """Press the workshop's ball against the torso with 20 N, from front or back."""
    made = held(rx1, "workshop")
    twin = made.twin
    torso = twin.data.body("torso_link")
    place = torso.xpos + torso.xmat.reshape(3, 3) @ (side * 0.1305, 0.04, height)
    twin.objects.place("green_ball", SE3(np.eye(3), place))
    mujoco.mj_forward(twin.model, twin.data)
    # The weight of the ball is held, too.
    force = np.array([-side * 20.0, 0.0, 0.15 * 9.81])
    push = Push(
        body="green_ball",
        force=force,
        torque=np.zeros(3),
        point=np.zeros(3),
        duration=1.0,
    )
    twin.apply_wrenches([push])
    made.run(0.05)
    twin.feel()
    return twin


def test_the_image_of_a_contact_has_its_force_and_place(held, rx1: Robot) -> None:
    twin = ball_against(held, rx1, 1.0, 0.25)
    pressed = forces_on(twin, "green_ball")
    chest = image(twin, "chest")
    assert pressed == pytest.approx(20.0, abs=2.0)
    assert chest.sum() * CHEST.pitch**2 == pytest.approx(pressed, rel=0.01)
    assert twin.skin.pressure.sum() == pytest.approx(chest.sum())
    x, y = taxel_centres(CHEST)
    middle = (chest.sum(axis=0) @ x / chest.sum(), chest.sum(axis=1) @ y / chest.sum())
    # x of the patch points down, from 0.22 m above the torso's origin.
    assert middle == pytest.approx((-0.03, 0.04), abs=0.5 * CHEST.pitch)


def test_a_flat_thing_on_a_round_link_is_felt_all_along(held, rx1: Robot) -> None:
    """MuJoCo has two points there: the ends of the line."""
    made = held(rx1, "workshop")
    twin = made.twin
    site = twin.data.site("left_forearm_skin")
    # The box's long axis along the forearm, a side of it on the patch.
    turn = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    rotation = site.xmat.reshape(3, 3) @ turn
    place = site.xpos + 0.03 * rotation[:, 0]
    twin.objects.place("red_box", SE3(rotation, place))
    mujoco.mj_forward(twin.model, twin.data)
    push = Push(
        body="red_box",
        force=rotation.T @ (0.0, 0.0, 0.3 * 9.81) + (-20.0, 0.0, 0.0),
        torque=np.zeros(3),
        point=np.zeros(3),
        duration=1.0,
    )
    twin.apply_wrenches([push])
    made.run(0.03)
    twin.feel()
    pressed = forces_on(twin, "red_box")
    forearm = image(twin, "left_forearm")
    assert pressed > 10.0
    assert forearm.sum() * 0.012**2 == pytest.approx(pressed, rel=0.05)
    along = forearm.sum(axis=0)
    # 10 cm on taxels of 12 mm: neither only the ends, nor beyond them.
    assert (along[3:9] > 0.05 * along.sum()).all()
    assert along[[0, 11]].sum() < 0.1 * along.sum()


def test_what_touches_the_link_elsewhere_is_not_felt(held, rx1: Robot) -> None:
    behind = ball_against(held, rx1, -1.0, 0.25)
    assert forces_on(behind, "green_ball") > 10.0
    assert not behind.skin.pressure.any()
    below = ball_against(held, rx1, 1.0, 0.10)
    assert forces_on(below, "green_ball") > 10.0
    assert not below.skin.pressure.any()


# --- pushes ----------


@pytest.fixture
def twin(rx1: Robot) -> Twin:
    return Twin(rx1, load_world("flat"))


def pushed(twin: Twin, force, point=(0.0, 0.0, 0.0)) -> None:
    push = Push(
        body="torso_link",
        force=np.array(force),
        torque=np.zeros(3),
        point=np.array(point),
        duration=0.5,
        ramp_down=0.2,
    )
    twin.apply_wrenches([push])
    twin.feel()


def test_a_push_is_felt_where_its_line_meets_the_skin(twin: Twin) -> None:
    pushed(twin, (-30.0, 0.0, 0.0), (0.3, 0.05, 0.20))
    chest = image(twin, "chest")
    assert chest.sum() * CHEST.pitch**2 == pytest.approx(30.0)
    row, column = np.unravel_index(chest.argmax(), chest.shape)
    x, y = taxel_centres(CHEST)
    assert abs(x[column] - 0.02) <= 0.5 * CHEST.pitch + 1e-9
    assert abs(y[row] - 0.05) <= 0.5 * CHEST.pitch + 1e-9


def test_a_push_at_the_link_s_origin_is_felt_at_the_nearest_edge(twin: Twin) -> None:
    pushed(twin, (-30.0, 0.0, 0.0))
    chest = image(twin, "chest")
    assert chest.sum() * CHEST.pitch**2 == pytest.approx(30.0)
    assert chest.argmax() % CHEST.columns == CHEST.columns - 1


@pytest.mark.parametrize(
    ("force", "point"),
    [
        ((30.0, 0.0, 0.0), (0.0, 0.0, 0.22)),  # a pull, or from behind
        ((-5.0, 30.0, 0.0), (0.0, 0.0, 0.22)),  # along the skin
        ((-30.0, 0.0, 0.0), (0.0, 0.0, -0.10)),  # too far away
    ],
)
def test_what_does_not_press_the_skin_is_not_felt(twin: Twin, force, point) -> None:
    pushed(twin, force, point)
    assert not twin.skin.pressure.any()


def test_a_push_that_fades_is_felt_to_fade_and_to_end(held, rx1: Robot) -> None:
    made = held(rx1)
    pushed(made.twin, (-30.0, 0.0, 0.0), (0.0, 0.0, 0.22))
    made.run(0.4)
    made.twin.feel()
    force = image(made.twin, "chest").sum() * CHEST.pitch**2
    assert force == pytest.approx(15.0, rel=0.05)
    made.run(0.15)
    made.twin.feel()
    assert not made.twin.skin.pressure.any()


# --- electronics ----------


def test_counts_follow_pressure_up_to_the_end_of_their_range() -> None:
    config = SkinDeviceConfig(
        noise=0.0, gain_spread=0.0, offset_spread=0.0, dead=0.0, stuck=0.0
    )
    device = SkinDevice(config, SkinLayout([CHEST]), seed=0, ideal=False)
    pressure = np.zeros(120)
    pressure[3], pressure[4] = 0.5 * config.full_scale, 2.0 * config.full_scale
    device.sample(pressure, 0.0)
    half = config.offset + 0.5 * (FULL - config.offset)
    assert device.counts[3] == pytest.approx(half, abs=1.0)
    assert device.counts[4] == FULL
    assert (np.delete(device.counts, [3, 4]) == config.offset).all()


def test_taxels_differ_and_some_are_broken_the_same_with_the_same_seed() -> None:
    config = SkinDeviceConfig(dead=0.1, stuck=0.1)
    layout = SkinLayout([CHEST])
    one, same, other = (
        SkinDevice(config, layout, seed, ideal=False) for seed in (4, 4, 5)
    )
    history = []
    for step in range(20):
        for device in (one, same, other):
            device.sample(np.zeros(120), 0.005 * step)
        assert np.array_equal(one.counts, same.counts)
        history.append(one.counts.copy())
    assert not np.array_equal(one.counts, other.counts)
    assert 3 <= one.dead.sum() <= 30 and 3 <= one.stuck.sum() <= 30
    counts = np.array(history)
    assert (counts[:, one.dead] == 0).all()
    assert (np.ptp(counts[:, one.stuck], axis=0) == 0).all()
    assert (np.ptp(counts[:, ~one.dead & ~one.stuck], axis=0) > 0).all()
    nominal = config.nominal_gain
    assert np.std(one.stored_gain / nominal) == pytest.approx(0.10, rel=0.3)


def test_a_patch_warms_itself_to_its_end() -> None:
    config = SkinDeviceConfig(warmth_noise=0.0)
    device = SkinDevice(config, SkinLayout([CHEST]), seed=0, ideal=False)
    found = []
    for time in (0.0, config.warming_time, 1e5):
        device.sample(np.zeros(120), time)
        found.append(device.warmth[0] / 16.0)
    rise = config.warming * np.array([0.0, 1.0 - np.exp(-1.0), 1.0])
    assert found == pytest.approx(config.ambient + rise, abs=1.0 / 32.0)


def test_an_ideal_skin_has_no_errors(rx1: Robot) -> None:
    twin = Twin(rx1, load_world("flat"), TwinConfig(ideal=True))
    device = twin.skin.device
    assert not device.dead.any() and not device.stuck.any()
    pushed(twin, (-30.0, 0.0, 0.0), (0.0, 0.0, 0.22))
    pressure = (device.counts - device.stored_offset) / device.stored_gain
    step = 1.0 / SkinDeviceConfig().nominal_gain
    assert pressure == pytest.approx(twin.skin.pressure, abs=step)


def test_a_robot_without_skin_feels_nothing(load) -> None:
    twin = Twin(load("g1"), load_world("flat"))
    twin.feel()
    assert twin.skin.layout.size == 0
