# SPDX-License-Identifier: Apache-2.0
"""`renxing fault`: break hardware or processes of the robot, see what it does."""

import argparse
import os
from pathlib import Path

from renxing.actuation.faults import KINDS, NEEDS_VALUE, Fault, InjectedFault
from renxing.cli import fault_table
from renxing.cli.terminal import table
from renxing.errors import ConfigError, DeviceError
from renxing.runtime.core_report import SOCKET
from renxing.runtime.link import LinkClient
from renxing.runtime.process_faults import PROCESS_FAULTS, STALL, break_process
from renxing.runtime.state import RunFolder

ACTIONS = ("list", "inject", "clear", *PROCESS_FAULTS, "table")
_HELP = """\
kinds, and what --value is:
  drop     values become NaN
  freeze   values stay as they are
  delay    values come late, by --value [s]
  bias     --value is added, in the unit of the interface
  noise    normal noise of standard deviation --value is added; see --seed
  off      joints lose gains and torque
  outage   the component of what is named fails every read

PATTERN is a regular expression for whole names, `part/interface` or `part` alone:
  renxing fault inject freeze left_knee_joint/position --seconds 2
  renxing fault inject bias '.*_ankle_pitch_joint/position' --value 0.02
  renxing fault inject drop pelvis_imu
  renxing fault inject off left_elbow_joint
  renxing fault clear 3        clear number 3; without a number all of them

`kill` and `stall` break software: NAME is a process of the running stack, as `renxing
status` lists them. A stalled one goes on after --seconds.
  renxing fault kill controller_manager
  renxing fault stall bus_left_leg --seconds 0.5

`table` breaks a simulated robot in every declared way, over many seeds, and shows what
it did; words choose cases.

An outage stops the robot, and in simulation its time, until the component is active
again: `ros2 control set_hardware_component_state body active`. Clear it before that.
On a real robot: hang it up first.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `fault`."""
    parser.usage = (
        "renxing fault [-h] list | inject KIND PATTERN [--value X] [--seconds S] "
        "[--start S]\n                     [--seed N] [--commands] | clear [NUMBER]\n"
        "                     | kill NAME | stall NAME [--seconds S] [--namespace NS]\n"
        "                     | table [--robot R] [--seeds K] [--jobs N] [--json FILE]"
    )
    parser.epilog = _HELP
    parser.add_argument("action", choices=ACTIONS)
    words = "KIND PATTERN | NUMBER | NAME | CASE"
    parser.add_argument("words", nargs="*", metavar=words)
    parser.add_argument("--robot", default="rx1", help="of the table, name or file")
    parser.add_argument(
        "--seeds", type=int, default=20, metavar="K", help="of each case of the table"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="trials at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it too")
    parser.add_argument("--value", type=float, metavar="X", help="how much")
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help="how long, on the loop's clock; without it until it is cleared; of a "
        f"stall, on the wall's, {STALL:g} without it [s]",
    )
    parser.add_argument(
        "--start", type=float, default=0.0, metavar="S", help="from now [s]"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of noise")
    parser.add_argument(
        "--commands", action="store_true", help="break commands instead of states"
    )
    parser.add_argument(
        "--namespace", default="", metavar="NS", help="of the running robot"
    )


def run(arguments: argparse.Namespace) -> int:
    """Do it: 0 done, 1 if the table shows that a declared reaction was missed.

    Raises:
        ConfigError: If the words mean nothing, or not for this robot.
        DeviceError: If no core runs, or the process does not.
    """
    if arguments.action == "table":
        return fault_table.run(arguments)
    if arguments.action in PROCESS_FAULTS:
        print(_break_process(arguments))
        return 0
    method, given = _request(arguments)
    link = _connect(arguments.namespace.strip("/"))
    try:
        answer = link.call(method, *given)
    finally:
        link.close()
    if method == "fault":
        print(f"fault {answer} injected; mend it with: renxing fault clear {answer}")
    elif method == "clear_faults":
        print(f"{answer} cleared")
    elif answer:
        head = ("number", "kind", "pattern", "value", "seconds", "state")
        print(table(head, [_row(one) for one in answer]))
    else:
        print("no faults")
    return 0


def _request(arguments: argparse.Namespace) -> tuple[str, tuple[object, ...]]:
    words = arguments.words
    if arguments.action == "inject":
        if len(words) != 2:
            raise ConfigError(
                f"fault inject: got {len(words)} words, allowed: KIND PATTERN; "
                f"kinds: {', '.join(KINDS)}"
            )
        kind, pattern = words
        if (arguments.value is None) == (kind in NEEDS_VALUE):
            wants = "needs" if kind in NEEDS_VALUE else "takes no"
            if kind in KINDS:
                raise ConfigError(f"fault inject {kind}: {wants} --value")
        fault = Fault(
            kind=kind,
            pattern=pattern,
            value=arguments.value or 0.0,
            start=arguments.start,
            duration=arguments.seconds or 0.0,
            seed=arguments.seed,
            commands=arguments.commands,
        )
        return "fault", (fault,)
    if arguments.action == "clear":
        if len(words) > 1 or not all(word.isdigit() for word in words):
            got = " ".join(words)
            raise ConfigError(f"fault clear: got '{got}', allowed: one number or none")
        return "clear_faults", tuple(map(int, words))
    if words:
        raise ConfigError(f"fault list: got '{words[0]}', allowed: no more words")
    return "faults", ()


def _break_process(arguments: argparse.Namespace) -> str:
    kind, words, seconds = arguments.action, arguments.words, arguments.seconds
    if len(words) != 1:
        got = " ".join(words)
        raise ConfigError(f"fault {kind}: got '{got}', allowed: one name of a process")
    if kind == "kill" and seconds is not None:
        raise ConfigError("fault kill: takes no --seconds")
    seconds = STALL if seconds is None else seconds
    return break_process(os.environ, arguments.namespace, words[0], kind, seconds)


def _connect(namespace: str) -> LinkClient:
    path = RunFolder(os.environ, namespace).path / SOCKET
    try:
        return LinkClient(path)
    except DeviceError as error:
        raise DeviceError(
            f"no core runs in namespace '/{namespace}' ({path}); "
            "see what runs with: renxing status"
        ) from error


def _row(one: InjectedFault) -> tuple[str, ...]:
    fault = one.fault
    pattern = f"{fault.pattern} (commands)" if fault.commands else fault.pattern
    return (
        str(one.number),
        fault.kind,
        pattern,
        f"{fault.value:g}" if fault.kind in NEEDS_VALUE else "-",
        f"{fault.duration:g}" if fault.duration else "-",
        "acts" if one.running else "waits",
    )
