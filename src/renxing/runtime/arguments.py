# SPDX-License-Identifier: Apache-2.0
"""The arguments of a bringup table: their types, values and `$(name)`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from renxing.errors import ConfigError
from renxing.resources import resource

ArgumentType = Literal["bool", "int", "float", "text", "switch"]
Scalar = bool | int | float | str
Parameter = Scalar | list[Scalar]

_REFERENCE = re.compile(r"\$\(([^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument that a user may set as `name:=text`.

    Attributes:
        name: What stands before `:=`.
        type: What the text means.
        default: The value when it is not set, of that type.
        help: One line for the user.
        choices: The allowed values; empty when any is.
        folder: If set, the value is a name in this folder of the project or the
            path of a YAML file.
    """

    name: str
    type: ArgumentType
    default: Scalar
    help: str
    choices: tuple[Scalar, ...] = ()
    folder: str | None = None

    def parse(self, text: str) -> Scalar:
        """Turn the text of a user into a value.

        Raises:
            ConfigError: If the text is not of the type or not among the choices.
        """
        value = _parse(self.type, text)
        if value is None or (self.choices and value not in self.choices):
            raise ConfigError(
                f"argument '{self.name}': got '{text}', allowed: {self.allowed()}"
            )
        return self._found(str(value)) if self.folder else value

    def allowed(self) -> str:
        """Return the allowed values in words."""
        if self.choices:
            return ", ".join(as_text(choice) for choice in self.choices)
        if self.folder:
            names = ", ".join(_names_in(self.folder)) or "no name yet"
            return f"{names} (in {self.folder}), or the path of a YAML file"
        return {
            "bool": "true, false",
            "int": "a whole number",
            "float": "a number",
            "text": "any text",
            "switch": "true, false, or a text",
        }[self.type]

    def _found(self, value: str) -> str:
        if value in _names_in(str(self.folder)):
            return value
        path = Path(value).expanduser()
        if path.suffix in (".yaml", ".yml") and path.is_file():
            return str(path.resolve())
        raise ConfigError(
            f"argument '{self.name}': got '{value}', allowed: {self.allowed()}"
        )


def values_of(
    arguments: Sequence[Argument], given: Mapping[str, str]
) -> dict[str, Scalar]:
    """Return the value of every argument.

    Args:
        arguments: What the table declares.
        given: What the user set, as text.

    Raises:
        ConfigError: If a name is unknown or a value is not allowed.
    """
    known = [argument.name for argument in arguments]
    for name in given:
        if name not in known:
            raise ConfigError(
                f"argument '{name}': unknown, allowed: {', '.join(known)}"
            )
    return {
        argument.name: argument.parse(
            given.get(argument.name, as_text(argument.default))
        )
        for argument in arguments
    }


def references(text: str) -> list[str]:
    """Return the names in the `$(name)` of a text."""
    return _REFERENCE.findall(text)


def substitute(
    text: str, arguments: Sequence[Argument], values: Mapping[str, Scalar]
) -> Scalar:
    """Put the values of arguments in the place of `$(name)`.

    A text that is nothing but one `$(name)` takes over the type of the argument.
    """
    plain = {
        argument.name: _content(argument, values[argument.name])
        for argument in arguments
    }
    whole = _REFERENCE.fullmatch(text)
    if whole:
        return plain[whole[1]]
    return _REFERENCE.sub(lambda match: as_text(plain[match[1]]), text)


def is_on(value: Scalar) -> bool:
    """Tell whether a bool or switch is on: true, or a text."""
    return value if isinstance(value, bool) else bool(value)


def as_text(value: Scalar) -> str:
    """Write a value as a user would: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _content(argument: Argument, value: Scalar) -> Scalar:
    if argument.type == "switch" and isinstance(value, bool):
        return ""
    return value


def _parse(kind: ArgumentType, text: str) -> Scalar | None:
    truth = {"true": True, "false": False}.get(text.lower())
    try:
        match kind:
            case "bool":
                return truth
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "switch":
                return truth if truth is not None else text or None
            case "text":
                return text
    except ValueError:
        return None


def _names_in(folder: str) -> list[str]:
    try:
        return sorted(path.stem for path in resource(folder).glob("*.yaml"))
    except ConfigError:
        return []
