# SPDX-License-Identifier: Apache-2.0
"""`renxing status` about a core over a real line."""

import json
import os

import pytest

from renxing.cli import status
from renxing.cli.main import main
from renxing.runtime.core_report import SOCKET, CoreReport
from renxing.runtime.ledger_report import LedgerReport, Times
from renxing.runtime.link import LinkServer
from renxing.runtime.state import RunFolder, StackState

TIMES = Times("busy", 3e-4, 8e-4, 2e-3)
REPORT = CoreReport(
    time=12.5,
    rung="hold",
    causes=("fallen",),
    suspended=(),
    failures=0,
    ledger=LedgerReport(
        cycles=500,
        rate=499.9,
        period_error=TIMES,
        wake=TIMES,
        busy=TIMES,
        phases=(),
        overruns=3,
        skipped=4,
        blamed={},
    ),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A stack that runs, as far as its folder tells."""
    monkeypatch.setenv("RENXING_RUN_DIR", str(tmp_path))
    folder = RunFolder(os.environ, "lab")
    folder.create()
    (folder.path / "lock").touch()
    pid = os.getpid()
    folder.write(
        StackState(
            pid=pid, started=0.0, namespace="lab", arguments={}, table="", logs=""
        )
    )
    monkeypatch.setattr(status.RunFolder, "owner", lambda _self: pid)
    return folder


def test_rung_rate_and_overruns_of_the_core(folder, capsys):
    server = LinkServer(
        folder.path / SOCKET, lambda method, _: {"report": REPORT}[method], lambda: None
    )
    server.start()
    try:
        assert main(["status"]) == 0
        said = capsys.readouterr().out
        assert "core: hold (fallen), 499.9 Hz, cycle p99 800 us, 3 overruns" in said
        assert main(["status", "--json"]) == 0
        (stack,) = json.loads(capsys.readouterr().out)["stacks"]
        assert stack["core"]["rung"] == "hold"
        assert stack["core"]["overruns"] == 3
    finally:
        server.close()


def test_a_stack_without_a_core(folder, capsys):
    assert main(["status"]) == 0
    assert "core:" not in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stacks"][0]["core"] is None
