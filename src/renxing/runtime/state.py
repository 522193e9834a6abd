# SPDX-License-Identifier: Apache-2.0
"""The run folder of a stack: who runs, and how its processes are.

The lock is a POSIX record lock: the kernel drops it however the supervisor dies and
tells everyone who holds it, so no pid in a file ever has to be believed.
"""

import fcntl
import os
import stat
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from renxing.errors import ConfigError, RenxingError

Phase = Literal["starting", "running", "stopping", "stopped"]
ProcessPhase = Literal[
    "waiting",
    "starting",
    "ready",
    "restarting",
    "stopping",
    "finished",
    "stopped",
    "failed",
]

_FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, len, pid


class ProcessState(msgspec.Struct, kw_only=True):
    """How one process is.

    Attributes:
        pid: None while it does not run.
        phase: Where it is in its life.
        ready: Whether its current run has said that it is ready.
        restarts: How often it was started again.
        exit_code: Of its last run; negative for a signal.
        reason: Why it failed, in words; empty if it did not.
    """

    pid: int | None = None
    phase: ProcessPhase = "waiting"
    ready: bool = False
    restarts: int = 0
    exit_code: int | None = None
    reason: str = ""


class StackState(msgspec.Struct, kw_only=True):
    """How a whole stack is; `state.json` holds exactly this.

    Attributes:
        pid: Of the supervisor.
        started: Wall-clock time of its start [s since 1970].
        namespace: ROS namespace; empty for none.
        arguments: What the user set.
        table: The bringup table.
        logs: Folder of the log files.
        phase: Where the stack is in its life.
        exit_code: Of the supervisor, once it has stopped.
        processes: By name, in the order of the table.
    """

    pid: int
    started: float
    namespace: str
    arguments: dict[str, str]
    table: str
    logs: str
    phase: Phase = "starting"
    exit_code: int | None = None
    processes: dict[str, ProcessState] = {}


class RunFolder:
    """The folder of one namespace, whether its stack runs or not."""

    def __init__(self, environment: Mapping[str, str], namespace: str) -> None:
        self.namespace = namespace
        root = _run_root(environment)
        self.path = root / (namespace.replace("/", ".") or "default")
        self._private = [self.path, root]
        if root.is_relative_to(_shared_base()):
            self._private.append(_shared_base())
        self._lock: int | None = None

    def create(self) -> None:
        """Make the folder, for this user alone.

        Raises:
            ConfigError: If it cannot be made or somebody else owns it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in self._private:
                status = folder.stat()
                if status.st_uid != os.geteuid():
                    raise ConfigError(
                        f"run folder {folder}: owned by user {status.st_uid}, allowed: "
                        f"{os.geteuid()}; set RENXING_RUN_DIR to a folder of your own"
                    )
                folder.chmod(stat.S_IRWXU)
        except OSError as error:
            raise ConfigError(
                f"run folder {self.path}: {error}; set RENXING_RUN_DIR to a folder "
                "that can be written"
            ) from error

    def acquire(self) -> None:
        """Become the one supervisor of this namespace, until this process ends.

        Raises:
            RenxingError: If another one runs.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            stop = "renxing down"
            if self.namespace:
                stop += f" --namespace {self.namespace}"
            raise RenxingError(
                f"namespace '/{self.namespace}': a stack runs already, its supervisor "
                f"is process {self.owner()}; stop it with: {stop}"
            ) from error
        self._lock = descriptor

    def release(self) -> None:
        """Let the next supervisor in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def owner(self) -> int | None:
        """Return the pid of the supervisor that runs, or None.

        Not for the supervisor's own process: closing a second descriptor of the
        file would drop its lock.
        """
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except OSError:
            return None
        try:
            question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
            kind, _, _, _, pid = struct.unpack(_FLOCK, answer)
            return None if kind == fcntl.F_UNLCK else int(pid)
        finally:
            os.close(descriptor)

    def read(self) -> StackState | None:
        """Return the last state that was written, or None if there is none."""
        try:
            data = (self.path / "state.json").read_bytes()
            return msgspec.json.decode(data, type=StackState)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, state: StackState) -> bool:
        """Replace the state on disk.

        Returns:
            False if the disk refuses; the stack runs on without it.
        """
        try:
            with tempfile.NamedTemporaryFile(dir=self.path, delete=False) as file:
                try:
                    file.write(msgspec.json.encode(state))
                    file.close()
                    os.replace(file.name, self.path / "state.json")
                except OSError:
                    os.unlink(file.name)
                    raise
        except OSError:
            return False
        return True


def run_folders(environment: Mapping[str, str]) -> list[RunFolder]:
    """Return the folders of all namespaces that have run."""
    root = _run_root(environment)
    names = sorted(path.parent.name for path in root.glob("*/lock"))
    return [
        RunFolder(environment, "" if name == "default" else name.replace(".", "/"))
        for name in names
    ]


def _run_root(environment: Mapping[str, str]) -> Path:
    base = (
        environment.get("RENXING_RUN_DIR")
        or environment.get("XDG_RUNTIME_DIR")
        or _shared_base()
    )
    return Path(base) / "renxing"


def _shared_base() -> Path:
    return Path(f"/tmp/renxing-{os.geteuid()}")
