# SPDX-License-Identifier: Apache-2.0
"""Checks of `renxing doctor`: may we run in real time, can we draw pictures."""

import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

from renxing.cli.checks import Result, last_line, run_python

GIB = 2**30  # [bytes]
LIMITS = "/etc/security/limits.d/renxing.conf"

_FIFO = """
import os
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
"""
_GL = """
import mujoco
context = mujoco.GLContext(64, 64)
context.make_current()
context.free()
"""


def check_real_time(environment: Mapping[str, str]) -> Iterator[Result]:
    """SCHED_FIFO, locked memory and the kernel; without them timing is only usual."""
    # In a child: this process must not be left with a real-time priority.
    allowed = run_python(["-c", _FIFO], environment, timeout=10.0).returncode == 0
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    yield Result(
        name="SCHED_FIFO",
        status="OK" if allowed else "WARN",
        found=f"{'allowed' if allowed else 'refused'}, rtprio limit {_limit(limit)}",
        fix="" if allowed else f"add '@realtime - rtprio 98' to {LIMITS}, log in again",
    )
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    enough = locked == resource.RLIM_INFINITY or locked >= GIB
    yield Result(
        name="locked memory",
        status="OK" if enough else "WARN",
        found=f"limit {_limit(locked)}",
        fix=""
        if enough
        else f"add '@realtime - memlock unlimited' to {LIMITS}, log in again",
    )
    flag = Path("/sys/kernel/realtime")
    preempt = (flag.exists() and flag.read_text().strip() == "1") or (
        "PREEMPT_RT" in Path("/proc/version").read_text()
    )
    yield Result(
        name="kernel",
        status="OK" if preempt else "WARN",
        found="PREEMPT_RT" if preempt else "not PREEMPT_RT, fine for simulation",
        fix="" if preempt else "for a real robot: sudo pro enable realtime-kernel",
    )


def check_graphics(environment: Mapping[str, str]) -> Iterator[Result]:
    """Is there a GPU, and can MuJoCo render camera images?"""
    devices = [*Path("/dev/dri").glob("renderD*"), *Path("/dev").glob("nvidia[0-9]")]
    yield Result(
        name="GPU",
        status="OK",
        found=", ".join(map(str, devices)) or "none; not needed",
    )
    said = ""
    for backend in ("egl", "osmesa"):
        variables = {**environment, "MUJOCO_GL": backend}
        done = run_python(["-c", _GL], variables, timeout=30.0)
        if done.returncode == 0:
            yield Result(name="GL", status="OK", found=f"MuJoCo renders with {backend}")
            return
        # EGL's reason is the better one: OSMesa is rarely meant.
        said = said or last_line(done.stderr)
    missing = "No module named" in said
    yield Result(
        name="GL",
        status="WARN",
        found="no GL: camera rendering unavailable, everything else works "
        f"({said[:100]})",
        fix="pip install PyOpenGL, and: sudo apt install libegl1 libgl1-mesa-dri"
        if missing
        else "sudo apt install libegl1 libgl1-mesa-dri (or libosmesa6)",
    )


def _limit(value: int) -> str:
    return "none" if value == resource.RLIM_INFINITY else str(value)
