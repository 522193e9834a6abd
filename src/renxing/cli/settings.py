# SPDX-License-Identifier: Apache-2.0
"""Arguments in the ROS style, `name:=value`, for the commands that start a stack."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from renxing.cli.extras import fetch_for_robot
from renxing.environment import require_extra
from renxing.errors import ConfigError
from renxing.resources import resource_root
from renxing.runtime.arguments import as_text
from renxing.runtime.bringup import Table, default_table, load_table

# Extras that values of arguments need.
EXTRAS = {
    ("backend", "servo"): "servo",
    ("cameras", "true"): "cameras",
    ("planner", "server"): "language",
    ("planner", "local"): "language-local",
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add `name:=value ...` and `--table` to a command."""
    parser.add_argument(
        "settings", nargs="*", metavar="name:=value", help="set an argument"
    )
    parser.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="bringup table, by default config/bringup.yaml",
    )
    try:
        parser.epilog = _describe(load_table(default_table()))
    except ConfigError:
        parser.epilog = None  # the command itself will say what is wrong


def parse_settings(words: Sequence[str]) -> dict[str, str]:
    """Return the text of each argument by its name.

    Raises:
        ConfigError: If a word is not `name:=value`, or a name comes twice.
    """
    settings: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if not separator or not name:
            raise ConfigError(f"argument '{word}': allowed: name:=value")
        if name in settings:
            raise ConfigError(f"argument '{name}': set twice")
        settings[name] = value
    return settings


def chosen_table(arguments: argparse.Namespace) -> Table:
    """Return the table that `--table` names, or the project's own."""
    return load_table(arguments.table or default_table())


def fetch_for_settings(table: Table, settings: Mapping[str, str]) -> None:
    """Install what robot and arguments need beyond the default environment.

    Raises:
        ConfigError: If that is absent and cannot be fetched.
    """
    arguments = {argument.name: argument for argument in table.arguments}
    for (name, value), extra in EXTRAS.items():
        if settings.get(name) == value:
            require_extra(extra)
    if "robot" not in arguments:
        return
    name = settings.get("robot", as_text(arguments["robot"].default))
    named = resource_root() / "config" / "robots" / f"{name}.yaml"
    fetch_for_robot(named if named.exists() else Path(name))


def process_environment() -> dict[str, str]:
    """Return the environment variables that the processes inherit."""
    return dict(os.environ)


def _describe(table: Table) -> str:
    rows = []
    for argument in table.arguments:
        default = as_text(argument.default) or '""'
        choices = f" ({argument.allowed()})" if argument.choices else ""
        rows.append((f"  {argument.name}:={default}", f"{argument.help}{choices}"))
    width = max((len(left) for left, _ in rows), default=0)
    lines = [f"{left:<{width}}  {right}" for left, right in rows]
    return "\n".join(["arguments and their defaults:", *lines])
