# SPDX-License-Identifier: Apache-2.0
"""The last seconds of the loop, kept where its death cannot take them.

The ring lies in shared memory. The loop copies one frame a cycle into it and does
nothing else; whoever wants the past, at a fault or after a crash, reads it from another
process. A loop that starts again goes on in the ring that it finds.
"""

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.runtime.block_file import SHARED_FOLDER, claim_file, open_file
from renxing.runtime.block_layout import STAMP, WORD, Frame, Layout, read_layout

MARGIN = 1.0  # [s] that the loop may overwrite while the ring is being copied
_ROWS = WORD  # [bytes] they follow the count of rows ever written
_SLICE = 2**20  # [bytes] copied at once
_PAUSE = 0.001  # [s] between two slices: leaves the memory bus to the loop


class BlackBox:
    """The ring, for the loop that fills it.

    Attributes:
        frame: To fill before `append`, unless another frame is given.
        size: Of the whole ring [bytes].
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        *,
        rate: float,
        seconds: float = 30.0,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Make the ring, or go on with what a dead loop has left.

        Args:
            name: Of the ring on this machine.
            layout: Of a row.
            rate: Of the loop [Hz].
            seconds: How much it holds.
            folder: Where it lies.

        Raises:
            ConfigError: If the ring has a writer, or would hold nothing.
            DeviceError: If there is no room for it.
        """
        if not rate * seconds >= 1.0:
            raise ConfigError(f"black box '{name}': {seconds:g} s hold no cycle")
        self.frame = Frame(layout)
        self._width = layout.words * WORD
        self._rows = round(rate * (seconds + MARGIN))
        self.size = _ROWS + self._rows * self._width
        self._file = claim_file(_path(name, folder), layout, self.size, 0)
        self._counter = self._file.body[:WORD].cast("Q")
        self._table = self._file.body[_ROWS:]
        self._count = self._counter[0]

    def append(self, frame: Frame | None = None) -> None:
        """Copy a frame into the ring.

        Args:
            frame: Of the same layout, such as the one just published; its own frame
                if left out.
        """
        at = self._count % self._rows * self._width
        self._table[at : at + self._width] = (frame or self.frame).buffer
        # Behind the row: see `shared_block` about the order of stores.
        self._counter[0] = self._count = self._count + 1

    def close(self) -> None:
        """Remove the ring; what it holds is lost unless it is being read."""
        self._file.close()


class BlackBoxReader:
    """The ring, for any other process.

    Attributes:
        layout: Of its rows.
    """

    def __init__(self, name: str, *, folder: Path = SHARED_FOLDER) -> None:
        """Open the ring.

        Raises:
            ConfigError: If it is none.
            DeviceError: If it is not there.
        """
        self._file = open_file(_path(name, folder), None)
        self.layout = read_layout(self._file.description)
        self._counter = self._file.body[:WORD].cast("Q")
        self._table = np.frombuffer(self._file.body[_ROWS:], dtype="<u8").reshape(
            -1, self.layout.words
        )

    def writer_alive(self) -> bool:
        """Return whether the loop's process exists."""
        return self._file.writer_alive()

    def rows(self, seconds: float = float("inf")) -> npt.NDArray[np.uint64]:
        """Copy the past out, oldest row first, while the loop goes on.

        Args:
            seconds: How far back from the newest row.

        Returns:
            Frames, shape (m, layout.words); `field_views` gives names to them.
        """
        room = len(self._table)
        end = self._counter[0]
        first = max(0, end - room + 1)
        copy = np.empty((end - first, self.layout.words), dtype=np.uint64)
        part = max(1, _SLICE // (self.layout.words * WORD))
        # Newest first would lose the oldest rows to the loop; oldest first outruns it.
        for at in range(first, end, part):
            indices = np.arange(at, min(at + part, end)) % room
            np.take(
                self._table, indices, axis=0, out=copy[at - first :][: len(indices)]
            )
            time.sleep(_PAUSE)
        # The loop is now writing row `count`, over row `count - room`.
        copy = copy[max(0, self._counter[0] - room + 1 - first) :]
        if len(copy) and seconds < float("inf"):
            stamps = copy[:, STAMP].astype(np.int64)
            copy = copy[stamps > stamps[-1] - round(1e9 * seconds)]
        return copy


def _path(name: str, folder: Path) -> Path:
    return folder / f"renxing.{name}"
