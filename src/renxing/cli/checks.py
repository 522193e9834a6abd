# SPDX-License-Identifier: Apache-2.0
"""What a check of `renxing doctor` is, and how it is run without doing harm."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check has found.

    Attributes:
        name: Of what was checked.
        status: `WARN` if something works worse, `FAIL` if it does not work.
        found: What was found, in a few words.
        fix: One line to run or to read; empty if nothing is to be fixed.
    """

    name: str
    status: Status
    found: str
    fix: str = ""


Check = Callable[[Mapping[str, str]], Iterable[Result]]


def run_check(check: Check, environment: Mapping[str, str]) -> list[Result]:
    """Run one check; whatever goes wrong in it is itself a finding."""
    try:
        return list(check(environment))
    except Exception as error:  # one broken check must not hide the others
        name = check.__name__.removeprefix("check_").replace("_", " ")
        return [
            Result(
                name=name,
                status="FAIL",
                found=f"the check itself failed: {type(error).__name__}: {error}",
                fix="please report it, with the output of: renxing doctor --json",
            )
        ]


def run_python(
    words: Sequence[str], environment: Mapping[str, str], timeout: float
) -> "subprocess.CompletedProcess[str]":
    """Run this interpreter apart, so that a crash or a hang there stays there.

    Args:
        words: Arguments of the interpreter.
        environment: All environment variables.
        timeout: Longest run [s].

    Raises:
        subprocess.TimeoutExpired: If it takes longer; it is killed then.
    """
    return subprocess.run(
        [sys.executable, *words],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
    )


def last_line(text: str) -> str:
    """Return the last line that says something: the message of a traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
