# SPDX-License-Identifier: Apache-2.0
"""`renxing eval mission`: is what was asked for done, and is what it says true?

Each mission starts the whole stack anew, by `renxing demo`, and lasts as long as that:
the robot runs in real time. So missions come one after the other.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renxing.cli.bench import machine
from renxing.cli.eval_card import refuse
from renxing.cli.outputs import want_folder
from renxing.cli.settings import process_environment
from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError
from renxing.runtime.boards import core_block

if TYPE_CHECKING:
    from renxing.evaluation.mission import Judgement, Mission

QUICK_SEEDS = 2
BOOT = 400.0  # [s] that a first start may take, which compiles
# How it came to a touch; more would weigh on the machine that is judged.
KEPT = "people|cmd_vel|odom|plan|brain/.*|locomotion/status|diagnostics"
# Of each mission; units are in `Judgement`.
SHOWN = {
    "time": "time [s]",
    "way": "way [m]",
    "claimed": "it says [m]",
    "person": "nearest person [m]",
    "loop_p99": "loop p99 [µs]",
    "loop_late": "late [-]",
}


def run_missions(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    refuse(arguments, "mission")
    if arguments.jobs not in (None, 1):
        raise ConfigError(
            f"--jobs {arguments.jobs}: the robot runs in real time, 1 only"
        )
    unknown = set(arguments.scenario) - {"alone", "crossing"}
    if unknown:
        raise ConfigError(
            f"--scenario {', '.join(sorted(unknown))}: 'alone' or 'crossing' wanted"
        )
    require_extra("cameras")
    want_folder("record", arguments.record)
    if arguments.record:
        arguments.record.mkdir(exist_ok=True)
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.document import write_html, write_tree
    from renxing.evaluation.mission import load_missions, make_mission

    # However this ends, no stack is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    suite = load_missions()
    count = arguments.seeds or (QUICK_SEEDS if arguments.quick else suite.seeds)
    seeds = range(arguments.seed, arguments.seed + count)
    missed, tree = False, []
    parts = [f"<h1>{escape(suite.title)}: {escape(arguments.robot)}</h1>"]
    for scenario in arguments.scenario or ("alone", "crossing"):
        done: list[tuple[Mission, Judgement]] = []
        for seed in seeds:
            mission = make_mission(suite, seed, crossing=scenario == "crossing")
            print(f"{scenario} {seed}: {mission.text}", flush=True)
            record = "false"
            if arguments.record:
                name = time.strftime(f"{scenario}-{seed}-%Y%m%d-%H%M%S.mcap")
                record = str(arguments.record.absolute() / name)
            judged = _live(mission, arguments.robot, record)
            told = judged.answer or "-"
            print(f"  {told} [{'; '.join(judged.failures) or 'ok'}]", flush=True)
            for meeting in judged.meetings:
                print(f"  {meeting}", flush=True)
            done.append((mission, judged))
            tree.append(_plain(scenario, mission, judged))
            if arguments.json:
                card = {"scorecard": suite.name, "robot": arguments.robot}
                write_tree(
                    arguments.json, {**card, "machine": machine(), "missions": tree}
                )
        missed |= _show(scenario, done)
        if arguments.html:
            parts += _section(scenario, done)
            write_html(arguments.html, suite.title, parts)
    return int(missed)


def _live(mission: "Mission", robot: str, record: str) -> "Judgement":
    """Have the whole stack do a mission while a witness watches."""
    from renxing.evaluation.mission import judge
    from renxing.evaluation.witness import Witness
    from renxing.robot import load_robot
    from renxing.sim.placement import write_world

    with tempfile.TemporaryDirectory(prefix="renxing-mission-") as folder:
        world, answer = Path(folder) / "world.yaml", Path(folder) / "answer.json"
        write_world(mission.file, world)
        words = [sys.executable, "-m", "renxing.cli.main", "demo", "--headless"]
        words += ["--no-film", "--ask", mission.text, "--json", str(answer)]
        words += [f"robot:={robot}", f"world:={world}", f"record:={record}"]
        words += [f"record_exclude:=^(?!/({KEPT})$)"]
        words += [f"places:={mission.suite.places}"]
        log = Path(folder) / "log"
        with Witness(core_block(""), load_robot(robot), mission.world) as witness:
            with log.open("wb") as stream:
                stack = subprocess.Popen(
                    words,
                    env=process_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            _await(stack, BOOT + mission.suite.duration)
        said: dict[str, Any] = {}
        if answer.exists():
            said = json.loads(answer.read_text(encoding="utf-8"))
        else:
            print("\n".join(log.read_text(errors="replace").splitlines()[-12:]))
        return judge(mission, said, witness.saw)


def _await(stack: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait for the stack, and see to it that it ends whatever happens."""
    from renxing.evaluation.live import end

    try:
        stack.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"  no end after {seconds:g} s: stopped", flush=True)
    finally:
        end(stack)


def _rows(done: "list[tuple[Mission, Judgement]]") -> list[tuple[str, ...]]:
    return [
        (
            str(mission.seed),
            *(f"{judged.measures[name]:.3g}" for name in SHOWN),
            "; ".join(judged.failures) or "ok",
        )
        for mission, judged in done
    ]


def _section(scenario: str, done: "list[tuple[Mission, Judgement]]") -> list[str]:
    """Return what a page shows of missions: a table, and the rooms from above."""
    from renxing.evaluation import document
    from renxing.evaluation.routes import Route, draw

    head = ("seed", *SHOWN.values(), "asked", "answer", "result")
    rows = [
        (*cells[:-1], mission.text, judged.answer, cells[-1])
        for cells, (mission, judged) in zip(_rows(done), done, strict=True)
    ]
    routes = [
        Route(
            title=f"{scenario} {mission.seed}",
            world=mission.world,
            track=judged.track,
            well=not judged.failures,
        )
        for mission, judged in done
    ]
    return [
        f"<h2>{scenario}</h2>",
        document.table(head, rows, [bool(judged.failures) for _, judged in done]),
        document.image(draw(routes), "image/png", "the rooms from above"),
    ]


def _show(scenario: str, done: "list[tuple[Mission, Judgement]]") -> bool:
    """Print a table; returns whether something required was missed."""
    suite = done[0][0].suite
    print(f"\n{suite.title}: {scenario}")
    print(table(("seed", *SHOWN.values(), "result"), _rows(done)), end="\n\n")
    good = sum(not judged.failures for _, judged in done)
    untouched = sum(not (judged.touched or judged.unseen) for _, judged in done)
    missed = False
    if scenario == "crossing":
        required = suite.crossing.required
        print(f"nobody touched: {untouched} of {len(done)}, required {required:.0%}")
        print(f"without failure: {good} of {len(done)}", end="\n\n")
        missed = untouched < required * len(done)
    else:
        print(f"without failure: {good} of {len(done)}, required {suite.required:.0%}")
        missed = good < suite.required * len(done)
    return missed


def _plain(scenario: str, mission: "Mission", judged: "Judgement") -> dict[str, Any]:
    return {
        "scenario": scenario,
        "seed": mission.seed,
        "asked": mission.text,
        "answer": judged.answer,
        "on_crate": [f"{color} {label}" for label, color in mission.truth],
        "failures": list(judged.failures),
        "touched": list(judged.touched),
        "meetings": list(judged.meetings),
        "measures": judged.measures,
    }
