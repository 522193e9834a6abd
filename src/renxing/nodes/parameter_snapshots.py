# SPDX-License-Identifier: Apache-2.0
"""The parameters of all nodes of a namespace, each asked when it appears."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

from renxing.nodes.manager_messages import plain_value

PATIENCE = 120.0  # [s] in which a node has to answer; then it is left out
# [s] after which it is asked again: a server that has not yet heard of its client's
# ear answers into the void.
AGAIN = 3.0

Keep = Callable[[str, Mapping[str, str]], None]


@dataclass(slots=True)
class _Asked:
    """A node that has been asked.

    Attributes:
        since: When it was first seen [s].
        clients: Of its services.
        last: When it was last asked for its names [s]; -inf before.
        over: Whether there is no more to hear of it.
    """

    since: float
    clients: list[Any] = field(default_factory=list)
    last: float = -math.inf
    over: bool = False


class ParameterSnapshots:
    """Asks without waiting; who does not answer holds up nobody."""

    def __init__(self, node: Node, keep: Keep) -> None:
        """Ask nobody yet.

        Args:
            node: That asks, and whose namespace counts.
            keep: Called with a node's full name and its parameters, as JSON by name.
        """
        self._node = node
        self._keep = keep
        self._prefix = f"{node.get_namespace().rstrip('/')}/"
        self._asked: dict[str, _Asked] = {}

    def look(self) -> None:
        """Ask who is new; one that went and came back is new."""
        present = {
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self._node.get_node_names_and_namespaces()
            if not name.startswith("_")
        }
        present = {name for name in present if name.startswith(self._prefix)}
        for name in self._asked.keys() - present:
            self._let_go(self._asked.pop(name))
        now = time.monotonic()
        for name in sorted(present):
            asked = self._asked.get(name)
            if asked is None:
                asked = self._asked[name] = _Asked(now)
                asked.clients = [
                    self._node.create_client(kind, f"{name}/{service}")
                    for kind, service in (
                        (ListParameters, "list_parameters"),
                        (GetParameters, "get_parameters"),
                    )
                ]
            if asked.over or now - asked.since > PATIENCE:
                self._let_go(asked)
            elif now - asked.last > AGAIN and all(
                client.service_is_ready() for client in asked.clients
            ):
                asked.last = now
                self._ask(name, asked)

    def close(self) -> None:
        """Let go of everything."""
        for asked in self._asked.values():
            self._let_go(asked)
        self._asked = {}

    def _ask(self, name: str, asked: _Asked) -> None:
        listing, getting = asked.clients

        def on_names(future: Any) -> None:
            if not asked.over and future.result() is not None:
                names = list(future.result().result.names)
                request = GetParameters.Request(names=names)
                answer = getting.call_async(request)
                answer.add_done_callback(lambda done: on_values(names, done))

        def on_values(names: list[str], future: Any) -> None:
            if not asked.over and future.result() is not None:
                values = (plain_value(_value(v)) for v in future.result().values)
                pairs = zip(names, values, strict=False)
                # Clients are destroyed later: this runs within one of them.
                asked.over = True
                self._keep(name, {key: json.dumps(value) for key, value in pairs})

        sent = listing.call_async(ListParameters.Request())
        sent.add_done_callback(on_names)

    def _let_go(self, asked: _Asked) -> None:
        for client in asked.clients:
            self._node.destroy_client(client)
        asked.clients, asked.over = [], True


def _value(message: Any) -> Any:
    value = parameter_value_to_python(message)
    # Bytes have no JSON of their own.
    return [one[0] for one in value] if _are_bytes(value) else value


def _are_bytes(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], bytes)
