# SPDX-License-Identifier: Apache-2.0
"""Checks of `renxing doctor`: ROS, its interfaces, DDS and who can reach it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from renxing.cli.checks import Result, last_line, run_python
from renxing.cli.version import ros_distro

PROBE_TIMEOUT = 40.0  # [s] above the probe's own limit
SLOW = 50.0  # [ms] for a round trip of a few bytes on one machine
SETUP = "run it as ./renxing from a checkout, or source your ROS 2 workspace"
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"


def check_ros(environment: Mapping[str, str]) -> Iterator[Result]:
    """Can ROS be imported, are the interfaces there, does a message arrive?"""
    try:
        # Apart from this process: only nodes/ may know ROS, and DDS may hang.
        words = ["-m", "renxing.nodes.probe"]
        done = run_python(words, environment, PROBE_TIMEOUT)
    except subprocess.TimeoutExpired:
        yield Result(
            name="ROS",
            status="FAIL",
            found=f"no answer within {PROBE_TIMEOUT:.0f} s",
            fix="unset ROS_DISCOVERY_SERVER and try again",
        )
        return
    if done.returncode != 0:
        yield Result(name="ROS", status="FAIL", found=last_line(done.stderr), fix=SETUP)
        return
    report = json.loads(last_line(done.stdout))
    yield Result(name="ROS", status="OK", found=f"{ros_distro()}, {report['rmw']}")
    missing = ", ".join(report["missing"])
    yield Result(
        name="interfaces",
        status="FAIL" if missing else "OK",
        found=f"missing: {missing}" if missing else "all present",
        fix="./renxing setup, or on a ROS machine: rosdep install and colcon build"
        if missing
        else "",
    )
    times = report["round_trips_ms"]
    if report["error"] or not times:
        yield Result(
            name="DDS",
            status="FAIL",
            found=report["error"] or "no message came back from another process",
            fix=f"check {PROFILE} and the firewall; try: unset {PROFILE}",
        )
        return
    slow = report["median_ms"] > SLOW
    yield Result(
        name="DDS",
        status="WARN" if slow else "OK",
        found=f"{len(times)} messages to another process and back, "
        f"median {report['median_ms']:.2f} ms",
        fix="the machine is overloaded, or shared memory is off" if slow else "",
    )


def check_reach(environment: Mapping[str, str]) -> Iterator[Result]:
    """Who can see and command the robot: this machine or the network?"""
    domain = environment.get("ROS_DOMAIN_ID", "0")
    chosen = environment.get(RANGE, "")
    local = chosen in ("LOCALHOST", "OFF")
    yield Result(
        name="discovery range",
        status="OK" if local else "WARN",
        found=f"{chosen or 'not set, so SUBNET'}, domain {domain}"
        + ("" if local else ": anyone on the network can command the robot"),
        fix="" if local else f"export {RANGE}=LOCALHOST",
    )
    profile = environment.get(PROFILE, "")
    absent = bool(profile) and not Path(profile).is_file()
    yield Result(
        name="DDS profile",
        status="FAIL" if absent else "OK",
        found=f"{profile} does not exist"
        if absent
        else profile or "none, the defaults of the vendor",
        fix=f"unset {PROFILE}" if absent else "",
    )
