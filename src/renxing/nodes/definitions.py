# SPDX-License-Identifier: Apache-2.0
"""Definitions of message types as text, from the installed interface packages."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

from renxing.errors import ConfigError

# https://docs.ros.org/en/jazzy/Concepts/Basic/About-Interfaces.html#field-types
PRIMITIVES = {
    *("bool", "byte", "char", "float32", "float64", "string", "wstring"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}
SEPARATOR = "=" * 80

_FIELD = re.compile(r"^\s*([A-Za-z][A-Za-z0-9_/]*)", re.MULTILINE)


def definition_of(kind: str) -> str:
    """Return a message type's definition and, behind it, those that it is made of.

    That is the text that MCAP calls `ros2msg`: each further definition follows a line
    of 80 `=` and a line `MSG: package/Name`.

    Args:
        kind: Such as `geometry_msgs/msg/Pose`.

    Raises:
        ConfigError: If the definition of one of them is not installed.
    """
    package, _, name = kind.partition("/msg/")
    first, *others = _all_needed(f"{package}/{name}")
    parts = [_text(first)]
    parts += [f"{SEPARATOR}\nMSG: {other}\n{_text(other)}" for other in others]
    return "\n".join(parts)


def _all_needed(kind: str) -> list[str]:
    needed = [kind]
    for one in needed:  # it grows meanwhile
        needed += [other for other in _made_of(one) if other not in needed]
    return needed


def _made_of(kind: str) -> Iterator[str]:
    """Yield the types of the fields of a definition, each once."""
    package = kind.partition("/")[0]
    for field in dict.fromkeys(_FIELD.findall(_text(kind))):
        if field not in PRIMITIVES:
            yield field.replace("/msg/", "/") if "/" in field else f"{package}/{field}"


@cache
def _text(kind: str) -> str:
    package, _, name = kind.partition("/")
    try:
        share = Path(get_package_share_directory(package))
        return (share / "msg" / f"{name}.msg").read_text(encoding="utf-8")
    except (LookupError, ValueError, OSError) as error:
        raise ConfigError(f"message type '{kind}': no definition: {error}") from error
