# SPDX-License-Identifier: Apache-2.0
"""The raw counts of the robot's skin, in shared memory.

Whoever reads taxels, the simulation or a driver, writes it; the skin's node reads it.
What the makers of the patches have stored in them stands beside the counts.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from renxing.robot.skin import SkinLayout
from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.shared_block import BlockReader, BlockWriter
from renxing.spatial import Array, Integers

if TYPE_CHECKING:
    # Who only reads counts need not load a simulator.
    from renxing.sim.skin import Skin


def _layout(robot: str, skin: SkinLayout) -> Layout:
    fields = (
        Field("time"),  # on the clock of who writes [s]
        Field("counts", (skin.size,), "i8"),
        Field("warmth", (len(skin.patches),), "i8"),  # counts of the thermometers
        Field("gain", (skin.size,)),  # as stored by the maker [counts/Pa]
        Field("offset", (skin.size,)),  # the same [counts]
    )
    shapes = " ".join(f"{p.name}:{p.rows}x{p.columns}" for p in skin.patches)
    return Layout(name=f"skin of {robot}: {shapes}", fields=fields)


def _block(core: str) -> str:
    return f"{core}.skin"


class SkinWriter:
    """Shows what the skin of a twin counts."""

    def __init__(
        self, core: str, robot: str, skin: "Skin", folder: Path = SHARED_FOLDER
    ) -> None:
        """Make the block.

        Args:
            core: What the blocks of the core begin with.
            robot: Name of the robot.
            skin: Of which there must be a taxel.
            folder: Where shared memory lies.

        Raises:
            DeviceError: If there is no room.
            ConfigError: If there is a block of this name.
        """
        self._device = skin.device
        layout = _layout(robot, skin.layout)
        self._writer = BlockWriter(_block(core), layout, folder=folder)
        frame = self._writer.frame
        self._time, self._counts = frame["time"], frame["counts"]
        self._warmth = frame["warmth"]
        frame["gain"][:] = skin.device.stored_gain
        frame["offset"][:] = skin.device.stored_offset

    def show(self, time: float, due: int) -> None:
        """Show the present counts.

        Args:
            time: When they were taken [s].
            due: When a cycle that began with them would be due, CLOCK_MONOTONIC [ns].
        """
        self._time[...] = time
        self._counts[:] = self._device.counts
        self._warmth[:] = self._device.warmth
        self._writer.publish(due)

    def close(self) -> None:
        """Remove the block."""
        self._writer.close()


class SkinReader:
    """Reads the skin in another process.

    Attributes:
        counts: Of the taxels, shape (taxels,); only `read` changes them.
        warmth: Of the thermometers, shape (patches,).
        gain: That the maker has stored [counts/Pa], shape (taxels,).
        offset: That the maker has stored [counts], shape (taxels,).
    """

    def __init__(
        self,
        core: str,
        robot: str,
        skin: SkinLayout,
        *,
        timeout: float = 0.0,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Open the block.

        Args:
            core: What the blocks of the core begin with.
            robot: Name of the robot.
            skin: Its taxels.
            timeout: How long to wait for the block [s].
            folder: Where shared memory lies.

        Raises:
            DeviceError: If it is not there.
            ConfigError: If it is the skin of another robot.
        """
        layout = _layout(robot, skin)
        self._reader = BlockReader(_block(core), layout, timeout=timeout, folder=folder)
        frame = self._reader.frame
        self._time = frame["time"]
        self.counts: Integers = frame["counts"]
        self.warmth: Integers = frame["warmth"]
        self.gain: Array = frame["gain"]
        self.offset: Array = frame["offset"]

    def read(self) -> bool:
        """Look; return whether there is something that was not there before.

        After the writer was started anew it looks at the new one.

        Raises:
            DeviceError: If the writer has closed the block, and there is no other.
            ConfigError: If the new one is the skin of another robot.
        """
        return self._reader.follow()

    @property
    def time(self) -> float:
        """When the counts were taken, on the clock of who writes [s]."""
        return float(self._time)

    @property
    def due(self) -> int:
        """When a cycle that began with them was due, CLOCK_MONOTONIC [ns]."""
        return self._reader.frame.stamp

    @property
    def age(self) -> float:
        """How old the counts are [s]; infinite if there were none yet."""
        return self._reader.age()
