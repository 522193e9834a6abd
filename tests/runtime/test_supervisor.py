# SPDX-License-Identifier: Apache-2.0
"""The supervisor with small real processes: order, restarts, stopping, leftovers."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from renxing.runtime.bringup import ProcessSpec
from renxing.runtime.guardian import Guardian
from renxing.runtime.keeper import Surroundings
from renxing.runtime.restart import RestartLimits
from renxing.runtime.state import StackState
from renxing.runtime.supervisor import Supervisor
from renxing.runtime.urgency import Urgency

FAKE = Path(__file__).with_name("fake_node.py")
LIMIT = 30.0  # [s] far more than any of these needs, even on a busy machine


class Bench:
    """One supervisor with fake processes, its output and its notes."""

    def __init__(self, folder: Path, patience: tuple[float, float]) -> None:
        self.notes_file = folder / "notes"
        self.lines: list[str] = []
        self.said: list[str] = []
        self.specs: list[ProcessSpec] = []
        self.commands: dict[str, list[str]] = {}
        self.patience = patience
        self.settled = False

    def add(self, name: str, *options: str, **spec: object) -> None:
        self.specs.append(
            ProcessSpec(  # type: ignore[arg-type]
                name=name, executable=name, nodes=(), parameters={}, **spec
            )
        )
        fake = [sys.executable, "-ISE", str(FAKE), str(self.notes_file), name]
        self.commands[name] = [*fake, *options]

    def notes(self) -> list[str]:
        return self.notes_file.read_text().splitlines()

    async def run(
        self, act: Callable[[Supervisor], None] = lambda s: s.request_stop("enough")
    ) -> int:
        guardian = Guardian()
        self.state = StackState(
            pid=os.getpid(), started=0.0, namespace="", arguments={}, table="", logs=""
        )
        self.supervisor = Supervisor(
            self.specs,
            self.commands,
            Surroundings(
                environment=dict(os.environ),
                write=lambda name, line: self.lines.append(f"{name}|{line}"),
                tell=self.said.append,
                changed=lambda: None,
                guardian=guardian,
                urgency=Urgency(),
                limits=RestartLimits(first_delay=0.01, max_bad_runs=3),
                patience=self.patience,
            ),
            self.state,
        )

        def on_settled() -> None:
            self.settled = True
            act(self.supervisor)

        try:
            return await asyncio.wait_for(self.supervisor.run(on_settled), LIMIT)
        finally:
            guardian.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, patience=(LIMIT, LIMIT))


def test_starts_by_readiness_and_stops_in_reverse(bench: Bench) -> None:
    bench.add("c", after=("b",))
    bench.add("a", "--slow", "0.2")
    bench.add("b", "--slow", "0.2", after=("a",))
    assert asyncio.run(bench.run()) == 0
    expected = ["a start", "b start", "c start"]
    expected += ["c SIGINT", "c end", "b SIGINT", "b end", "a SIGINT", "a end"]
    assert bench.notes() == expected
    assert sorted(bench.lines) == ["a|this is a", "b|this is b", "c|this is c"]
    assert {p.phase for p in bench.state.processes.values()} == {"stopped"}
    assert bench.supervisor.healthy()


def test_groups_of_their_own_in_one_session(bench: Bench) -> None:
    found: list[tuple[int, int, int]] = []

    def look(supervisor: Supervisor) -> None:
        for process in bench.state.processes.values():
            assert process.pid
            pid = process.pid
            found.append((pid, os.getpgid(pid), os.getsid(pid)))
        supervisor.request_stop("enough")

    bench.add("a")
    bench.add("b")
    assert asyncio.run(bench.run(look)) == 0
    assert len(found) == 2
    for pid, group, session in found:
        assert group == pid
        assert session == os.getsid(0)


def test_starts_beside_and_stops_before(bench: Bench) -> None:
    bench.add("a", "--slow", "0.2", beside=("b",))
    bench.add("b", "--slow", "0.2")
    assert asyncio.run(bench.run()) == 0
    notes = bench.notes()
    assert sorted(notes[:2]) == ["a start", "b start"]
    assert notes[2:] == ["a SIGINT", "a end", "b SIGINT", "b end"]


def test_a_stubborn_process_and_its_family_are_killed(bench: Bench) -> None:
    bench.patience = (0.2, 0.2)
    bench.add("mule", "--stubborn", "--family")
    assert asyncio.run(bench.run()) == 0
    notes = bench.notes()
    assert notes[-2:] == ["mule SIGINT", "mule SIGTERM"]
    assert bench.state.processes["mule"].exit_code == -9
    assert any("killed" in line for line in bench.said)
    assert_gone(notes)


def test_what_a_process_leaves_behind_is_killed(bench: Bench) -> None:
    bench.add("parent", "--family")
    assert asyncio.run(bench.run()) == 0
    assert bench.state.processes["parent"].exit_code == 0
    assert_gone(bench.notes())


def test_a_second_request_does_not_wait_for_the_polite_one(bench: Bench) -> None:
    # Patience is far longer than the test may take: only the hurry ends it.
    bench.add("mule", "--stubborn")

    def act(supervisor: Supervisor) -> None:
        loop = asyncio.get_running_loop()
        for number in range(3):
            loop.call_later(0.2 * number, supervisor.request_stop, "Ctrl-C")

    begin = time.monotonic()
    assert asyncio.run(bench.run(act)) == 0
    assert time.monotonic() - begin < LIMIT
    assert bench.notes()[-2:] == ["mule SIGINT", "mule SIGTERM"]


def test_a_crash_is_restarted_and_the_stack_goes_on(bench: Bench) -> None:
    bench.add("a", "--exit-once", "3", restart="on-failure", critical=True)
    assert asyncio.run(bench.run()) == 0
    assert bench.notes().count("a start") == 2
    assert bench.state.processes["a"].restarts == 1
    assert not bench.supervisor.healthy()
    assert any("exit code 3; starting it again" in line for line in bench.said)


def test_flapping_of_a_critical_process_stops_the_stack(bench: Bench) -> None:
    bench.add("good")
    bench.add("bad", "--exit", "3", restart="on-failure", critical=True)
    assert asyncio.run(bench.run(lambda s: None)) == 1
    notes = bench.notes()
    assert notes.count("bad start") == 3
    assert notes[-1] == "good end"  # in order, not killed
    bad = bench.state.processes["bad"]
    assert bad.phase == "failed"
    assert bad.reason == "ended with exit code 3, given up after 3 starts"


def test_without_a_critical_one_the_others_go_on(bench: Bench) -> None:
    bench.add("good")
    bench.add("bad", "--silent", "--exit", "3")
    bench.add("needs_bad", after=("bad",))
    assert asyncio.run(bench.run()) == 0
    assert bench.settled
    assert not bench.supervisor.healthy()
    assert bench.state.processes["needs_bad"].phase == "failed"
    assert "'bad'" in bench.state.processes["needs_bad"].reason
    assert "needs_bad start" not in bench.notes()


def test_a_process_that_never_gets_ready_has_failed(bench: Bench) -> None:
    bench.add("mute", "--silent", ready_timeout=0.5, critical=True)
    assert asyncio.run(bench.run(lambda s: None)) == 1
    assert bench.state.processes["mute"].reason == "not ready after 0.5 s"


def test_a_program_without_readiness_is_ready_when_started(bench: Bench) -> None:
    bench.add("foreign", "--silent", readiness="started")
    assert asyncio.run(bench.run()) == 0
    assert bench.supervisor.ready()


def test_a_program_that_does_not_exist(bench: Bench) -> None:
    bench.add("ghost", critical=True)
    bench.commands["ghost"] = ["/nowhere/ghost"]
    assert asyncio.run(bench.run(lambda s: None)) == 1
    assert any("/nowhere/ghost" in line for line in bench.said)


def test_all_finished_is_the_end(bench: Bench) -> None:
    bench.add("job", "--exit", "0")
    assert asyncio.run(bench.run(lambda s: None)) == 0
    assert bench.state.processes["job"].phase == "finished"


def test_endless_lines_and_bytes_that_are_no_text(bench: Bench) -> None:
    bench.add("noise", readiness="started")
    script = "import os; os.write(1, b'x' * 200_000 + b'\\xff\\nlast')"
    bench.commands["noise"] = [sys.executable, "-ISE", "-c", script]
    assert asyncio.run(bench.run(lambda s: None)) == 0
    assert sum(line.count("x") for line in bench.lines) == 200_000
    assert bench.lines[-1] == "noise|last"


def assert_gone(notes: list[str]) -> None:
    """A family member may be a zombie for a moment, but never run on."""
    pid = next(int(n.partition("child=")[2]) for n in notes if "child=" in n)
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} was left behind")
