# SPDX-License-Identifier: Apache-2.0
"""The map on the ground, and clicks that send the robot somewhere."""

import math
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import viser

from renxing.console.ground_map import GroundMap, picture_of
from renxing.console.guide import GuidePanel, GuideReport, ground_point
from renxing.errors import DeviceError, UnsafeCommandError
from renxing.spatial import SE3, transform

GROUND = GroundMap(
    values=np.array([[0, 100, -1], [0, 50, 0]], np.int8),
    resolution=0.5,
    origin=transform((1.0, 2.0, 0.0)),
)
READY = GuideReport(ready=True, words="ready for a goal", map_to_odom=SE3.Identity())


class Walker:
    """A guide that notes where it was sent."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def go(self, x: float, y: float) -> str:
        self.asked.append((x, y))
        return "to there"

    def stop_going(self) -> str:
        raise DeviceError("no navigation runs")


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def stage(server: viser.ViserServer) -> Iterator[Any]:
    guide, said, acts = Walker(), [], {}

    def say(_event: Any, what: str, act: Any) -> None:
        try:
            said.append((what, act()))
        except Exception as error:
            said.append((what, f"refused: {error}"))

    def on(button: Any, _what: str, act: Any) -> None:
        acts[button.label] = act

    tabs = server.gui.add_tab_group()
    panel = GuidePanel(server, tabs, guide, on, say)
    yield SimpleNamespace(panel=panel, guide=guide, said=said, acts=acts)
    panel.show(replace(READY, ready=False))


def click(server: viser.ViserServer, origin: Any, direction: Any) -> None:
    """Do what a click into the scene does, for all who wait for one."""
    event = SimpleNamespace(ray_origin=origin, ray_direction=direction, client=None)
    for entry in list(server.scene._scene_pointer_cb):
        entry.callback(event)


def test_a_ray_meets_the_ground_where_it_should() -> None:
    # 45 degrees down along x from 2 m over a ground at 0.5 m, whatever its length.
    for length in (1.0, 7.0):
        ray = length * np.array([1.0, 0.0, -1.0])
        assert ground_point((3.0, -1.0, 2.0), ray, 0.5) == pytest.approx((4.5, -1.0))


@pytest.mark.parametrize(
    ("origin", "direction", "said"),
    [
        ((0.0, 0.0, 2.0), (1.0, 0.0, 0.0), "sky"),
        ((0.0, 0.0, 2.0), (0.0, 0.0, 1.0), "sky"),
        ((0.0, 0.0, -2.0), (0.0, 0.0, -1.0), "sky"),
        ((0.0, 0.0, 2.0), (1.0, 0.0, -0.01), "200 m away"),
        ((0.0, 0.0, 2.0), (math.nan, 0.0, -1.0), "away"),
    ],
)
def test_a_click_into_nothing_is_no_goal(
    origin: Any, direction: Any, said: str
) -> None:
    with pytest.raises(UnsafeCommandError, match=said):
        ground_point(origin, direction, 0.0)


def test_only_an_armed_page_takes_clicks_for_goals(server: Any, stage: Any) -> None:
    ray = (0.0, 0.0, 2.0), (0.5, 0.25, -1.0)
    panel, guide = stage.panel, stage.guide
    panel.show(READY)
    assert not panel._switch.disabled
    click(server, *ray)
    assert guide.asked == []
    panel._switch.value = True
    click(server, *ray)
    click(server, (0.0, 0.0, 2.0), (0.0, 1.0, -1.0))
    assert guide.asked == [pytest.approx((1.0, 0.5)), pytest.approx((0.0, 2.0))]
    click(server, (0.0, 0.0, 2.0), (0.0, 0.0, 1.0))
    assert len(guide.asked) == 2
    assert stage.said[-1] == (
        "go there",
        "refused: that is the sky: click a place on the ground",
    )
    panel._switch.value = False
    click(server, *ray)
    assert len(guide.asked) == 2


def test_without_navigation_nobody_is_sent(server: Any, stage: Any) -> None:
    panel = stage.panel
    panel.show(READY)
    panel._switch.value = True
    gone = replace(READY, ready=False, words="no navigation runs: start with <it>")
    panel.show(gone)
    assert panel._switch.disabled and not panel._switch.value
    assert "start with &lt;it&gt;" in panel._state.content
    click(server, (0.0, 0.0, 2.0), (0.0, 0.0, -1.0))
    assert stage.guide.asked == []


def test_a_goal_that_runs_can_be_cancelled(stage: Any) -> None:
    panel = stage.panel
    panel.show(READY)
    assert not panel._cancel.visible
    figures = (("still to go", "2.40 m"),)
    panel.show(replace(READY, running=True, words="walks", figures=figures))
    assert panel._cancel.visible
    assert "<td>still to go</td><td>2.40 m</td>" in panel._state.content
    with pytest.raises(DeviceError):
        stage.acts["Cancel the goal"]()


def test_map_way_and_goal_lie_where_the_map_does(stage: Any) -> None:
    view = stage.panel._view
    path = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    report = replace(
        READY,
        ground=GROUND,
        path=path,
        goal=np.array([1.0, 1.0, 0.5 * math.pi]),
        label="1.2 m",
        map_to_odom=transform((5.0, 0.0, 0.1), (0.0, 0.0, math.pi)),
    )
    stage.panel.show(report)
    assert np.allclose(view._root.position, (5.0, 0.0, 0.1))
    # The middle of 3 x 2 cells of half a metre from (1, 2).
    assert np.allclose(view._image.position[:2], (1.75, 2.5))
    assert (view._image.render_width, view._image.render_height) == (1.5, 1.0)
    assert view._line.points.shape == (2, 2, 3)
    assert view._goal.visible and view._label.text == "1.2 m"
    assert np.allclose(np.abs(view._goal.wxyz), (math.sqrt(0.5), 0, 0, math.sqrt(0.5)))
    image = view._image
    stage.panel.show(report)
    assert view._image is image  # the same map is not sent again
    stage.panel.show(READY)
    assert view._image is None and view._line is None and not view._goal.visible
    stage.panel.show(replace(READY, map_to_odom=None))
    assert not view._root.visible


def test_taken_free_and_unknown_ground_look_different() -> None:
    picture = picture_of(GROUND).astype(int)
    assert picture.shape == (2, 3, 4)
    free, taken, unknown, doubt = (
        picture[0, 0],
        picture[0, 1],
        picture[0, 2],
        picture[1, 1],
    )
    assert taken[3] > doubt[3] > free[3]
    assert taken[:3].sum() < doubt[:3].sum() < free[:3].sum()
    assert tuple(unknown) not in {tuple(free), tuple(taken)}
    costs = picture_of(replace(GROUND, graded=True)).astype(int)
    assert costs[0, 1, 0] > costs[0, 1, 1]  # what costs most is red
    assert costs[0, 1, 1] < costs[1, 1, 1]
