# SPDX-License-Identifier: Apache-2.0
"""ROS parameter files as nested dictionaries, and who of them wins.

A file names nodes, each with its `ros__parameters`: by name, with its namespace
(`/lab/arm`, or nested `lab: arm:`), or by wildcards (`/**` for any number of names,
`/*` for one). What stands later wins; so do later files, and values that were set.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from renxing.errors import ConfigError

Nested = dict[str, Any]
_MARK = "ros__parameters"


def read_parameter_file(path: Path) -> list[tuple[str, Nested]]:
    """Read a parameter file.

    Returns:
        (node name with namespace, parameters) in the order of the file.

    Raises:
        ConfigError: If it cannot be read or is not a parameter file.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path.name}: not YAML: {error}") from error
    return parse_parameters(data, path.name)


def parse_parameters(data: Any, where: str) -> list[tuple[str, Nested]]:
    """Do `read_parameter_file` for what YAML made of a file.

    Raises:
        ConfigError: If it is not that of a parameter file.
    """
    if data is None:
        return []
    return list(_nodes(data, (), where))


def _nodes(
    data: Any, above: tuple[str, ...], where: str
) -> Iterator[tuple[str, Nested]]:
    name = "/".join(above)
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where}: '{name or data}': '{_MARK}' is missing")
    for key, value in data.items():
        if key != _MARK:
            yield from _nodes(value, (*above, str(key).strip("/")), where)
        elif not isinstance(value, Mapping | None):
            raise ConfigError(f"{where}: '{name}': {_MARK} holds no names")
        else:
            yield name, nest(value or {})


def nest(flat: Mapping[str, Any]) -> Nested:
    """Return parameters with dotted names opened: `{"a.b": 1}` as `{"a": {"b": 1}}`.

    Raises:
        ConfigError: If a name is both a value and a group.
    """
    result: Nested = {}
    for key, value in flat.items():
        *groups, last = str(key).split(".")
        inner = nest(value) if isinstance(value, Mapping) else value
        for group in reversed(groups):
            inner, last = {last: inner}, group
        merge(result, {last: inner})
    return result


def merge(base: Nested, over: Mapping[str, Any]) -> Nested:
    """Put values over others, group by group, in place; return `base`."""
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = merge({}, value) if isinstance(value, Mapping) else value
    return base


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameters by their dotted names."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _fits(pattern: Sequence[str], name: Sequence[str]) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "**":
        return any(_fits(pattern[1:], name[skip:]) for skip in range(len(name) + 1))
    same = bool(name) and pattern[0] in ("*", name[0])
    return same and _fits(pattern[1:], name[1:])


def parameters_of(
    node: str, namespace: str, files: Iterable[list[tuple[str, Nested]]]
) -> Nested:
    """Return what files say for a node.

    A name without a namespace fits in any namespace.

    Args:
        node: Its name.
        namespace: Its namespace, such as `/` or `/lab`.
        files: As `read_parameter_file` returns them; later ones win.
    """
    full = [*filter(None, namespace.split("/")), node]
    result: Nested = {}
    for entries in files:
        for name, values in entries:
            if name == node or _fits(name.split("/"), full):
                merge(result, values)
    return result


def parse_value(text: str) -> Any:
    """Return the value of a parameter that came as text: `[a, b]` is a list.

    As the tools of ROS do it: what is no scalar or list of scalars stays text.
    """
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    scalars = (bool, int, float, str)
    if isinstance(value, list):
        return value if all(isinstance(item, scalars) for item in value) else text
    return value if isinstance(value, scalars) else text


class ParameterStore:
    """Parameters of one node: from files, then as set.

    Attributes:
        values: All, nested.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Start with what the files say."""
        self.values: Nested = nest(values or {})

    def get(self, name: str) -> Any:
        """Return a value, or group, by its dotted name; None if it is not there."""
        value: Any = self.values
        for key in name.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return value

    def set(self, name: str, value: Any) -> None:
        """Set a value by its dotted name; None takes it away."""
        if value is not None:
            merge(self.values, nest({name: value}))
            return
        *groups, last = name.split(".")
        inner: Any = self.values
        for key in groups:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(last, None)

    def text(self, name: str, default: str = "") -> str:
        """Return a text.

        Raises:
            ConfigError: If it is something else.
        """
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise ConfigError(f"parameter '{name}': a text wanted, got {value!r}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; one text counts as a list, as YAML or plain.

        Raises:
            ConfigError: If it is something else.
        """
        value = self.get(name)
        if isinstance(value, str):
            value = parse_value(value) if value.startswith("[") else [value]
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(
            isinstance(item, str) for item in value
        ):
            raise ConfigError(f"parameter '{name}': texts wanted, got {value!r}")
        return tuple(item for item in value if item)

    def number(self, name: str, default: float) -> float:
        """Return a finite number that is not negative.

        Raises:
            ConfigError: If it is something else.
        """
        value = self.get(name)
        if value is None:
            return default
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not math.isfinite(value) or value < 0:
            raise ConfigError(f"parameter '{name}': {value!r} is no number from 0 on")
        return float(value)

    def truth(self, name: str, default: bool) -> bool:
        """Return true or false.

        Raises:
            ConfigError: If it is something else.
        """
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ConfigError(f"parameter '{name}': {value!r} is not true or false")
        return value
