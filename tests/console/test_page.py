# SPDX-License-Identifier: Apache-2.0
"""The operator's page without a browser: its server, its words, its buttons."""

import math
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renxing.console import Member, Page, Report, SimulationReport
from renxing.console.authority import Authority
from renxing.console.cameras import Picture
from renxing.console.guide import GuideReport
from renxing.console.recorder import RecorderReport
from renxing.errors import ConfigError, DeviceError
from renxing.robot import Robot, load_robot
from renxing.runtime.core_report import CoreReport
from renxing.runtime.ledger_report import LedgerReport, Times
from renxing.signals import JointState
from renxing.sim import load_world
from renxing.spatial import SE3

TIMES = Times("busy", 3e-4, 8e-4, 2e-3)
CORE = CoreReport(
    time=12.5,
    rung="run",
    causes=(),
    suspended=(),
    failures=0,
    ledger=LedgerReport(
        cycles=500,
        rate=499.9,
        period_error=TIMES,
        wake=TIMES,
        busy=TIMES,
        phases=tuple(Times(name, 1e-5, 2e-5, 3e-5) for name in ("read", "guard")),
        overruns=3,
        skipped=4,
        blamed={"wake": 0, "read": 3},
    ),
)
REPORT = Report(
    core=CORE,
    silence=0.0,
    simulation=SimulationReport(
        time=12.5, world="workshop", paused=False, real_time_factor=0.98
    ),
    charge=0.87,
    controllers=(
        Member(
            name="legs", kind="renxing/PostureController", state="active", commands=5
        ),
        Member(name="idle", kind="a/<b>", state="inactive"),
    ),
    components=(Member(name="body", kind="MujocoSystem", state="active"),),
    period=0.002,
)
PAUSED = SimulationReport(time=1.0, world="flat", paused=True, real_time_factor=0.0)
STOPPED = replace(CORE, rung="hold", causes=("emergency_stop topic",))


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
    world = load_world("workshop")
    return Page(robot, world, "127.0.0.1", port, *(4 * [Nobody()]))


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
        ({}, "running: legs", False),
        ({"controllers": ()}, "running: no controller, joints are held", False),
        ({"simulation": PAUSED}, "paused", False),
        ({"simulation": PAUSED, "silence": 9.0}, "paused", False),
        ({"silence": 9.0}, "no joint states for 9 s", False),
        ({"core": STOPPED}, "STOPPED: holding where it is", True),
        ({"core": STOPPED, "simulation": PAUSED}, "STOPPED: holding", True),
        ({"core": replace(STOPPED, rung="stand")}, "STOPPED: standing", True),
        ({"core": replace(STOPPED, rung="damp")}, "STOPPED: sinking", True),
        ({"core": None}, "no robot: its core is silent", False),
        ({"core": None, "played": "a.mcap, 3 s"}, "replay: a.mcap, 3 s", False),
        ({"core": STOPPED, "silence": 9.0, "played": "a.mcap"}, "replay: a", False),
    ],
)
def test_the_state_in_words(page, robot, changes, said, released) -> None:
    standing = robot.standing_base(robot.posture("stand"))
    page.show_robot(state_of(robot), standing)
    page.show_report(replace(REPORT, **changes))
    text = page._status.content
    assert f">{said}" in text
    assert ("because of: emergency_stop topic" in text) is released
    assert page._release.visible is released
    paused = changes.get("simulation") is PAUSED
    assert page._controls._pause.label == ("Resume" if paused else "Pause")
    assert page._controls._step.visible is paused


def test_what_the_head_and_the_core_tab_say(page: Page) -> None:
    page.show_report(REPORT)
    assert "recording" not in page._status.content
    page.show_report(replace(REPORT, recorded="/tmp/a.mcap, 3 MB"))
    assert "recording</td><td>/tmp/a.mcap, 3 MB" in page._status.content
    for word in ("rx1, workshop", "12.5 s", "× 0.98", "500 Hz", "800 µs", "87 %"):
        assert word in page._status.content
    for word in (">read<", ">guard<", ">20<", "3 (read 3)"):
        assert word in page._ledger.content
    for word in ("legs", "PostureController", "body", "inactive"):
        assert word in page._members.content
    assert "<b>" not in page._members.content


def test_the_head_says_who_commands_and_what_is_hot(page: Page, robot: Robot) -> None:
    state = state_of(robot)
    temperature = state.temperature.copy()
    temperature[3] = 95.0
    page.show_joints(replace(state, temperature=temperature))
    chain = Authority(chain=("this page", "legs"), remark="")
    page.show_report(replace(REPORT, authority=chain, charge=0.1))
    head = page._status.content
    assert head.index("this page") < head.index(">legs<")
    name = robot.joints[3].removesuffix("_joint").replace("_", " ")
    assert f"{name}, 95 of " in head
    assert "<td class=hot>10 %</td>" in head
    page.show_report(replace(REPORT, authority=chain, played="a.mcap"))
    assert "this page" not in page._status.content


def test_what_nobody_wants_to_see_is_not_asked_for(page: Page) -> None:
    assert page.layer == "map"
    assert not page.pictures_wanted  # no browser is there
    picture = Picture(camera="head", data=b"x", number=1, age=0.1)
    page.show_pictures([picture])
    assert page._strip._panel.visible
    page.show_guide(GuideReport(ready=False, words="no navigation runs"))
    assert "no navigation runs" in page._places._state.content
    page.show_recorder(RecorderReport(state="inactive"))
    assert page._recording._start.visible and not page._recording._finish.visible


def test_postures_are_offered_while_a_controller_knows_them(page: Page) -> None:
    legs, idle = REPORT.controllers
    for state in ("active", "inactive"):
        controllers = (replace(legs, state=state), idle)
        page.show_report(replace(REPORT, controllers=controllers))
        shown = [element.visible for element in page._controls._postures]
        assert shown == [state == "active"] * 2


def test_a_robot_that_is_not_simulated_has_no_hands_on_it(page: Page) -> None:
    page.show_report(replace(REPORT, simulation=None, charge=math.nan))
    assert not page._controls._simulation.visible
    assert "battery" not in page._status.content
    page.show_report(REPORT)
    assert page._controls._simulation.visible


def test_a_robot_on_the_floor_has_fallen(page: Page, robot: Robot) -> None:
    lying = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    page.show_robot(state_of(robot), SE3(lying, np.array([0.0, 0.0, 0.15])))
    page.show_report(REPORT)
    assert "fallen" in page._status.content


def test_a_stop_puts_the_velocity_to_zero(robot: Robot) -> None:
    did: list[Any] = []

    class Walker(Nobody):
        def stop(self, by: str) -> str:
            did.append(by)
            return "stopped"

        def drive(self, *velocity: float) -> None:
            did.append(velocity)

    world, port = load_world("flat"), free_port()
    page = Page(robot, world, "127.0.0.1", port, Walker(), *(3 * [Nobody()]))
    try:
        slider = page._controls._sliders[0]
        slider.value = 0.3
        assert did[-1] == (0.3, 0.0, 0.0)
        page._keyed(None)
        assert "page key" in did
        assert did[-1] == (0.0, 0.0, 0.0)
        assert slider.value == 0.0
    finally:
        page.close()


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
