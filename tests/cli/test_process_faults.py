# SPDX-License-Identifier: Apache-2.0
"""`renxing fault kill` and `stall` of processes under a real supervisor."""

import psutil
import pytest

from renxing.cli.main import main
from renxing.runtime.state import RunFolder


def processes(shell):
    return RunFolder(shell.environment, "").read().processes


@pytest.fixture
def stack(shell, monkeypatch):
    monkeypatch.setenv("RENXING_RUN_DIR", shell.environment["RENXING_RUN_DIR"])
    up = shell.run("up", "--table", shell.table(a=["--family"], b=[]), "--detach")
    assert up.returncode == 0, up.stderr
    yield shell
    assert shell.run("down").returncode == 0


def test_a_killed_process_is_started_again(stack, capsys) -> None:
    before = processes(stack)
    capsys.readouterr()
    assert main(["fault", "kill", "a"]) == 0
    assert capsys.readouterr().out == f"a (process {before['a'].pid}) killed\n"
    stack.wait(lambda: stack.notes().count("a start") == 2)
    stack.wait(lambda: processes(stack)["a"].ready)
    after = processes(stack)
    assert after["a"].restarts == 1
    assert after["b"].pid == before["b"].pid


def test_a_stalled_process_stands_still_with_its_family_and_goes_on(stack) -> None:
    leader = psutil.Process(processes(stack)["a"].pid)
    child = next(n for n in stack.notes() if "child=" in n).partition("child=")[2]
    family = [leader, psutil.Process(int(child))]

    def all_still() -> bool:
        return all(p.status() == psutil.STATUS_STOPPED for p in family)

    assert main(["fault", "stall", "a", "--seconds", "2"]) == 0
    stack.wait(all_still)
    stack.wait(lambda: not all_still())
    assert processes(stack)["a"].restarts == 0


REFUSED = (
    (("kill", "c"), "process 'c': allowed: a, b"),
    (("stall", "a", "--seconds", "0"), "stall of 0 s: allowed: (0, 3600]"),
    (("stall", "a", "--seconds", "nan"), "stall of nan s"),
    (("kill", "a", "--seconds", "2"), "takes no --seconds"),
    (("kill", "a", "b"), "allowed: one name"),
    (("kill",), "allowed: one name"),
    (("kill", "a", "--namespace", "lab"), "no stack runs in namespace '/lab'"),
)


def test_what_cannot_be_done_is_said(stack, capsys) -> None:
    for words, complaint in REFUSED:
        assert main(["fault", *words]) == 2
        said = capsys.readouterr().err
        assert complaint in said
        assert said.count("\n") == 1
    assert stack.notes().count("a start") == 1


def test_a_process_that_does_not_run_is_said(shell) -> None:
    table = shell.table(a=[], b=["--exit", "0"])
    text = open(table).read().replace("critical: true", "critical: false")
    open(table, "w").write(text)
    assert shell.run("up", "--table", table, "--detach").returncode == 0
    shell.wait(lambda: processes(shell)["b"].pid is None)
    refused = shell.run("fault", "kill", "b")
    assert refused.returncode == 2
    assert "process 'b': does not run, it is finished" in refused.stderr
    assert shell.run("down").returncode == 0
