# SPDX-License-Identifier: Apache-2.0
"""Base of ROS halves that publish what their controller's board shows."""

from renxing.nodes.controllers.board_watch import BoardWatch
from renxing.nodes.controllers.side import RosSide
from renxing.runtime.boards import BoardReader


class BoardSide(RosSide):
    """Looks at the board while the controller is active.

    `on_names` and `on_shown` run in the thread that looks at the boards.
    """

    _watch: BoardWatch | None = None

    def activate(self) -> None:
        """Look at the board."""
        super().activate()
        if self._watch is None:
            self._watch = BoardWatch(
                self.node, self.name, self.on_names, self.on_shown, self.refuse
            )

    def deactivate(self) -> None:
        """Look away."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        super().deactivate()

    def on_names(self, names: tuple[str, ...]) -> None:
        """Learn what the numbers are."""

    def on_shown(self, board: BoardReader) -> None:
        """Publish."""
