# SPDX-License-Identifier: Apache-2.0
"""The entry point: help, errors in one line, what each command prints."""

import json
import sys
from pathlib import Path

import pytest

from renxing.cli import bench, checks, demo, doctor, version
from renxing.cli.bench import Row
from renxing.cli.main import COMMANDS, main
from renxing.cli.settings import parse_settings
from renxing.cli.terminal import box, table
from renxing.errors import ConfigError
from renxing.resources import resource
from renxing.runtime.bringup import default_table, load_table, resolve


def test_help_lists_every_command_and_loads_none(shell) -> None:
    script = (
        "import sys; from renxing.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'mujoco', 'rclpy', 'yaml', 'psutil', 'asyncio'}\n"
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", script],
        env=shell.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"renxing {command}" in capsys.readouterr().out


def test_an_unknown_command_suggests_the_nearest(capsys) -> None:
    assert main(["statsu"]) == 2
    assert "did you mean 'status'?" in capsys.readouterr().err


def test_errors_are_one_line_unless_debugging(capsys) -> None:
    assert main(["up", "speeed:=1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["up", "speeed:=1", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["demo"], ["ask", "stop"]])
def test_what_cannot_be_written_is_told_before_anything_runs(words, capsys) -> None:
    assert main([*words, "--json", "/no/such/folder/x"]) == 2
    assert "--json /no/such/folder/x: there is no such" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch) -> None:
    def interrupted(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(version, "run", interrupted)
    assert main(["version"]) == 130


def test_version(capsys) -> None:
    assert main(["version", "--verbose"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("renxing", "python", "mujoco", "numpy"))


def test_settings() -> None:
    assert parse_settings(["a:=1", "b:=x:=y", "c:="]) == {
        "a": "1",
        "b": "x:=y",
        "c": "",
    }
    for words in (["a=1"], [":=1"], ["a:=1", "a:=2"]):
        with pytest.raises(ConfigError):
            parse_settings(words)


def test_tables_and_boxes_align() -> None:
    assert table(("name", "n"), [("人形", "7"), ("a", "12.5")]) == (
        "name     n\n人形     7\na     12.5"
    )
    assert {len(line) for line in box(["a", "bcd"]).splitlines()} == {7}


def test_the_page_of_the_demo() -> None:
    project = load_table(default_table())
    assert demo.page_url(resolve(project, {})) == "http://127.0.0.1:8080/"
    assert demo.page_url(resolve(project, {"console": "false"})) is None


def test_a_broken_check_is_a_finding_and_not_a_crash(monkeypatch, capsys) -> None:
    def check_good(environment):
        yield checks.Result(name="good", status="OK", found="fine")

    def check_old_wiring(environment):
        yield checks.Result(name="begun", status="WARN", found="?", fix="do it")
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(doctor, "CHECKS", (check_old_wiring, check_good))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "old wiring" in shown
    assert "ZeroDivisionError" in shown
    assert "1 OK, 0 WARN, 1 FAIL" in shown
    monkeypatch.setattr(doctor, "CHECKS", (check_good,))
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["found"] == "fine"


def test_the_quick_checks_of_this_machine_work() -> None:
    slow = ("check_ros", "check_graphics")
    for check in doctor.CHECKS:
        if check.__name__ not in slow:
            results = checks.run_check(check, {"PATH": "/usr/bin"})
            assert results, check
            assert not any("check itself failed" in r.found for r in results), results
            assert all(r.fix or r.status == "OK" for r in results), results


def test_benchmarks(monkeypatch, tmp_path: Path, capsys) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "spin.py").write_text(
        '"""Nothing, quickly.\n\nMore."""\n'
        "from renxing.cli.bench import Row\n"
        "def run(seconds):\n"
        "    return [Row(name='spin', unit='us', median=seconds, p99=12345.6)]\n"
    )
    monkeypatch.setattr(bench, "resource_root", lambda: tmp_path)
    assert main(["bench", "list"]) == 0
    assert "Nothing, quickly." in capsys.readouterr().out
    file = tmp_path / "out.json"
    assert main(["bench", "all", "--seconds", "2.5", "--json", str(file)]) == 0
    assert "12346" in capsys.readouterr().out
    document = json.loads(file.read_text())
    assert document["benchmarks"]["spin"][0]["median"] == 2.5
    assert {"cpu", "cores", "load_average", "versions"} <= set(document["machine"])
    assert main(["bench", "spun"]) == 2
    assert "spin" in capsys.readouterr().err
    monkeypatch.setattr(bench, "resource_root", lambda: tmp_path / "empty")
    assert main(["bench", "list"]) == 2
    assert "checkout" in capsys.readouterr().err
    assert Row(name="a", unit="s", median=1.0, p99=2.0).note == ""


def test_robot_check(tmp_path: Path, capsys) -> None:
    assert main(["robot", "check", "rx1"]) == 0
    assert "0 errors, 0 warnings, 3 ok" in capsys.readouterr().out
    text = resource("config/robots/rx1.yaml").read_text()
    mine = tmp_path / "rx1.yaml"
    mine.write_text(text.replace("base: base_link", "base: bass_link"))
    line = text.splitlines().index("base: base_link") + 1
    assert main(["robot", "check", str(mine)]) == 1
    assert f"{mine}:{line}: base 'bass_link'" in capsys.readouterr().out
    assert main(["robot", "check", str(mine), "--json"]) == 1
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["severity"], first["line"]) == ("error", line)
    assert main(["robot", "check", "nobody"]) == 2
    assert "rx1" in capsys.readouterr().err
