# SPDX-License-Identifier: Apache-2.0
"""Remove the shared memory that killed ROS processes have left behind.

A Fast DDS process that dies by SIGKILL leaves its segments in /dev/shm; enough of
them fill it, and then nothing can send. Fast DDS's own tool removes those without
an owner and keeps those in use.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path("/dev/shm")
_TIMEOUT = 3.0  # [s] a start must not wait longer for a courtesy


def clean_shared_memory(environment: Mapping[str, str]) -> bool:
    """Remove stale Fast DDS segments, if there are any and the tool is there.

    Returns:
        Whether the tool has run to its end. A failure is no reason not to start.
    """
    if not any(_FOLDER.glob("fastrtps_*")):
        return True
    tool = Path(sys.prefix) / "tools" / "fastdds" / "fastdds.py"
    if tool.is_file():
        command = [sys.executable, str(tool)]
    elif found := shutil.which("fastdds", path=environment.get("PATH")):
        command = [found]
    else:
        return False
    try:
        done = subprocess.run(
            [*command, "shm", "clean"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
