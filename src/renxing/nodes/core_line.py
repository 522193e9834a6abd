# SPDX-License-Identifier: Apache-2.0
"""A node's end of the line to the real-time core, which may come and go."""

import os
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from renxing.errors import DeviceError, RenxingError
from renxing.runtime.core_report import SOCKET
from renxing.runtime.link import LinkClient
from renxing.runtime.state import RunFolder

PATIENCE = 3.0  # [s] for a core that starts beside the node, without a word


class CoreLine:
    """Asks the core, and keeps its news until the executor takes them."""

    def __init__(self, node: Node, on_attached: Callable[[], None]) -> None:
        """Look for the core of the node's namespace; `look` does it again.

        Args:
            node: Whose line it is.
            on_attached: Called when a core has been found.
        """
        namespace = node.get_namespace().strip("/")
        self._path = RunFolder(dict(os.environ), namespace).path / SOCKET
        self._log = node.get_logger()
        self._on_attached = on_attached
        self._link: LinkClient | None = None
        self._news: list[dict[str, Any]] = []
        self._began = time.monotonic()

    @property
    def attached(self) -> bool:
        """Whether there is a core."""
        return self._link is not None

    def look(self) -> None:
        """Attach to the core if there is one now."""
        if self._link is not None:
            return
        try:
            self._link = LinkClient(self._path, self._on_news, self._on_lost)
            self._on_attached()
        except RenxingError as error:
            self._link = None
            if time.monotonic() - self._began > PATIENCE:
                self._log.warning(str(error), throttle_duration_sec=5.0)
            return
        self._log.info("attached to the real-time core")

    def close(self) -> None:
        """Hang up; the core goes on."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _on_lost(self) -> None:
        self._link = None
        self._log.error("the real-time core is gone")

    def _on_news(self, news: dict[str, Any]) -> None:
        # In the line's thread: only leave it for the executor.
        self._news.append(news)

    def take(self) -> list[dict[str, Any]]:
        """Return the news since the last call, oldest first."""
        if not self._news:
            return []
        batch, self._news = self._news, []
        return batch

    def call(self, method: str, *arguments: Any) -> Any:
        """Ask the core and wait for its answer.

        Raises:
            DeviceError: If there is none.
            RenxingError: What the core answered.
        """
        if self._link is None:
            raise DeviceError("no real-time core to ask")
        return self._link.call(method, *arguments)

    def ask(self, method: str, *positional: Any, **named: Any) -> Any:
        """Ask its controller manager; otherwise as `call`."""
        return self.call(method, positional, named)
