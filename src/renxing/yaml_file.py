# SPDX-License-Identifier: Apache-2.0
"""Read a YAML file into a typed value, or say which lines are wrong.

The schema is a tree of `msgspec.Struct` classes; msgspec checks types, unknown and
missing keys and ranges, this file adds the lines to what it says.
"""

import math
import re
import types
import typing
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file.

    Attributes:
        line: Where, counted from 1.
        what: What, without the place.
    """

    line: int
    what: str


class FileError(ConfigError):
    """A file that cannot be used, with every reason that one reading can find.

    Attributes:
        path: The file.
        problems: What is wrong in it, by line; never empty.
        data: What YAML made of it, unchecked; None if it is not YAML.
        lines: Of the values in `data`.
    """

    def __init__(
        self,
        path: Path,
        problems: list[Problem],
        data: Any = None,
        lines: Lines | None = None,
    ) -> None:
        """Put all problems into the message, one a line."""
        self.path = path
        self.data = data
        self.lines = lines or Lines(path, {})
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__(
            "\n".join(f"{path.name}:{p.line}: {p.what}" for p in self.problems)
        )


def read_yaml(path: Path, schema: type[T]) -> tuple[T, Lines]:
    """Read a file as `schema`.

    Returns:
        The value, and the lines on which its parts stand.

    Raises:
        FileError: If the file is not YAML, repeats a key or is not a `schema`.
        ConfigError: If the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines, repeated = _read_keys(path, node)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        words = ", ".join(filter(None, (error.context, error.problem)))
        raise FileError(path, [Problem(line, f"not YAML: {words}")]) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a 13th month
        raise FileError(path, [Problem(1, f"not YAML: {error}")]) from error
    problems = repeated + [
        Problem(lines.of(*keys), f"{_words(keys)}: {what}")
        for keys, what in _mistakes(data, schema, ())
    ]
    if problems:
        raise FileError(path, problems, data, lines)
    return msgspec.convert(data, schema), lines


def _read_keys(path: Path, root: yaml.Node | None) -> tuple[Lines, list[Problem]]:
    """Return the line of every value, and the keys that stand twice in one mapping."""
    first: dict[Key, int] = {}
    repeated: list[Problem] = []

    def visit(node: yaml.Node | None, keys: Key, above: tuple[yaml.Node, ...]) -> None:
        if node in above:
            mark = node.start_mark if node else None
            raise yaml.MarkedYAMLError(
                problem="a value holds itself", problem_mark=mark
            )
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                child = (*keys, str(key.value))
                line = key.start_mark.line + 1
                if child in first:
                    what = f"{_words(child)}: stands on line {first[child]} already"
                    repeated.append(Problem(line, what))
                    continue
                first[child] = line
                visit(value, child, (*above, node))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                child = (*keys, index)
                first[child] = value.start_mark.line + 1
                visit(value, child, (*above, node))

    visit(root, (), ())
    return Lines(path, first), repeated


def _mistakes(data: Any, schema: Any, keys: Key) -> Iterator[tuple[Key, str]]:
    """Yield (keys, what) of all that keeps `data` from being a `schema`.

    msgspec stops at the first; so its parts are converted one by one.
    """
    inner = list(_parts(data, schema, keys))
    if inner:
        yield from inner
        return
    try:
        msgspec.convert(data, schema)
    except msgspec.ValidationError as error:
        message, rest = _split(str(error))
        # What __post_init__ says begins with the key that is wrong.
        found = re.match(r"\w+", message)
        first = found[0] if found else ""
        if not rest and isinstance(data, dict) and first in data:
            rest = (first,)
            message = message.removeprefix(f"{first}: ")
        yield (*keys, *rest), message + _hint(data, rest)


def _parts(data: Any, schema: Any, keys: Key) -> Iterator[tuple[Key, str]]:
    origin, arguments = typing.get_origin(schema), typing.get_args(schema)
    if origin in (types.UnionType, typing.Union):
        # `X | None` is X where there is a value, tagged classes are told by their tag;
        # other unions are left to msgspec.
        kinds = [kind for kind in arguments if kind is not type(None)]
        if len(kinds) > 1 and isinstance(data, dict):
            kinds = [kind for kind in kinds if _has_tag(kind, data)]
        if len(kinds) == 1 and data is not None:
            yield from _parts(data, kinds[0], keys)
    elif isinstance(data, dict) and isinstance(schema, msgspec.StructMeta):
        yield from _fields(data, schema, keys)
    elif isinstance(data, dict) and origin is dict:
        for name, value in data.items():
            yield from _mistakes(value, arguments[1], (*keys, str(name)))
    elif isinstance(data, list) and origin in (tuple, list):
        endless = origin is list or arguments[-1] is Ellipsis
        if endless or len(arguments) == len(data):
            for index, value in enumerate(data):
                kind = arguments[0 if endless else index]
                yield from _mistakes(value, kind, (*keys, index))
    elif isinstance(data, float) and not math.isfinite(data):
        yield keys, f"{data}: a finite number wanted"


def _has_tag(kind: Any, data: dict[Any, Any]) -> bool:
    settings = getattr(kind, "__struct_config__", None)
    return settings is not None and data.get(settings.tag_field) == settings.tag


def _fields(
    data: dict[Any, Any], schema: msgspec.StructMeta, keys: Key
) -> Iterator[tuple[Key, str]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(schema)}  # type: ignore[arg-type]
    settings = schema.__struct_config__
    # Only a tagged class of its own has no field for its tag.
    known = [*fields, settings.tag_field] if settings.tag_field else [*fields]
    for name, value in data.items():
        if name in fields:
            yield from _mistakes(value, fields[name].type, (*keys, str(name)))
        elif settings.forbid_unknown_fields and name not in known:
            yield (*keys, str(name)), f"unknown key; there are {', '.join(known)}"
    for name, field in fields.items():
        if field.required and name not in data:
            yield keys, f"key '{name}' is missing"


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


def _hint(data: Any, keys: Key) -> str:
    """Say what was got, and explain YAML 1.1's idea of a number."""
    for key in keys:
        data = data[key]
    if isinstance(data, dict | list):
        return ""
    try:
        number = isinstance(data, str) and math.isfinite(float(data))
    except ValueError:
        number = False
    hint = "; YAML wants a point and a sign, like 5.0e-5" if number else ""
    return f"; got {data!r}{hint}"


def _words(keys: Key) -> str:
    return ".".join(str(key) for key in keys) or "the file"
