# SPDX-License-Identifier: Apache-2.0
"""Goals that a routine gives to other servers."""

from typing import Any

from nav2_msgs.action import Wait
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from tests.nodes.mute import Mute

from renxing.nodes.navigation.child import Child


def test_a_goal_is_cancelled_whose_acceptance_was_lost(bench: Any) -> None:
    cancelled: list[Any] = []

    def cancel(handle: Any) -> CancelResponse:
        cancelled.append(handle)
        return CancelResponse.ACCEPT

    server = ActionServer(
        bench.node,
        Wait,
        "idle",
        execute_callback=lambda handle: Wait.Result(),
        goal_callback=lambda _: GoalResponse.ACCEPT,
        handle_accepted_callback=lambda _: None,
        cancel_callback=cancel,
    )
    server._handle = Mute(server._handle)
    child = Child(bench.node, Wait, "idle")
    told: list[Any] = []

    def routine() -> Any:
        told.append((yield from child.run(Wait.Goal())))

    steps = routine()
    try:
        bench.wait(lambda: next(steps, "over") == "over", "that it gives up")
        assert not told[0].succeeded
        assert "does not answer" in told[0].text
        bench.wait(lambda: cancelled, "the goal to be cancelled")
    finally:
        child.close()
        server._handle = server._handle._handle
        server.destroy()
