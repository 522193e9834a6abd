# SPDX-License-Identifier: Apache-2.0
"""Joint states end to end: from the loop's cycle to a subscriber in another process.

The stack is the core of rx1 with its controllers (two processes, all broadcasters on);
the delay is from the time when the cycle was due to the subscriber's callback, so it
holds the loop's own lateness, reading, estimation, the board, rclpy and DDS. Beside it,
by turns: a bare rclpy node that publishes the same message at the same rate, with the
time of its timer's callback as the stamp, to the same kind of subscriber.
"""

import array
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
import psutil

from renxing.cli.bench import Row
from renxing.errors import DeviceError

RATE = 500  # [Hz]
WINDOW = 5.0  # [s] of a turn
START = 60.0  # [s] for the stack to publish
SETTLE = 3.0  # [s] before the first turn
JOINTS = 43


def run(seconds: float | None) -> list[Row]:
    """Measure both by turns."""
    turns = max(1, round((seconds or 60.0) / (2 * WINDOW)))
    ours: list[dict[str, list[float]]] = []
    bare: list[dict[str, list[float]]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RENXING_RUN_DIR"] = folder
        space = f"bench_{os.getpid()}"
        with _started(
            [sys.executable, "-m", "renxing.runtime.core_process", "--namespace", space]
        ) as core:
            node_words = ["controller_manager", "--ros-args", "-r", f"__ns:=/{space}"]
            with _started(
                [sys.executable, "-m", "renxing.nodes.host", *node_words]
            ) as node:
                _listen(f"/{space}/joint_states", 0.5)  # until it publishes
                time.sleep(SETTLE)
                processes = {"core": core, "node": node}
                spent = {name: 0.0 for name in processes}
                for _ in range(turns):
                    before = {n: _cpu(p) for n, p in processes.items()}
                    begin = time.monotonic()
                    ours.append(_listen(f"/{space}/joint_states", WINDOW))
                    wall = time.monotonic() - begin
                    for n, p in processes.items():
                        spent[n] += (_cpu(p) - before[n]) / wall / turns
                    topic = f"/{space}/bare"
                    with _started([sys.executable, __file__, "--publish", topic]):
                        bare.append(_listen(topic, WINDOW))
    name = f"{RATE} Hz joint states"
    rows = [*_rows(f"{name}", ours), *_rows(f"{name}, bare rclpy pair", bare)]
    note = "of one core, while a subscriber listens"
    for process, share in spent.items():
        percent = 100.0 * share
        rows.append(
            Row(
                name=f"CPU of {process}",
                unit="%",
                median=percent,
                p99=percent,
                note=note,
            )
        )
    return rows


@contextlib.contextmanager
def _started(command: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _cpu(process: "subprocess.Popen[bytes]") -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def _listen(topic: str, seconds: float) -> dict[str, list[float]]:
    """Subscribe in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--subscribe", topic, str(seconds)],
        stdout=subprocess.PIPE,
    )
    if done.returncode != 0:
        raise DeviceError(f"benchmark: nobody publishes {topic}")
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _rows(name: str, turns: list[dict[str, list[float]]]) -> list[Row]:
    delays = 1e3 * np.concatenate([turn["delays"] for turn in turns])
    spans = 1e3 * np.concatenate([np.diff(turn["arrivals"]) for turn in turns])
    rate = np.array([len(t["delays"]) / t["seconds"][0] for t in turns])
    note = f"p99.9 {np.percentile(delays, 99.9):.2f}, max {delays.max():.2f}"
    return [
        Row(
            name=f"{name}: cycle to callback",
            unit="ms",
            median=float(np.median(delays)),
            p99=float(np.percentile(delays, 99)),
            minimum=float(delays.min()),
            note=f"{note}, {len(delays)} messages",
        ),
        Row(
            name=f"{name}: between callbacks",
            unit="ms",
            median=float(np.median(spans)),
            p99=float(np.percentile(spans, 99)),
            minimum=float(spans.min()),
        ),
        Row(
            name=f"{name}: rate",
            unit="Hz",
            median=float(np.median(rate)),
            p99=float(rate.min()),
            note="p99 is the least of the turns",
        ),
    ]


def publish(topic: str) -> None:
    """Publish like the stack, with nothing behind it, until killed."""
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.experimental.events_executor import EventsExecutor
    from rclpy.node import Node
    from sensor_msgs.msg import JointState

    rclpy.init()
    node = Node("bare_publisher")
    topic_out = node.create_publisher(JointState, topic, 10)
    message = JointState(name=[f"left_shoulder_{i}_joint" for i in range(JOINTS)])
    for part in ("position", "velocity", "effort"):
        setattr(message, part, array.array("d", [0.1] * JOINTS))

    def tick() -> None:
        message.header.stamp = node.get_clock().now().to_msg()
        topic_out.publish(message)

    node.create_timer(1.0 / RATE, tick)
    executor = EventsExecutor()
    executor.add_node(node)
    with contextlib.suppress(ExternalShutdownException, KeyboardInterrupt):
        while rclpy.ok():
            executor.spin_once(timeout_sec=0.25)


def subscribe(topic: str, seconds: float) -> int:
    """Print the delays of the messages that come [s]; 1 if none does."""
    import rclpy
    from rclpy.experimental.events_executor import EventsExecutor
    from rclpy.node import Node
    from rclpy.task import Future
    from sensor_msgs.msg import JointState

    rclpy.init()
    node = Node("bench_subscriber")
    delays: list[float] = []
    arrivals: list[float] = []

    def on_message(message: JointState) -> None:
        stamp = message.header.stamp
        now = time.time_ns()
        delays.append(1e-9 * (now - stamp.sec * 1_000_000_000 - stamp.nanosec))
        arrivals.append(1e-9 * now)

    node.create_subscription(JointState, topic, on_message, 10)
    executor = EventsExecutor()
    executor.add_node(node)

    def spin(limit: float, enough: int) -> None:
        end = time.monotonic() + limit
        while time.monotonic() < end and len(delays) < enough:
            executor.spin_until_future_complete(Future(), timeout_sec=0.1)

    spin(START, RATE // 4)  # discovery, and whatever is slow the first time
    if not delays:
        return 1
    delays.clear()
    arrivals.clear()
    begin = time.monotonic()
    spin(seconds, sys.maxsize)
    found = {
        "delays": delays,
        "arrivals": arrivals,
        "seconds": [time.monotonic() - begin],
    }
    json.dump(found, sys.stdout)
    sys.stdout.flush()
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--publish":
        publish(sys.argv[2])
    else:
        sys.exit(subscribe(sys.argv[2], float(sys.argv[3])))
