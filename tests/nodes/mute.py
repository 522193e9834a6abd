# SPDX-License-Identifier: Apache-2.0
"""An action server that takes goals and cannot say so."""

from typing import Any


class Mute:
    """A server's handle whose answers to goals get lost on the way."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def send_goal_response(self, _header: Any, _response: Any) -> None:
        pass
