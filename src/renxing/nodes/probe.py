# SPDX-License-Identifier: Apache-2.0
"""Does ROS work here?  `renxing doctor` runs this and reads the JSON it prints.

A second process answers on a topic, so that discovery, the DDS profile and the
transport between processes are all part of the answer.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier
from std_msgs.msg import String

INTERFACES = (
    "sensor_msgs",
    "geometry_msgs",
    "nav_msgs",
    "trajectory_msgs",
    "diagnostic_msgs",
    "std_srvs",
    "rosgraph_msgs",
    "tf2_msgs",
    "control_msgs",
    "renxing_msgs",
)
ROUND_TRIPS = 20
TIMEOUT = 15.0  # [s] for discovery and all round trips; normally well below 2


def main() -> int:
    """Print what was found; or, with --echo, answer until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echo", metavar="TOPIC", help="answer on this topic")
    topic: str | None = parser.parse_args().echo
    if topic:
        echo(topic)
        return 0
    report: dict[str, Any] = {
        "distro": os.environ.get("ROS_DISTRO", ""),
        "rclpy": str(rclpy.__file__),
        "rmw": get_rmw_implementation_identifier(),
        "missing": [name for name in INTERFACES if not is_installed(name)],
        "round_trips_ms": [],
        "error": "",
    }
    try:
        report["round_trips_ms"] = measure()
    except Exception as error:  # whatever ROS throws is the finding
        report["error"] = f"{type(error).__name__}: {error}"
    times = report["round_trips_ms"]
    report["median_ms"] = statistics.median(times) if times else None
    print(json.dumps(report))
    return 0


def is_installed(package: str) -> bool:
    """Tell whether a package can be imported; its sources alone do not count."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None


def measure() -> list[float]:
    """Return the times of round trips to another process [ms]; empty if none came."""
    topic = f"renxing_probe_{os.getpid()}"
    answers: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "renxing.nodes.probe", "--echo", topic],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as answerer:
        try:
            rclpy.init()
            node = Node("renxing_probe")
            ping = node.create_publisher(String, f"{topic}/ping", 10)
            node.create_subscription(
                String, f"{topic}/pong", lambda m: answers.append(m.data), 10
            )
            deadline = time.monotonic() + TIMEOUT
            times: list[float] = []
            while len(times) < ROUND_TRIPS and time.monotonic() < deadline:
                word = f"{len(times)} {time.monotonic()}"
                begin = time.perf_counter()
                ping.publish(String(data=word))
                # Until the other side is discovered, messages go nowhere: repeat.
                patience = begin + 0.2
                while word not in answers and time.perf_counter() < patience:
                    rclpy.spin_once(node, timeout_sec=0.05)
                if word in answers:
                    times.append((time.perf_counter() - begin) * 1e3)
            return times
        finally:
            rclpy.try_shutdown()
            stop(answerer)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process; killed, it would leave its shared memory behind."""
    process.terminate()
    try:
        process.wait(timeout=3.0)
    except subprocess.TimeoutExpired:
        process.kill()


def echo(topic: str) -> None:
    """Send back what arrives, until killed or orphaned."""
    parent = os.getppid()
    rclpy.init()
    node = Node("renxing_probe_echo")
    pong = node.create_publisher(String, f"{topic}/pong", 10)
    node.create_subscription(String, f"{topic}/ping", pong.publish, 10)
    with contextlib.suppress(ExternalShutdownException, KeyboardInterrupt):
        while os.getppid() == parent:
            rclpy.spin_once(node, timeout_sec=0.5)


if __name__ == "__main__":
    sys.exit(main())
