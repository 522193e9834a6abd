# SPDX-License-Identifier: Apache-2.0
"""A trial through the whole graph: core, estimator, gait and `cmd_vel`, in real time.

In: a `Trial` whose course is velocities on a world as it stands in its file.  Out: its
`Outcome`, judged by the same rules as in lock-step. A witness watches from outside, so
what only the robot knows (its estimate, its torques) is not measured.
"""

import contextlib
import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from renxing.errors import ConfigError, RenxingError
from renxing.evaluation.course import make_course
from renxing.evaluation.judge import judge
from renxing.evaluation.measures import measure, still_after
from renxing.evaluation.recorder import SAMPLE_PERIOD, Trace
from renxing.evaluation.rig import Course, Run
from renxing.evaluation.scenario import Scenario
from renxing.evaluation.trial import Outcome, Trial
from renxing.evaluation.truth import Truth
from renxing.evaluation.witness import Evidence, Witness
from renxing.robot import Robot, load_robot
from renxing.runtime.boards import core_block
from renxing.sim import Twin, load_world
from renxing.spatial import Array, rpy_from_rotation

COURSE = "renxing.nodes.course"
BOOT = 400.0  # [s] that a first start may take, which compiles
ENDING = 30.0  # [s] that a process has to end
SEEN = 0.95  # of a course that has to be seen: a loop that is late skips cycles
BLINK = 0.25  # [s] of simulated time for which the witness may see nothing
STANDS = 0.01  # [m] over the lowest that it was, up to which a sole is on the ground
LEVELS = ("nothing", "speed", "still_within")  # that leave the world as it is


class LiveError(RenxingError):
    """The stack did not do what a trial needs."""


def check_live(scenario: Scenario) -> None:
    """Refuse a scenario that cannot be judged from outside.

    Raises:
        ConfigError: Says why.
    """
    why = ""
    if scenario.push is not None or scenario.hands:
        why = "it pushes or loads the robot"
    elif scenario.level not in LEVELS or scenario.known_terrain:
        why = "its world is made by its level"
    elif scenario.success.drift is not None:
        why = "it asks for the robot's own estimate"
    if why:
        raise ConfigError(
            f"scenario '{scenario.name}': {why}; allowed with --ros are velocities on "
            "a world as its file has it"
        )


def run_live(trial: Trial) -> Outcome:
    """Run a trial in real time and judge it.

    Raises:
        ConfigError: If robot or world cannot be loaded.
        LiveError: If the stack does not start, or the robot never stands.
    """
    scenario, robot = trial.scenario, load_robot(trial.robot)
    case = scenario.robots[robot.name]
    course = make_course(scenario, case, trial.level, trial.seed, None, trial.duration)
    sight = Sight()
    world = load_world(scenario.world)
    with Witness(core_block(""), robot, world, note=sight.note) as witness:
        with _Stack(trial.robot, scenario.world) as stack:
            begun, loop = _lead(course, witness, stack)
    trace = sight.trace(robot, course, begun)
    fell = witness.saw.fell_at
    done = Run(
        trace=trace,
        fell_at=None if fell is None else fell - begun,
        error=unseen(trace, course, witness.saw),
    )
    measures = {
        name: value for name, value in measure(done).items() if math.isfinite(value)
    }
    told = course.silent_from
    if scenario.stop_at is not None:
        told = float(course.times[-1])
    if told < course.duration and done.fell_at is None and not done.error:
        measures["still_after"] = still_after(trace, told)
    within = scenario.success.still_within
    if scenario.level == "still_within":
        within = trial.level
    reached = float(trace.base[-1, 0])
    failures = judge(scenario.success, done, course, measures, reached, within)
    return Outcome(
        trial=trial,
        failures=failures,
        measures=measures | loop,
        variation={},
        timing={},
        trace=trace if failures or trial.keep_trace else None,
    )


@dataclass(slots=True, eq=False)
class Sight:
    """What a witness saw, look by look.

    Attributes:
        time: Simulated times of the looks [s].
        rows: What was seen then, by name of what `Trace` has.
    """

    time: list[float] = field(default_factory=list)
    rows: dict[str, list[Array]] = field(default_factory=dict)
    _truth: Truth | None = None

    def note(self, twin: Twin) -> None:
        """Take a look."""
        if self._truth is None:
            self._truth = Truth(twin.robot, twin)
        if self.time and twin.time <= self.time[-1]:
            return
        pose = twin.base_state().transform_base_to_odom
        self.time.append(twin.time)
        for name, value in (
            ("com", self._truth.com()),
            ("base", np.array(pose.translation)),
            ("rpy", np.asarray(rpy_from_rotation(pose.rotation))),
            ("soles", self._truth.soles()),
            ("frames", np.array(twin.data.qpos)),
        ):
            self.rows.setdefault(name, []).append(value)

    def trace(self, robot: Robot, course: Course, begun: float) -> Trace:
        """Return it as a trace from the beginning of the course on.

        Args:
            robot: Which walked.
            course: What was wanted.
            begun: Simulated time at which the course began [s].

        Raises:
            LiveError: If nobody saw anything.
        """
        seen = np.array(self.time) - begun
        if len(seen) < 2 or seen[-1] < SAMPLE_PERIOD:
            raise LiveError("live trial: the simulation was not seen")
        time = np.arange(0.0, min(seen[-1], course.duration), SAMPLE_PERIOD)

        def at(name: str) -> Array:
            rows = np.array(self.rows[name], float)
            flat = rows.reshape(len(rows), -1)
            if name == "rpy":
                flat = np.unwrap(flat, axis=0)
            even = np.column_stack([np.interp(time, seen, c) for c in flat.T])
            return even.reshape(len(time), *rows.shape[1:])

        soles, base, rpy = at("soles"), at("base"), at("rpy")
        # On level ground: what is as low as it ever was stands.
        on_ground = soles[..., 2] < soles[..., 2].min() + STANDS
        unknown = np.full_like(base, np.nan)
        return Trace(
            time=time,
            com=at("com"),
            base=base,
            rpy=rpy,
            estimate=unknown,
            estimate_yaw=unknown[:, 0],
            velocity=np.gradient(base, SAMPLE_PERIOD, axis=0),
            estimate_velocity=unknown,
            command=np.array([_wanted(course, now) for now in time]),
            soles=soles,
            load=0.5 * on_ground,
            torque=np.full((len(time), len(robot.joints)), np.nan),
            frames=np.array(self.rows["frames"])[seen >= 0.0],
        )


def unseen(trace: Trace, course: Course, saw: Evidence) -> str:
    """Return what of a course nobody saw; empty if all of it was seen."""
    end = float(trace.time[-1])
    if end < SEEN * course.duration:
        return f"nothing was seen from {end:.1f} s on: {saw.why or 'no simulation'}"
    return f"nobody looked for {saw.gap:.2f} s" if saw.gap > BLINK else ""


def _wanted(course: Course, now: float) -> Array:
    return np.zeros(3) if now >= course.silent_from else course.velocity(now)


class _Stack:
    """The stack that walks, from `with` to its end."""

    def __init__(self, robot: str, world: str) -> None:
        """Prepare it; nothing runs yet."""
        self._words = [sys.executable, "-m", "renxing.cli.main", "up", "console:=false"]
        self._words += [f"robot:={robot}", f"world:={world}"]

    def __enter__(self) -> "subprocess.Popen[bytes]":
        """Start it."""
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self._process

    def __exit__(self, *_: object) -> None:
        """Stop it in order, and if need be by force."""
        end(self._process)
        self._log.close()


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a stack in order, and if it does not, by force."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING)


def _lead(
    course: Course, witness: Witness, stack: "subprocess.Popen[bytes]"
) -> tuple[float, dict[str, float]]:
    """Lead the robot over the course.

    Returns:
        Simulated time at which it began [s], and what the core told of its loop.
    """
    deadline = time.monotonic() + BOOT
    while not witness.saw.looks:
        if stack.poll() is not None or time.monotonic() > deadline:
            raise LiveError("live trial: the stack did not start; try `renxing up`")
        time.sleep(0.1)
    with tempfile.TemporaryDirectory(prefix="renxing-course-") as folder:
        file = Path(folder) / "course.json"
        tree = {
            "times": course.times.tolist(),
            "velocities": course.velocities.tolist(),
            "silent_from": min(course.silent_from, course.duration),
            "duration": course.duration,
            "namespace": "",
        }
        file.write_text(json.dumps(tree), encoding="utf-8")
        leader = subprocess.Popen(
            [sys.executable, "-m", COURSE, str(file)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            lines = leader.stdout or ()
            begun, told = math.nan, ""
            for line in lines:
                if line.strip() == "begin":
                    begun = witness.saw.track[-1][2]
                else:
                    told = line
            if leader.wait() or not math.isfinite(begun):
                raise LiveError("live trial: the robot never stood")
        finally:
            if leader.poll() is None:
                leader.kill()
                leader.wait()
    loop: dict[str, float] = json.loads(told) if told.strip() else {}
    return begun, loop
