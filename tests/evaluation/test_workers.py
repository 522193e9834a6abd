# SPDX-License-Identifier: Apache-2.0
"""Workers do what they are told, tell why they cannot, and never stay behind."""

import functools
import math
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from renxing.evaluation.workers import WorkerError, Workers


def test_all_tasks_are_done_whoever_does_them() -> None:
    tasks = [float(n) for n in range(12)]
    for jobs in (1, 2):
        with Workers(jobs, math.sqrt) as workers:
            assert sorted(workers.run(tasks)) == [math.sqrt(n) for n in tasks]
            assert list(workers.run([])) == []
    assert multiprocessing.active_children() == []


def test_an_error_is_told_with_its_task() -> None:
    with (
        Workers(2, math.sqrt) as workers,
        pytest.raises(WorkerError, match="-1.0: ValueError"),
    ):
        list(workers.run([4.0, -1.0, 9.0]))
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_no_hang() -> None:
    with (
        Workers(2, os._exit) as workers,
        pytest.raises(WorkerError, match="its process died, code 7"),
    ):
        list(workers.run([7, 7]))


def test_leaving_early_ends_what_still_runs() -> None:
    with Workers(2, time.sleep) as workers:
        begun = time.monotonic()
        for _ in workers.run([0.0, 500.0, 500.0]):
            break
        assert len(multiprocessing.active_children()) <= 1
        # The next run has workers again.
        assert list(workers.run([0.0])) == [None]
        assert time.monotonic() - begun < 100.0
    assert multiprocessing.active_children() == []


_SCRIPT = """
import os, time
from renxing.evaluation.workers import Workers
if __name__ == "__main__":
    with Workers(2, time.sleep) as workers:
        print(os.getpid(), flush=True)
        list(workers.run([500.0, 500.0]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_parent(tmp_path, how: signal.Signals) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    parent = psutil.Process(process.pid)
    children: list[psutil.Process] = []
    end = time.monotonic() + 60.0
    while len(children) < 2 and time.monotonic() < end:
        # The third is the resource tracker of multiprocessing.
        lines = [(c, " ".join(c.cmdline())) for c in parent.children()]
        children = [c for c, line in lines if "spawn_main" in line]
        time.sleep(0.05)
    assert len(children) == 2
    # As a terminal does it: the whole group hears of Ctrl-C.
    if how is signal.SIGINT:
        time.sleep(1.0)
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    process.wait(60.0)
    gone, alive = psutil.wait_procs(children, timeout=60.0)
    assert alive == [] and len(gone) == 2


def test_work_may_be_a_partial() -> None:
    with Workers(2, functools.partial(operator.add, 1)) as workers:
        assert sorted(workers.run([1, 2, 3])) == [2, 3, 4]
