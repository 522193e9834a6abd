# SPDX-License-Identifier: Apache-2.0
"""Read a YAML file into a typed value, or say which line is wrong.

The schema is a tree of `msgspec.Struct` classes; msgspec checks types, unknown and
missing keys and ranges, this file adds the line to what it says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from renxing.errors import ConfigError

T = TypeVar("T")
Key = tuple[str | int, ...]

_PATH = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\[\.\.\.\]")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where each value of a YAML file stands.

    Attributes:
        path: The file.
        first: Line of each value, counted from 1, by its keys from the root.
    """

    path: Path
    first: Mapping[Key, int]

    def of(self, *keys: str | int) -> int:
        """Return the line of a value, or of its nearest parent that the file has."""
        for length in range(len(keys), 0, -1):
            line = self.first.get(keys[:length])
            if line is not None:
                return line
        return 1

    def at(self, *keys: str | int) -> str:
        """Return `file:line` of a value, for messages."""
        return f"{self.path.name}:{self.of(*keys)}"


def read_yaml(path: Path, schema: type[T]) -> tuple[T, Lines]:
    """Read a file as `schema`.

    Returns:
        The value, and the lines on which its parts stand.

    Raises:
        ConfigError: If the file cannot be read, is not YAML or is not a `schema`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    lines = Lines(path, _collect_lines(node))
    try:
        return msgspec.convert(data, schema), lines
    except msgspec.ValidationError as error:
        message, keys = _split(str(error))
        where = ".".join(str(key) for key in keys) or "the file"
        raise ConfigError(f"{lines.at(*keys)}: {where}: {message}") from error


def _collect_lines(root: yaml.Node | None) -> dict[Key, int]:
    lines: dict[Key, int] = {}

    def visit(node: yaml.Node | None, keys: Key) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                child = (*keys, str(key.value))
                lines[child] = key.start_mark.line + 1
                visit(value, child)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                child = (*keys, index)
                lines[child] = value.start_mark.line + 1
                visit(value, child)

    visit(root, ())
    return lines


def _split(message: str) -> tuple[str, Key]:
    """Split msgspec's `Expected ... - at `$.a[0].b`` into words and keys."""
    found = _PATH.search(message)
    if found is None:
        return message, ()
    keys: list[Any] = [
        name or int(index)
        for name, index in _STEP.findall(found.group(1))
        if name or index
    ]
    return message[: found.start()], tuple(keys)
