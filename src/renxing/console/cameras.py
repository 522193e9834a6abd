# SPDX-License-Identifier: Apache-2.0
"""What the robot's cameras see now, each picture with its age."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import viser
from viser import Icon

from renxing.console.colours import GREEN, RED
from renxing.console.tables import STYLE

STALE = 1.0  # [s] from which a picture is not what is there now
WIDTH = 250.0  # [px] of the strip
AGES = 3.0  # [s] above it an age is told without a fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The last picture of a camera.

    Attributes:
        camera: Its name.
        data: As it came, compressed; empty before the first.
        kind: How it is compressed: `jpeg` or `png`.
        number: Of pictures that came before; another one is another picture.
        age: Since it was taken, or since somebody began to listen [s].
    """

    camera: str
    data: bytes = b""
    kind: str = "jpeg"
    number: int = 0
    age: float = 0.0

    @property
    def stale(self) -> bool:
        """Whether it no longer shows what is there."""
        return not self.age <= STALE


class CameraStrip:
    """A window over the scene with a picture for each camera that publishes."""

    def __init__(self, server: viser.ViserServer, cameras: Sequence[str]) -> None:
        """Show nothing yet.

        Args:
            server: The page's server.
            cameras: Names of the robot's cameras.
        """
        self._wanted = True
        self._panel = server.gui.add_panel(visible=False)
        self._shown: dict[str, tuple[int, bool]] = {}
        self._cells: dict[str, tuple[viser.GuiHtmlHandle, viser.GuiHtmlHandle]] = {}
        with self._panel.add_tab("Cameras", Icon.CAMERA):
            for camera in cameras:
                # Apart: the age changes all the time, and the picture need not be
                # sent again for it.
                caption = server.gui.add_html("", visible=False)
                self._cells[camera] = caption, server.gui.add_html("", visible=False)
        # Above are the notices.
        self._panel.float(x=12.0, y=-12.0, width=WIDTH)

    @property
    def wanted(self) -> bool:
        """Whether the operator wants to see pictures."""
        return self._wanted

    def want(self, wanted: bool) -> None:
        """Show it or not, as the operator likes."""
        self._wanted = wanted
        if not wanted:
            self._panel.visible = False

    def show(self, pictures: Sequence[Picture]) -> None:
        """Refresh it; cameras that are left out have never published anything.

        Args:
            pictures: Of the cameras, in any order.
        """
        visible = self._wanted and bool(pictures)
        if self._panel.visible != visible:
            self._panel.visible = visible
        if not visible:
            return
        for picture in pictures:
            caption, image = self._cells[picture.camera]
            caption.content = caption_of(picture)
            shown = picture.number, picture.stale
            if self._shown.get(picture.camera) != shown:
                self._shown[picture.camera] = shown
                image.content = image_of(picture)
                caption.visible = image.visible = True


def caption_of(picture: Picture) -> str:
    """Return the line over a picture: whose it is, and how old."""
    if not picture.data:
        words, color = f"no picture for {_age(picture.age)}", RED
    elif picture.stale:
        words, color = f"STALE: {_age(picture.age)} old", RED
    else:
        words, color = _age(picture.age), GREEN
    return (
        f"{STYLE}<div class=rx><div class=caption><b>{escape(picture.camera)}</b>"
        f"<b style='color:{color}'>{words}</b></div></div>"
    )


def image_of(picture: Picture) -> str:
    """Return a picture as HTML, dimmed and framed in red when it is stale."""
    if not picture.data:
        return f"{STYLE}<div class='rx'><div class=nothing>nothing yet</div></div>"
    # The frame around, or it would be dimmed, too.
    dim = "filter:grayscale(1) brightness(.5);" if picture.stale else ""
    frame = f"outline:3px solid {RED};" if picture.stale else ""
    data = base64.b64encode(picture.data).decode()
    return (
        f"{STYLE}<div class=rx><div style='border-radius:4px;{frame}'>"
        f"<img alt='{escape(picture.camera)}' "
        f"src='data:image/{picture.kind};base64,{data}' "
        f"style='width:100%;border-radius:4px;display:block;{dim}'></div></div>"
    )


def _age(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < AGES else f"{seconds:.0f} s"
