# SPDX-License-Identifier: Apache-2.0
"""What the core remembers of each cycle: a shared block for now, a ring for the past.

It also keeps the boards on which controllers show their numbers to their ROS sides.

The loop copies its values into one frame, which is published for any process of this
user to read and appended to the black box. A helper process writes the ring to a file
when the robot stops, or when somebody asks.
"""

import re
import time
from pathlib import Path

import numpy as np

from renxing.errors import DeviceError
from renxing.hardware_interface import EFFORT, POSITION, TEMPERATURE, VELOCITY
from renxing.runtime.black_box import BlackBox
from renxing.runtime.black_box_file import DumpResult
from renxing.runtime.black_box_helper import Dumper
from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.boards import Boards
from renxing.runtime.core import RealTimeCore
from renxing.runtime.pacer import Pace
from renxing.runtime.shared_block import BlockWriter

STATES = (POSITION, VELOCITY, EFFORT, TEMPERATURE)


class CoreMemory:
    """The block and the black box of one core.

    Attributes:
        layout: Of both.
    """

    def __init__(
        self,
        core: RealTimeCore,
        name: str,
        *,
        seconds: float = 30.0,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Make both, and start the helper that writes dumps; not real-time.

        Args:
            core: Whose cycles.
            name: Of block and ring on this machine.
            seconds: How far the ring reaches back.
            folder: Where shared memory lies.

        Raises:
            DeviceError: If there is no room.
            ConfigError: If another core of this name runs.
        """
        self._core = core
        resources = core.manager.resources
        joints = core.robot.joints
        n = len(joints)
        index = resources.state_index
        rows = [
            (kind, np.array([index[f"{joint}/{kind}"] for joint in joints]))
            for kind in STATES
            if all(f"{joint}/{kind}" in index for joint in joints)
        ]
        used = {int(place) for _, places in rows for place in places}
        self._rest = np.array(
            [i for i in range(len(resources.states)) if i not in used]
        )
        fields = [Field(f"state_{kind}", (n,)) for kind, _ in rows]
        fields += [
            Field("sensors", (len(self._rest),)),
            Field("commands", (len(resources.commands),)),
            Field("sent", (len(core.sent),)),
            Field("torque", (n,)),
            Field("guard", (n,), "i8"),
            Field("rung", (), "i8"),
            Field("phases", (len(core.ledger.phases),), "i8"),
        ]
        self._boards = Boards(name, folder)
        core.manager.use_boards(self._boards.make)
        self.layout = Layout(name="core", fields=tuple(fields), joints=tuple(joints))
        self._block = BlockWriter(f"{name}.now", self.layout, folder=folder)
        # The fields of states stand first and side by side: one copy fills them.
        self._states_at = np.concatenate([*(at for _, at in rows), self._rest])
        self._states = self._block.frame.words[: len(self._states_at)].view("<f8")
        rate = core.manager.settings.update_rate
        self._ring = BlackBox(
            f"{name}.past", self.layout, rate=rate, seconds=seconds, folder=folder
        )
        names = sorted(index, key=lambda key: index[key])
        self._dumper = Dumper(
            f"{name}.past",
            {
                "robot": core.robot.name,
                "sensors": " ".join(names[place] for place in self._rest),
                "commands": " ".join(resources.command_index),
            },
            folder=folder,
        )

    def remember(self, pace: Pace) -> None:
        """Keep what this cycle was; in the real-time thread."""
        core, frame = self._core, self._block.frame
        resources = core.manager.resources
        resources.states.take(self._states_at, out=self._states, mode="clip")
        frame["commands"][:] = resources.commands
        frame["sent"][:] = core.sent
        frame["torque"][:] = core.guard.torque
        frame["guard"][:] = core.guard.flags
        frame["rung"][...] = core.ladder.rung
        frame["phases"][:] = core.ledger.last
        self._boards.pace = pace
        self._block.publish(pace.woke, pace.cycle)
        self._ring.append(frame)

    @property
    def dumper(self) -> int:
        """Process id of the helper that writes dumps."""
        return self._dumper.pid

    def dump(self, folder: Path, reason: str) -> Path:
        """Have the past written to a file; returns at once.

        Args:
            folder: Where to.
            reason: In words, also part of the file's name.

        Returns:
            The file that will be there; `results` tells what became of it.

        Raises:
            DeviceError: If the helper that writes it is gone.
        """
        words = re.sub(r"[^a-z0-9]+", "-", reason.lower()).strip("-")[:40]
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{words or 'request'}.mcap"
        refused = self._dumper.request(path, reason)
        if refused:
            raise DeviceError(f"black box: {refused}")
        return path

    def results(self) -> list[DumpResult]:
        """Return the dumps that have ended since the last call."""
        return self._dumper.results()

    def close(self) -> None:
        """Finish dumps and remove the shared memory."""
        self._dumper.close()
        self._boards.close()
        self._block.close()
        self._ring.close()
