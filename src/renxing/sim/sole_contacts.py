# SPDX-License-Identifier: Apache-2.0
"""The true forces of the ground on the soles, for scoring."""

from collections.abc import Sequence

import mujoco
import numpy as np

from renxing.spatial import Array


class SoleContacts:
    """Adds up the contacts of each sole."""

    def __init__(self, soles: Sequence[str], model: mujoco.MjModel) -> None:
        """Find the soles.

        Args:
            soles: Their frames; their geometries are named after them.
            model: In which they are.
        """
        self._model = model
        self._count = len(soles)
        self._sole_of_geom = {}
        for geom in range(model.ngeom):
            sole = model.geom(geom).name.partition("/")[0]
            if sole in soles:
                self._sole_of_geom[geom] = soles.index(sole)

    def upward(self, data: mujoco.MjData) -> Array:
        """Return the upward force on each sole [N], in their order."""
        forces = np.zeros(self._count)
        wrench = np.zeros(6)
        for index in range(data.ncon):
            contact = data.contact[index]
            for side, geom in enumerate(contact.geom):
                sole = self._sole_of_geom.get(int(geom))
                if sole is None:
                    continue
                mujoco.mj_contactForce(self._model, data, index, wrench)
                # The contact frame's x points from the first geom to the second.
                upward = contact.frame[2] if side == 1 else -contact.frame[2]
                forces[sole] += wrench[0] * upward
        return forces
