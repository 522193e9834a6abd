# SPDX-License-Identifier: Apache-2.0
"""The operator's page as a person uses it: the real stack and a real browser."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node

from renxing.nodes.convert import to_seconds
from renxing_msgs.msg import TwinStatus

pytestmark = [pytest.mark.ros, pytest.mark.browser]

RUNNING = "running: locomotion"
UNASKED = "no velocity is asked for"
LIMIT = 90.0  # [s] far more than anything here needs, even on a busy machine
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The 3D view without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Robot:
    """The running stack: where its page is, and how its base moves."""

    def __init__(self, folder: Path, domain: int) -> None:
        self.folder = folder
        self.port = free_port()
        self.domain = domain
        self.namespace = f"page_{uuid.uuid4().hex[:8]}"
        self.url = f"http://127.0.0.1:{self.port}/"
        self.environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(self.domain),
            "RENXING_RUN_DIR": str(folder / "run"),
            "RENXING_LOG_DIR": str(folder / "log"),
        }
        self.context = rclpy.Context()
        self.context.init(domain_id=self.domain)
        self.node = Node("spectator", namespace=self.namespace, context=self.context)
        self.executor = EventsExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.seen: list[Odometry] = []
        self.wanted: list[TwistStamped] = []
        self.status: list[TwinStatus] = []
        for kind, topic, found in (
            (TwistStamped, "cmd_vel", self.wanted),
            (TwinStatus, "twin/status", self.status),
        ):
            self.node.create_subscription(kind, topic, found.append, 10)
        self.node.create_subscription(
            Odometry, "ground_truth/odom", self.seen.append, 10
        )

    def renxing(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "renxing.cli.main", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * LIMIT,
        )

    def up(self) -> None:
        settings = [f"namespace:={self.namespace}", f"port:={self.port}"]
        done = self.renxing("up", "--detach", "world:=workshop", *settings)
        assert done.returncode == 0, done.stdout + done.stderr

    def down(self) -> None:
        done = self.renxing("down", "--namespace", self.namespace)
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.shutdown()
        assert done.returncode == 0, done.stdout + done.stderr

    def spin(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0.0:
            self.executor.spin_once(timeout_sec=left)

    def wait(self, until: Callable[[], Any]) -> None:
        deadline = time.monotonic() + LIMIT
        while not until():
            assert time.monotonic() < deadline, "waited in vain"
            self.executor.spin_once(timeout_sec=0.05)

    def seconds(self) -> float:
        """Return the simulated time of the next status."""
        self.spin(0.5)  # what is still queued tells of earlier
        self.status.clear()
        self.wait(lambda: self.status)
        return to_seconds(self.status[-1].header.stamp)

    def place(self) -> tuple[float, float, float]:
        """Return where the base truly is next, in odom [m]."""
        self.seen.clear()
        self.wait(lambda: self.seen)
        position = self.seen[-1].pose.pose.position
        return position.x, position.y, position.z

    def fastest(self, enough: float = np.inf, seconds: float = LIMIT) -> float:
        """Return the greatest speed of the base [m/s] until it is enough."""
        self.seen.clear()
        deadline = time.monotonic() + seconds
        speed = 0.0
        while time.monotonic() < deadline and speed < enough:
            self.executor.spin_once(timeout_sec=0.05)
            for message in self.seen:
                linear = message.twist.twist.linear
                speed = max(speed, float(np.hypot(linear.x, linear.y)))
            if not np.isfinite(enough) and len(self.seen) > 100:
                break
        return speed


class Browser:
    """A headless browser with the page in it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def wait(self, until: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + LIMIT
        while not (found := until()):
            assert time.monotonic() < deadline, f"waited for {what}: {self.text()}"
            time.sleep(0.1)
        return found

    def text(self) -> str:
        return str(self.driver.execute_script("return document.body.innerText"))

    def says(self, words: str) -> None:
        self.wait(lambda: words in self.text(), f"'{words}'")

    def all(self, path: str) -> list[Any]:
        return [e for e in self.driver.find_elements("xpath", path) if e.is_displayed()]

    def click(self, label: str, kind: str = "button") -> None:
        path = f"//{kind}[contains(., '{label}')]"
        self.wait(lambda: self.all(path), f"{kind} '{label}'")[0].click()


@pytest.fixture(scope="module")
def robot(
    tmp_path_factory: pytest.TempPathFactory, free_domain: Callable[[], int]
) -> Iterator[Robot]:
    robot = Robot(tmp_path_factory.mktemp("page"), free_domain())
    try:
        robot.up()
        yield robot
    finally:
        robot.down()


@pytest.fixture(scope="module")
def browser(
    robot: Robot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    picture = os.environ.get("RENXING_SCREENSHOT")
    # Every pixel is the processor's work, and nobody looks.
    size = "1600,1000" if picture else "900,700"
    scale = 1.0 if picture else 0.4
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        *FLAGS,
        f"--window-size={size}",
        f"--force-device-scale-factor={scale}",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    service = Service(shutil.which("chromedriver"))
    driver = Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(LIMIT)
        driver.set_script_timeout(LIMIT)
        driver.get(robot.url)
        browser = Browser(driver)
        browser.says(RUNNING)
        yield browser
        if picture:
            driver.save_screenshot(picture)
    finally:
        driver.quit()


@pytest.fixture(scope="module", autouse=True)
def machine() -> None:
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: apt-get install chromium chromium-driver")


@pytest.fixture(autouse=True)
def running(browser: Browser, robot: Robot) -> None:
    """Begin with a robot that runs and stands, however the test before ended."""
    browser.click("Robot", kind="*[@role='tab']")
    for label in ("Resume", "Release stop"):
        if buttons := browser.all(f"//button[contains(., '{label}')]"):
            buttons[0].click()
    browser.says(RUNNING)
    if UNASKED not in browser.text():
        browser.click("Stop walking")
        browser.says(UNASKED)
    robot.spin(0.5)  # what is still queued tells of earlier
    robot.wanted.clear()


def test_the_page_tells_how_the_robot_stands(browser: Browser) -> None:
    browser.says("rx1, workshop")
    browser.says("simulated time")
    drawn = (
        "return [...document.querySelectorAll('canvas')].some(c => c.clientWidth > 300)"
    )
    browser.wait(lambda: browser.driver.execute_script(drawn), "the 3D view")


def test_a_click_on_push_moves_the_robot(browser: Browser, robot: Robot) -> None:
    standing = robot.fastest()
    browser.click("Push the robot")
    pushed = robot.fastest(enough=0.08)
    assert standing < 0.04
    assert pushed >= 0.08
    browser.says("N·s")


def test_pause_step_and_resume(browser: Browser, robot: Robot) -> None:
    browser.click("Pause")
    browser.says("paused")
    before = robot.seconds()
    assert robot.seconds() == before
    browser.click("Step 10 ms")
    robot.wait(lambda: robot.seconds() > before)
    assert robot.seconds() - before == pytest.approx(0.010, abs=1e-6)
    browser.click("Resume")
    browser.says(RUNNING)


def release(browser: Browser) -> None:
    browser.says("STOPPED: ")
    browser.says("because of: emergency_stop topic")
    browser.click("Release stop")
    browser.says(RUNNING)


def test_emergency_stop_and_its_release(browser: Browser) -> None:
    assert not browser.all("//button[contains(., 'Release stop')]")
    browser.click("EMERGENCY STOP")
    release(browser)


@pytest.mark.parametrize("key", ["\ue00c", " "], ids=["escape", "space"])
def test_a_key_is_an_emergency_stop(browser: Browser, key: str) -> None:
    browser.driver.find_element("tag name", "body").send_keys(key)
    release(browser)


def test_a_velocity_is_sent_until_it_is_zero(browser: Browser, robot: Robot) -> None:
    slider = browser.wait(lambda: browser.all("//*[@role='slider']"), "a slider")[0]
    slider.send_keys("\ue014")  # the right arrow: one step of 0.05 m/s
    robot.wait(lambda: len(robot.wanted) >= 3)
    assert all(m.twist.linear.x == pytest.approx(0.05) for m in robot.wanted)
    assert robot.wanted[0].header.frame_id == "base_link"
    browser.click("Stop walking")
    robot.wait(lambda: robot.wanted[-1].twist.linear.x == 0.0)
    count = len(robot.wanted)
    robot.spin(0.5)
    assert len(robot.wanted) == count


def test_a_slider_makes_the_robot_walk(browser: Browser, robot: Robot) -> None:
    begin = robot.place()
    slider = browser.wait(lambda: browser.all("//*[@role='slider']"), "a slider")[0]
    for _ in range(6):
        slider.send_keys("\ue014")
    browser.says("walking, ")
    robot.wait(lambda: robot.place()[0] > begin[0] + 0.2)
    browser.click("Stop walking")
    browser.says("standing, ")
    browser.says(RUNNING)
    height = robot.place()[2]
    assert height == pytest.approx(begin[2], abs=0.05)


def test_a_reset_puts_the_robot_back(browser: Browser, robot: Robot) -> None:
    away = robot.place()[0]
    browser.click("Reset")
    robot.wait(lambda: abs(robot.place()[0]) < 0.05)
    assert away > 0.1
    browser.says(RUNNING)
    browser.says("standing, ")


def test_a_stop_ends_the_walk(browser: Browser, robot: Robot) -> None:
    slider = browser.wait(lambda: browser.all("//*[@role='slider']"), "a slider")[0]
    slider.send_keys("\ue014")
    robot.wait(lambda: robot.wanted and robot.wanted[-1].twist.linear.x > 0.0)
    browser.click("EMERGENCY STOP")
    robot.wait(lambda: robot.wanted[-1].twist.linear.x == 0.0)
    release(browser)


def test_the_core_tab_has_ledger_controllers_and_hardware(browser: Browser) -> None:
    browser.click("Core", kind="*[@role='tab']")
    for words in ("p99", "estimate", "guard", "LocomotionController", "body"):
        browser.says(words)
    picture = os.environ.get("RENXING_SCREENSHOT")
    if picture:
        browser.driver.save_screenshot(f"{picture.removesuffix('.png')}-core.png")


def test_the_joints_tab_has_a_row_for_each_joint(browser: Browser) -> None:
    browser.click("Joints", kind="*[@role='tab']")
    # In one script: the table is renewed several times a second.
    visible = "[...document.querySelectorAll('.rx .bar')].filter(e => e.offsetParent)"
    browser.wait(
        lambda: browser.driver.execute_script(f"return {visible}.length") == 43,
        "43 rows",
    )
    assert "left_hip_yaw" in browser.text()
    browser.click("Robot", kind="*[@role='tab']")
    assert browser.all("//button[contains(., 'Push the robot')]")


def test_the_page_needs_nothing_but_this_machine(browser: Browser) -> None:
    asked = set()
    for entry in browser.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        parameters = message.get("params", {})
        if message["method"] == "Network.requestWillBeSent":
            asked.add(parameters["request"]["url"])
        elif message["method"] == "Network.webSocketCreated":
            asked.add(parameters["url"])
    # The browser's own pages (chrome:) and what the page holds itself (data:, blob:)
    # come from no network.
    web = {"http", "https", "ws", "wss"}
    hosts = {u.hostname for u in map(urlsplit, asked) if u.scheme in web}
    assert hosts == {"127.0.0.1"}
