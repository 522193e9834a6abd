# SPDX-License-Identifier: Apache-2.0
"""`renxing demo`: the whole stack and a simulated robot that does what it is asked."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renxing.cli.ask import MODULE
from renxing.cli.outputs import want_folder
from renxing.cli.settings import (
    add_settings,
    chosen_table,
    fetch_for_settings,
    parse_settings,
    process_environment,
)
from renxing.cli.terminal import box
from renxing.environment import require_extra
from renxing.runtime.bringup import ProcessSpec
from renxing.runtime.ledger_report import in_words
from renxing.runtime.logs import recording_root
from renxing.runtime.stack import Request, run_stack

TASK = "go around the table to the red crate, look at it and tell me what is on it"
# What the task wants, unless somebody says otherwise.
SETTINGS = {
    "world": "workshop",
    "cameras": "true",
    "objects": "true",
    "navigation": "true",
    "brain": "true",
    # Thousands of messages a second; the core's black box has them all.
    "record_exclude": "imu|wrench",
}
FILM = "renxing.nodes.film"
Show = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `demo`."""
    add_settings(parser)
    parser.add_argument("--ask", metavar="TEXT", default=TASK, help="what it shall do")
    parser.add_argument(
        "--no-task", action="store_true", help="only start the robot, quicker"
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="without the page; stop after the task, the exit code is 0 if it was done",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what was measured"
    )
    parser.add_argument("--no-film", action="store_true", help="make no film of it")
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
    """Run the demo: 0 if all processes were well and the task, if any, was done."""
    want_folder("json", arguments.json)
    table = chosen_table(arguments)
    settings = parse_settings(arguments.settings)
    known = {argument.name for argument in table.arguments}
    simulated = settings.get("backend", "mujoco") == "mujoco"
    with_task = simulated and not arguments.no_task and known >= SETTINGS.keys()
    if with_task:
        settings = {**SETTINGS, **settings}
        with_task = settings["brain"] == "true"
    if arguments.headless:
        settings.setdefault("console", "false")
    recording = _recording(settings) if with_task else None
    fetch_for_settings(table, settings)
    if recording and not arguments.no_film:
        require_extra("evaluation")
    errand = _Errand(arguments.ask, settings, arguments.headless)

    def when_ready(specs: Sequence[ProcessSpec], show: Show) -> None:
        url = page_url(specs)
        show(box(_greeting(url)))
        if url and arguments.open:
            _open(url)
        if with_task:
            errand.begin(show)

    outcome = run_stack(
        Request(
            table=table,
            arguments=settings,
            environment=process_environment(),
            seconds=arguments.seconds,
            on_ready=when_ready,
        )
    )
    done = errand.end()
    if arguments.json and errand.measured:
        text = json.dumps(errand.measured, ensure_ascii=False, indent=1)
        arguments.json.write_text(text, encoding="utf-8")
    if recording and recording.exists():
        film = None if arguments.no_film else _film(recording)
        print(box(_closing(errand.measured, recording, film, outcome.logs)))
    well = outcome.exit_code == 0 and outcome.healthy
    return 0 if well and (done or not arguments.headless) else 1


@dataclass(slots=True)
class _Errand:
    """The task, asked by a client beside the stack.

    Attributes:
        text: What to do.
        settings: Of the stack.
        last: Whether the stack ends with it.
        measured: What came of it, as `renxing ask --json` writes it.
    """

    text: str
    settings: Mapping[str, str]
    last: bool
    measured: dict[str, Any] = field(default_factory=dict)
    _thread: threading.Thread | None = None
    _client: "subprocess.Popen[str] | None" = None

    def begin(self, show: Show) -> None:
        """Ask, and print what comes."""
        self._thread = threading.Thread(target=self._run, args=(show,), daemon=True)
        self._thread.start()

    def end(self) -> bool:
        """Wait for the client; says whether the task was done, with no fall."""
        if self._client is not None and self._client.poll() is None:
            self._client.send_signal(signal.SIGINT)
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        return bool(self.measured.get("success")) and not self.measured.get("falls")

    def _run(self, show: Show) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "measured.json"
            words = [sys.executable, "-m", MODULE, self.text, "--json", str(file)]
            words += ["--namespace", self.settings.get("namespace", "")]
            self._client = subprocess.Popen(
                words,
                env={**process_environment(), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                process_group=0,  # Ctrl-C is the stack's, which ends it
            )
            for line in self._client.stdout or ():
                show(line.rstrip("\n"))
            self._client.wait()
            if file.exists():
                self.measured = json.loads(file.read_text(encoding="utf-8"))
        if self.last:
            os.kill(os.getpid(), signal.SIGINT)


def page_url(specs: Sequence[ProcessSpec]) -> str | None:
    """Return the address of the operator page, or None if no console runs."""
    for spec in specs:
        parameters = spec.parameters.get("console")
        if parameters and "port" in parameters:
            host = parameters.get("host", "127.0.0.1")
            return f"http://{host}:{parameters['port']}/"
    return None


def _recording(settings: dict[str, str]) -> Path | None:
    """Choose a file for the recording, unless somebody has; None for no recording."""
    wanted = settings.get("record", "true")
    if wanted == "true":
        name = time.strftime("demo-%Y%m%d-%H%M%S.mcap")
        wanted = settings["record"] = str(recording_root(os.environ) / name)
    return None if wanted == "false" else Path(wanted)


def _film(recording: Path) -> Path | None:
    """Make a film of the recording; None if that fails, which is said."""
    film = recording.with_suffix(".mp4")
    words = [sys.executable, "-m", FILM, str(recording), str(film)]
    try:
        done = subprocess.run(words, env=process_environment()).returncode == 0
    except KeyboardInterrupt:
        done = False
    return film if done else None


def _greeting(url: str | None) -> list[str]:
    look = f"See and move it:  {url}" if url else "No page: the console does not run."
    return [
        "The robot is running.",
        "",
        look,
        "",
        "In another terminal:",
        '  ./renxing ask "wave"    have it do something, in words',
        "  ./renxing status        the processes and their load",
        "  ./renxing doctor        what this machine can and cannot do",
        "",
        "Ctrl-C stops everything.  renxing demo --help lists what can be set.",
    ]


def _closing(
    measured: Mapping[str, Any], recording: Path, film: Path | None, logs: Path
) -> list[str]:
    falls = measured.get("falls", 0)
    walked = measured.get("distance")
    way = "who knows how far" if walked is None else f"{walked:.1f} m"
    done = "done" if measured.get("success") else "not done"
    lines = [
        f"Task {done}: walked {way} in "
        f"{measured.get('duration', 0.0):.0f} s, {falls} falls, "
        f"{in_words(measured)}",
    ]
    if measured.get("answer"):
        lines.append(f"It said: {measured['answer']}")
    elif measured.get("reason"):
        lines.append(f"Because: {measured['reason']}")
    lines += [f"logs      {logs}", f"recording {recording}"]
    return lines + ([f"film      {film}"] if film else [])


def _open(url: str) -> None:
    # A process of its own: some browsers block until they are closed.
    subprocess.Popen(
        [sys.executable, "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
