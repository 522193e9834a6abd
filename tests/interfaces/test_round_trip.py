# SPDX-License-Identifier: Apache-2.0
"""Every type we build goes through the wire format and comes back the same."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rclpy.serialization import deserialize_message, serialize_message
from rosidl_parser.definition import (
    AbstractSequence,
    AbstractString,
    Array,
    BasicType,
    NamespacedType,
)

SOURCES = Path(__file__).parents[2] / "src"
DEFINITIONS = sorted(
    path
    for suffix in ("msg", "srv", "action")
    for package in ("interfaces/*", "renxing_msgs")
    for path in SOURCES.glob(f"{package}/{suffix}/*.{suffix}")
)


def fill(message: Any) -> None:
    """Give every field, at any depth, a value that is not its default."""
    for name, kind in zip(
        message.get_fields_and_field_types(), message.SLOT_TYPES, strict=True
    ):
        if isinstance(kind, NamespacedType):
            fill(getattr(message, name))
        elif isinstance(kind, AbstractSequence):
            setattr(message, name, [value_of(kind.value_type) for _ in range(3)])
        elif isinstance(kind, Array):
            setattr(message, name, [value_of(kind.value_type)] * kind.size)
        else:
            setattr(message, name, value_of(kind))


def value_of(kind: Any) -> Any:
    """Return a value of one type that differs from its default."""
    if isinstance(kind, NamespacedType):
        module = import_module(".".join(kind.namespaces))
        message = getattr(module, kind.name)()
        fill(message)
        return message
    if isinstance(kind, AbstractString):
        return "人形"
    assert isinstance(kind, BasicType)
    if kind.typename == "boolean":
        return True
    if kind.typename == "octet":
        return b"\x07"
    return 1.5 if kind.typename in ("float", "double") else 7


def parts(definition: Path) -> list[Any]:
    """Return the message classes that one definition file stands for."""
    package, kind, name = definition.parts[-3], definition.parts[-2], definition.stem
    interface = getattr(import_module(f"{package}.{kind}"), name)
    if kind == "msg":
        return [interface]
    if kind == "srv":
        return [interface.Request, interface.Response]
    return [interface.Goal, interface.Result, interface.Feedback]


def test_every_definition_is_seen() -> None:
    assert len(DEFINITIONS) > 50


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda path: path.name)
def test_round_trip(definition: Path) -> None:
    for message_class in parts(definition):
        sent = message_class()
        fill(sent)
        received = deserialize_message(serialize_message(sent), message_class)
        assert received == sent
