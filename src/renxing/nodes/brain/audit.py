# SPDX-License-Identifier: Apache-2.0
"""The audit log of the brain: one JSON line for each thing that happened.

The same task ids and times stand in the recording's `brain/plan` and
`brain/dialogue`, so that a line leads to the moment in the MCAP file and back.
"""

import json
import os
from pathlib import Path
from typing import Any

from renxing.errors import DeviceError


class AuditLog:
    """A file that only grows.

    Attributes:
        path: Of the file.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Open a new file.

        Raises:
            DeviceError: If it cannot be written.
        """
        self.path = folder / f"{name}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("x", encoding="utf-8")
        except OSError as error:
            raise DeviceError(f"audit log {self.path}: {error.strerror}") from error

    def write(self, stamp: float, event: str, **values: Any) -> None:
        """Write a line that a crash does not lose.

        Args:
            stamp: ROS time [s].
            event: What happened.
            values: More of it; whatever JSON knows.

        Raises:
            DeviceError: If the disk refuses it.
        """
        line = {"stamp": round(stamp, 3), "event": event, **values}
        try:
            text = json.dumps(line, ensure_ascii=False, default=str)
            self._stream.write(text + "\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise DeviceError(f"audit log {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Finish."""
        self._stream.close()
