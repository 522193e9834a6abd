# SPDX-License-Identifier: Apache-2.0
"""From the bringup table and the words of a user to the processes to start.

Both starters call `load_table` and `resolve`: the supervisor of `renxing up` and
`launch/bringup.launch.py`. So they cannot drift apart.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from renxing.errors import ConfigError
from renxing.resources import resource
from renxing.runtime.arguments import (
    Parameter,
    Scalar,
    as_text,
    is_on,
    substitute,
    values_of,
)
from renxing.runtime.table import Condition, ProcessEntry, Readiness, Restart, Table
from renxing.runtime.table_reader import load_table

__all__ = [
    "ProcessSpec",
    "Table",
    "default_table",
    "load_table",
    "resolve",
    "write_parameters",
]

_NAMESPACE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process to start, nothing left to decide.

    Attributes:
        name: Its name in messages, logs and `after`.
        executable: The installed program, which `ros2 launch` starts.
        nodes: Names of the nodes that run in the process.
        parameters: Parameters of each node, by the node's name.
        namespace: ROS namespace without slashes around it; empty for none.
        command: A program that is no node of ours, instead of nodes.
        restart: What to do when it ends without being asked to.
        critical: If it ends for good, everything stops.
        after: Processes that must be ready before this one starts.
        beside: Processes that it starts beside, and that end after it.
        readiness: `reported` by the process itself, or `started` is enough.
        ready_timeout: Longest wait until it is ready [s].
    """

    name: str
    executable: str
    nodes: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Parameter]]
    namespace: str = ""
    command: tuple[str, ...] = ()
    restart: Restart = "never"
    critical: bool = False
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    readiness: Readiness = "reported"
    ready_timeout: float = 60.0


def default_table() -> Path:
    """Return the path of the project's own table."""
    return resource("config/bringup.yaml")


def resolve(table: Table, given: Mapping[str, str]) -> list[ProcessSpec]:
    """Return the processes to start, in the order of the table.

    Args:
        table: What can be started.
        given: The arguments that the user set, as text.

    Raises:
        ConfigError: If an argument is unknown or its value is not allowed, or if
            nothing would be started.
    """
    values = values_of(table.arguments, given)
    namespace = _namespace(str(substitute(table.namespace, table.arguments, values)))
    chosen = [entry for entry in table.processes if _holds(entry.when, values)]
    if not chosen:
        raise ConfigError(f"{table.file}: with these arguments there is nothing to do")
    names = {entry.name for entry in chosen}
    return [_spec(table, entry, namespace, names, values) for entry in chosen]


def write_parameters(spec: ProcessSpec, folder: Path) -> Path:
    """Write the ROS parameters file of a process.

    Returns:
        Its path, for `--params-file`.

    Raises:
        ConfigError: If it cannot be written.
    """
    # `/**/` matches the node in whatever namespace it runs.
    content: dict[str, Any] = {
        f"/**/{node}": {"ros__parameters": dict(parameters)}
        for node, parameters in spec.parameters.items()
    }
    path = folder / f"{spec.name}.params.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"parameters file {path}: {error}") from error
    return path


def _spec(
    table: Table,
    entry: ProcessEntry,
    namespace: str,
    names: set[str],
    values: Mapping[str, Scalar],
) -> ProcessSpec:
    def fill(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
        return {name: fill_one(value) for name, value in parameters.items()}

    def fill_one(value: Parameter) -> Parameter:
        if isinstance(value, list):
            return [fill_text(part) for part in value]
        return fill_text(value)

    def fill_text(value: Scalar) -> Scalar:
        if isinstance(value, str):
            return substitute(value, table.arguments, values)
        return value

    every_node = fill(table.every_node)
    return ProcessSpec(
        name=entry.name,
        executable=entry.executable,
        nodes=tuple(entry.nodes),
        parameters={
            node: every_node | fill(parameters)
            for node, parameters in entry.nodes.items()
        },
        namespace=namespace,
        command=_command([as_text(fill_text(word)) for word in entry.command]),
        restart=entry.restart,
        critical=entry.critical,
        # A process that is left out cannot be waited for.
        after=tuple(name for name in entry.after if name in names),
        beside=tuple(name for name in entry.beside if name in names),
        readiness=entry.readiness,
        ready_timeout=entry.ready_timeout,
    )


def _command(words: list[str]) -> tuple[str, ...]:
    """Return a command with the interpreter that runs this for `python3`.

    Another one would not find renxing, nor ROS.
    """
    if words and words[0] == "python3":
        words[0] = sys.executable
    return tuple(words)


def _holds(when: Condition | None, values: Mapping[str, Scalar]) -> bool:
    if when is None:
        return True
    value = values[when.argument]
    return is_on(value) if when.value is None else value == when.value


def _namespace(text: str) -> str:
    name = text.strip("/")
    if name and not _NAMESPACE.fullmatch(name):
        raise ConfigError(
            f"namespace: got '{text}', allowed: names of letters, digits and _, "
            "not starting with a digit, joined by /"
        )
    return name
