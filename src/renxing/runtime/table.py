# SPDX-License-Identifier: Apache-2.0
"""What a bringup table holds once it is read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from renxing.runtime.arguments import Argument, Parameter, Scalar

Restart = Literal["never", "on-failure", "always"]
Readiness = Literal["reported", "started"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a process runs: an argument is on, or equals a value.

    Attributes:
        argument: Name of the argument.
        value: What it must equal; None if being on is enough.
    """

    argument: str
    value: Scalar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEntry:
    """One process as the table writes it, `$(name)` still in place.

    Attributes:
        name: Its name in messages, logs and `after`.
        executable: The installed program, which `ros2 launch` starts.
        nodes: Parameters of each node that runs in the process.
        command: A program that is no node of ours, instead of nodes.
        when: None if it always runs.
        restart: What to do when it ends without being asked to.
        critical: If it ends for good, everything stops.
        after: Processes that must be ready before this one starts.
        beside: Processes that it starts beside, and that end after it.
        readiness: `reported` by the process itself, or `started` is enough.
        ready_timeout: Longest wait until it is ready [s].
    """

    name: str
    executable: str
    nodes: Mapping[str, Mapping[str, Parameter]]
    command: tuple[str, ...] = ()
    when: Condition | None = None
    restart: Restart = "never"
    critical: bool = False
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    readiness: Readiness = "reported"
    ready_timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A whole bringup table.

    Attributes:
        file: Where it was read.
        arguments: What a user may set, in the order of the file.
        namespace: ROS namespace of all nodes, `$(name)` still in place.
        every_node: Parameters that every node gets unless it sets them itself.
        processes: In the order of the file.
    """

    file: Path
    arguments: tuple[Argument, ...]
    namespace: str
    every_node: Mapping[str, Parameter]
    processes: tuple[ProcessEntry, ...]
