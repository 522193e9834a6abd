# SPDX-License-Identifier: Apache-2.0
"""ROS parameters declared from config dataclasses, so that a default exists once.

A nested dataclass becomes a dotted prefix; the text of a parameter is its line in the
class's `Attributes:`; `metadata={"min": ..., "max": ...}` becomes its range.
"""

import dataclasses
import inspect
import math
import re
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node

from renxing.errors import ConfigError

T = TypeVar("T")

_TEXT = re.compile(r"^(\w+): (.+?)(?=^\w+: |\Z)", re.MULTILINE | re.DOTALL)


def load_config(
    node: Node, config: type[T], prefix: str = "", default: T | None = None
) -> T:
    """Declare the fields of a dataclass as parameters of a node and read them.

    Args:
        node: Which gets the parameters; they cannot change while it runs.
        config: A dataclass of bool, int, float, str, Literal and such dataclasses;
            every field has a default.
        prefix: Put before each name, with its dot.
        default: Its values are the defaults; None for those of the class.

    Raises:
        ConfigError: If a given value has the wrong type or lies outside its range.
    """
    values: dict[str, Any] = {}
    texts = _texts(config)
    # A class may want other defaults of a part of it than the part's own.
    base = config() if default is None else default
    for field, kind in _fields(config):
        name = prefix + field.name
        if dataclasses.is_dataclass(kind):
            part = getattr(base, field.name)
            values[field.name] = load_config(node, cast(type, kind), f"{name}.", part)
            continue
        if not node.has_parameter(name):
            descriptor = _descriptor(field, kind, texts.get(field.name, ""))
            node.declare_parameter(name, getattr(base, field.name), descriptor)
        values[field.name] = _checked(
            f"{node.get_name()}: parameter '{name}'",
            node.get_parameter(name).value,
            kind,
            field.metadata,
        )
    return config(**values)


def _fields(config: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(config)
    return [(field, hints[field.name]) for field in dataclasses.fields(config)]


def _texts(config: type) -> dict[str, str]:
    """Return the docstring's text of each attribute."""
    doc = inspect.cleandoc(config.__doc__ or "")
    _, _, attributes = doc.partition("Attributes:\n")
    found = _TEXT.findall(inspect.cleandoc("\n" + attributes))
    return {name: " ".join(text.split()) for name, text in found}


def _descriptor(
    field: dataclasses.Field[Any], kind: Any, text: str
) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=text, read_only=True)
    # A whole number in YAML is an integer for ROS; it is good enough for a float, so
    # type and range are checked here (`_checked`) and only told to ROS in words.
    descriptor.dynamic_typing = True
    if get_origin(kind) is Literal:
        allowed = ", ".join(str(choice) for choice in get_args(kind))
        descriptor.additional_constraints = f"one of {allowed}"
    elif "min" in field.metadata or "max" in field.metadata:
        low = field.metadata.get("min", "any")
        high = field.metadata.get("max", "any")
        descriptor.additional_constraints = f"{low} to {high}"
    return descriptor


def _checked(what: str, value: Any, kind: Any, metadata: Any) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ConfigError(f"{what}: got {value!r}; allowed {list(get_args(kind))}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"{what}: got {value!r}; a {kind.__name__} wanted")
    if kind in (int, float):
        low = metadata.get("min", -math.inf)
        high = metadata.get("max", math.inf)
        if not low <= value <= high:
            raise ConfigError(f"{what}: got {value}; allowed {low} to {high}")
    return value
