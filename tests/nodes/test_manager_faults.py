# SPDX-License-Identifier: Apache-2.0
"""The fault services: hardware by the core, processes by the supervisor's state."""

import os
import subprocess
import time

import psutil
import pytest
from builtin_interfaces.msg import Duration

from renxing.runtime.state import ProcessState, RunFolder, StackState
from renxing_msgs.msg import Fault
from renxing_msgs.srv import BreakProcess, ClearFaults, InjectFault, ListFaults

pytestmark = pytest.mark.ros
KNEE = "left_knee_joint/position"


@pytest.fixture
def ask(stack):
    def call(kind, name, /, **fields):
        return stack.call(kind, f"controller_manager/{name}", **fields)

    yield call
    call(ClearFaults, "clear_faults")


def test_hardware_is_broken_listed_and_mended(ask):
    waits = Fault(kind="bias", pattern=KNEE, value=0.01, start=Duration(sec=3600))
    acts = Fault(kind="noise", pattern=".*/effort", value=0.5, seed=3, commands=True)
    acts.duration = Duration(sec=3600, nanosec=500_000_000)
    answers = [ask(InjectFault, "inject_fault", fault=one) for one in (waits, acts)]
    assert all(answer.success for answer in answers), answers
    assert answers[0].message == f"fault {answers[0].number} injected: bias {KNEE}"
    listed = ask(ListFaults, "list_faults")
    assert listed.success
    assert [one.fault for one in listed.faults] == [waits, acts]
    assert [one.running for one in listed.faults] == [False, True]
    assert [one.number for one in listed.faults] == [one.number for one in answers]
    assert ask(ClearFaults, "clear_faults", number=answers[0].number).cleared == 1
    assert len(ask(ListFaults, "list_faults").faults) == 1
    assert ask(ClearFaults, "clear_faults").cleared == 1
    assert ask(ListFaults, "list_faults").faults == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(kind="melt", pattern=KNEE), ["'melt'", "allowed: drop"]),
        (Fault(kind="drop", pattern="left_kne_joint"), ["did you mean left_knee"]),
        (Fault(kind="drop", pattern="("), ["pattern '('"]),
        (Fault(kind="delay", pattern=KNEE), ["value 0", "above 0"]),
        (Fault(kind="drop", pattern=KNEE, start=Duration(sec=-1)), ["at least 0"]),
    ],
)
def test_what_is_no_fault_is_refused(ask, fault, words):
    answer = ask(InjectFault, "inject_fault", fault=fault)
    assert not answer.success
    assert all(word in answer.message for word in words), answer.message
    assert ask(ListFaults, "list_faults").faults == []


def test_a_fault_that_is_not_there_cannot_be_mended(ask):
    answer = ask(ClearFaults, "clear_faults", number=99)
    assert not answer.success
    assert answer.message == "fault 99: there is none; active: none"


@pytest.fixture
def victim(stack):
    """A process of a stack whose supervisor is this test."""
    folder = RunFolder({"RENXING_RUN_DIR": str(stack.folder)}, stack.namespace)
    folder.acquire()
    process = subprocess.Popen(["sleep", "3600"], start_new_session=True)
    manager = stack.started[1].process.pid
    state = StackState(
        pid=os.getpid(),
        started=time.time(),
        namespace=stack.namespace,
        arguments={},
        table="",
        logs="",
        processes={
            "victim": ProcessState(pid=process.pid, phase="ready"),
            "controller_manager": ProcessState(pid=manager, phase="ready"),
            "dead": ProcessState(phase="restarting"),
        },
    )
    assert folder.write(state)
    yield process
    process.kill()
    process.wait()
    folder.release()


def test_a_process_is_stalled_then_killed(ask, stack, victim):
    def still() -> bool:
        return psutil.Process(victim.pid).status() == psutil.STATUS_STOPPED

    answer = ask(
        BreakProcess,
        "break_process",
        name="victim",
        kind="stall",
        duration=Duration(sec=4),
    )
    assert answer.success, answer.message
    assert answer.message == f"victim (process {victim.pid}) stands still for 4 s"
    stack.wait(still, "it to stand still")
    stack.wait(lambda: not still(), "it to go on")
    answer = ask(BreakProcess, "break_process", name="victim", kind="kill")
    assert answer.success, answer.message
    assert victim.wait(10.0) == -9


@pytest.mark.parametrize(
    ("name", "kind", "complaint"),
    [
        ("nobody", "kill", "allowed: victim, controller_manager, dead"),
        ("dead", "kill", "does not run, it is restarting"),
        ("victim", "tickle", "allowed: kill, stall"),
        ("victim", "stall", "stall of 0 s"),
        ("controller_manager", "kill", "use: renxing fault kill controller_manager"),
    ],
)
def test_what_cannot_be_done_to_a_process_is_said(ask, victim, name, kind, complaint):
    answer = ask(BreakProcess, "break_process", name=name, kind=kind)
    assert not answer.success
    assert complaint in answer.message
    assert victim.poll() is None


def test_without_a_supervisor_there_are_no_processes(ask):
    answer = ask(BreakProcess, "break_process", name="core", kind="kill")
    assert not answer.success
    assert "no stack runs in namespace" in answer.message
