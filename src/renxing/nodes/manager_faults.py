# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose as services: what `renxing fault` does, for programs on the graph.

Faults of hardware are the core's business, those of processes that of the supervisor's
state file; here they are only passed on.
"""

import os
from collections.abc import Callable
from typing import Any, cast

from rclpy.duration import Duration
from rclpy.node import Node

from renxing.actuation.faults import Fault, InjectedFault, Kind
from renxing.errors import ConfigError, RenxingError
from renxing.nodes.convert import to_seconds
from renxing.nodes.core_line import CoreLine
from renxing.runtime.process_faults import break_process, pid_of
from renxing_msgs import msg, srv


def answering(serve: Callable[[Any, Any], str]) -> Callable[[Any, Any], Any]:
    """Return a service callback that says in `success` and `message` what came of it.

    Args:
        serve: Gets request and response; returns the message, nothing is no success.
    """

    def callback(request: Any, response: Any) -> Any:
        try:
            response.message = serve(request, response)
            response.success = bool(response.message)
        except RenxingError as error:
            response.message, response.success = str(error), False
        return response

    return callback


class FaultServices:
    """The services ~/inject_fault, ~/clear_faults, ~/list_faults, ~/break_process."""

    def __init__(self, node: Node, line: CoreLine) -> None:
        """Offer them.

        Args:
            node: That carries the services, in the namespace of its stack.
            line: To the core.
        """
        self._namespace = node.get_namespace()
        self._line = line
        for name, kind, serve in (
            ("inject_fault", srv.InjectFault, self.inject),
            ("clear_faults", srv.ClearFaults, self.clear),
            ("list_faults", srv.ListFaults, self.list),
            ("break_process", srv.BreakProcess, self.break_process),
        ):
            node.create_service(kind, f"~/{name}", answering(serve))

    def inject(self, request: Any, response: Any) -> str:
        """Break something of the hardware."""
        fault = from_fault(request.fault)
        response.number = self._line.call("fault", fault)
        return f"fault {response.number} injected: {fault.kind} {fault.pattern}"

    def clear(self, request: Any, response: Any) -> str:
        """Mend one fault, or all."""
        numbers = (request.number,) if request.number else ()
        response.cleared = self._line.call("clear_faults", *numbers)
        return f"{response.cleared} cleared"

    def list(self, _request: Any, response: Any) -> str:
        """Answer with the faults that are not over."""
        response.faults = [to_injected(one) for one in self._line.call("faults")]
        return f"{len(response.faults)} faults"

    def break_process(self, request: Any, _response: Any) -> str:
        """Kill or stall a process of the stack.

        Raises:
            ConfigError: If that is this process, which could not answer then.
            RenxingError: If it cannot be done.
        """
        name, kind = request.name, request.kind
        if kind == "kill" and pid_of(os.environ, self._namespace, name) == os.getpid():
            raise ConfigError(
                f"process '{name}': it would be the one to answer; "
                f"use: renxing fault kill {name}"
            )
        seconds = to_seconds(request.duration)
        return break_process(os.environ, self._namespace, name, kind, seconds)


def from_fault(message: Any) -> Fault:
    """Return a fault.

    Raises:
        ConfigError: If it means nothing.
    """
    return Fault(
        kind=cast(Kind, message.kind),
        pattern=message.pattern,
        value=message.value,
        start=to_seconds(message.start),
        duration=to_seconds(message.duration),
        seed=message.seed,
        commands=message.commands,
    )


def to_injected(one: InjectedFault) -> Any:
    """Return a fault that has been injected as a message."""
    fault = one.fault
    return msg.InjectedFault(
        number=one.number,
        running=one.running,
        fault=msg.Fault(
            kind=fault.kind,
            pattern=fault.pattern,
            value=fault.value,
            start=_to_duration(fault.start),
            duration=_to_duration(fault.duration),
            seed=fault.seed,
            commands=fault.commands,
        ),
    )


def _to_duration(seconds: float) -> Any:
    return Duration(nanoseconds=round(1e9 * seconds)).to_msg()
