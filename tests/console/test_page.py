# SPDX-License-Identifier: Apache-2.0
"""The operator's page without a browser: its server, its words, its buttons."""

import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renxing.console import Page, Report
from renxing.errors import ConfigError, DeviceError
from renxing.robot import Robot, load_robot
from renxing.signals import JointState
from renxing.sim import load_world
from renxing.spatial import SE3

REPORT = Report(
    time=12.5,
    world="workshop",
    paused=False,
    stopped=False,
    posture="squat",
    real_time_factor=0.98,
    step_seconds=2e-4,
    charge=0.87,
)


class Nobody:
    """An operator that must not be called."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: pytest.fail(f"{name} was called")


class Button:
    """Keeps what a click shall do."""

    def on_click(self, act: Callable[[Any], None]) -> None:
        self.click = act


class Client:
    """A browser, as a click tells of it."""

    def __init__(self) -> None:
        self.client = self
        self.notices: list[tuple[str, str, str]] = []

    def add_notification(self, title: str, body: str, *, color: str, **_: Any) -> None:
        self.notices.append((title, body, color))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def robot() -> Robot:
    return load_robot("rx1")


def open_page(robot: Robot, port: int) -> Page:
    return Page(robot, load_world("workshop"), "127.0.0.1", port, Nobody())


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def page(robot: Robot, port: int) -> Iterator[Page]:
    page = open_page(robot, port)
    yield page
    page.close()


def test_it_is_served(page: Page, port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.status == 200
        assert "html" in answer.headers["Content-Type"]
    assert not page.watched


def test_a_port_that_is_taken(page: Page, robot: Robot, port: int) -> None:
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*choose another.*port:="):
        open_page(robot, port)


def test_a_closed_page_frees_its_port(robot: Robot) -> None:
    port = free_port()
    for _ in range(2):
        open_page(robot, port).close()


@pytest.mark.parametrize(
    ("changes", "said", "released"),
    [
        ({}, "holding 'squat'", False),
        ({"paused": True}, "paused", False),
        ({"stopped": True}, "EMERGENCY STOP: holding", True),
        ({"stopped": True, "paused": True}, "EMERGENCY STOP: holding", True),
    ],
)
def test_the_state_in_words(page, robot, changes, said, released) -> None:
    standing = robot.standing_base(robot.posture("stand"))
    page.show_robot(state_of(robot), standing)
    page.show_report(replace(REPORT, **changes))
    text = page._status.content
    assert f">{said}" in text
    for word in ("rx1, workshop", "12.5 s", "× 0.98", "200 µs", "87 %", "0."):
        assert word in text
    assert page._release.visible is released
    assert page._pause.label == ("Resume" if changes.get("paused") else "Pause")


def test_a_robot_on_the_floor_has_fallen(page: Page, robot: Robot) -> None:
    lying = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    page.show_robot(state_of(robot), SE3(lying, np.array([0.0, 0.0, 0.15])))
    page.show_report(REPORT)
    assert "fallen" in page._status.content


def test_silence_and_joints(page: Page, robot: Robot) -> None:
    page.show_silence(7.25)
    assert "no robot" in page._status.content
    assert "7.2 s ago" in page._status.content
    page.show_joints(state_of(robot))
    assert page._joints.content.count("class=bar") == len(robot.joints)
    for name in ("red_box", "crate"):
        page.show_object(name, SE3.Identity())


def test_a_click_says_what_came_of_it(page: Page) -> None:
    def refuse() -> str:
        raise DeviceError("twin/set_pause: no such service")

    def stumble() -> str:
        raise KeyError

    client = Client()
    for act in (lambda: "paused", refuse, stumble):
        button = Button()
        page._on(button, "pause", act)
        button.click(client)
    assert client.notices == [
        ("pause", "paused", "blue"),
        ("pause", "twin/set_pause: no such service", "red"),
        ("pause", "KeyError", "red"),
    ]


def state_of(robot: Robot) -> JointState:
    zero = np.zeros(len(robot.joints))
    return JointState(
        stamp=0.0,
        position=robot.posture("stand"),
        velocity=zero,
        effort=zero,
        temperature=zero + 25.0,
    )
