# SPDX-License-Identifier: Apache-2.0
"""What the robot's skin feels: a heat map of each patch, and where on the body it is.

Pictures are turned so that up on them is up on the standing robot, seen from outside.
"""

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pinocchio
import viser

from renxing.console.tables import STYLE
from renxing.robot import Robot
from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.spatial import Array, quat_xyzw_from_rotation, wxyz_from_xyzw

HOTTEST = 50e3  # [Pa] from which a taxel is drawn in the last colour
ROOM = 150  # [px] that a patch may take, along its longer side
LARGEST = 14  # [px] side of a taxel, at most
LIFT = 0.004  # [m] of a patch above the body
FIRM = 50.0  # [N] on a patch from which it is drawn in the last colour
# From nothing over purple and orange to yellow: the order can be told without colours.
COLOURS = np.array(
    [(18, 12, 42), (88, 20, 110), (187, 55, 84), (249, 142, 9), (252, 255, 164)],
    dtype=float,
)
BROKEN = (120, 130, 140)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinTouch:
    """A touch, for the list.

    Attributes:
        patch: Its name.
        x: Of its middle in the patch's frame [m].
        y: The same [m].
        force: [N].
        area: [m²].
        peak: [Pa].
    """

    patch: str
    x: float
    y: float
    force: float
    area: float
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkinReport:
    """What the skin feels.

    Attributes:
        pressure: Of all taxels, NaN for broken ones [Pa], shape (taxels,).
        touches: Of all patches.
    """

    pressure: Array
    touches: Sequence[SkinTouch]


class SkinPanel:
    """A tab with all patches, and the touched ones on the body."""

    def __init__(
        self,
        server: viser.ViserServer,
        tabs: viser.GuiTabGroupHandle,
        robot: Robot,
        paths: Mapping[int, str],
    ) -> None:
        """Send its parts to the page; without skin there are none.

        Args:
            server: The page's server.
            tabs: Where it gets a tab.
            robot: Whose skin.
            paths: Of the joints' frames in the scene, by the model's index.
        """
        self._layout = SkinLayout(robot.description.sensors.skin)
        self._html: viser.GuiHtmlHandle | None = None
        self._spots: list[viser.MeshHandle] = []
        self._empty = True
        if not self._layout.size:
            return
        with tabs.add_tab("Skin"):
            self._html = server.gui.add_html("")
        self._turns = [_quarters(robot, patch) for patch in self._layout.patches]
        for patch in self._layout.patches:
            frame = robot.model.frames[robot.frame(patch.frame)]
            placement = frame.placement
            x, y = 0.5 * patch.columns * patch.pitch, 0.5 * patch.rows * patch.pitch
            corners = np.array([(-x, -y, LIFT), (x, -y, LIFT), (x, y, LIFT)])
            corners = np.vstack([corners, (-x, y, LIFT)])
            spot = server.scene.add_mesh_simple(
                f"{paths[frame.parentJoint]}/skin_{patch.name}",
                corners,
                np.array([(0, 1, 2), (0, 2, 3)], dtype=np.uint32),
                color=(252, 200, 60),
                side="double",
                position=placement.translation,
                wxyz=wxyz_from_xyzw(quat_xyzw_from_rotation(placement.rotation)),
                visible=False,
                cast_shadow=False,
                receive_shadow=False,
            )
            self._spots.append(spot)
        self.show(None)

    def show(self, report: SkinReport | None) -> None:
        """Refresh the pictures; None: nobody says what the skin feels."""
        if self._html is None or (report is None and self._empty):
            if self._html is not None and not self._html.content:
                self._html.content = _silence()
            return
        self._empty = report is None
        if report is None:
            self._html.content = _silence()
            for spot in self._spots:
                spot.visible = False
            return
        self._html.content = (
            f"{STYLE}<div class=rx>{_list(report.touches)}{self._pictures(report)}"
            f"<div class=weak>colours: 0 to {HOTTEST / 1e3:.0f} kPa, by the square "
            f"root; grey: broken</div></div>"
        )
        forces = dict.fromkeys((patch.name for patch in self._layout.patches), 0.0)
        for touch in report.touches:
            forces[touch.patch] = forces.get(touch.patch, 0.0) + touch.force
        for patch, spot in zip(self._layout.patches, self._spots, strict=True):
            force = forces[patch.name]
            spot.visible = force > 0.0
            if force > 0.0:
                # A slight touch, too, must be seen on a dark body.
                share = 0.4 + 0.6 * min(force / FIRM, 1.0)
                red, green, blue = (int(v) for v in _coloured(np.array([share]))[0])
                spot.color = (red, green, blue)

    def _pictures(self, report: SkinReport) -> str:
        touched = {touch.patch for touch in report.touches}
        cells = []
        for patch, part, turns in zip(
            self._layout.patches, self._layout.slices, self._turns, strict=True
        ):
            pressure = report.pressure[part].reshape(patch.rows, patch.columns)
            # Rows go up along y; a picture's rows go down.
            image = np.rot90(heat(pressure)[::-1], turns)
            side = min(LARGEST, ROOM // max(image.shape[:2]))
            height, width = (side * n for n in image.shape[:2])
            mark = "outline:2px solid #f98e09" if patch.name in touched else ""
            cells.append(
                f"<div style='display:inline-block;margin:3px 5px;text-align:center;"
                f"vertical-align:bottom'><img alt='{escape(patch.name)}' "
                f"src='data:image/png;base64,{base64.b64encode(png(image)).decode()}' "
                f"style='width:{width}px;height:{height}px;image-rendering:pixelated;"
                f"{mark}'><div class=weak>{escape(patch.name.replace('_', ' '))}</div>"
                f"</div>"
            )
        return "".join(cells)


def heat(pressure: Array) -> npt.NDArray[np.uint8]:
    """Return a colour for each taxel.

    Args:
        pressure: [Pa], NaN for broken ones, shape (rows, columns).

    Returns:
        Red, green, blue, shape (rows, columns, 3).
    """
    broken = ~np.isfinite(pressure)
    share = np.clip(np.where(broken, 0.0, pressure) / HOTTEST, 0.0, 1.0)
    # By the root: what is slight shows, too.
    colours = _coloured(np.sqrt(share))
    colours[broken] = BROKEN
    return colours


def _coloured(share: Array) -> npt.NDArray[np.uint8]:
    at = np.linspace(0.0, 1.0, len(COLOURS))
    bands = [np.interp(share, at, band) for band in COLOURS.T]
    return np.stack(bands, axis=-1).astype(np.uint8)


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG (ISO/IEC 15948): 8 bits, red, green, blue.

    Args:
        image: Shape (rows, columns, 3).
    """
    rows, columns = image.shape[:2]
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    # Each row begins with its filter, none.
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)
    lines[:, 1:] = image.reshape(rows, -1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def _silence() -> str:
    return (
        f"{STYLE}<div class='rx weak'>nobody says what the skin feels: start with "
        f"skin:=true</div>"
    )


def _list(touches: Sequence[SkinTouch]) -> str:
    rows = "".join(
        f"<tr><td>{escape(touch.patch.replace('_', ' '))}</td>"
        f"<td><b>{touch.force:.2f}</b></td><td>{touch.peak / 1e3:.1f}</td>"
        f"<td>{1e4 * touch.area:.1f}</td>"
        f"<td>{1e3 * touch.x:+.0f}, {1e3 * touch.y:+.0f}</td></tr>"
        for touch in touches
    )
    nothing = "<tr><td class=weak colspan=5>nothing touches it</td></tr>"
    return (
        f"<h4>Touches</h4><table><tr><th>patch</th><th>N</th><th>peak kPa</th>"
        f"<th>cm²</th><th>at mm</th></tr>{rows or nothing}</table>"
    )


def _quarters(robot: Robot, patch: SkinPatch) -> int:
    """Return the quarter turns that put up on the standing robot up on a picture."""
    data = robot.model.createData()
    stand = robot.configuration(robot.posture("stand"))
    pinocchio.framesForwardKinematics(robot.model, data, stand)
    # How far up the patch's own x and y point.
    x, y = data.oMf[robot.frame(patch.frame)].rotation[2, :2]
    if abs(y) >= abs(x):
        return 0 if y >= 0.0 else 2
    return 1 if x > 0.0 else -1
