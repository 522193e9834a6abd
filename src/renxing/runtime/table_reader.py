# SPDX-License-Identifier: Apache-2.0
"""Read a bringup table and check every word of it.

A wrong table must be refused before the first process starts, so unknown keys,
wrong types, unknown names and cycles are all errors here.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast, get_args

from renxing.errors import ConfigError
from renxing.runtime.arguments import (
    Argument,
    ArgumentType,
    Parameter,
    as_text,
    references,
)
from renxing.runtime.table import Condition, ProcessEntry, Readiness, Restart, Table
from renxing.yaml_file import Lines, read_yaml

T = TypeVar("T")
Arguments = Mapping[str, Argument]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_WHEN = re.compile(r"(\w+)(?:\s*==\s*(.+))?")
_TYPE_OF: dict[type, ArgumentType] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "text",
}


def load_table(path: Path) -> Table:
    """Read a bringup table.

    Raises:
        ConfigError: If the file cannot be read, or says anything that is unknown,
            of a wrong type or contradicts itself.
    """
    data, lines = read_yaml(path, dict[str, Any])
    root = _Place(lines, (), data).keys(
        "arguments", "namespace", "every_node", "processes", needed=("processes",)
    )
    arguments = {}
    if "arguments" in root:
        arguments = {
            name: _argument(name, place)
            for name, place in root["arguments"].entries().items()
        }
    every_node = {}
    if "every_node" in root:
        every_node = _parameters(root["every_node"], arguments)
    namespace = ""
    if "namespace" in root:
        namespace = _text(root["namespace"], arguments)
    entries = root["processes"].entries()
    processes = tuple(_process(name, p, arguments) for name, p in entries.items())
    _check_order(root["processes"], processes)
    return Table(
        file=path,
        arguments=tuple(arguments.values()),
        namespace=namespace,
        every_node=every_node,
        processes=processes,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of the file together with where it stands, for the messages."""

    lines: Lines
    path: tuple[str, ...]
    value: Any

    def refuse(self, what: str) -> NoReturn:
        where = ".".join(self.path) or "the file"
        raise ConfigError(f"{self.lines.at(*self.path)}: {where}: {what}")

    def of(self, kind: type[T]) -> T:
        # Not isinstance: a bool is an int for Python and never for us.
        if type(self.value) is not kind:
            self.refuse(f"got {self.value!r}, allowed: a {kind.__name__}")
        return self.value

    def entries(self, name: re.Pattern[str] = _NAME) -> dict[str, "_Place"]:
        found = {}
        for key, value in self.of(dict).items():
            place = _Place(self.lines, (*self.path, str(key)), value)
            if not isinstance(key, str) or not name.fullmatch(key):
                place.refuse(f"got {key!r}, allowed: a name of letters, digits and _")
            found[key] = place
        return found

    def keys(self, *allowed: str, needed: Iterable[str] = ()) -> dict[str, "_Place"]:
        found = self.entries()
        for key, place in found.items():
            if key not in allowed:
                place.refuse(f"unknown key, allowed: {', '.join(allowed)}")
        for key in needed:
            if key not in found:
                self.refuse(f"the key '{key}' is missing")
        return found

    def one_of(self, allowed: Iterable[str]) -> str:
        if self.value not in allowed:
            self.refuse(f"got {self.value!r}, allowed: {', '.join(allowed)}")
        return str(self.value)

    def texts(self) -> list[str]:
        found = self.of(list)
        if not all(isinstance(text, str) for text in found):
            self.refuse(f"got {found!r}, allowed: a list of texts")
        return cast(list[str], found)


def _argument(name: str, place: _Place) -> Argument:
    keys = place.keys(
        "default", "help", "choices", "type", "folder", needed=("default", "help")
    )
    default = keys["default"].value
    if type(default) not in _TYPE_OF:
        keys["default"].refuse(f"got {default!r}, allowed: a bool, number or text")
    kind = _TYPE_OF[type(default)]
    if "type" in keys:
        kind = cast(ArgumentType, keys["type"].one_of(get_args(ArgumentType)))
    choices = tuple(keys["choices"].of(list)) if "choices" in keys else ()
    argument = Argument(
        name=name,
        type=kind,
        default=default,
        help=keys["help"].of(str),
        choices=choices,
        folder=keys["folder"].of(str) if "folder" in keys else None,
    )
    if argument.folder is None:
        for value in (default, *choices):
            try:
                argument.parse(as_text(value))
            except ConfigError as error:
                place.refuse(str(error))
    return argument


def _process(name: str, place: _Place, arguments: Arguments) -> ProcessEntry:
    keys = place.keys(
        "nodes",
        "command",
        "executable",
        "when",
        "restart",
        "critical",
        "after",
        "beside",
        "readiness",
        "ready_timeout",
    )
    if ("nodes" in keys) == ("command" in keys):
        place.refuse("needs either 'nodes' or 'command'")
    nodes = {}
    if "nodes" in keys:
        places = keys["nodes"].entries()
        nodes = {node: _parameters(p, arguments) for node, p in places.items()}
    command: tuple[str, ...] = ()
    if "command" in keys:
        command = tuple(keys["command"].texts())
        for word in command:
            _check_references(keys["command"], word, arguments)
    if not nodes and not command:
        place.refuse("is empty")
    # One program can host any nodes; a node alone has a program of its own name.
    executable = next(iter(nodes)) if len(nodes) == 1 else "host"
    timeout = keys.get("ready_timeout")
    if timeout and not (
        type(timeout.value) in (int, float)
        and math.isfinite(timeout.value)
        and timeout.value > 0
    ):
        timeout.refuse(f"got {timeout.value!r}, allowed: a number of seconds above 0")
    return ProcessEntry(
        name=name,
        executable=keys["executable"].of(str) if "executable" in keys else executable,
        nodes=nodes,
        command=command,
        when=_condition(keys["when"], arguments) if "when" in keys else None,
        restart=cast(
            Restart,
            keys["restart"].one_of(get_args(Restart)) if "restart" in keys else "never",
        ),
        critical=keys["critical"].of(bool) if "critical" in keys else False,
        after=tuple(keys["after"].texts()) if "after" in keys else (),
        beside=tuple(keys["beside"].texts()) if "beside" in keys else (),
        readiness=cast(
            Readiness,
            keys["readiness"].one_of(get_args(Readiness))
            if "readiness" in keys
            else ("reported" if nodes else "started"),
        ),
        ready_timeout=float(timeout.value) if timeout else 60.0,
    )


def _condition(place: _Place, arguments: Arguments) -> Condition:
    found = _WHEN.fullmatch(place.of(str).strip())
    if found is None:
        place.refuse(f"got {place.value!r}, allowed: argument, argument == value")
    name, text = found[1], found[2]
    if name not in arguments:
        place.refuse(f"argument '{name}': unknown, allowed: {', '.join(arguments)}")
    argument = arguments[name]
    if text is None:
        if argument.type not in ("bool", "switch"):
            place.refuse(f"'{name}' is a {argument.type}, write {name} == value")
        return Condition(argument=name)
    try:
        return Condition(argument=name, value=argument.parse(text))
    except ConfigError as error:
        place.refuse(str(error))


def _parameters(place: _Place, arguments: Arguments) -> dict[str, Parameter]:
    if place.value is None:
        return {}
    found = {}
    for name, entry in place.entries(_PARAMETER_NAME).items():
        parts = entry.value if isinstance(entry.value, list) else [entry.value]
        kinds = {type(part) for part in parts}
        # A ROS parameter has one type: an empty or mixed list has none.
        if len(kinds) != 1 or not kinds <= set(_TYPE_OF):
            entry.refuse(
                f"got {entry.value!r}, allowed: a bool, number, text, "
                "or a list of one of these"
            )
        for part in parts:
            if isinstance(part, str):
                _check_references(entry, part, arguments)
        found[name] = cast(Parameter, entry.value)
    return found


def _text(place: _Place, arguments: Arguments) -> str:
    text = place.of(str)
    _check_references(place, text, arguments)
    return text


def _check_references(place: _Place, text: str, arguments: Arguments) -> None:
    for name in references(text):
        if name not in arguments:
            place.refuse(
                f"got $({name}), allowed: {', '.join(f'$({a})' for a in arguments)}"
            )


def _check_order(place: _Place, processes: Iterable[ProcessEntry]) -> None:
    entries = {entry.name: entry for entry in processes}
    hosts: dict[str, str] = {}
    for entry in entries.values():
        for key, others in (("after", entry.after), ("beside", entry.beside)):
            here = _Place(place.lines, (*place.path, entry.name, key), None)
            for other in others:
                if other not in entries:
                    here.refuse(
                        f"process '{other}': unknown, allowed: {', '.join(entries)}"
                    )
        here = _Place(place.lines, (*place.path, entry.name, "nodes"), None)
        for node in entry.nodes:
            if hosts.setdefault(node, entry.name) != entry.name:
                here.refuse(f"node '{node}' runs in '{hosts[node]}' already")
    try:
        # In a circle of `beside` everybody would wait for the others to end.
        needed = {e.name: e.after + e.beside for e in entries.values()}
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        place.refuse(f"'after' goes in a circle: {' after '.join(error.args[1])}")
