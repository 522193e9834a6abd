# SPDX-License-Identifier: Apache-2.0
"""A recording as pictures: what is where, and what is said."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.nodes.recordings import (
    BEGIN,
    BOX,
    ELBOW,
    PERIOD,
    SPEED,
    Script,
    converse,
    walk,
)

from renxing.errors import ConfigError, DeviceError
from renxing.nodes.footage import Footage, gather, namespace_of, world_of
from renxing.robot import Robot
from renxing.runtime.playback import Playback
from renxing.sim import load_world
from renxing.sim.compile import compile_model
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig

LENGTH = 2.0  # [s]
FPS = 10


@pytest.fixture(scope="module")
def model(robot: Robot):
    return compile_model(robot, load_world("workshop"), PhysicsConfig())


@pytest.fixture
def recorded(robot: Robot, tmp_path: Path) -> Path:
    script = Script(tmp_path / "a.mcap", "left", world="workshop")
    converse(script)
    walk(script, robot, LENGTH)
    script.recording.close()
    return script.recording.path


def take(path: Path, robot: Robot, model, start: float = 0.0, rate: float = 1.0):
    playback = Playback(path)
    begin = BEGIN + round(1e9 * start)
    return gather(playback, robot, model, begin, playback.end, fps=FPS, rate=rate)


def test_everything_is_where_it_was(recorded: Path, robot: Robot, model) -> None:
    playback = Playback(recorded)
    assert namespace_of(playback) == "/left"
    assert world_of(playback) == "workshop"
    footage = take(recorded, robot, model)
    assert len(footage.shots) == FPS * LENGTH
    joint = model.joint(robot.joints[-1]).qposadr[0]
    box = model.joint(BOX).qposadr[0]
    stand = robot.posture("stand")
    for number, shot in enumerate(footage.shots):
        time = number / FPS
        # Not newer than the picture, nor older than one message.
        x = shot.qpos[0] / SPEED
        assert time - 1.01 * PERIOD <= x <= time + 1e-6
        assert shot.qpos[joint] == pytest.approx(stand[-1] + ELBOW * x, abs=0.03)
        assert shot.qpos[box : box + 2] == pytest.approx([0.0, 3.0])
        assert shot.qpos[box + 2] == pytest.approx(x, abs=0.03)
        assert shot.yaw == pytest.approx(0.0)


def test_a_part_of_it_and_faster(recorded: Path, robot: Robot, model) -> None:
    footage = take(recorded, robot, model, start=1.0, rate=2.0)
    assert len(footage.shots) == FPS * (LENGTH - 1.0) / 2.0
    x = np.array([shot.qpos[0] for shot in footage.shots]) / SPEED
    assert x == pytest.approx(1.0 + 0.2 * np.arange(5), abs=0.03)
    # The step began before; what was said before is over.
    assert [line.text for line in footage.lines] == ["there"]
    assert footage.lines[0].time == pytest.approx(0.1, abs=0.02)
    assert [s.text for s in footage.steps if s.time <= 0.0][-1] == "walk to the door"


def test_words_have_the_times_of_the_pictures(
    recorded: Path, robot: Robot, model
) -> None:
    footage: Footage = take(recorded, robot, model)
    said = [(line.speaker, line.text) for line in footage.lines]
    assert said == [("operator", "走到门"), ("robot", "there")]
    assert [line.time for line in footage.lines] == pytest.approx([0.3, 1.2])
    done = [(step.time, step.text) for step in footage.steps]
    assert [text for _, text in done] == ["", "walk to the door", ""]
    assert [time for time, _ in done] == pytest.approx([0.35, 0.4, 1.2])


def test_without_joints_there_is_no_film(robot: Robot, model, tmp_path: Path) -> None:
    script = Script(tmp_path / "a.mcap", "")
    converse(script)
    script.recording.close()
    with pytest.raises(ConfigError, match="no topic joint_states or dynamic"):
        take(script.recording.path, robot, model)


def film(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "renxing.nodes.film", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_film(recorded: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    try:
        Offscreen(8, 8).free()
    except DeviceError as error:
        pytest.skip(str(error))
    out = tmp_path / "a.mp4"
    size = ("--width", 160, "--height", 120, "--fps", FPS)
    made = film(recorded, out, *size, "--start", 0.5, "--seconds", 1)
    assert made.returncode == 0, made.stderr
    assert "1.0 s of film, rx1 in workshop" in made.stdout
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (160, 120, FPS)
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(frames) == FPS
    assert np.abs(frames[0].astype(int) - frames[-1].astype(int)).max() > 50
    subtitles = out.with_suffix(".srt").read_text()
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:00,700\n[walk to the door]")
    assert "robot: there" in subtitles


def test_what_is_missing_is_named(robot: Robot, tmp_path: Path) -> None:
    script = Script(tmp_path / "a.mcap", "")
    walk(script, robot, 0.1)
    script.recording.close()
    made = film(script.recording.path, tmp_path / "a.mp4")
    assert made.returncode == 2
    assert "does not say which world; say it with world:=NAME" in made.stderr
    made = film(script.recording.path, tmp_path / "a.mp4", "--start", 3)
    assert made.returncode == 2
    assert "Traceback" not in made.stderr
