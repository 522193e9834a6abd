# SPDX-License-Identifier: Apache-2.0
"""`renxing replay`: watch a recording again, on the page or as a film."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from renxing.cli.demo import page_url
from renxing.cli.settings import (
    fetch_for_settings,
    parse_settings,
    process_environment,
)
from renxing.cli.terminal import box
from renxing.environment import require_extra
from renxing.errors import ConfigError
from renxing.resources import resource
from renxing.runtime.bringup import ProcessSpec, load_table
from renxing.runtime.playback import Playback
from renxing.runtime.stack import Request, run_stack

FILM = "renxing.nodes.film"
IN_FILE = ("robot", "world", "namespace")  # what a recording says of itself
SIZES = {"width": (160, 1920), "height": (120, 1080), "fps": (1, 60)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `replay`."""
    parser.add_argument("file", type=Path, metavar="FILE.mcap", help="the recording")
    parser.add_argument(
        "settings", nargs="*", metavar="name:=value", help="port, console, namespace, "
        "exclude, and what the file does not say: robot, world"
    )  # fmt: skip
    number = _number_from(0.0)
    parser.add_argument(
        "--rate", type=_number_from(0.01), default=1.0, metavar="R",
        help="play it R times as fast",
    )  # fmt: skip
    parser.add_argument(
        "--start", type=number, default=0.0, metavar="S", help="leave out S seconds"
    )
    parser.add_argument(
        "--seconds", type=number, default=0.0, metavar="N", help="play N seconds only"
    )
    parser.add_argument("--loop", action="store_true", help="begin again at the end")
    parser.add_argument(
        "--video", type=Path, metavar="OUT.mp4",
        help="instead of playing it, make a film, and OUT.srt with what was said",
    )  # fmt: skip
    for name, default in (("width", 640), ("height", 360), ("fps", 20)):
        parser.add_argument(f"--{name}", type=int, default=default, help="of the film")


def run(arguments: argparse.Namespace) -> int:
    """Play the recording until Ctrl-C, or make a film of it: 0 if all went well."""
    settings = parse_settings(arguments.settings)
    if arguments.video is not None:
        return _film(arguments, settings)
    for name in ("file", "rate", "start", "seconds", "loop"):
        if name in settings:
            raise ConfigError(f"argument '{name}': write --{name} instead")
    # A wrong file is an answer, not a log line of a process.
    said = Playback(arguments.file).metadata.get("renxing", {})
    known = {name: said[name] for name in IN_FILE if said.get(name)}
    table = load_table(resource("config/replay.yaml"))
    settings = {
        **known,
        **settings,
        "file": str(arguments.file.resolve()),
        "rate": str(float(arguments.rate)),
        "start": str(float(arguments.start)),
        "seconds": str(float(arguments.seconds)),
        "loop": str(arguments.loop).lower(),
    }
    fetch_for_settings(table, settings)

    def when_ready(specs: Sequence[ProcessSpec], show: Callable[[str], None]) -> None:
        url = page_url(specs)
        watch = f"Watch it:  {url}" if url else "No page: the console does not run."
        show(box([f"Playing {arguments.file}.", "", watch, "", "Ctrl-C ends it."]))

    request = Request(
        table=table,
        arguments=settings,
        environment=process_environment(),
        on_ready=when_ready,
    )
    return run_stack(request).exit_code


def _film(arguments: argparse.Namespace, settings: dict[str, str]) -> int:
    for name in settings:
        if name not in ("robot", "world"):
            raise ConfigError(
                f"argument '{name}': a film has none; allowed: robot, world"
            )
    for name, (least, most) in SIZES.items():
        value = getattr(arguments, name)
        if not least <= value <= most or (name != "fps" and value % 2):
            even = "" if name == "fps" else "even numbers "
            raise ConfigError(
                f"--{name} {value}: allowed: {even}from {least} to {most}"
            )
    if arguments.loop:
        raise ConfigError("--loop: a film has an end")
    # A wrong file is known before anything is fetched.
    said = Playback(arguments.file).metadata.get("renxing", {})
    table = load_table(resource("config/replay.yaml"))
    known = {name: said[name] for name in ("robot", "world") if said.get(name)}
    fetch_for_settings(table, {**known, **settings})
    require_extra("evaluation")
    words = [sys.executable, "-m", FILM, str(arguments.file), str(arguments.video)]
    for name in (*SIZES, "rate", "start"):
        words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.seconds:
        words += ["--seconds", str(arguments.seconds)]
    for name, value in settings.items():
        words += [f"--{name}", value]
    sys.stdout.flush()
    # In place of this process: only nodes know ROS, whose messages these are.
    os.execve(words[0], words, process_environment())


def _number_from(least: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and value >= least):
            raise argparse.ArgumentTypeError(f"{text}: allowed: from {least:g} on")
        return value

    return number
