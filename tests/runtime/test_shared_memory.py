# SPDX-License-Identifier: Apache-2.0
"""Cleaning is a courtesy: it never fails a start and never delays it for long."""

import sys
import time
from pathlib import Path

import pytest

from renxing.runtime import shared_memory
from renxing.runtime.shared_memory import clean_shared_memory


@pytest.fixture
def tool(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(shared_memory, "_FOLDER", tmp_path)
    (tmp_path / "fastrtps_port7411").touch()
    (tmp_path / "tools" / "fastdds").mkdir(parents=True)
    return tmp_path / "tools" / "fastdds" / "fastdds.py"


def test_the_tool_is_run(tool: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    tool.write_text(f"import sys; open({str(ran)!r}, 'w').write(sys.argv[2])")
    assert clean_shared_memory({})
    assert ran.read_text() == "clean"


def test_without_segments_or_tool_nothing_is_run(tool: Path, tmp_path: Path) -> None:
    assert not clean_shared_memory({"PATH": str(tmp_path)})
    (tmp_path / "fastrtps_port7411").unlink()
    assert clean_shared_memory({"PATH": str(tmp_path)})


def test_a_tool_that_hangs_or_fails_is_left_alone(tool: Path, monkeypatch) -> None:
    monkeypatch.setattr(shared_memory, "_TIMEOUT", 0.2)
    tool.write_text("import time; time.sleep(1000)")
    begin = time.monotonic()
    assert not clean_shared_memory({})
    assert time.monotonic() - begin < 30.0
    tool.write_text("raise SystemExit(1)")
    assert not clean_shared_memory({})
