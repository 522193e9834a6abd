# SPDX-License-Identifier: Apache-2.0
"""Both halves of a controller and a client, in one process: no manager, real ROS.

The loop has a clock of its own, and values cross pickled, or on a board in shared
memory, as they do between processes.
"""

import pickle
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from rclpy.node import Node

from renxing.controller_interface import Claim, Controller, ControllerInfo, Loan
from renxing.hardware_interface import Result
from renxing.nodes.controllers.side import RosSide
from renxing.robot import Robot
from renxing.runtime.boards import Boards, core_block
from renxing.runtime.pacer import LockStep

PERIOD = 0.002
LIMIT = 8.0  # [s]


class Pair:
    """A controller, its ROS half and a mock plant."""

    def __init__(
        self,
        bench: Any,
        node: Node,
        robot: Robot,
        kinds: tuple[type[Controller], type[RosSide]],
        parameters: Mapping[str, Any],
        states: Mapping[str, float],
    ) -> None:
        self.bench, self.node = bench, node
        self.name = "unit"
        self.made: list[Callable[[], Any]] = []
        info = ControllerInfo(
            name=self.name, type="", update_rate=500, parameters=parameters, robot=robot
        )
        self.controller = kinds[0](info)
        assert self.controller.on_configure() is Result.SUCCESS
        self.side = kinds[1](node, self.name, parameters, robot, self.send)
        wish = self.controller.state_interfaces()
        names = list(wish.names)
        if wish.claim is not Claim.INDIVIDUAL:
            pattern = re.compile("|".join(names) or ".*")
            names = [name for name in states if pattern.fullmatch(name)]
        self.state_names = names
        self.states = np.array([states.get(name, 0.0) for name in names])
        self.command_names = list(self.controller.command_interfaces().names)
        self.commands = np.full(len(self.command_names), np.nan)
        self.controller.exported = np.empty(len(self.controller.exported_names()))
        self.pace = LockStep(1.0 / PERIOD)
        self.pace.start()
        boards = Boards(core_block(node.get_namespace()))
        boards.pace = self.pace
        self.made.append(boards.close)
        shown = self.controller.board_names(self.state_names)
        if shown:
            self.controller.board = boards.make(self.name, shown)
        self.time = 100.0
        self.plant: Callable[[Pair], None] = lambda pair: None
        self.drained: list[Any] = []

    def send(self, value: Any) -> None:
        self.controller.inbox.append(pickle.loads(pickle.dumps(value)))

    def activate(self) -> None:
        c = self.controller
        n, m = len(self.states), len(self.commands)
        c.states = Loan(self.state_names, self.states, np.arange(n, dtype=np.intp))
        c.commands = Loan(
            self.command_names, self.commands, np.arange(m, dtype=np.intp)
        )
        assert c.on_activate() is Result.SUCCESS
        self.side.activate()

    def deactivate(self) -> None:
        self.controller.on_deactivate()
        self.pass_news()
        self.side.deactivate()

    def pass_news(self) -> None:
        box = self.controller.outbox
        values = pickle.loads(pickle.dumps(list(box)))
        box.clear()
        self.drained += values
        self.side.on_news(values)

    def run(self, until: Callable[[], Any], what: str, move: bool = True) -> Any:
        """Spin ROS, and the loop about as fast as time passes, until it is so."""
        begin = last = time.monotonic()
        while not (found := until()):
            now = time.monotonic()
            assert now - begin < LIMIT, f"waited in vain for {what}"
            if move:
                for _ in range(min(50, round((now - last) / PERIOD))):
                    last += PERIOD
                    self.time += PERIOD
                    self.pace.wait()
                    self.controller.update(self.time, PERIOD)
                    self.plant(self)
                self.pass_news()
            self.bench.executor.spin_once(timeout_sec=0.002)
        return found

    def listen(self, kind: type, topic: str, qos: Any = 10) -> list[Any]:
        """Return a list that fills with a topic's messages."""
        found: list[Any] = []
        node = self.bench.node
        made = node.create_subscription(kind, topic, found.append, qos)
        self.made.append(lambda: node.destroy_subscription(made))
        return found

    def talk(self, kind: type, topic: str, qos: Any = 10) -> Any:
        """Return a publisher that has a listener."""
        node = self.bench.node
        publisher = node.create_publisher(kind, topic, qos)
        self.made.append(lambda: node.destroy_publisher(publisher))
        self.run(lambda: publisher.get_subscription_count(), topic, move=False)
        return publisher

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        client = self.bench.node.create_client(kind, name)
        self.run(client.service_is_ready, name)
        future = client.call_async(kind.Request(**fields))
        return self.run(lambda: future.done() and future.result(), f"answer of {name}")


@pytest.fixture
def pair(bench: Any, robot: Robot) -> Iterator[Callable[..., Pair]]:
    made: list[Pair] = []
    node = Node("manager", namespace=bench.namespace, context=bench.context)
    bench.executor.add_node(node)

    def make(
        controller: type[Controller],
        side: type[RosSide],
        parameters: Mapping[str, Any],
        states: Mapping[str, float] | None = None,
        active: bool = True,
    ) -> Pair:
        made.append(
            Pair(bench, node, robot, (controller, side), parameters, states or {})
        )
        if active:
            made[0].activate()
        return made[0]

    yield make
    for one in made:
        one.side.destroy()
        for destroy in one.made:
            destroy()
    # The executor lets go of them when it spins.
    bench.spin(0.05)
    space = f"/{bench.namespace}"
    left = [
        name
        for names in (
            node.get_subscriber_names_and_types_by_node("manager", space),
            node.get_publisher_names_and_types_by_node("manager", space),
            node.get_service_names_and_types_by_node("manager", space),
        )
        for name, _ in names
        if "/unit/" in name
    ]
    bench.executor.remove_node(node)
    node.destroy_node()
    assert not left, "destroy() leaves something on the graph"
