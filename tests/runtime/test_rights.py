# SPDX-License-Identifier: Apache-2.0
"""A loop takes what it gets, says what it does not get, and runs either way."""

import json
import subprocess
import sys
from typing import Any

import pytest

CLAIM = """
import gc, json, os, resource, sys, threading
from pathlib import Path
from renxing.runtime.rights import RightsConfig, claim_rights, follow_closely
config = RightsConfig(**json.loads(sys.argv[1]))
if sys.argv[2] == "poor":
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
    if os.getuid() == 0:
        os.setresuid(65534, 65534, 65534)
refused = claim_rights(config)
policy = os.sched_getscheduler(0)
threads = []
thread = threading.Thread(target=lambda: threads.append(os.sched_getscheduler(0)))
thread.start()
thread.join()

def follow():
    follow_closely()
    threads.append(os.sched_getscheduler(0))
    threads.append(os.sched_getparam(0).sched_priority)

thread = threading.Thread(target=follow)
thread.start()
thread.join()
print(json.dumps({
    "refused": {r.right: [r.reason, r.fix] for r in refused},
    "count": len(refused),
    "fifo": policy & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO,
    "helper_fifo": threads[0] & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO,
    "follower_fifo": threads[1] & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO,
    "follower_priority": threads[2],
    "loop_priority": os.sched_getparam(0).sched_priority,
    "gc": gc.isenabled(),
    "frozen": gc.get_freeze_count(),
    "switch": sys.getswitchinterval(),
    "slack": Path("/proc/self/timerslack_ns").read_text().strip()
    if os.access("/proc/self/timerslack_ns", os.R_OK) else "1",
    "stack": [x.split()[1] for x in open("/proc/self/status") if "VmStk" in x][0],
    "cores": sorted(os.sched_getaffinity(0)),
}))
"""


def claim(rights: str = "as is", **config: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CLAIM, json.dumps(config), rights],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60.0,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_needs_no_permission_is_taken() -> None:
    found = claim()
    assert not found["gc"]
    assert found["frozen"] > 1000
    assert found["switch"] == pytest.approx(5e-5)
    # The kernel gives real-time threads none at all.
    assert found["slack"] in ("0", "1")
    assert int(found["stack"]) > 256
    # Each right is granted or refused.
    assert found["fifo"] != ("SCHED_FIFO" in found["refused"])


def test_threads_of_a_real_time_process_are_not_real_time() -> None:
    # They would keep the loop from running, and it could wait for the GIL for ever.
    assert not claim()["helper_fifo"]


def test_one_that_follows_closely_is_below_the_loop_and_above_the_rest() -> None:
    found = claim()
    assert found["follower_fifo"] == found["fifo"]
    if found["fifo"]:
        assert 0 < found["follower_priority"] < found["loop_priority"]


def test_refusals_are_values_with_a_fix() -> None:
    found = claim("poor")
    assert not found["follower_fifo"]
    assert {"SCHED_FIFO", "locked memory"} <= set(found["refused"])
    assert found["count"] == len(found["refused"])
    for reason, fix in found["refused"].values():
        assert reason
        assert "\n" not in fix and fix
    assert "rtprio 98" in found["refused"]["SCHED_FIFO"][1]
    assert "memlock unlimited" in found["refused"]["locked memory"][1]
    assert not found["fifo"]
    assert not found["gc"]


def test_a_core_that_does_not_exist_is_refused() -> None:
    found = claim(cpu_affinity=[1000], thread_priority=0, lock_memory=False)
    ((reason, fix),) = found["refused"].values()
    assert reason == "Invalid argument"
    assert str(found["cores"]) in fix


def test_what_is_not_wanted_is_not_asked_for() -> None:
    found = claim("poor", thread_priority=0, lock_memory=False, freeze_garbage=False)
    assert found["refused"] == {}
    assert found["gc"]


def test_a_core_is_taken() -> None:
    core = claim(thread_priority=0)["cores"][-1]
    assert claim(thread_priority=0, cpu_affinity=[core])["cores"] == [core]
