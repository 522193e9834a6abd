# SPDX-License-Identifier: Apache-2.0
"""Real processes with our nodes, on a domain and in a namespace of their own."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
import yaml
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, qos_profile_sensor_data

from renxing.resources import resource
from renxing.robot import Robot, load_robot

LIMIT = 60.0  # [s] far more than anything here needs, even on a busy machine
LATCHED = QoSProfile(depth=10, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


# Loaded here: nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _end_with_the_tests() -> None:
    """Leave no process behind when the tests themselves are killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


class Running:
    """A process that hosts nodes."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", log: Path, pipe: int
    ) -> None:
        self.process = process
        self.log = log
        self._pipe = pipe

    def wait_until_ready(self) -> "Running":
        with (
            selectors.DefaultSelector() as selector,
            os.fdopen(self._pipe, "rb") as pipe,
        ):
            selector.register(pipe, selectors.EVENT_READ)
            assert selector.select(LIMIT), f"neither ready nor ended: {self.output}"
            assert pipe.readline() == b"ready\n", self.output
        return self

    def forget(self) -> None:
        """Go away without having heard that it is ready."""
        os.close(self._pipe)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self) -> int:
        return self.process.wait(timeout=LIMIT)

    def interrupt(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.wait()


class Bench:
    """Starts processes and talks to them."""

    def __init__(self, folder: Path, domain: int) -> None:
        self.folder = folder
        self.domain = domain
        self.namespace = f"test_{uuid.uuid4().hex[:8]}"
        self.started: list[Running] = []
        self.context = rclpy.Context()
        self.context.init(domain_id=self.domain)
        self.node = Node("client", namespace=self.namespace, context=self.context)
        self.executor = EventsExecutor(context=self.context)
        self.executor.add_node(self.node)

    def end(self, processes: list[Running]) -> None:
        for running in processes:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGINT)
        for running in processes:
            try:
                running.process.wait(timeout=10.0)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()

    def close(self) -> None:
        self.end(self.started)
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.shutdown()

    # --- processes --------------------------------------------------------------

    def start(
        self,
        *nodes: str,
        program: tuple[str, ...] = ("-m", "renxing.nodes.host"),
        environment: dict[str, str] | None = None,
        namespace: str | None = None,
        **parameters: Any,
    ) -> Running:
        """Host nodes in a new process; dots in parameters' names are `__`."""
        values = {name.replace("__", "."): value for name, value in parameters.items()}
        file = self.folder / f"{len(self.started)}.yaml"
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": values}}))
        space = self.namespace if namespace is None else namespace
        words = [*program, *nodes, "--ros-args", "--params-file", str(file)]
        return self._run([*words, "-r", f"__ns:=/{space}"], environment)

    def start_command(self, module: str, *words: str) -> Running:
        """Start a module that is no node's host in a new process."""
        return self._run(["-m", module, *words], None)

    def start_core(self, *words: str, environment: Any = None) -> Running:
        """Start the real-time core of this namespace in a new process."""
        module = ["-m", "renxing.runtime.core_process"]
        return self._run([*module, "--namespace", self.namespace, *words], environment)

    def _run(self, words: list[str], environment: dict[str, str] | None) -> Running:
        log = self.folder / f"{len(self.started)}.log"
        read, write = os.pipe()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                env={
                    **os.environ,
                    "ROS_DOMAIN_ID": str(self.domain),
                    "ROS_LOG_DIR": str(self.folder / "ros"),
                    "RENXING_RUN_DIR": str(self.folder),
                    "RENXING_BLACK_BOX_DIR": str(self.folder / "black_box"),
                    "RENXING_READY_FD": str(write),
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(write,),
                preexec_fn=_end_with_the_tests,
            )
        os.close(write)
        running = Running(process, log, read)
        self.started.append(running)
        return running

    # --- topics --------------------------------------------------------------

    def spin(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0.0:
            self.executor.spin_once(timeout_sec=left)

    def wait(self, until: Callable[[], Any], what: str) -> Any:
        """Spin until something is true and return it."""
        deadline = time.monotonic() + LIMIT
        while not (found := until()):
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            self.executor.spin_once(timeout_sec=0.05)
        return found

    def full(self, name: str) -> str:
        return name if name.startswith("/") else f"/{self.namespace}/{name}"

    def collect(
        self, kind: type, topic: str, count: int, qos: Any = qos_profile_sensor_data
    ) -> list[Any]:
        """Return the next messages of a topic."""
        found: list[Any] = []
        subscription = self.node.create_subscription(kind, topic, found.append, qos)
        try:
            self.wait(lambda: len(found) >= count, f"{count} messages on {topic}")
        finally:
            self.node.destroy_subscription(subscription)
        return found[:count]

    def one(self, kind: type, topic: str) -> Any:
        return self.collect(kind, topic, 1)[0]

    def latched(self, kind: type, topic: str) -> Any:
        return self.collect(kind, topic, 1, LATCHED)[0]

    def until(self, kind: type, topic: str, is_so: Callable[[Any], Any]) -> Any:
        """Return the first message of a topic for which something is so."""
        found: list[Any] = []

        def on_message(message: Any) -> None:
            if not found and is_so(message):
                found.append(message)

        qos = qos_profile_sensor_data
        subscription = self.node.create_subscription(kind, topic, on_message, qos)
        try:
            return self.wait(lambda: found, f"a certain message on {topic}")[0]
        finally:
            self.node.destroy_subscription(subscription)

    # --- services --------------------------------------------------------------

    def call(self, kind: Any, name: str, /, **fields: Any) -> Any:
        client = self.node.create_client(kind, name)
        try:
            self.wait(client.service_is_ready, f"service {name}")
            future = client.call_async(kind.Request(**fields))
            self.wait(future.done, f"an answer of {name}")
            return future.result()
        finally:
            self.node.destroy_client(client)


@pytest.fixture(scope="session")
def robot() -> Robot:
    return load_robot("rx1")


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory, free_domain: Callable[[], int]
) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("bench"), free_domain())
    yield bench
    bench.close()


@pytest.fixture(autouse=True)
def ended_with_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test starts itself, so that it can be run once more."""
    names = {"bench", "stack"} & set(request.fixturenames)
    benches = {request.getfixturevalue(name) for name in names}
    before = {b: len(b.started) for b in benches if isinstance(b, Bench)}
    yield
    for bench, count in before.items():
        bench.end(bench.started[count:])


@pytest.fixture(scope="session")
def posture_file(tmp_path_factory: pytest.TempPathFactory, robot: Robot) -> Path:
    """The robot's controllers, started with one that holds a posture.

    What these tests do to joints, a robot that balances would answer by stepping.
    """
    own = resource(f"config/controllers/{robot.name}.yaml")
    values = yaml.safe_load(own.read_text())
    started = values["core"]["ros__parameters"]["start_controllers"]
    walking = {"state_estimator", "locomotion"}
    kept = [name for name in started if name not in walking]
    values["core"]["ros__parameters"]["start_controllers"] = [*kept, "posture"]
    file = tmp_path_factory.mktemp("parameters") / "posture.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    posture_file: Path,
    free_domain: Callable[[], int],
) -> Iterator[Bench]:
    """A core with the twin in the workshop and its nodes, shared by many tests."""
    bench = Bench(tmp_path_factory.mktemp("stack"), free_domain())
    core = bench.start_core("--world", "workshop", "--parameters", str(posture_file))
    core.wait_until_ready()
    both = bench.start("controller_manager"), bench.start("robot_state_publisher")
    for running in both:
        running.wait_until_ready()
    yield bench
    bench.close()
