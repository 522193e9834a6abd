# SPDX-License-Identifier: Apache-2.0
"""`renxing eval mission`: is what was asked for done, and is what it says true?

Each mission starts the whole stack anew, by `renxing demo`, and lasts as long as that:
the robot runs in real time. So missions come one after the other.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renxing.cli.bench import machine
from renxing.cli.settings import process_environment
from renxing.cli.terminal import table
from renxing.environment import require_extra
from renxing.errors import ConfigError
from renxing.runtime.boards import core_block

if TYPE_CHECKING:
    from renxing.evaluation.mission import Judgement, Mission

QUICK_SEEDS = 2
BOOT = 400.0  # [s] that a first start may take, which compiles
# Of each mission; units are in `Judgement`.
SHOWN = {
    "time": "time [s]",
    "way": "way [m]",
    "claimed": "it says [m]",
    "person": "nearest person [m]",
    "loop_p99": "loop p99 [µs]",
}


def run_missions(arguments: argparse.Namespace) -> int:
    """Run the scorecard: 1 if something required was missed, else 0.

    Raises:
        ConfigError: If an option makes no sense here, or something cannot be loaded.
    """
    for name in ("limit", "nominal", "ideal", "video", "aim", "html"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name}: scorecard 'mission' knows nothing of it")
    if arguments.jobs not in (None, 1):
        raise ConfigError(
            f"--jobs {arguments.jobs}: the robot runs in real time, 1 only"
        )
    unknown = set(arguments.scenario) - {"alone", "crossing"}
    if unknown:
        raise ConfigError(
            f"--scenario {', '.join(sorted(unknown))}: 'alone' or 'crossing' wanted"
        )
    for extra in ("cameras", "mapping"):
        require_extra(extra)
    # Here, so that other commands start without loading robot models.
    from renxing.evaluation.mission import load_missions, make_mission

    # However this ends, no stack is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    suite = load_missions()
    count = arguments.seeds or (QUICK_SEEDS if arguments.quick else suite.seeds)
    seeds = range(arguments.seed, arguments.seed + count)
    missed, tree = False, []
    for scenario in arguments.scenario or ("alone", "crossing"):
        crossing = scenario == "crossing"
        done: list[tuple[Mission, Judgement]] = []
        for seed in seeds:
            mission = make_mission(suite, seed, crossing=crossing)
            print(f"{scenario} {seed}: {mission.text}", flush=True)
            judged = _live(mission, arguments.robot)
            told = judged.answer or "-"
            print(f"  {told} [{'; '.join(judged.failures) or 'ok'}]", flush=True)
            done.append((mission, judged))
        missed |= _show(scenario, done)
        tree += [_plain(scenario, mission, judged) for mission, judged in done]
        if arguments.json:
            card = {"scorecard": suite.name, "robot": arguments.robot}
            card |= {"machine": machine(), "missions": tree}
            arguments.json.write_text(
                json.dumps(card, indent=2, ensure_ascii=False), encoding="utf-8"
            )
    return int(missed)


def _live(mission: "Mission", robot: str) -> "Judgement":
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
        words += [f"robot:={robot}", f"world:={world}", "record:=false"]
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
    try:
        stack.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"  no end after {seconds:g} s: stopped", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if stack.poll() is not None:
                break
            os.kill(stack.pid, number)
            end = time.monotonic() + 30.0
            while stack.poll() is None and time.monotonic() < end:
                time.sleep(0.1)


def _show(scenario: str, done: "list[tuple[Mission, Judgement]]") -> bool:
    """Print a table; returns whether something required was missed."""
    rows = [
        (
            str(mission.seed),
            *(f"{judged.measures[name]:.3g}" for name in SHOWN),
            "; ".join(judged.failures) or "ok",
        )
        for mission, judged in done
    ]
    suite = done[0][0].suite
    print(f"\n{suite.title}: {scenario}")
    print(table(("seed", *SHOWN.values(), "result"), rows), end="\n\n")
    good = sum(not judged.failures for _, judged in done)
    untouched = sum(not judged.touched for _, judged in done)
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
        "measures": judged.measures,
    }
