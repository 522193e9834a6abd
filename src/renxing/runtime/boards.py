# SPDX-License-Identifier: Apache-2.0
"""Boards of controllers in shared memory: numbers of which only the newest count.

A controller in the loop shows numbers, its ROS side in another process looks at them;
neither waits for the other, and nothing is pickled. Each board is a block of its own,
whose layout names the numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns
from typing import TYPE_CHECKING

from renxing.controller_interface import Board
from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.shared_block import (
    BlockReader,
    BlockWriter,
    Reading,
    layout_of,
)
from renxing.spatial import Array

if TYPE_CHECKING:
    from renxing.runtime.pacer import Pace


def core_block(namespace: str) -> str:
    """Return what the blocks of the core of a ROS namespace begin with."""
    parts = [part for part in namespace.split("/") if part]
    return ".".join(["core", *parts])


class SharedBoard(Board):
    """A board that other processes can read."""

    def __init__(self, boards: "Boards", writer: BlockWriter) -> None:
        """Show what is in a block.

        Args:
            boards: Which knows when the present cycle began.
            writer: Of the block.
        """
        super().__init__(writer.frame.layout.joints)
        self._boards = boards
        self._writer = writer
        self.values = writer.frame["values"]
        self._time = writer.frame["time"]
        self._interval = writer.frame["interval"]
        self._lag = writer.frame["lag"]
        self._last = 0

    def show(self, time: float) -> None:
        """Hand the values over."""
        super().show(time)
        pace = self._boards.pace
        if pace is None:  # before the first cycle
            return
        self._time[...] = time
        self._interval[...] = pace.due - self._last if self._last else 0
        self._last = pace.due
        self._lag[...] = monotonic_ns() - pace.due
        self._writer.publish(pace.due, pace.cycle)

    def close(self) -> None:
        """Remove the block."""
        self._boards.forget(self)
        self._writer.close()


class Boards:
    """Makes the boards of one core.

    Attributes:
        pace: Of the loop; None until it turns.
    """

    def __init__(self, name: str, folder: Path = SHARED_FOLDER) -> None:
        """Make none yet.

        Args:
            name: What their blocks begin with.
            folder: Where shared memory lies.
        """
        self.pace: Pace | None = None
        self._name = name
        self._folder = folder
        self._made: list[SharedBoard] = []

    def make(self, controller: str, names: Sequence[str]) -> Board:
        """Make the board of a controller; not real-time.

        Args:
            controller: Its name.
            names: Of its numbers.

        Raises:
            DeviceError: If there is no room.
            ConfigError: If there is one of this name.
        """
        fields = (
            Field("time"),  # on the loop's clock [s]
            Field("interval", kind="i8"),  # since the last one, by the wall [ns]
            Field("lag", kind="i8"),  # from the time the cycle was due to this [ns]
            Field("values", (len(names),)),
        )
        layout = Layout(name="board", fields=fields, joints=tuple(names))
        block = _block(self._name, controller)
        board = SharedBoard(self, BlockWriter(block, layout, folder=self._folder))
        self._made.append(board)
        return board

    def forget(self, board: SharedBoard) -> None:
        """Leave a board to itself: it closes."""
        self._made.remove(board)

    def close(self) -> None:
        """Remove all blocks."""
        for board in tuple(self._made):
            board.close()


class BoardReader:
    """A board, in another process.

    Attributes:
        names: Of the values.
        values: As they were last shown; only `read` changes them.
    """

    def __init__(
        self, name: str, controller: str, *, folder: Path = SHARED_FOLDER
    ) -> None:
        """Open it.

        Args:
            name: What the blocks of the core begin with.
            controller: Whose board.
            folder: Where shared memory lies.

        Raises:
            DeviceError: If it is not there.
            ConfigError: If it is no board.
        """
        block = _block(name, controller)
        layout = layout_of(block, folder)
        self._reader = BlockReader(block, layout, folder=folder)
        frame = self._reader.frame
        self.names = layout.joints
        self.values: Array = frame["values"]
        self._time, self._interval = frame["time"], frame["interval"]
        self._lag = frame["lag"]

    def read(self) -> Reading:
        """Look; after `GONE` open it again."""
        return self._reader.read()

    @property
    def time(self) -> float:
        """When the values were shown, on the loop's clock [s]."""
        return float(self._time)

    @property
    def due(self) -> int:
        """When the cycle in which they were shown was due, CLOCK_MONOTONIC [ns]."""
        return self._reader.frame.stamp

    @property
    def interval(self) -> int:
        """From the time before to this one [ns]; 0 if there was none before."""
        return int(self._interval)

    @property
    def lag(self) -> int:
        """From when the cycle was due to when the values were shown [ns]."""
        return int(self._lag)


def _block(name: str, controller: str) -> str:
    return f"{name}.board.{controller.replace('/', '.')}"
