# SPDX-License-Identifier: Apache-2.0
"""The command line as a user has it: real processes, folders of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

FAKE = Path(__file__).parents[1] / "runtime" / "fake_node.py"
SOURCES = Path(__file__).parents[2] / "src"
LIMIT = 60.0  # [s] far more than anything here needs, even on a busy machine


class Shell:
    """Runs `renxing` in a run folder and a log folder that nobody else uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes_file = folder / "notes"
        self.started: list[subprocess.Popen[str]] = []
        path = [str(SOURCES), os.environ.get("PYTHONPATH", "")]
        self.environment = {
            **os.environ,
            "RENXING_RUN_DIR": str(folder / "run"),
            "RENXING_LOG_DIR": str(folder / "log"),
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "renxing.cli.main", *words]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            self.command(*words),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def table(self, **processes: list[str]) -> str:
        """Write a table of fake processes; each has its options as a list."""
        path = self.folder / "table.yaml"
        fake = [sys.executable, "-ISE", str(FAKE), str(self.notes_file)]
        document = {
            "arguments": {
                "speed": {"default": 1.0, "help": "a number"},
                "namespace": {"default": "", "help": "the namespace"},
            },
            "namespace": "$(namespace)",
            "processes": {
                name: {
                    "command": [*fake, name, *options],
                    "readiness": "reported",
                    "restart": "on-failure",
                    "critical": True,
                }
                for name, options in processes.items()
            },
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return str(path)

    def notes(self) -> list[str]:
        if not self.notes_file.exists():
            return []
        return self.notes_file.read_text().splitlines()

    def wait(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not what():
            assert time.monotonic() < deadline, f"waited in vain; {self.notes()}"
            time.sleep(0.02)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    for process in shell.started:
        if process.poll() is None:
            process.kill()
        process.communicate()
