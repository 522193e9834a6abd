# SPDX-License-Identifier: Apache-2.0
"""`renxing eval`: how well does the robot walk, balance, climb, carry?"""

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from renxing.cli.bench import machine
from renxing.cli.extras import fetch_for_robot
from renxing.cli.outputs import want_folder
from renxing.errors import ConfigError, DeviceError
from renxing.resources import resource_root

if TYPE_CHECKING:
    from rich.console import Console

    from renxing.evaluation.limit import Limit
    from renxing.evaluation.report import Scorecard
    from renxing.evaluation.scenario import Scenario
    from renxing.evaluation.scores import Request, Score
    from renxing.evaluation.trial import Outcome, Trial
    from renxing.evaluation.workers import Workers

_HELP = """\
Scenarios stand in config/evaluation; docs/evaluation.md says how to read the report.
The exit code is 1 if something required was missed.

  renxing eval locomotion --robot rx1 --quick
  renxing eval balance --scenario push_standing --html report.html --json report.json
  renxing eval balance --scenario push_walking --limit --seeds 3
  renxing eval locomotion --scenario forward --seeds 1 --video walk.mp4
"""


# Scorecards that have a way of their own.
_OWN = {
    "mapping": ("eval_mapping", "run_mapping"),
    "perception": ("eval_perception", "run_perception"),
    "navigation": ("eval_navigation", "run_navigation"),
    "mission": ("eval_mission", "run_missions"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `eval`."""
    parser.epilog = _HELP
    folder = resource_root() / "config" / "evaluation"
    names = sorted(file.stem for file in folder.glob("*.yaml"))
    known = ", ".join(name for name in names if name != "variation")
    parser.add_argument("scorecard", metavar="SCORECARD", help=f"{known}, or a file")
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first")
    parser.add_argument(
        "--seeds", type=int, metavar="K", help="how many, for every scenario"
    )
    parser.add_argument("--quick", action="store_true", help="the short set")
    parser.add_argument("--aim", action="store_true", help="try the aims too")
    parser.add_argument(
        "--limit",
        action="store_true",
        help="search the greatest level that all seeds master",
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="trials at a time; all cores by default"
    )
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one; may be repeated",
    )
    parser.add_argument(
        "--nominal", action="store_true", help="the robot as described, not varied"
    )
    parser.add_argument(
        "--ideal",
        action="store_true",
        help="give the controller the true state instead of the estimator's",
    )
    parser.add_argument(
        "--ros",
        action="store_true",
        help="in real time through the whole graph, where that can be judged",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report")
    parser.add_argument(
        "--video", type=Path, metavar="FILE", help="write an MP4 of the first trial"
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="of each mission keep velocities, people and plans, as MCAP",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run a scorecard: 1 if something required was missed, else 0."""
    _check(arguments)
    if arguments.record and arguments.scorecard != "mission":
        raise ConfigError(f"--record: not for scorecard '{arguments.scorecard}'")
    if arguments.scorecard in _OWN:
        if arguments.ros:
            raise ConfigError(f"--ros: not for scorecard '{arguments.scorecard}'")
        module, name = _OWN[arguments.scorecard]
        own = importlib.import_module(f"renxing.cli.{module}")
        return int(getattr(own, name)(arguments))
    # Here, so that other commands start without loading robot models.
    from rich.console import Console

    from renxing.environment import require_extra
    from renxing.evaluation.page import write_page
    from renxing.evaluation.report import Scorecard, write_json
    from renxing.evaluation.scenario import choose, load_suite
    from renxing.evaluation.scores import Request
    from renxing.evaluation.trial import run_trial
    from renxing.evaluation.workers import Workers, core_count
    from renxing.robot.files import read_description, robot_file

    suite = load_suite(arguments.scorecard)
    file = robot_file(arguments.robot)
    fetch_for_robot(file)
    if arguments.html or arguments.video:
        require_extra("evaluation")
    robot = read_description(file)[0].name
    scenarios = choose(suite, arguments.scenario, robot)
    work, jobs = run_trial, arguments.jobs or core_count()
    if arguments.ros:
        from renxing.evaluation.live import run_live

        scenarios = _live_ones(arguments, scenarios)
        # One robot at a time, and as it is described.
        work, jobs, arguments.nominal = run_live, 1, True
    request = Request(
        robot=arguments.robot,
        seed=arguments.seed,
        seeds=arguments.seeds,
        quick=arguments.quick,
        aim=arguments.aim,
        nominal=arguments.nominal,
        ideal=arguments.ideal,
    )
    console = Console()
    with Workers(jobs, work) as workers:
        begun = time.monotonic()
        scores: list[Score] = []
        limits: list[Limit] = []
        if arguments.limit:
            limits = _find_limits(scenarios, robot, request, workers, console)
        else:
            scores = _score(suite.name, scenarios, robot, request, workers, console)
    card = Scorecard(
        name=suite.name,
        title=suite.title,
        robot=robot,
        request=request,
        machine=machine(),
        seconds=time.monotonic() - begun,
        scores=tuple(scores),
        limits=tuple(limits),
    )
    _show(card, console)
    if arguments.json:
        write_json(card, arguments.json)
    if arguments.html:
        write_page(card, arguments.html, lambda why: _warn(f"no pictures: {why}"))
    if arguments.video:
        _write_video(card, arguments.video, console)
    return int(card.missed)


def _live_ones(
    arguments: argparse.Namespace, scenarios: "list[Scenario]"
) -> "list[Scenario]":
    """Return the scenarios that can be judged from outside; says which cannot."""
    from renxing.evaluation.live import check_live

    for name in ("limit", "ideal"):
        if getattr(arguments, name):
            raise ConfigError(f"--ros --{name}: only in lock-step")
    if arguments.jobs not in (None, 1):
        raise ConfigError(f"--ros --jobs {arguments.jobs}: in real time one only")
    able = []
    for scenario in scenarios:
        try:
            check_live(scenario)
            able.append(scenario)
        except ConfigError as error:
            if scenario.name in arguments.scenario:
                raise
            print(f"left out: {error}", file=sys.stderr)
    if not able:
        raise ConfigError(f"--ros: nothing of '{arguments.scorecard}' can be judged so")
    return able


def _check(arguments: argparse.Namespace) -> None:
    for name in ("seeds", "jobs"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name} {value}: at least 1 wanted")
    if arguments.seed < 0:
        raise ConfigError(f"--seed {arguments.seed}: at least 0 wanted")
    if arguments.limit and arguments.video:
        raise ConfigError("--limit --video: a search has no trial to show")
    for name in ("json", "html", "video"):
        want_folder(name, getattr(arguments, name))


def _score(
    suite: str,
    scenarios: "list[Scenario]",
    robot: str,
    request: "Request",
    workers: "Workers[Trial, Outcome]",
    console: "Console",
) -> "list[Score]":
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from renxing.evaluation.scores import make_batches, run_batches

    batches = make_batches(scenarios, robot, request)
    trials = [trial for batch in batches for trial in batch.trials]
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        bar = progress.add_task(
            f"{robot} {suite}",
            total=sum(trial.seconds for trial in trials),
            count=f"0/{len(trials)} trials",
        )
        done = failed = 0

        def on_outcome(outcome: "Outcome") -> None:
            nonlocal done, failed
            done, failed = done + 1, failed + (not outcome.success)
            count = f"{done}/{len(trials)} trials, {failed} failed"
            progress.update(bar, advance=outcome.trial.seconds, count=count)

        return run_batches(batches, workers, on_outcome)


def _find_limits(
    scenarios: "list[Scenario]",
    robot: str,
    request: "Request",
    workers: "Workers[Trial, Outcome]",
    console: "Console",
) -> "list[Limit]":
    from renxing.evaluation.limit import find_limits

    with console.status("searching") as status:

        def on_level(
            scenario: "Scenario", direction: float | None, level: float
        ) -> None:
            towards = "" if direction is None else f", {direction:g}°"
            status.update(f"{scenario.name}{towards}: {level:.3g}")

        return list(find_limits(scenarios, robot, request, workers, on_level))


def _show(card: "Scorecard", console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    from renxing.evaluation.words import (
        LIMIT_HEAD,
        SCORE_HEAD,
        limit_cells,
        score_cells,
    )

    head = SCORE_HEAD if card.scores else LIMIT_HEAD
    table = Table(title=f"{card.title}: {card.robot}", title_justify="left")
    for name in head:
        table.add_column(name, no_wrap=name not in ("worst", "why", "verdict"))
    for score in card.scores:
        *cells, verdict = score_cells(score)
        colour = "red" if score.missed else "green"
        # As Text: what comes from files and errors is no markup.
        table.add_row(*map(Text, cells), Text(verdict, style=colour))
    for limit in card.limits:
        table.add_row(*map(Text, limit_cells(limit)))
    console.print(table)
    console.print(f"{card.seconds:.0f} s", highlight=False)


def _write_video(card: "Scorecard", file: Path, console: "Console") -> None:
    from renxing.evaluation.pictures import write_video

    first = card.scores[0].outcomes[0]
    if first.trace is None:
        raise ConfigError(f"--video {file}: the first trial has left no trace")
    with console.status(f"rendering {len(first.trace.frames)} frames"):
        try:
            write_video(file, first.trial, first.trace)
        except DeviceError as error:
            _warn(f"no video: {error}")


def _warn(text: str) -> None:
    print(f"renxing: {text}", file=sys.stderr)
