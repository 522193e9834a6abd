# SPDX-License-Identifier: Apache-2.0
"""What the page shows of the skin."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
import viser

from renxing.console.scene import RobotView
from renxing.console.skin import (
    BROKEN,
    HOTTEST,
    SkinPanel,
    SkinReport,
    SkinTouch,
    heat,
    png,
)
from renxing.robot import load_robot
from renxing.robot.skin import SkinLayout

TOUCH = SkinTouch(patch="chest", x=-0.03, y=0.05, force=20.0, area=0.0016, peak=12e3)


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def panel(server: viser.ViserServer) -> SkinPanel:
    robot = load_robot("rx1")
    tabs = server.gui.add_tab_group()
    return SkinPanel(server, tabs, robot, RobotView(server, robot).paths)


def report(touches=(TOUCH,)) -> SkinReport:
    layout = SkinLayout(load_robot("rx1").description.sensors.skin)
    return SkinReport(pressure=np.zeros(layout.size), touches=touches)


def test_more_pressure_is_brighter_and_broken_is_grey() -> None:
    row = np.array([[0.0, 0.01, 0.1, 0.4, 1.0, 3.0, np.nan]]) * HOTTEST
    colours = heat(row)[0]
    brightness = colours[:6].astype(int).sum(axis=1)
    assert (np.diff(brightness[:5]) > 0).all()
    assert (colours[4] == colours[5]).all()
    assert tuple(colours[6]) == BROKEN


def test_a_picture_is_read_back_as_it_was() -> None:
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 256, (4, 7, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as picture:
        picture.verify()
    with Image.open(io.BytesIO(png(pixels))) as picture:
        assert np.array_equal(np.asarray(picture), pixels)


def test_touched_patches_show_on_the_body_and_in_the_list(panel: SkinPanel) -> None:
    names = [patch.name for patch in panel._layout.patches]
    panel.show(report())
    shown = [
        name for name, spot in zip(names, panel._spots, strict=True) if spot.visible
    ]
    assert shown == ["chest"]
    text = panel._html.content
    assert "<b>20.00</b>" in text and "12.0" in text and "-30, +50" in text
    assert text.count("<img") == len(names)
    panel.show(report(()))
    assert not any(spot.visible for spot in panel._spots)
    assert "nothing touches it" in panel._html.content


def test_a_harder_touch_has_another_colour(panel: SkinPanel) -> None:
    panel.show(report())
    slight = panel._spots[-1].color
    hard = SkinTouch(patch="chest", x=0.0, y=0.0, force=90.0, area=0.01, peak=9e4)
    panel.show(report((hard,)))
    assert sum(panel._spots[-1].color) > sum(slight)


def test_silence_is_said_and_hides_the_marks(panel: SkinPanel) -> None:
    assert "skin:=true" in panel._html.content
    panel.show(report())
    panel.show(None)
    assert "skin:=true" in panel._html.content
    assert not any(spot.visible for spot in panel._spots)


def test_up_is_up_on_every_picture(panel: SkinPanel) -> None:
    turns = dict(
        zip((patch.name for patch in panel._layout.patches), panel._turns, strict=True)
    )
    # x of the chest's patch points down; the taxels of its last column are lowest.
    image = np.zeros((12, 10))
    image[:, -1] = 1.0
    turned = np.rot90(image[::-1], turns["chest"])
    assert turned.shape == (10, 12)
    assert turned[-1].all() and not turned[0].any()


def test_a_robot_without_skin_has_no_such_tab(server, load) -> None:
    robot = load("g1")
    tabs = server.gui.add_tab_group()
    panel = SkinPanel(server, tabs, robot, RobotView(server, robot).paths)
    assert panel._html is None
    panel.show(report(()))
    panel.show(None)
    assert panel._html is None
