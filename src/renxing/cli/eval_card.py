# SPDX-License-Identifier: Apache-2.0
"""What scorecards of numbers have in common on the command line."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError

if TYPE_CHECKING:
    from renxing.evaluation.card import Card

Outcome = TypeVar("Outcome")


def refuse(arguments: argparse.Namespace, scorecard: str, *options: str) -> None:
    """Refuse options that mean nothing to a scorecard, and load what its page needs.

    Args:
        arguments: Of `eval`.
        scorecard: Its name.
        options: Beside those that only scenarios of motion know.

    Raises:
        ConfigError: If one of them was given, or a page cannot be written.
    """
    for name in ("limit", *options, "nominal", "ideal", "video", "aim"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name}: scorecard '{scorecard}' knows nothing of it")
    if arguments.html:
        require_extra("evaluation")


def prepare(
    arguments: argparse.Namespace, scorecard: str, *extras: str
) -> tuple[str, range]:
    """Return name of the robot and seeds, with everything there that is needed.

    Args:
        arguments: Of `eval`.
        scorecard: Its name.
        extras: Without which it cannot run.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    refuse(arguments, scorecard, "scenario")
    for extra in extras:
        require_extra(extra)
    # Here, so that other commands start without loading robot models.
    from renxing.robot.files import read_description, robot_file

    robot = read_description(robot_file(arguments.robot))[0].name
    count = arguments.seeds or (1 if arguments.quick else 3)
    return robot, range(arguments.seed, arguments.seed + count)


def show(
    card: "Card[Outcome]",
    seeds: Sequence[int],
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Print what was measured, then what was wanted.

    Args:
        card: What was found.
        seeds: Of the trials.
        head: Of the columns of what was measured.
        rows: Their cells.
    """
    from renxing.evaluation.card import HEAD

    print(f"{card.title}: {card.robot}, {len(seeds)} seeds, {card.seconds:.0f} s")
    print(table(head, rows), end="\n\n")
    print(table(HEAD, [verdict.cells() for verdict in card.verdicts]))
