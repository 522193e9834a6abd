# SPDX-License-Identifier: Apache-2.0
"""`renxing ask` and a brain that is hard to hear."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rclpy.action import ActionServer, GoalResponse
from tests.nodes.mute import Mute

from renxing_msgs.action import ExecuteTask

ASK = "renxing.nodes.brain.ask"


@pytest.fixture
def server(bench: Any) -> Iterator[Callable[[GoalResponse], ActionServer]]:
    made: list[ActionServer] = []

    def make(answer: GoalResponse) -> ActionServer:
        def execute(handle: Any) -> ExecuteTask.Result:
            handle.succeed()
            return ExecuteTask.Result(answer=f"heard: {handle.request.text}")

        server = ActionServer(
            bench.node,
            ExecuteTask,
            "execute_task",
            execute_callback=execute,
            goal_callback=lambda _: answer,
        )
        server._handle = Mute(server._handle)
        made.append(server)
        return server

    yield make
    for one in made:
        one._handle = one._handle._handle
        one.destroy()


def test_a_lost_answer_does_not_keep_anybody_waiting(bench: Any, server: Any) -> None:
    server(GoalResponse.ACCEPT)
    asking = bench.start_command(ASK, "wave", "--namespace", bench.namespace)
    bench.wait(lambda: asking.process.poll() is not None, "the end of the task")
    assert asking.wait() == 0, asking.output
    assert "done" in asking.output


def test_who_was_not_heard_is_told_so(bench: Any, server: Any) -> None:
    server(GoalResponse.REJECT)
    asking = bench.start_command(ASK, "wave", "--namespace", bench.namespace)
    bench.wait(lambda: asking.process.poll() is not None, "that it gives up")
    assert asking.wait() == 2, asking.output
    assert "refuses it or did not hear it" in asking.output
