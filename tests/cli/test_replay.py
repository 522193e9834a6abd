# SPDX-License-Identifier: Apache-2.0
"""`renxing replay` before anything is started: what it asks for and what it refuses."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from renxing.cli import replay
from renxing.cli.main import main
from renxing.runtime.recording import Recording
from renxing.runtime.stack import Request


@pytest.fixture
def file(tmp_path: Path) -> Path:
    said = {"robot": "rx1", "world": "workshop", "namespace": "left"}
    recording = Recording(tmp_path / "a.mcap", said, 0)
    channel = recording.add_channel("/x", "std_msgs/msg/String", "string data", {})
    recording.write(channel, 10**9, b"")
    recording.close()
    return recording.path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rate:=2"], "argument 'rate': write --rate instead"),
        (["file:=b.mcap"], "argument 'file': write --file"),
        (["colour:=red"], "'colour'"),
        (["--video", "a.mp4", "--width", "641"], "--width 641: allowed: even numbers"),
        (["--video", "a.mp4", "--fps", "0"], "--fps 0: allowed: from 1 to 60"),
        (["--video", "a.mp4", "--loop"], "--loop: a film has an end"),
        (["--video", "a.mp4", "port:=1"], "argument 'port': a film has none"),
    ],
)
def test_what_is_refused(
    file: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(file), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("video", [[], ["--video", "a.mp4"]])
def test_a_file_that_is_none(
    tmp_path: Path, video: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "a.txt"
    foreign.write_text("nothing of that kind")
    for name, said in (("none.mcap", "No such file"), ("a.txt", "not an MCAP file")):
        assert main(["replay", str(tmp_path / name), *video]) == 2
        assert said in capsys.readouterr().err


def test_numbers_that_are_none(file: Path) -> None:
    for words in (["--rate", "0"], ["--start", "-1"], ["--seconds", "inf"]):
        with pytest.raises(SystemExit):
            main(["replay", str(file), *words])


def test_what_the_file_says_is_taken_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[Request] = []

    def run_stack(request: Request) -> SimpleNamespace:
        requests.append(request)
        return SimpleNamespace(exit_code=0)

    monkeypatch.setattr(replay, "run_stack", run_stack)
    words = ["--rate", "2", "--seconds", "5", "--loop", "world:=hall", "port:=9000"]
    assert main(["replay", str(file), *words]) == 0
    (request,) = requests
    assert request.table.file.name == "replay.yaml"
    assert dict(request.arguments) == {
        "file": str(file),
        "robot": "rx1",
        "namespace": "left",
        "world": "hall",
        "port": "9000",
        "rate": "2.0",
        "start": "0.0",
        "seconds": "5.0",
        "loop": "true",
    }


def test_a_film_is_made_by_a_process_that_knows_ros(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def execve(_path: str, words: list[str], _environment: dict[str, str]) -> None:
        commands.append(words)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(replay, "require_extra", lambda _name: None)
    with pytest.raises(SystemExit):
        main(["replay", str(file), "--video", "b.mp4", "--start", "3", "world:=hall"])
    (words,) = commands
    assert words[1:5] == ["-m", "renxing.nodes.film", str(file), "b.mp4"]
    options = dict(zip(words[5::2], words[6::2], strict=True))
    assert options == {
        "--width": "640",
        "--height": "360",
        "--fps": "20",
        "--rate": "1.0",
        "--start": "3.0",
        "--world": "hall",
    }
