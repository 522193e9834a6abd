# SPDX-License-Identifier: Apache-2.0
"""The pose of everything in the simulation, in shared memory.

For processes that draw what cameras would see: they have the same robot and world, so
MuJoCo's positions are all that they lack. Beside the core: a real robot has no such
block.
"""

from pathlib import Path

from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.shared_block import BlockReader, BlockWriter
from renxing.sim import Twin
from renxing.spatial import Array


def _layout(robot: str, world: str, size: int, people: int) -> Layout:
    fields = [
        Field("time"),  # simulated [s]
        Field("qpos", (size,)),  # MuJoCo's positions
    ]
    if people:
        fields.append(Field("people", (people, 7)))  # as `sim.people` has them
    return Layout(name=f"scene of {robot} in {world}", fields=tuple(fields))


def _block(core: str) -> str:
    return f"{core}.scene"


class SceneWriter:
    """Shows the scene of a twin."""

    def __init__(self, core: str, twin: Twin, folder: Path = SHARED_FOLDER) -> None:
        """Make the block.

        Args:
            core: What the blocks of the core begin with.
            twin: What it simulates.
            folder: Where shared memory lies.

        Raises:
            DeviceError: If there is no room.
            ConfigError: If there is a block of this name.
        """
        self._twin = twin
        people = len(twin.people.names)
        layout = _layout(twin.robot.name, twin.world.name, twin.model.nq, people)
        self._writer = BlockWriter(_block(core), layout, folder=folder)
        self._time = self._writer.frame["time"]
        self._qpos = self._writer.frame["qpos"]
        self._people = self._writer.frame["people"] if people else None

    def show(self, due: int) -> None:
        """Show the present scene.

        Args:
            due: When a cycle that began with it would be due, CLOCK_MONOTONIC [ns].
        """
        twin = self._twin
        self._time[...] = twin.time
        self._qpos[:] = twin.data.qpos
        if self._people is not None:
            self._people[:] = twin.people.poses()
        self._writer.publish(due)

    def close(self) -> None:
        """Remove the block."""
        self._writer.close()


class SceneReader:
    """Reads the scene in another process.

    Attributes:
        qpos: MuJoCo's positions; only `read` changes them.
        people: Poses of those who walk, as `sim.people` has them; None without any.
    """

    def __init__(
        self,
        core: str,
        robot: str,
        world: str,
        size: int,
        *,
        people: int = 0,
        timeout: float = 0.0,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Open the block.

        Args:
            core: What the blocks of the core begin with.
            robot: Name of the robot.
            world: Name of the world.
            size: How many positions the reader's own model has.
            people: How many walk in it.
            timeout: How long to wait for the block [s].
            folder: Where shared memory lies.

        Raises:
            DeviceError: If it is not there.
            ConfigError: If another robot or world is simulated.
        """
        layout = _layout(robot, world, size, people)
        self._reader = BlockReader(_block(core), layout, timeout=timeout, folder=folder)
        self._time = self._reader.frame["time"]
        self.qpos: Array = self._reader.frame["qpos"]
        self.people: Array | None = self._reader.frame["people"] if people else None

    def read(self) -> bool:
        """Look; return whether there is a scene that was not there before.

        After the core was started anew it looks at the new one.

        Raises:
            ConfigError: If the new one simulates another robot or world.
        """
        return self._reader.follow()

    @property
    def time(self) -> float:
        """Simulated time of the scene [s]."""
        return float(self._time)

    @property
    def due(self) -> int:
        """When a cycle that began with the scene was due, CLOCK_MONOTONIC [ns]."""
        return self._reader.frame.stamp
