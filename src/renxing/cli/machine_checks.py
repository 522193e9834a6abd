# SPDX-License-Identifier: Apache-2.0
"""Checks of `renxing doctor`: Python, processor, memory, disk, clock."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from renxing.cli.bench import cpu_model
from renxing.cli.checks import Result, Status
from renxing.runtime.logs import log_root

MIB = 2**20  # [bytes]
GIB = 2**30  # [bytes]
SEGMENT = 16 * MIB  # [bytes] of /dev/shm for each process, config/dds_profile.xml
FEW_CORES = 4
TRIED_PYTHONS = ((3, 11), (3, 12))
GOOD_CLOCKS = ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page")


def check_python(environment: Mapping[str, str]) -> Iterator[Result]:
    """The interpreter, and whether it is apart from the system's packages."""
    apart = sys.prefix != sys.base_prefix
    kind = "virtual environment" if apart else "no virtual environment"
    tried = sys.version_info[:2] in TRIED_PYTHONS
    yield Result(
        name="Python",
        status="OK" if tried else "WARN",
        found=f"{platform.python_version()}, {kind}, {sys.prefix}",
        fix="" if tried else "the project is tried with Python 3.11 and 3.12",
    )


def check_processor(environment: Mapping[str, str]) -> Iterator[Result]:
    """Cores, and whether the kernel slows them down when they look idle."""
    cores = len(os.sched_getaffinity(0))
    few = cores < FEW_CORES
    yield Result(
        name="cores",
        status="WARN" if few else "OK",
        found=f"{cores}, {cpu_model()}, load {os.getloadavg()[0]:.1f}",
        fix=f"{FEW_CORES} or more for a whole stack in real time" if few else "",
    )
    file = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if not file.exists():
        yield Result(name="governor", status="OK", found="none, the speed is fixed")
        return
    governor = file.read_text().strip()
    slow = governor != "performance"
    yield Result(
        name="governor",
        status="WARN" if slow else "OK",
        found=governor,
        fix="sudo cpupower frequency-set -g performance" if slow else "",
    )


def check_memory(environment: Mapping[str, str]) -> Iterator[Result]:
    """Memory, and the shared memory that DDS and the joint bus use."""
    free = psutil.virtual_memory().available
    little = free < GIB
    yield Result(
        name="memory",
        status="WARN" if little else "OK",
        found=f"{free / GIB:.1f} GiB free of {psutil.virtual_memory().total / GIB:.1f}",
        fix="close other programs: a stack needs about 1 GiB" if little else "",
    )
    shared = shutil.disk_usage("/dev/shm")
    processes = shared.free // SEGMENT
    yield Result(
        name="/dev/shm",
        status="OK" if processes >= 8 else "WARN" if processes else "FAIL",
        found=f"{shared.free / MIB:.0f} MiB free of {shared.total / MIB:.0f}",
        fix=""
        if processes >= 8
        else "docker run --shm-size=1g; else: sudo mount -o remount,size=1g /dev/shm",
    )


def check_disk(environment: Mapping[str, str]) -> Iterator[Result]:
    """Room for logs and recordings."""
    folder = log_root(environment)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    writable = os.access(existing, os.W_OK)
    status: Status = "OK" if free > 2 * GIB else "WARN"
    if not writable or free < 50 * MIB:
        status = "FAIL"
    what = "" if writable else ", cannot be written"
    yield Result(
        name="disk",
        status=status,
        found=f"{free / GIB:.1f} GiB free at {existing}{what}",
        fix=""
        if status == "OK"
        else "free some space, or set RENXING_LOG_DIR to another disk",
    )


def check_clock(environment: Mapping[str, str]) -> Iterator[Result]:
    """A board without a battery starts in 1970; a slow clock source costs time."""
    newest = Path(__file__).stat().st_mtime
    behind = time.time() < newest
    yield Result(
        name="clock",
        status="WARN" if behind else "OK",
        found=time.strftime("%Y-%m-%d %H:%M:%S %Z")
        + (", before renxing was written" if behind else ""),
        fix="sudo timedatectl set-ntp true" if behind else "",
    )
    file = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if file.exists():
        source = file.read_text().strip()
        slow = source not in GOOD_CLOCKS
        yield Result(
            name="clock source",
            status="WARN" if slow else "OK",
            found=source,
            fix="boot with clocksource=tsc if the processor allows it" if slow else "",
        )
