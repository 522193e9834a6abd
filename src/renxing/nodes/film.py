# SPDX-License-Identifier: Apache-2.0
"""A film of a recording: `python -m renxing.nodes.film RUN.mcap RUN.mp4`.

Nothing joins the graph: messages are read from the file, and MuJoCo draws without a
screen. What was said and done stands in the picture, and beside the film in an .srt
file, with letters that the picture has none for.
"""

import argparse
import math
import os
import signal
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from renxing.errors import ConfigError, RenxingError
from renxing.evaluation.camera import Camera, Film
from renxing.nodes.footage import Footage, gather, world_of
from renxing.robot import load_robot
from renxing.runtime.playback import Playback
from renxing.runtime.subtitles import cues_of, shown_at, to_ascii, to_srt
from renxing.sim import load_world

NICENESS = 10  # by which it steps back behind a robot that may run here
SIDE = 40.0  # [deg] from the robot's heading to the view's
FOLLOW = 0.1  # [-] share of the way to the robot that the view moves a picture
LETTER = 9.5  # [px] width of a letter of the picture's font, more or less
TELL = 5.0  # [s] between two lines about the progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a film: 0 if it is done, 2 if it cannot be."""
    parser = argparse.ArgumentParser(prog="renxing replay --video")
    parser.add_argument("recording", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--robot", default="")
    parser.add_argument("--world", default="")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=math.inf)
    os.nice(NICENESS)
    # Software rendering takes all cores that it gets.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        make_film(parser.parse_args(arguments))
    except RenxingError as error:
        print(f"renxing: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def make_film(chosen: argparse.Namespace) -> None:
    """Render a recording.

    Raises:
        ConfigError: If it does not say what to draw, or holds nothing to draw.
        DeviceError: If there is no OpenGL, or the film cannot be written.
    """
    began = time.monotonic()
    playback = Playback(chosen.recording)
    if not playback.whole:
        _tell(f"{chosen.recording}: its recorder was killed; showing what it left")
    robot_name = chosen.robot or playback.metadata.get("renxing", {}).get("robot", "")
    world_name = chosen.world or world_of(playback)
    for what, name in (("robot", robot_name), ("world", world_name)):
        if not name:
            raise ConfigError(
                f"recording {chosen.recording}: it does not say which {what}; "
                f"say it with {what}:=NAME"
            )
    robot, world = load_robot(robot_name), load_world(world_name)
    width, height, fps = chosen.width, chosen.height, chosen.fps
    begin = playback.begin + round(1e9 * chosen.start)
    if not playback.begin <= begin < playback.end:
        raise ConfigError(
            f"--start {chosen.start:g}: allowed: 0 to {playback.duration:.1f} s"
        )
    end = playback.end
    if math.isfinite(chosen.seconds):
        end = min(end, begin + round(1e9 * chosen.seconds))
    with Camera(robot, world, width, height, fine=False) as camera:
        footage = gather(
            playback, robot, camera.model, begin, end, fps=fps, rate=chosen.rate
        )
        length = len(footage.shots) / fps
        _tell(f"{length:.1f} s of film, {robot.name} in {world.name}")
        with Film(chosen.video, width, height, fps) as film:
            _render(footage, camera, film, fps, width)
    srt = chosen.video.with_suffix(".srt")
    cues = cues_of(footage.lines, footage.steps, length)
    try:
        srt.write_text(to_srt(cues), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"subtitles {srt}: {error.strerror}") from error
    took = time.monotonic() - began
    _tell(f"{chosen.video} and {srt.name}: {length:.1f} s of film in {took:.1f} s")


def _render(footage: Footage, camera: Camera, film: Film, fps: int, width: int) -> None:
    total = len(footage.shots)
    cues = cues_of(footage.lines, footage.steps, total / fps)
    told = time.monotonic()
    letters = int(width / LETTER)
    for number, shot in enumerate(footage.shots):
        seconds = number / fps
        # From behind and the side, so that one sees where it goes.
        camera.turn(math.degrees(shot.yaw) + SIDE, 1.0 if number == 0 else None)
        head = f"{seconds:5.1f} s"
        if shot.speed is not None:
            head += f"  simulation x {shot.speed:.2f}"
        said = [
            row
            for line in shown_at(cues, seconds)
            for row in textwrap.wrap(to_ascii(line), letters)
        ]
        picture = camera.picture(
            shot.qpos, FOLLOW, shot.people, (head, "\n".join(said))
        )
        film.add(picture)
        if time.monotonic() - told > TELL:
            told = time.monotonic()
            _tell(f"{seconds:.0f} of {total / fps:.0f} s are rendered")


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
