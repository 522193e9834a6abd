# SPDX-License-Identifier: Apache-2.0
"""Worlds are as high, steep and heavy as their files say, and bad files are refused."""

import mujoco
import numpy as np
import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.errors import ConfigError, ModelError
from renxing.resources import resource
from renxing.robot import Robot
from renxing.sim import Twin, load_world
from renxing.sim.compile import compile_model
from renxing.sim.physics import PhysicsConfig

FILES = sorted(resource("config/worlds").glob("*.yaml"))


@pytest.fixture
def ground(rx1: Robot):
    """Return a function that gives the height of what a world has at (x, y) [m]."""

    def make(name: str):
        model = compile_model(rx1, load_world(name), PhysicsConfig())
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        robot = model.body("base_link").id
        groups = np.array([1, 0, 0, 0, 0, 0], dtype=np.uint8)  # only the world's

        def height(x: float, y: float) -> float:
            geom = np.zeros(1, dtype=np.int32)
            above, down = np.array([x, y, 5.0]), np.array([0.0, 0.0, -1.0])
            far = mujoco.mj_ray(model, data, above, down, groups, True, robot, geom)
            assert far > 0.0, "there is always the ground"
            return 5.0 - far

        return height

    return make


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_loads(file) -> None:
    world = load_world(file.stem)
    assert world.name == file.stem
    names = [shape.name for shape in world.fixed] + [o.name for o in world.objects]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("y", "rise", "tread"), [(0.0, 0.10, 0.30), (-2.0, 0.17, 0.29)]
)
def test_stairs(ground, y: float, rise: float, tread: float) -> None:
    height = ground("stairs")
    assert height(0.99, y) == pytest.approx(0.0, abs=1e-9)
    for step in range(1, 6):
        edge = 1.0 + (step - 1) * tread
        for x in (edge + 0.001, edge + tread - 0.001):
            assert height(x, y) == pytest.approx(step * rise, abs=1e-9)
    far = 1.0 + 4 * tread + 1.0  # end of the landing
    assert height(far - 0.001, y) == pytest.approx(5 * rise, abs=1e-9)
    for step in range(1, 5):
        x = far + (step - 0.5) * tread
        assert height(x, y) == pytest.approx((5 - step) * rise, abs=1e-9)
    assert height(far + 4 * tread + 0.001, y) == pytest.approx(0.0, abs=1e-9)
    assert height(1.5, y + 0.61) == pytest.approx(0.0, abs=1e-9), "1.2 m wide"


@pytest.mark.parametrize(
    ("y", "angle", "rise"),
    [(3.0, 0.087, 0.25), (0.0, 0.175, 0.40), (-3.0, 0.262, 0.50)],
)
def test_ramps(ground, y: float, angle: float, rise: float) -> None:
    height = ground("ramps")
    run = rise / np.tan(angle)
    assert height(0.98, y) == pytest.approx(0.0, abs=1e-9)
    for share in (0.05, 0.5, 0.95):
        wanted = share * rise
        assert height(1.0 + share * run, y) == pytest.approx(wanted, abs=1e-6)
        down = 1.0 + run + 1.5 + (1 - share) * run
        assert height(down, y) == pytest.approx(wanted, abs=1e-6)
    slope = (height(1.6, y) - height(1.2, y)) / 0.4
    assert np.arctan(slope) == pytest.approx(angle, abs=1e-6)
    for x in np.linspace(1.0 + run, 1.0 + run + 1.5, 9):
        assert height(x, y) == pytest.approx(rise, abs=1e-3), "no gap, no edge"


def test_rough_blocks(ground) -> None:
    """Square blocks up to 6 cm high from x = 0.8 on, the same in every run."""
    height = ground("rough")
    centres = [
        height(0.8 + (i + 0.5) * 0.3, -1.5 + (j + 0.5) * 0.3)
        for i in range(20)
        for j in range(10)
    ]
    assert 0.0 <= min(centres) and 0.055 < max(centres) <= 0.06
    assert np.std(centres) > 0.01
    again = ground("rough")
    assert again(0.95, -1.35) == centres[0]
    assert height(0.79, 0.0) == 0.0


def test_workshop_has_its_things(ground, rx1: Robot) -> None:
    height = ground("workshop")
    assert height(1.7, 0.6) == pytest.approx(0.85, abs=1e-9), "bench"
    # The side table is turned by a quarter: 1.2 m along x.
    assert height(-0.5 + 0.55, 2.2) == pytest.approx(0.75, abs=1e-6)
    assert height(-0.5, 2.2 + 0.35) == pytest.approx(0.0, abs=1e-9)
    assert height(0.8, -2.0) == pytest.approx(1.75, abs=0.01), "a person of 1.75 m"
    twin = Twin(rx1, load_world("workshop"))
    masses = {thing.name: thing.mass for thing in twin.world.objects}
    assert masses["crate"] == 5.0
    for name, mass in masses.items():
        assert twin.model.body(name).mass[0] == pytest.approx(mass)


def test_things_lie_still(rx1: Robot, held) -> None:
    """Nothing in the workshop starts in the air or inside something else."""
    made = held(rx1, "workshop")
    twin = made.twin
    start = {o.name: twin.objects.pose(o.name).translation for o in twin.world.objects}
    made.run(2.0)
    for name, before in start.items():
        moved = np.abs(twin.objects.pose(name).translation - before)
        assert moved.max() < 0.03, name


BAD = {
    "kind": ("fixed:\n - {kind: moat, name: a}", 3, "Invalid value 'moat'"),
    "key": ("fixed:\n - {kind: table, name: a, hight: 1}", 3, "unknown key"),
    "missing": ("fixed:\n - {kind: stairs, name: a, steps: 3}", 3, "'rise' is missing"),
    "range": ("fixed:\n - {kind: ramp, name: a, rise: 1, angle: 2}", 3, "< 0.8"),
    "negative": ("friction: -0.5", 2, "friction: Expected `float` > 0.0"),
    "steps": ("fixed:\n - {kind: stairs, name: a, rise: 1, steps: 0}", 3, ">= 1"),
    "heights": (
        "fixed:\n - {kind: blocks, name: a, extent: [1, 1],\n    height: [0.1, 0.0]}",
        4,
        "at most the second",
    ),
    "size": (
        "objects:\n - {name: a, kind: sphere, size: [1, 1], at: [0, 0, 0], mass: 1}",
        3,
        "a sphere has 1 positive number",
    ),
    "twice": (
        "fixed:\n - {kind: table, name: a}\n - {kind: person,\n    name: a}",
        5,
        "'a': the thing on line 3 has this name already",
    ),
    "repeated": ("friction: 1\nfriction: 2", 3, "stands on line 2 already"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_refused_with_its_line(tmp_path, case: str) -> None:
    text, line, words = BAD[case]
    file = tmp_path / "bad.yaml"
    file.write_text(f"name: bad\n{text}\n")
    with pytest.raises((ConfigError, ModelError)) as caught:
        load_world(file)
    assert f"bad.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_no_such_world(tmp_path) -> None:
    with pytest.raises(
        ConfigError, match="not in config/worlds, which has .*flat.* ramps,"
    ):
        load_world("moon")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_world(tmp_path / "moon.yaml")


def test_thing_named_like_a_link(rx1: Robot, tmp_path) -> None:
    file = tmp_path / "bad.yaml"
    thing = "{name: torso_link, kind: sphere, size: [0.1], at: [3, 0, 1], mass: 1}"
    file.write_text(f"name: bad\nobjects: [{thing}]\n")
    with pytest.raises(ModelError, match="torso_link"):
        Twin(rx1, load_world(file))


@pytest.mark.parametrize("friction", [0.3, 1.2])
def test_the_ground_says_how_slippery_it_is(tmp_path, rx1, friction) -> None:
    file = tmp_path / "ice.yaml"
    file.write_text(f"name: ice\nfriction: {friction}\n")
    twin = Twin(rx1, load_world(file))
    twin.step(Hold(HoldConfig(), rx1).step(0.0), 200)
    assert twin.data.ncon >= 8
    for contact in twin.data.contact:
        assert contact.friction[0] == pytest.approx(friction)
