# SPDX-License-Identifier: Apache-2.0
"""Things in rendered images: what, which colour, where, on what."""

from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.evaluation.wandering import Place, Wanderer
from renxing.perception import (
    Detection,
    ObjectFinder,
    ObjectFinderConfig,
    load_catalogue,
)
from renxing.perception.colours import hsv, name_of
from renxing.perception.surfaces import (
    SurfaceConfig,
    find_surfaces,
    hull_of,
    inside,
)

ROOM = """
name: room
fixed:
  - {kind: table, name: table, at: [1.5, 3.0, 0.0], size: [0.7, 1.2, 0.75]}
objects:
  - {name: crate, kind: box, size: [0.40, 0.35, 0.30], at: [1.2, 0.0, 0.15], rpy: [0, 0, 0.3], mass: 5.0, color: [0.85, 0.15, 0.12]}
  - {name: can, kind: cylinder, size: [0.033, 0.12], at: [1.15, 0.10, 0.36], mass: 0.3, color: [0.12, 0.35, 0.85]}
  - {name: ball, kind: sphere, size: [0.04], at: [1.12, -0.08, 0.34], mass: 0.1, color: [0.15, 0.65, 0.25]}
  - {name: block, kind: box, size: [0.06, 0.06, 0.10], at: [1.4, 2.8, 0.80], rpy: [0, 0, 0.5], mass: 0.3, color: [0.95, 0.80, 0.10]}
  - {name: parcel, kind: box, size: [0.30, 0.22, 0.18], at: [1.5, 3.2, 0.84], mass: 2.0, color: [0.72, 0.52, 0.30]}
"""  # noqa: E501


def look(wanderer: Wanderer, x: float, y: float, yaw: float) -> tuple[Detection, ...]:
    """Return what the chest camera shows after four images."""
    wanderer.restart(seed=5)
    for _ in range(4):
        pose = wanderer.stand(Place(x=x, y=y, yaw=yaw), 0.07)
        wanderer.look(pose)
    picture = wanderer.pictures()[1]
    finder = ObjectFinder(ObjectFinderConfig(), load_catalogue())
    eye = pose * picture.to_base
    return finder.find(picture.colour, picture.depth, picture.pinhole, eye, 0.0)


def the(found: tuple[Detection, ...], label: str) -> Detection:
    (one,) = [detection for detection in found if detection.label == label]
    return one


@pytest.mark.parametrize(
    "place", [(0.3, 0.0, 0.0), (0.25, 0.15, -0.1), (0.6, 0.7, -0.9)]
)
def test_a_crate_and_what_is_on_it(
    wanderer: Wanderer, place: tuple[float, float, float]
) -> None:
    found = look(wanderer, *place)
    crate, can, ball = (the(found, label) for label in ("crate", "can", "ball"))
    assert [one.color for one in (crate, can, ball)] == ["red", "blue", "green"]
    assert found[can.support] is crate and found[ball.support] is crate
    assert crate.support == -1 and crate.whole
    assert crate.centre == pytest.approx([1.2, 0.0, 0.15], abs=0.03)
    assert sorted(crate.size) == pytest.approx([0.30, 0.35, 0.40], abs=0.06)
    assert can.centre == pytest.approx([1.15, 0.10, 0.36], abs=0.02)
    assert can.size == pytest.approx([0.066, 0.066, 0.12], abs=0.015)
    assert ball.centre == pytest.approx([1.12, -0.08, 0.34], abs=0.02)
    assert ball.size[2] == pytest.approx(0.08, abs=0.015)


def test_a_table_and_what_is_on_it(wanderer: Wanderer) -> None:
    found = look(wanderer, 0.6, 3.0, 0.0)
    table, block, parcel = (the(found, name) for name in ("table", "box", "parcel"))
    assert found[block.support] is table and found[parcel.support] is table
    assert (block.color, parcel.color) == ("yellow", "brown")
    assert table.size[2] == pytest.approx(0.75, abs=0.02)
    assert block.centre == pytest.approx([1.4, 2.8, 0.80], abs=0.025)
    assert parcel.centre == pytest.approx([1.5, 3.2, 0.84], abs=0.04)
    assert block.size[2] == pytest.approx(0.10, abs=0.015)


def test_what_the_border_cuts_off_is_marked(wanderer: Wanderer) -> None:
    found = look(wanderer, 0.3, 0.0, 0.75)
    assert found
    assert not any(one.whole for one in found if one.color == "red")


def test_bare_floor_shows_nothing(wanderer: Wanderer) -> None:
    assert look(wanderer, -2.0, -1.0, 3.1) == ()


# --- colours ----------


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((217, 38, 31), "red"),
        ((120, 20, 18), "red"),
        ((230, 128, 26), "orange"),
        ((242, 204, 26), "yellow"),
        ((38, 166, 64), "green"),
        ((31, 89, 217), "blue"),
        ((140, 51, 178), "purple"),
        ((184, 133, 77), "brown"),
        ((90, 55, 30), "brown"),
        ((240, 240, 235), "white"),
        ((128, 128, 130), "grey"),
        ((15, 14, 18), "black"),
    ],
)
def test_colours_have_names(colour: tuple[int, int, int], name: str) -> None:
    assert name_of(np.array([colour] * 3 + [[255, 0, 255]], np.uint8)) == name


def test_no_pixels_have_no_colour() -> None:
    assert name_of(np.empty((0, 3), np.uint8)) == ""


def test_hues_go_around() -> None:
    """The corners of the hexagon, 60 degrees apart [Smith1978]."""
    corners = np.array(
        [[9, 0, 0], [9, 9, 0], [0, 9, 0], [0, 9, 9], [0, 0, 9], [9, 0, 9]]
    )
    found = hsv((corners * 28).astype(np.uint8))
    assert found[:, 0] == pytest.approx([0, 60, 120, 180, 240, 300])
    assert found[:, 1] == pytest.approx(np.ones(6))


# --- surfaces ----------


def steps(split: bool) -> np.ndarray:
    """Return a floor and a step of 0.4 m, seen from above, a gap across the step."""
    v, u = np.mgrid[0:100, 0:120]
    cloud = np.stack([0.01 * v, 0.01 * u, np.zeros_like(v)], -1).astype(np.float32)
    cloud[50:, :, 2] = 0.4
    if split:
        cloud[50:, 55:62, 2] = 0.55
    return cloud


@pytest.mark.parametrize("split", [False, True])
def test_level_surfaces_are_whole_though_something_stands_on_them(split: bool) -> None:
    surfaces, labels = find_surfaces(steps(split), SurfaceConfig())
    heights = [surface.height for surface in surfaces]
    assert heights[:2] == pytest.approx([0.0, 0.4])
    assert surfaces[1].area == pytest.approx(0.5 * 1.2, rel=0.15)
    assert (labels[10:40, 10:110] == 0).all()
    assert (labels[60:90, 10:45] == 1).all() and (labels[60:90, 75:110] == 1).all()


def test_slopes_are_no_surfaces() -> None:
    v, u = np.mgrid[0:80, 0:80]
    cloud = np.stack([0.01 * v, 0.01 * u, 0.01 * v], -1).astype(np.float32)
    surfaces, labels = find_surfaces(cloud, SurfaceConfig())
    assert surfaces == [] and (labels == -1).all()


def test_outlines_hold_what_is_in_them() -> None:
    hull, area = hull_of(np.array([[0, 0], [2, 0], [2, 1], [0, 1], [1, 0.5]], float))
    places = np.array([[1, 0.5], [2.05, 0.5], [2.2, 0.5], [-0.05, -0.05]])
    assert area == pytest.approx(2.0)
    assert inside(hull, places, 0.1).tolist() == [True, True, False, True]
    assert hull_of(np.zeros((5, 2)))[1] == 0.0


# --- catalogue ----------


def test_the_first_kind_that_fits_counts(tmp_path: Path) -> None:
    known = load_catalogue()
    assert known.label("box", (0.35, 0.35, 0.30), "red") == "crate"
    assert known.label("box", (0.35, 0.35, 0.30), "brown") == "crate"
    assert known.label("box", (0.30, 0.22, 0.18), "brown") == "parcel"
    assert known.label("box", (0.06, 0.06, 0.10), "red") == "box"
    assert known.label("cylinder", (0.066, 0.066, 0.12), "blue") == "can"
    assert known.label("ball", (0.08, 0.08, 0.08), "green") == "ball"
    assert known.label("cylinder", (0.3, 0.3, 1.0), "grey") == "thing"
    file = tmp_path / "objects.yaml"
    file.write_text(
        "kinds:\n  - {label: egg, form: ball, height: [0.05, 0.04],\n"
        "     wide: [0, 1], narrow: [0, 1]}\n"
    )
    with pytest.raises(ConfigError, match="objects.yaml:2.*rising order"):
        load_catalogue(file)
