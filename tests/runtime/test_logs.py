# SPDX-License-Identifier: Apache-2.0
"""Logs never stop the supervisor: not a full disk, not a stuck screen."""

import errno
import io
import os
import time
from pathlib import Path

import pytest

from renxing.runtime import logs
from renxing.runtime.logs import LogFile, Logs, Terminal, log_root, new_log_folder

FULL = Path("/dev/full")  # the kernel's own full disk


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_names_are_padded_and_coloured_only_on_a_screen(monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, screen = io.StringIO(), Screen()
    for stream in (plain, screen):
        terminal = Terminal(stream, ["twin", "console"])
        terminal.write("twin", "hello")
        terminal.close()
    assert plain.getvalue() == "twin    | hello\n"
    assert screen.getvalue() == "\x1b[36mtwin    |\x1b[0m hello\n"


def test_each_process_has_a_file_of_dated_lines(tmp_path: Path) -> None:
    several = Logs(tmp_path, io.StringIO(), ["a", "b"])
    several.write("a", "one")
    # Line-buffered: it is there before anything is closed.
    assert (tmp_path / "a.log").read_text().endswith(" one\n")
    several.close()
    assert not (tmp_path / "b.log").exists()


def test_a_full_disk_loses_lines_but_not_the_run(tmp_path: Path) -> None:
    stream = io.StringIO()
    several = Logs(tmp_path, stream, ["a"])
    (tmp_path / "a.log").symlink_to(FULL)
    several.write("a", "one")
    several.write("a", "two")
    several.close()
    shown = stream.getvalue()
    assert "a | one\n" in shown
    assert "a | two\n" in shown
    assert shown.count("No space left") == 1


def test_a_file_is_written_again_once_the_disk_has_room(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log")
    file.path.symlink_to(FULL)
    assert not file.write("lost")
    assert file.failure
    assert file.failure.errno == errno.ENOSPC
    file.path.unlink()
    file._retry_at = 0.0
    assert file.write("kept")
    assert file.path.read_text().endswith("kept\n")


def test_a_long_file_is_turned_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(logs, "_MAX_FILE", 100)
    file = LogFile(tmp_path / "a.log")
    for _ in range(10):
        file.write("x" * 50)
    file.write("last")
    assert sorted(os.listdir(tmp_path)) == ["a.log", "a.log.1"]
    assert (tmp_path / "a.log.1").stat().st_size < 300


def test_a_stuck_screen_does_not_block() -> None:
    read, write = os.pipe()  # nobody reads: it takes 64 KiB and then blocks
    terminal = Terminal(os.fdopen(write, "w"), ["a"])
    begin = time.monotonic()
    for _ in range(30_000):
        terminal.write("a", "x" * 100)
    terminal.close()
    assert time.monotonic() - begin < 20.0
    os.close(read)


def test_old_runs_are_deleted_and_latest_points_to_the_new(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"20200101-0000{number:02d}-default-1").mkdir()
    (tmp_path / "20-mine").mkdir()  # not one of ours
    folder = new_log_folder(tmp_path, "lab/rx")
    assert "lab.rx" in folder.name
    assert (tmp_path / "latest").resolve() == folder
    assert (tmp_path / "20-mine").exists()
    assert len(list(tmp_path.glob("2*-*-*-*"))) == 20


def test_where_the_logs_are() -> None:
    assert log_root({"RENXING_LOG_DIR": "/a"}) == Path("/a")
    assert log_root({"XDG_STATE_HOME": "/b"}) == Path("/b/renxing/log")
    assert log_root({}) == Path.home() / ".local/state/renxing/log"


@pytest.mark.parametrize("value", ["1", "yes"])
def test_no_color_is_respected(monkeypatch, value: str) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    assert not logs.wants_colour(Screen())
