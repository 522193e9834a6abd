# SPDX-License-Identifier: Apache-2.0
"""`renxing eval` as a user sees it, on a scorecard of one short trial."""

import json
from pathlib import Path

import pytest

from renxing.cli.main import main

_SUITE = """
name: short
title: Short
scenarios:
  - name: stop
    title: Standing still from the start
    level: still_within
    duration: 1.0
    stop_at: [0.1, 0.2]
    quick: {{seeds: 1}}
    limit: 5.0
    robots: {{rx1: {{must: {{level: {level}}}}}}}
"""


@pytest.fixture
def suite(tmp_path: Path):
    def make(level: float) -> str:
        file = tmp_path / "short.yaml"
        file.write_text(_SUITE.format(level=level))
        return str(file)

    return make


@pytest.mark.parametrize(("level", "code"), [(0.8, 0), (-1.0, 1)])
def test_exit_code_and_json(suite, tmp_path, capsys, level: float, code: int) -> None:
    file = tmp_path / "out.json"
    words = ["eval", suite(level), "--quick", "--jobs", "1", "--json", str(file)]
    assert main(words) == code
    table = capsys.readouterr().out
    assert ("MISSED" in table) is bool(code) and "stop" in table
    (score,) = json.loads(file.read_text())["scores"]
    assert score["missed"] is bool(code)
    assert score["rows"][0]["timing"]["total"]["median_us"] > 0.0


def test_limit(suite, capsys) -> None:
    words = ["eval", suite(0.8), "--quick", "--limit", "--jobs", "1"]
    assert main(words) == 0
    assert "5 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["dancing"], "scorecard 'dancing': unknown; there are balance"),
        (["balance", "--scenario", "x"], "scenario 'x': not in scorecard"),
        (["balance", "--robot", "r2d2"], "robot 'r2d2': not in config/robots"),
        (["balance", "--jobs", "0"], "--jobs 0: at least 1"),
        (["balance", "--seed", "-1"], "--seed -1: at least 0"),
        (["balance", "--json", "/no/such/folder/x"], "there is no such folder"),
        (["navigation", "--scenario", "x"], "'navigation' knows nothing of it"),
        (["terrain", "--record", "x"], "--record: not for scorecard 'terrain'"),
        (["mission", "--record", "/no/such"], "there is no such folder"),
        (["mission", "--aim"], "--aim: scorecard 'mission' knows nothing"),
        (["balance", "--limit", "--video", "x.mp4"], "no trial to show"),
        (["terrain", "--scenario", "ramp", "--limit", "--jobs", "0"], "at least 1"),
    ],
)
def test_mistakes_are_told_before_anything_runs(words, complaint, capsys) -> None:
    assert main(["eval", *words]) == 2
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1
