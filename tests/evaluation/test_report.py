# SPDX-License-Identifier: Apache-2.0
"""The reports hold what was found, need nothing else, and show a robot."""

import base64
import ctypes.util
import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import DeviceError
from renxing.evaluation import page, pictures
from renxing.evaluation.limit import Limit
from renxing.evaluation.measures import measure
from renxing.evaluation.report import Scorecard, write_json
from renxing.evaluation.rig import run
from renxing.evaluation.scenario import choose, load_suite
from renxing.evaluation.scores import Request, Score, make_batches
from renxing.evaluation.trial import Outcome
from renxing.robot import Robot
from renxing.sim import load_world
from renxing.sim.variation import no_variation, varied_twin


@pytest.fixture
def card(rx1: Robot, holder, standing_course) -> Scorecard:
    """A card with one trial of a holder that is pushed over."""
    request = Request(robot="rx1", seeds=1, quick=True)
    scenarios = choose(load_suite("balance"), ["push_forward"], "rx1")
    (batch,) = make_batches(scenarios, "rx1", request)
    twin = varied_twin(rx1, load_world("flat"), no_variation(0))
    course = standing_course(3.0, push=np.array([500.0, 0, 0]), push_at=0.1)
    done = run(twin, holder(rx1, twin), course)
    outcome = Outcome(
        trial=batch.trials[0],
        failures=("fell <at> once",),
        measures=measure(done) | {"still_after": float("inf")},
        variation=no_variation(0).numbers(),
        timing={"total": (400.0, 600.0)},
        trace=done.trace,
    )
    return Scorecard(
        name="balance",
        title="Balance",
        robot="rx1",
        request=request,
        machine={
            "cores": 1,
            "cpu": "a <cpu>",
            "date": "today",
            "versions": {"renxing": "0"},
        },
        seconds=1.0,
        scores=(Score(batch=batch, outcomes=(outcome,)),),
        limits=(
            Limit(
                scenario=scenarios[0],
                direction=90.0,
                mastered=31.0,
                failed=32.0,
                reason="seed 1: fell",
            ),
        ),
    )


def test_json_has_every_number_and_is_json(card: Scorecard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    write_json(card, file)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found = json.loads(file.read_text(), parse_constant=refuse)
    assert found["missed"] is True
    (score,) = found["scores"]
    assert (score["level"], score["unit"], score["rate"]) == (50.0, "N·s", 0.0)
    (row,) = score["rows"]
    assert row["seed"] == 0 and row["success"] is False
    assert row["measures"]["still_after"] is None
    assert 0.2 < row["measures"]["fell_at"] < 2.0
    assert row["variation"]["friction"] == 0.8
    assert row["timing"]["total"] == {"median_us": 400.0, "p99_us": 600.0}
    assert found["limits"][0]["mastered"] == 31.0


class Tags(HTMLParser):
    """Collects tags and what they refer to; complains about what is not closed."""

    VOID = {"meta", "img", "br"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.links += [v for k, v in attrs if k in ("src", "href") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def write(card: Scorecard, folder: Path) -> tuple[str, list[str]]:
    warnings: list[str] = []
    page.write_page(card, folder / "card.html", warnings.append)
    return (folder / "card.html").read_text(), warnings


def test_page_needs_nothing_else(card: Scorecard, tmp_path: Path) -> None:
    text, _ = write(card, tmp_path)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert all(link.startswith("data:image/") for link in tags.links)
    assert "fell &lt;at&gt; once" in text and "a &lt;cpu&gt;" in text
    assert "MISSED" in text and "0/1" in text
    plot = next(link for link in tags.links if link.startswith("data:image/png"))
    data = base64.b64decode(plot.partition(",")[2])
    assert data.startswith(b"\x89PNG") and len(data) > 20_000


def test_without_opengl_the_page_has_no_pictures_and_says_so_once(
    card: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    twice = dataclasses.replace(card, scores=card.scores * 2)
    text, warnings = write(twice, tmp_path)
    assert len(warnings) == 1 and "apt-get install libegl1" in warnings[0]
    assert "image/jpeg" not in text and text.count("image/png") == 2


@pytest.fixture
def opengl(card: Scorecard) -> None:
    """Skip where there is no OpenGL; `make test` installs one where it may."""
    try:
        with pictures.camera_of(card.scores[0].shown().trial, 8, 8, fine=False):
            pass
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("opengl")
def test_pictures_show_the_fall(card: Scorecard, tmp_path: Path) -> None:
    outcome = card.scores[0].shown()
    assert outcome.trace is not None
    joined = pictures.strip(outcome.trial, outcome.trace, 3)
    assert joined.shape == (320, 720, 3)
    first, last = joined[:, :240].astype(float), joined[:, 480:].astype(float)
    # White and blue parts of the robot: upright they reach higher than lying.
    highest = [int(np.argwhere(p.min(axis=2) > 120)[:, 0].min()) for p in (first, last)]
    assert highest[1] > highest[0] + 40
    text, warnings = write(card, tmp_path)
    assert warnings == [] and re.search("image/jpeg;base64,", text)


@pytest.mark.usefixtures("opengl")
def test_video_has_its_frames(card: Scorecard, tmp_path: Path) -> None:
    import av

    outcome = card.scores[0].shown()
    assert outcome.trace is not None
    file = tmp_path / "fall.mp4"
    trace = dataclasses.replace(outcome.trace, frames=outcome.trace.frames[::6])
    pictures.write_video(file, outcome.trial, trace)
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        frames = [
            frame.to_ndarray(format="rgb24") for frame in container.decode(stream)
        ]
        assert (stream.width, stream.height, stream.average_rate) == (640, 480, 30)
    assert len(frames) == len(trace.frames)
    assert np.abs(frames[0].astype(int) - frames[-1].astype(int)).max() > 100
    with pytest.raises(DeviceError, match="cannot be written"):
        pictures.write_video(tmp_path / "no" / "such.mp4", outcome.trial, trace)
