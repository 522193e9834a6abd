# SPDX-License-Identifier: Apache-2.0
"""`renxing fault` over a real line to a core."""

import pytest

from renxing.cli.main import main
from renxing.robot import load_robot
from renxing.runtime.core import CoreConfig, RealTimeCore
from renxing.runtime.core_desk import Desk
from renxing.runtime.core_report import SOCKET
from renxing.runtime.link import LinkServer
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.state import RunFolder


@pytest.fixture
def core(tmp_path, monkeypatch):
    monkeypatch.setenv("RENXING_RUN_DIR", str(tmp_path))
    robot = load_robot("rx1", backend="mock")
    core = RealTimeCore(robot, ManagerSettings(update_rate=500), CoreConfig())
    folder = RunFolder({"RENXING_RUN_DIR": str(tmp_path)}, "lab/one")
    folder.create()

    desk = Desk(core, ParameterStore({}))
    server = LinkServer(folder.path / SOCKET, desk.handle, lambda: None)
    server.start()
    yield core
    server.close()


def fault(*words):
    return main(["fault", *words, "--namespace", "/lab/one"])


def test_inject_list_and_clear(core, capsys):
    assert fault("list") == 0
    assert capsys.readouterr().out == "no faults\n"
    words = ("inject", "noise", ".*_joint/velocity", "--value", "0.2", "--seed", "4")
    assert fault(*words, "--seconds", "3", "--start", "1.5") == 0
    assert "renxing fault clear 1" in capsys.readouterr().out
    (one,) = core.list_faults()
    assert (one.fault.value, one.fault.seed, one.fault.duration) == (0.2, 4, 3.0)
    assert fault("inject", "off", "left_elbow_joint") == 0
    assert fault("inject", "drop", ".*/effort", "--commands") == 0
    capsys.readouterr()
    assert fault("list") == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[-1] for row in rows] == ["waits", "acts", "acts"]
    assert ".*/effort (commands)" in rows[2]
    assert fault("clear", "2") == 0
    assert fault("clear") == 0
    assert capsys.readouterr().out == "1 cleared\n2 cleared\n"
    assert core.list_faults() == ()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("inject", "drop"), "KIND PATTERN"),
        (("inject", "melt", "x"), "allowed: drop"),
        (("inject", "bias", "left_knee_joint"), "needs --value"),
        (("inject", "drop", "left_knee_joint", "--value", "1"), "takes no --value"),
        (("inject", "drop", "left_kne_joint"), "did you mean left_knee_joint"),
        (("inject", "drop", "("), "pattern"),
        (("clear", "7"), "active: none"),
        (("clear", "all"), "one number or none"),
        (("list", "all"), "no more words"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(core, capsys, words, complaint):
    assert fault(*words) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert core.list_faults() == ()


def test_without_a_core_the_way_to_one_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RENXING_RUN_DIR", str(tmp_path))
    assert main(["fault", "list"]) == 2
    said = capsys.readouterr().err
    assert "no core runs" in said
    assert "renxing status" in said
