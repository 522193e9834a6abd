# SPDX-License-Identifier: Apache-2.0
"""A block that another process writes, or does not, or not yet."""

from renxing.errors import RenxingError
from renxing.runtime.block_layout import Layout
from renxing.runtime.shared_block import BlockReader, Reading

LOOK_PERIOD = 0.1  # [s] between looks for a block that is not there


class Follower:
    """Reads a block while there is one, and looks for it while there is none."""

    def __init__(self, name: str, layout: Layout) -> None:
        """Look for it later."""
        self._name, self._layout = name, layout
        self._reader: BlockReader | None = None
        self._due = 0.0

    def read(self, now: float) -> BlockReader | None:
        """Return it with its newest frame; None while nobody writes it.

        Args:
            now: [s].
        """
        if self._reader is None:
            if now < self._due:
                return None
            self._due = now + LOOK_PERIOD
            try:
                self._reader = BlockReader(self._name, self._layout)
            except RenxingError:  # not there, or of another robot until it restarts
                return None
        if self._reader.read() is Reading.GONE:
            self._reader = None
        return self._reader
