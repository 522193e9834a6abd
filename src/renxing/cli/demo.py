# SPDX-License-Identifier: Apache-2.0
"""`renxing demo`: the whole stack with a simulated robot, and where to look."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from renxing.cli.settings import (
    add_settings,
    chosen_table,
    fetch_for_settings,
    parse_settings,
    process_environment,
)
from renxing.cli.terminal import box
from renxing.runtime.bringup import ProcessSpec
from renxing.runtime.stack import Request, run_stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `demo`."""
    add_settings(parser)
    parser.add_argument(
        "--open", action="store_true", help="open the page in the browser"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="stop by itself after N seconds; the exit code is 0 if all went well",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo: 0 if every process got ready and none failed or restarted."""

    def when_ready(specs: Sequence[ProcessSpec], show: Callable[[str], None]) -> None:
        url = page_url(specs)
        show(box(_greeting(url)))
        if url and arguments.open:
            _open(url)

    table = chosen_table(arguments)
    settings = parse_settings(arguments.settings)
    fetch_for_settings(table, settings)
    outcome = run_stack(
        Request(
            table=table,
            arguments=settings,
            environment=process_environment(),
            seconds=arguments.seconds,
            on_ready=when_ready,
        )
    )
    return 0 if outcome.exit_code == 0 and outcome.healthy else 1


def page_url(specs: Sequence[ProcessSpec]) -> str | None:
    """Return the address of the operator page, or None if no console runs."""
    for spec in specs:
        parameters = spec.parameters.get("console")
        if parameters and "port" in parameters:
            host = parameters.get("host", "127.0.0.1")
            return f"http://{host}:{parameters['port']}/"
    return None


def _greeting(url: str | None) -> list[str]:
    look = f"See and move it:  {url}" if url else "No page: the console does not run."
    return [
        "The robot is running.",
        "",
        look,
        "",
        "In another terminal:",
        "  ./renxing status        the processes and their load",
        "  ./renxing doctor        what this machine can and cannot do",
        "",
        "Ctrl-C stops everything.  renxing demo --help lists what can be set.",
    ]


def _open(url: str) -> None:
    # A process of its own: some browsers block until they are closed.
    subprocess.Popen(
        [sys.executable, "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
