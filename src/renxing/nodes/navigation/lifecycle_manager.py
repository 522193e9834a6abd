# SPDX-License-Identifier: Apache-2.0
"""Start and stop several nodes together, by the names of Nav2's lifecycle managers.

The host brings nodes up by itself; these are for clients that want to do so, such as
the panel in RViz, and do nothing where nothing is to be done.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav2_msgs.srv import ManageLifecycleNodes
from rclpy.task import Future
from std_srvs.srv import Trigger

from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config

ANSWER_TIME = 20.0  # [s] that a transition may take: some load a robot

Command = ManageLifecycleNodes.Request

# What leads from a state towards the wanted one.
TO_ACTIVE = {
    State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
    State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_ACTIVATE,
}
TO_INACTIVE = {
    State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
    State.PRIMARY_STATE_ACTIVE: Transition.TRANSITION_DEACTIVATE,
}
TO_UNCONFIGURED = {
    State.PRIMARY_STATE_ACTIVE: Transition.TRANSITION_DEACTIVATE,
    State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_CLEANUP,
}
TO_FINALIZED = {
    State.PRIMARY_STATE_ACTIVE: Transition.TRANSITION_ACTIVE_SHUTDOWN,
    State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_INACTIVE_SHUTDOWN,
    State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
}
# Wanted state, ways to it, and whether the last node goes first.
PLANS = {
    Command.STARTUP: (State.PRIMARY_STATE_ACTIVE, TO_ACTIVE, False),
    Command.RESUME: (State.PRIMARY_STATE_ACTIVE, TO_ACTIVE, False),
    Command.CONFIGURE: (State.PRIMARY_STATE_INACTIVE, TO_INACTIVE, False),
    Command.PAUSE: (State.PRIMARY_STATE_INACTIVE, TO_INACTIVE, True),
    Command.RESET: (State.PRIMARY_STATE_UNCONFIGURED, TO_UNCONFIGURED, True),
    Command.CLEANUP: (State.PRIMARY_STATE_UNCONFIGURED, TO_UNCONFIGURED, True),
    Command.SHUTDOWN: (State.PRIMARY_STATE_FINALIZED, TO_FINALIZED, True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationManagerConfig:
    """The node.

    Attributes:
        nodes: Names of the nodes, in the order in which they start.
    """

    nodes: str = "planner_server controller_server bt_navigator waypoint_follower"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizationManagerConfig:
    """The node.

    Attributes:
        nodes: Names of the nodes, in the order in which they start.
    """

    nodes: str = "map_server"


class LifecycleManager(ManagedNode):
    """Brings nodes up and down together.

    Services: ~/manage_nodes (ManageLifecycleNodes), ~/is_active (Trigger).
    Calls: <node>/get_state and <node>/change_state.
    """

    def __init__(self, name: str, config: Any) -> None:
        """Create the node, unconfigured."""
        super().__init__(name)
        self._kind = config

    def configure(self) -> None:
        """Join the graph."""
        self._names = load_config(self, self._kind).nodes.split()
        self._get = {
            name: self.create_client(GetState, f"{name}/get_state")
            for name in self._names
        }
        self._change = {
            name: self.create_client(ChangeState, f"{name}/change_state")
            for name in self._names
        }
        self._serve(ManageLifecycleNodes, "~/manage_nodes", self.manage)
        self._serve(Trigger, "~/is_active", self.is_active)

    async def is_active(self, _request: Any, response: Any) -> Any:
        """Say whether all of them are."""
        others = [
            name
            for name in self._names
            if await self._state(name) != State.PRIMARY_STATE_ACTIVE
        ]
        response.success = not others
        response.message = f"not active: {', '.join(others)}" if others else ""
        return response

    async def manage(self, request: Any, response: Any) -> Any:
        """Lead all of them to a state; the first that does not follow ends it."""
        if request.command not in PLANS:
            self.get_logger().error(f"manage_nodes: command {request.command} unknown")
            response.success = False
            return response
        wanted, ways, backwards = PLANS[request.command]
        names = self._names[::-1] if backwards else self._names
        response.success = True
        for name in names:
            if not await self._lead(name, wanted, ways):
                self.get_logger().error(f"{name} did not get where it should")
                response.success = False
                break
        return response

    async def _lead(self, name: str, wanted: int, ways: dict[int, int]) -> bool:
        for _ in range(3):  # the longest way has two transitions
            state = await self._state(name)
            if state == wanted:
                return True
            if state not in ways:
                return False
            request = ChangeState.Request(transition=Transition(id=ways[state]))
            answer = await self._ask(self._change[name], request)
            if answer is None or not answer.success:
                return False
        return False

    async def _state(self, name: str) -> int:
        answer = await self._ask(self._get[name], GetState.Request())
        if answer is None:
            return int(State.PRIMARY_STATE_UNKNOWN)
        return int(answer.current_state.id)

    def _ask(self, client: Any, request: Any) -> Any:
        """Return the future of an answer; None comes from nobody, or too late."""
        future: Any = Future(executor=self.executor)
        if not client.service_is_ready():
            future.set_result(None)
            return future
        asked = client.call_async(request)
        timer: Any = None

        def finish(answer: Any) -> None:
            self.destroy_timer(timer)
            if not future.done():
                future.set_result(answer)

        timer = self.create_wall_timer(ANSWER_TIME, lambda: finish(None))
        asked.add_done_callback(lambda one: finish(one.result()))
        return future

    def _serve(
        self, kind: Any, name: str, callback: Callable[..., Awaitable[Any]]
    ) -> None:
        service = self.create_service(kind, name, callback)
        send = service.send_response

        def send_later(response: Any, header: Any) -> None:
            # The events executor of Jazzy does not await callbacks.
            if not inspect.iscoroutine(response):
                send(response, header)
                return

            async def finish() -> None:
                send(await response, header)

            self.executor.create_task(finish)

        service.send_response = send_later


class NavigationManager(LifecycleManager):
    """The one of navigation. Parameters: `NavigationManagerConfig`."""

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("lifecycle_manager_navigation", NavigationManagerConfig)


class LocalizationManager(LifecycleManager):
    """The one of the map. Parameters: `LocalizationManagerConfig`."""

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("lifecycle_manager_localization", LocalizationManagerConfig)
