# SPDX-License-Identifier: Apache-2.0
"""The process beside the loop that writes its black box to disk.

It is started before the loop becomes real-time, for a fork of a locked process would
cost milliseconds. A request is one write to a pipe, so that neither the interpreter nor
the disk of the dump ever holds up the loop.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from renxing.errors import DeviceError
from renxing.runtime.black_box_file import DumpResult, dump
from renxing.runtime.block_file import SHARED_FOLDER

_NICENESS = 10  # it has time, the rest of the machine may not
_PIPE_SIZE = 4096  # [bytes] a longer request could be written in parts


class Dumper:
    """Asks the helper for dumps; never waits, never raises in `request`.

    Attributes:
        pid: Of the helper.
    """

    def __init__(
        self,
        name: str,
        metadata: Mapping[str, str] | None = None,
        *,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Start the helper; not real-time.

        Args:
            name: Of the ring.
            metadata: Written to every file.
            folder: Where the ring lies.

        Raises:
            DeviceError: If it cannot be started.
        """
        notes = json.dumps(dict(metadata or {}))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, name, str(folder), notes],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise DeviceError(f"black box '{name}': no helper: {error}") from error
        assert self._process.stdin and self._process.stdout
        self.pid = self._process.pid
        self._requests = self._process.stdin.fileno()
        self._replies = self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._replies, False)
        self._read = b""

    def request(self, path: Path, reason: str) -> str:
        """Ask for a dump.

        Args:
            path: Of the file.
            reason: Why it is written.

        Returns:
            Why it could not be asked for; empty if it could.
        """
        line = json.dumps([str(path), reason]).encode() + b"\n"
        if len(line) > _PIPE_SIZE:
            return f"the request of {len(line)} bytes is too long"
        try:
            os.write(self._requests, line)
        except OSError as error:
            return f"the helper does not listen: {error.strerror}"
        return ""

    def results(self) -> list[DumpResult]:
        """Return the dumps that have ended since the last call."""
        try:
            while part := os.read(self._replies, 65536):
                self._read += part
        except BlockingIOError:
            pass
        *lines, self._read = self._read.split(b"\n")
        return [DumpResult(**json.loads(line)) for line in lines]

    def close(self, timeout: float = 30.0) -> list[DumpResult]:
        """Let the helper finish what it was asked for, and end it.

        Args:
            timeout: Of that [s]; then it is killed.

        Returns:
            The dumps that have ended since the last call of `results`.
        """
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        results = self.results()
        self._process.stdout.close()
        return results


def serve(name: str, folder: Path, metadata: Mapping[str, str]) -> None:
    """Write a dump for each line that comes, until none comes any more."""
    os.nice(_NICENESS)
    for line in sys.stdin:
        path, reason = json.loads(line)
        result = dump(name, Path(path), reason, metadata, folder=folder)
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
