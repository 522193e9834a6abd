# SPDX-License-Identifier: Apache-2.0
"""Every node of the whole stack: its CPU and its topics, beside the real-time loop.

By turns the robot walks in circles with nothing but what walking takes, and with eyes,
navigation, skin and brain beside it. While it walks, the processes' CPU and the ledger
of the loop are read, and nobody listens; then each topic that a node publishes is
listened to, a few at a time, since what nobody hears is not published. CPU is of one
core.
"""

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from renxing.cli.bench import Row
from renxing.errors import DeviceError, RenxingError
from renxing.evaluation.live import BOOT, COURSE, end
from renxing.runtime.core_report import SOCKET
from renxing.runtime.ledger_report import LedgerReport, over
from renxing.runtime.link import LinkClient
from renxing.runtime.state import RunFolder, StackState

WALKS = ["world:=hall", "console:=false"]
ALL = [
    f"{part}:=true" for part in ("cameras", "objects", "navigation", "skin", "brain")
]
CIRCLE = [0.3, 0.0, 0.4]  # [m/s, m/s, rad/s]
SETTLE = 5.0  # [s] of walking before anything counts
EAR = 4.0  # [s] for which a topic is listened to
AT_ONCE = 4  # topics that are
DISCOVERY = 8.0  # [s] until the ear knows all nodes
NOISE = ("/rosout", "/parameter_events", "/transition_event", "/_action/")


def run(seconds: float | None) -> list[Row]:
    """Measure both by turns."""
    window = max(5.0, (seconds or 120.0) / 4)
    rows: list[Row] = []
    loops: dict[str, list[LedgerReport]] = {"walking alone": [], "the whole stack": []}
    late: dict[str, list[float]] = {name: [] for name in loops}
    spent: dict[str, list[float]] = {}
    for turn in range(2):
        for name, words in zip(loops, (WALKS, WALKS + ALL), strict=True):
            with _walking(words, 2 * window + 90.0) as stack:
                time.sleep(SETTLE)
                reports, shares = _watch(stack, window)
                loops[name] += reports
                late[name].append(over(None, reports)["loop_late"])
                if name == "the whole stack":
                    for process, share in shares.items():
                        spent.setdefault(process, []).append(share)
                    if turn == 1:
                        rows = _heard(stack.namespace)
    table = [row for name in loops for row in _loop(name, loops[name], late[name])]
    table += [
        Row(
            name=f"CPU of {name}",
            unit="%",
            median=statistics.median(shares),
            p99=max(shares),
            note="p99 is the greater of two turns",
        )
        for name, shares in spent.items()
    ]
    return table + rows


@contextlib.contextmanager
def _walking(words: list[str], seconds: float) -> Iterator[StackState]:
    """Start a stack whose robot walks in circles."""
    space = f"bench_{os.getpid()}"
    up = [sys.executable, "-m", "renxing.cli.main", "up", f"namespace:={space}"]
    with tempfile.TemporaryDirectory() as folder:
        stack = subprocess.Popen(
            [*up, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        leader = None
        try:
            state = _ready(stack, space)
            file = Path(folder) / "course.json"
            course: dict[str, Any] = {"times": [0.0], "velocities": [CIRCLE]}
            course |= {"silent_from": seconds, "duration": seconds, "namespace": space}
            file.write_text(json.dumps(course), encoding="utf-8")
            leader = subprocess.Popen(
                [sys.executable, "-m", COURSE, str(file)],
                stdout=subprocess.PIPE,
                text=True,
            )
            if leader.stdout is None or leader.stdout.readline().strip() != "begin":
                raise DeviceError("benchmark: the robot never stood")
            yield state
        finally:
            if leader is not None:
                leader.kill()
                leader.wait()
            end(stack)


def _ready(stack: "subprocess.Popen[bytes]", space: str) -> StackState:
    deadline = time.monotonic() + BOOT
    while time.monotonic() < deadline and stack.poll() is None:
        state = RunFolder(os.environ, space).read()
        if state is not None and state.pid == stack.pid and state.processes:
            if all(process.ready for process in state.processes.values()):
                return state
        time.sleep(0.2)
    raise DeviceError("benchmark: the stack did not get ready; try `renxing up`")


def _watch(
    stack: StackState, seconds: float
) -> tuple[list[LedgerReport], dict[str, float]]:
    """Return what the core tells each second, and the CPU [%] of each process."""
    before, begun = _spent(stack), time.monotonic()
    reports: list[LedgerReport] = []
    link = LinkClient(RunFolder(os.environ, stack.namespace).path / SOCKET)
    try:
        while time.monotonic() - begun < seconds:
            time.sleep(1.0)
            with contextlib.suppress(RenxingError):
                reports.append(link.call("report", timeout=2.0).ledger)
    finally:
        link.close()
    wall = time.monotonic() - begun
    after = _spent(stack)
    return reports, {
        name: 100.0 * (after[name] - before.get(name, 0.0)) / wall for name in after
    }


def _spent(stack: StackState) -> dict[str, float]:
    """Return the CPU time of each process with its children [s]."""
    found = {}
    for name, process in stack.processes.items():
        if process.pid is None:
            continue
        leader = psutil.Process(process.pid)
        found[name] = 0.0
        for one in (leader, *leader.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                found[name] += times.user + times.system
    return found


def _loop(name: str, reports: list[LedgerReport], late: list[float]) -> list[Row]:
    rows = [
        Row(
            name=f"{name}: {what.name}",
            unit="us",
            median=1e6 * statistics.median(of(one).median for one in reports),
            p99=1e6 * statistics.median(of(one).p99 for one in reports),
            note=f"medians of {len(reports)} s; worst second "
            f"{1e6 * max(of(one).p99 for one in reports):.0f}",
        )
        for what, of in (
            (reports[0].period_error, lambda one: one.period_error),
            (reports[0].busy, lambda one: one.busy),
        )
    ]
    return [
        *rows,
        Row(
            name=f"{name}: late cycles",
            unit="%",
            median=100.0 * statistics.median(late),
            p99=100.0 * max(late),
            note="p99 is the worse of two turns",
        ),
    ]


def _heard(space: str) -> list[Row]:
    """Listen in a process of its own, and return the rates of the topics."""
    words = [sys.executable, __file__, "--listen", space]
    done = subprocess.run(words, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise DeviceError("benchmark: the graph cannot be listened to")
    rows = []
    for topic, (nodes, spans) in json.loads(done.stdout).items():
        if len(spans) < 2:
            continue
        rows.append(
            Row(
                name=f"{topic} of {', '.join(nodes)}",
                unit="Hz",
                median=len(spans) / math.fsum(spans),
                p99=1.0 / float(np.percentile(spans, 99)),
                note=f"median is the mean rate, p99 of the longest gaps; {EAR:g} s",
            )
        )
    return rows


def listen(space: str) -> None:
    """Print of every topic who publishes it, and the times between messages [s]."""
    import importlib

    import rclpy
    from rclpy.experimental.events_executor import EventsExecutor
    from rclpy.node import Node
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy

    rclpy.init()
    node = Node("bench_ear")
    executor = EventsExecutor()
    executor.add_node(node)

    def spin(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            executor.spin_once(timeout_sec=0.05)

    spin(DISCOVERY)
    found: dict[str, tuple[str, list[str]]] = {}
    for name, namespace in node.get_node_names_and_namespaces():
        if not namespace.startswith(f"/{space}"):
            continue
        told = node.get_publisher_names_and_types_by_node(name, namespace)
        for topic, kinds in told:
            if any(word in topic for word in NOISE):
                continue
            found.setdefault(topic, (kinds[0], []))[1].append(name)
    arrivals: dict[str, list[float]] = {topic: [] for topic in found}
    qos = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    topics = sorted(found)
    for first in range(0, len(topics), AT_ONCE):
        ears = []
        for topic in topics[first : first + AT_ONCE]:
            package, kind = found[topic][0].split("/msg/")
            message = getattr(importlib.import_module(f"{package}.msg"), kind)
            times = arrivals[topic]

            def hear(_: bytes, times: list[float] = times) -> None:
                times.append(time.monotonic())

            ears.append(node.create_subscription(message, topic, hear, qos, raw=True))
        spin(EAR)
        for ear in ears:
            node.destroy_subscription(ear)
    json.dump(
        {
            topic.removeprefix(f"/{space}"): (found[topic][1], np.diff(times).tolist())
            for topic, times in arrivals.items()
        },
        sys.stdout,
    )
    sys.stdout.flush()
    rclpy.try_shutdown()


if __name__ == "__main__":
    listen(sys.argv[2])
