# SPDX-License-Identifier: Apache-2.0
"""The run folder: one supervisor for each namespace, a state that is always whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from renxing.errors import ConfigError, RenxingError
from renxing.runtime.state import ProcessState, RunFolder, StackState, run_folders

HOLD = """
import sys
from renxing.runtime.state import RunFolder
folder = RunFolder({"RENXING_RUN_DIR": sys.argv[1]}, sys.argv[2])
folder.create()
folder.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"RENXING_RUN_DIR": str(tmp_path)}


def state() -> StackState:
    return StackState(
        pid=1,
        started=2.0,
        namespace="",
        arguments={"robot": "rx1"},
        table="t",
        logs="l",
        processes={"a": ProcessState(pid=7, phase="ready", ready=True)},
    )


def test_only_one_supervisor_and_the_lock_dies_with_it(environment) -> None:
    path = environment["RENXING_RUN_DIR"]
    words = [sys.executable, "-c", HOLD, path, "lab/rx"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        folder = RunFolder(environment, "lab/rx")
        assert folder.owner() == holder.pid
        with pytest.raises(RenxingError) as caught:
            folder.acquire()
        assert str(holder.pid) in str(caught.value)
        assert "renxing down --namespace lab/rx" in str(caught.value)
        assert RunFolder(environment, "").owner() is None
        assert [f.namespace for f in run_folders(environment)] == ["lab/rx"]
        holder.kill()
    assert folder.owner() is None
    folder.acquire()
    folder.release()


def test_the_state_survives_a_round_trip(environment) -> None:
    folder = RunFolder(environment, "")
    folder.create()
    assert folder.read() is None
    assert folder.write(state())
    assert folder.read() == state()
    assert folder.path.name == "default"
    assert os.stat(folder.path).st_mode & 0o077 == 0


def test_a_full_disk_keeps_the_old_state(environment, monkeypatch) -> None:
    folder = RunFolder(environment, "")
    folder.create()
    folder.write(state())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    changed = state()
    changed.pid = 99
    assert folder.write(changed) is False
    assert folder.read() == state()
    assert sorted(os.listdir(folder.path)) == ["state.json"]


def test_a_broken_state_is_no_state(environment) -> None:
    folder = RunFolder(environment, "")
    folder.create()
    (folder.path / "state.json").write_text('{"pid": "x"}')
    assert folder.read() is None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = RunFolder({"RENXING_RUN_DIR": str(tmp_path / "file")}, "")
    with pytest.raises(ConfigError, match="RENXING_RUN_DIR"):
        folder.create()
