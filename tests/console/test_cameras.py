# SPDX-License-Identifier: Apache-2.0
"""Pictures of the cameras, and how it shows that they are old."""

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
import viser

from renxing.console.cameras import CameraStrip, Picture, caption_of, image_of

FRESH = Picture(camera="head", data=b"\xff\xd8jpeg", number=3, age=0.2)


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def strip(server: viser.ViserServer) -> CameraStrip:
    return CameraStrip(server, ["head", "chest"])


def test_a_fresh_picture_is_shown_as_it_is() -> None:
    assert base64.b64encode(FRESH.data).decode() in image_of(FRESH)
    assert "data:image/jpeg;" in image_of(FRESH)
    assert "data:image/png;" in image_of(replace(FRESH, kind="png"))
    assert "grayscale" not in image_of(FRESH)
    assert "0.2 s" in caption_of(FRESH) and "STALE" not in caption_of(FRESH)


@pytest.mark.parametrize(("age", "said"), [(1.1, "1.1 s"), (75.0, "75 s")])
def test_an_old_picture_is_dimmed_and_says_so(age: float, said: str) -> None:
    old = replace(FRESH, age=age)
    assert "grayscale" in image_of(old) and "outline" in image_of(old)
    assert f"STALE: {said} old" in caption_of(old)


def test_an_age_that_is_no_number_is_no_sign_of_freshness() -> None:
    assert replace(FRESH, age=float("nan")).stale


def test_a_camera_that_is_silent_says_how_long() -> None:
    silent = Picture(camera="<chest>", age=4.0)
    assert "no picture for 4 s" in caption_of(silent)
    assert "&lt;chest&gt;" in caption_of(silent)
    assert "<img" not in image_of(silent)


def test_a_picture_is_sent_once_and_again_when_it_grows_old(strip: CameraStrip) -> None:
    strip.show([FRESH])
    caption, image = strip._cells["head"]
    assert strip._panel.visible and image.visible
    assert not strip._cells["chest"][1].visible
    image.content = "as it was"
    strip.show([replace(FRESH, age=0.6)])
    assert image.content == "as it was" and "0.6 s" in caption.content
    strip.show([replace(FRESH, age=1.6)])
    assert "grayscale" in image.content
    strip.show([replace(FRESH, number=4, age=0.1)])
    assert "grayscale" not in image.content


def test_nothing_is_shown_that_nobody_wants_or_has(strip: CameraStrip) -> None:
    strip.show([])
    assert not strip._panel.visible
    strip.show([FRESH])
    strip.want(False)
    assert not strip.wanted and not strip._panel.visible
    strip.show([replace(FRESH, number=9)])
    assert not strip._panel.visible
    strip.want(True)
    strip.show([replace(FRESH, number=9)])
    assert strip._panel.visible
