# SPDX-License-Identifier: Apache-2.0
"""The skin of the simulated robot: contacts of its links -> pressure on its taxels.

A contact is felt where it lies on a patch, by the part of its force that goes into the
skin. MuJoCo has points only: where two shapes touch along a line or a face it gives the
ends or corners, so the force of each is spread along the way to their middle. A push,
an operator's hand, is felt too: of it only a link and a wrench are known, so its place
is that of the patch which is nearest to its line. On curved links a patch is the flat
one that touches them in its middle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.sim.pushes import Push
from renxing.sim.skin_device import SkinDevice, SkinDeviceConfig
from renxing.sim.skin_press import press_along, touched_radius
from renxing.spatial import Array

Indices = npt.NDArray[np.integer[Any]]

SPREAD = 6  # places at most that the force of one point is spread to
# Points of contact at most that are felt, each some 20 us: a robot that lies in a heap
# of things must not hold up the loop.
MOST = 16
_ROUND = (
    mujoco.mjtGeom.mjGEOM_SPHERE,
    mujoco.mjtGeom.mjGEOM_CAPSULE,
    mujoco.mjtGeom.mjGEOM_CYLINDER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinConfig:
    """The skin.

    Attributes:
        cover: Thickness of the cover over the taxels, in pitches of the patch [-].
        modulus: Plane-strain modulus of the cover [Pa]; 0.7 MPa is silicone of 20
            Shore A.
        depth: How far below a patch's plane a contact may lie to be on it, in pitches
            [-]; a patch on a cylinder is below its plane at its edges.
        edge: Radius of a corner where a flat thing touches [m].
        hand: Radius of what pushes, such as the ball of a hand [m].
        push_reach: From the line of a push to the edge of a patch, at most [m]; the
            wrench of a push is often given at the link's origin.
        push_slant: Cosine of the angle between a push and the skin's inward normal, at
            least [-].
        device: The electronics.
    """

    cover: float = field(default=0.5, metadata={"min": 0.05, "max": 5.0})
    modulus: float = field(default=0.7e6, metadata={"min": 1e4, "max": 1e9})
    depth: float = field(default=1.5, metadata={"min": 0.1, "max": 10.0})
    edge: float = field(default=0.005, metadata={"min": 1e-4, "max": 0.1})
    hand: float = field(default=0.04, metadata={"min": 1e-3, "max": 0.5})
    push_reach: float = field(default=0.15, metadata={"min": 0.0, "max": 1.0})
    push_slant: float = field(default=0.5, metadata={"min": 0.0, "max": 1.0})
    device: SkinDeviceConfig = field(default_factory=SkinDeviceConfig)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Site:
    """Where a patch is in the model."""

    patch: SkinPatch
    image: Array  # its part of all pressures, shape (rows, columns)
    site: int
    rotation_body_to_patch: Array
    position_in_body: Array


class Skin:
    """All patches of a simulated robot.

    Attributes:
        layout: Of the taxels.
        device: Counts what they feel.
        pressure: On each taxel, as of the last `feel` [Pa], shape (taxels,).
    """

    def __init__(
        self,
        config: SkinConfig,
        patches: Iterable[SkinPatch],
        model: mujoco.MjModel,
        *,
        seed: int,
        ideal: bool,
    ) -> None:
        """Find the patches in the model.

        Args:
            config: Of all patches.
            patches: Of the robot's file; their frames are sites of the model.
            model: Of the robot in its world.
            seed: Of the electronics.
            ideal: Leaves out the errors of the electronics.
        """
        self._config = config
        self._model = model
        self.layout = SkinLayout(tuple(patches))
        self.device = SkinDevice(config.device, self.layout, seed, ideal)
        self.pressure: Array = np.zeros(self.layout.size)
        self._pressed = False
        self._wrench = np.zeros(6)
        self._sites: dict[int, list[_Site]] = {}
        for patch, part in zip(self.layout.patches, self.layout.slices, strict=True):
            site = model.site(patch.frame)
            rotation = np.zeros(9)
            mujoco.mju_quat2Mat(rotation, site.quat)
            found = _Site(
                patch=patch,
                image=self.pressure[part].reshape(patch.rows, patch.columns),
                site=int(site.id),
                rotation_body_to_patch=rotation.reshape(3, 3).T.copy(),
                position_in_body=np.array(site.pos),
            )
            self._sites.setdefault(int(site.bodyid[0]), []).append(found)
        # Of each geometry, so that one look sorts out all contacts elsewhere.
        bodies = np.array(sorted(self._sites), dtype=np.intp)
        self._has_skin = np.isin(model.geom_bodyid, bodies)
        is_round = np.isin(model.geom_type, [int(kind) for kind in _ROUND])
        self._curvature = np.where(
            is_round, 1.0 / np.maximum(model.geom_size[:, 0], 1e-4), 0.0
        )

    def feel(
        self, data: mujoco.MjData, pushes: Iterable[tuple[int, Push, float]]
    ) -> None:
        """Find the present pressure on each taxel.

        Args:
            data: State of the model, after a step.
            pushes: That act now, each with its body and its strength, 0 to 1.
        """
        if self._pressed:
            self.pressure[:] = 0.0
            self._pressed = False
        if data.ncon:
            geoms = data.contact.geom
            hits = np.flatnonzero(self._has_skin[geoms].any(axis=1))[:MOST]
            if len(hits):
                self._touch_all(data, hits, geoms)
        for body, push, strength in pushes:
            for site in self._sites.get(body, ()):
                self._push(site, push, strength)

    def sample(self, time: float) -> None:
        """Count what was felt; `device` has the counts then.

        Args:
            time: Since the robot was switched on [s].
        """
        self.device.sample(self.pressure, time)

    def _touch_all(self, data: mujoco.MjData, hits: Indices, geoms: Indices) -> None:
        places = np.array(data.contact.pos[hits])
        pairs = geoms[hits]
        for number, index in enumerate(hits):
            alike = (pairs == pairs[number]).all(axis=1)
            middle = places[alike].mean(axis=0)
            self._touch(data, int(index), pairs[number], places[number], middle)

    def _touch(
        self,
        data: mujoco.MjData,
        index: int,
        geoms: Indices,
        place: Array,
        middle: Array,
    ) -> None:
        mujoco.mj_contactForce(self._model, data, index, self._wrench)
        # The rows of the frame are its axes; x points from the first to the second.
        force = self._wrench[:3] @ data.contact[index].frame.reshape(3, 3)
        curvature = self._curvature[geoms].sum()
        round_radius = 1.0 / curvature if curvature > 0.0 else self._config.edge
        for side, sign in ((0, -1.0), (1, 1.0)):
            for site in self._sites.get(int(self._model.geom_bodyid[geoms[side]]), ()):
                rotation = data.site_xmat[site.site].reshape(3, 3)
                origin = data.site_xpos[site.site]
                into = -sign * float(force @ rotation[:, 2])
                if into <= 0.0:
                    continue
                first, last = (place - origin) @ rotation, (middle - origin) @ rotation
                way = float(np.linalg.norm(last - first))
                count = min(1 + int(way / site.patch.pitch), SPREAD)
                # What is spread anyway needs no disc.
                radius = round_radius if count == 1 else 0.0
                self._press(site, first, last, count, into, radius)

    def _push(self, site: _Site, push: Push, strength: float) -> None:
        config, patch = self._config, site.patch
        force = site.rotation_body_to_patch @ push.force
        size = float(np.linalg.norm(force))
        into = -float(force[2])
        if into <= 0.0 or into < config.push_slant * size:
            return
        at = site.rotation_body_to_patch @ (push.point - site.position_in_body)
        line = at[:2] - force[:2] * at[2] / force[2]
        # Within the outer ring of taxels: a hand does not balance on an edge.
        half = 0.5 * patch.pitch * np.array([patch.columns - 1, patch.rows - 1])
        place = np.clip(line, -half, half)
        if float(np.linalg.norm(line - place)) <= config.push_reach:
            at = np.array([place[0], place[1], 0.0])
            self._press(site, at, at, 1, strength * into, config.hand)

    def _press(
        self,
        site: _Site,
        first: Array,
        last: Array,
        count: int,
        force: float,
        round_radius: float,
    ) -> None:
        config, pitch = self._config, site.patch.pitch
        self._pressed |= press_along(
            first,
            last,
            count,
            force,
            touched_radius(force, round_radius, config.modulus),
            config.cover * pitch,
            pitch,
            config.depth * pitch,
            site.image,
        )
