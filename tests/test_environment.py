# SPDX-License-Identifier: Apache-2.0
"""The environment is made once, repaired when interrupted, never by two at a time."""

import os
import re
import shutil
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from renxing import environment
from renxing.errors import ConfigError

ROOT = Path(__file__).parents[1]
INPUTS = ["setup.py", "requirements.lock", "colcon.meta", "renxing"]
FAKE_SETUP = """
import sys
from pathlib import Path
root = Path(__file__).parents[2]
with (root / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "|")
(root / ".venv/bin").mkdir(parents=True, exist_ok=True)
(root / ".venv/environment.sh").write_text("export INSIDE=yes\\n")
program = root / ".venv/bin/renxing"
program.write_text('#!/bin/sh\\necho "inside=$INSIDE $*"\\n')
program.chmod(0o755)
(root / ".venv/renxing.stamp").write_text(f"{root}\\nkey")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Lay out what a setup reads, with nothing made yet."""
    for name in INPUTS:
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("renxing", "renxing_msgs", "interfaces"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    shutil.copy(environment.__file__, tmp_path / "src/renxing/environment.py")
    return tmp_path


def load(checkout: Path) -> ModuleType:
    """Import the copy of environment.py that belongs to a checkout."""
    path = checkout / "src/renxing/environment.py"
    spec = spec_from_file_location("environment_copy", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_script(checkout: Path, *words: str) -> str:
    variables = {k: v for k, v in os.environ.items() if k != "ROS_DISTRO"}
    done = subprocess.run(
        [checkout / "renxing", *words],
        capture_output=True,
        text=True,
        env=variables,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_lock_pins_every_requirement_with_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    for names in environment.requirements().values():
        for name in names:
            assert re.split(r"[^\w.-]", name)[0].replace(".", "-") in pinned
    assert "://" not in lock
    blocks = re.split(r"\n(?=\w)", lock)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_stamp_holds_for_the_same_inputs_in_the_same_place(checkout: Path) -> None:
    copy = load(checkout)
    assert copy.installed_extras() is None
    copy.VENV.mkdir()
    copy.STAMP.write_text("\n".join([str(checkout), copy.key(), "g1"]))
    assert copy.installed_extras() == {"g1"}
    (checkout / "src/renxing_msgs/Ping.msg").write_text("bool alive\n")
    assert copy.installed_extras() is None
    # Scripts in a virtual environment hold its path: a moved one is no use.
    copy.STAMP.write_text("\n".join(["/elsewhere", copy.key()]))
    assert copy.installed_extras() is None


def test_interrupted_setup_is_repeated(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = load(checkout)
    copy.VENV.mkdir()
    copy.STAMP.write_text("\n".join([str(checkout), "an older key"]))

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(copy, "make_venv", interrupt)
    with pytest.raises(KeyboardInterrupt):
        copy.setup()
    assert not copy.STAMP.exists()
    for name in ("make_venv", "build_interfaces", "write_shell_environment"):
        monkeypatch.setattr(copy, name, lambda: None)
    monkeypatch.setattr(copy, "install", lambda names: None)
    copy.setup(["g1"])
    assert copy.installed_extras() == {"g1"}


def test_extra_that_cannot_be_fetched_leaves_the_environment_usable(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = load(checkout)
    copy.VENV.mkdir()
    copy.STAMP.write_text("\n".join([str(checkout), copy.key(), "test"]))

    def no_network(names: object) -> None:
        raise copy.SetupError("no network")

    monkeypatch.setattr(copy, "install", no_network)
    with pytest.raises(copy.SetupError, match="no network"):
        copy.setup(["g1"])
    assert copy.installed_extras() == {"test"}
    monkeypatch.setattr(copy, "install", lambda names: None)
    copy.setup(["g1"])
    assert copy.installed_extras() == {"g1", "test"}


def test_second_run_waits_and_then_has_nothing_to_do(checkout: Path) -> None:
    program = f"""
import sys, time
sys.path.insert(0, {str(checkout / "src/renxing")!r})
import environment
def make_all(extras):
    environment.VENV.mkdir()
    time.sleep(0.5)
    with open({str(checkout / "made")!r}, "a") as made:
        made.write("once")
environment.make_all = make_all
environment.setup()
"""
    runs = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [run.wait(30) for run in runs] == [0, 0, 0]
    assert (checkout / "made").read_text() == "once"


def test_failed_command_shows_its_last_lines(checkout: Path) -> None:
    copy = load(checkout)
    copy.BUILD.mkdir(parents=True)
    with pytest.raises(copy.SetupError, match="no such wheel"):
        copy.run([sys.executable, "-c", "raise SystemExit('no such wheel')"])


def test_lacking_machine_is_told_in_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = load(checkout)
    monkeypatch.setattr(copy, "missing_packages", lambda: ["python3.11-dev", "g++"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(copy.SetupError) as caught:
        copy.check_machine()
    assert str(caught.value).endswith("sudo apt-get install python3.11-dev g++")
    assert "\n" not in str(caught.value)


def test_unknown_extra_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigError,
        match="bench, cameras, evaluation, g1, language, language-local, mapping, ",
    ):
        environment.require_extra("g2")


def test_script_sets_up_once_and_again_when_an_input_changes(checkout: Path) -> None:
    (checkout / "src/renxing/environment.py").write_text(FAKE_SETUP)
    past = time.time() - 60
    for path in checkout.rglob("*"):
        os.utime(path, (past, past))
    assert run_script(checkout, "up", "a b") == "inside=yes up a b"
    assert run_script(checkout, "exec", "sh", "-c", "echo $INSIDE") == "yes"
    assert (checkout / "calls").read_text() == "|"
    (checkout / "src/renxing_msgs/Ping.msg").write_text("bool alive\n")
    later = time.time() + 1
    os.utime(checkout / "src/renxing_msgs/Ping.msg", (later, later))
    run_script(checkout, "up")
    assert (checkout / "calls").read_text() == "||"


def test_script_uses_a_sourced_ros_and_makes_nothing(checkout: Path) -> None:
    ros = checkout / "ros"
    (ros / "rclpy").mkdir(parents=True)
    (ros / "rclpy/__init__.py").touch()
    (checkout / "src/renxing/cli").mkdir()
    (checkout / "src/renxing/cli/main.py").write_text(
        "import sys\ndef main():\n    print('system', *sys.argv[1:])\n"
    )
    variables = {"ROS_DISTRO": "jazzy", "PYTHONPATH": str(ros), "PATH": os.defpath}
    done = subprocess.run(
        [checkout / "renxing", "up"], capture_output=True, text=True, env=variables
    )
    assert done.stdout == "system up\n", done.stderr
    assert not (checkout / ".venv").exists()


def test_every_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    for names in environment.requirements().values():
        for name in names:
            assert f"`{re.split(r'[<>=]', name)[0]}`" in explained
