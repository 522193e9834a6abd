# SPDX-License-Identifier: Apache-2.0
"""Starts and finishes recordings for the page, by the recorder's life cycle."""

import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node

from renxing.console.recorder import RecorderReport
from renxing.errors import DeviceError
from renxing.nodes.console_operator import ANSWER_TIMEOUT

RECORDER = "recorder"
LOOK_PERIOD = 1.0  # [s] between two questions how it does
NONE = "no recorder runs: start with record:=true"


class ConsoleRecorder:
    """The `Recorder` of the page; `record` is called in the page's threads."""

    def __init__(self, node: Node, clock: Callable[[], float] = time.monotonic) -> None:
        """Join the graph.

        Args:
            node: That carries the clients.
            clock: Tells the time [s].
        """
        self._clock = clock
        self._asked = -LOOK_PERIOD
        self._state = ""
        self._get = node.create_client(GetState, f"{RECORDER}/get_state")
        self._change = node.create_client(ChangeState, f"{RECORDER}/change_state")

    def report(self, recorded: str) -> RecorderReport:
        """Return how the recorder does; asks it now and then.

        Args:
            recorded: What it says that it records; empty if it says nothing.
        """
        if not self._get.service_is_ready():
            self._state = ""
        elif self._clock() - self._asked >= LOOK_PERIOD:
            self._asked = self._clock()
            self._get.call_async(GetState.Request()).add_done_callback(self._on_state)
        active = self._state == "active"
        return RecorderReport(state=self._state, recorded=recorded if active else "")

    def _on_state(self, future: Any) -> None:
        self._state = str(future.result().current_state.label)

    def record(self, wanted: bool) -> str:
        """Start a new recording, or finish the one that is made."""
        if not self._change.service_is_ready():
            raise DeviceError(NONE)
        number = (
            Transition.TRANSITION_ACTIVATE
            if wanted
            else Transition.TRANSITION_DEACTIVATE
        )
        request = ChangeState.Request(transition=Transition(id=number))
        future = self._change.call_async(request)
        deadline = self._clock() + ANSWER_TIMEOUT
        while not future.done():
            if self._clock() > deadline:
                raise DeviceError(f"{RECORDER}: no answer in {ANSWER_TIMEOUT} s")
            time.sleep(0.01)
        self._asked = -LOOK_PERIOD
        if not future.result().success:
            what = "start" if wanted else "finish"
            raise DeviceError(f"{RECORDER} did not {what}; its log says why")
        self._state = "active" if wanted else "inactive"
        return "recording" if wanted else "the recording is finished"
