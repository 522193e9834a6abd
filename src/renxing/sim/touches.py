# SPDX-License-Identifier: Apache-2.0
"""Who touched what: contacts of the robot with people and things, for scoring.

Soles on the ground and on what is fixed are walking, not touching.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from renxing.sim.twin import Twin

PAUSE = 0.2  # [s] without contact after which the next one is another touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One touch from its beginning to its end.

    Attributes:
        link: Of the robot.
        thing: Person, object or fixed thing, by its name in the world.
        begun: Simulated time [s].
        ended: Simulated time of the last contact [s].
        force: Greatest sum of normal forces [N]; 0 where nobody computes forces.
    """

    link: str
    thing: str
    begun: float
    ended: float
    force: float


class Touches:
    """Collects the touches of a twin.

    Attributes:
        all: Those so far, oldest first; the last ones may go on.
    """

    def __init__(self, twin: Twin, *, forces: bool = True) -> None:
        """Look up who is who.

        Args:
            twin: Of which `sample` reads the state.
            forces: Whether it computes forces; without them whatever MuJoCo takes for
                a contact is a touch.
        """
        self._twin, self._forces = twin, forces
        model = twin.model
        root = model.body(twin.robot.description.base).id
        self._robots = model.body_rootid[model.geom_bodyid] == root
        soles = {foot.sole for foot in twin.robot.description.feet}
        names = [model.geom(index).name for index in range(model.ngeom)]
        sole = np.array([name.partition("/")[0] in soles for name in names])
        fixed = (model.body_weldid[model.geom_bodyid] == 0) & (
            model.body_mocapid[model.geom_bodyid] < 0
        )
        self._sole, self._fixed = sole, fixed
        bodies = [model.body(index).name for index in model.geom_bodyid]
        # What is fixed belongs to the world's body and knows its thing by its name.
        self._thing = [
            name.partition("/")[0] if body == "world" else body
            for name, body in zip(names, bodies, strict=True)
        ]
        self.all: list[Touch] = []
        self._open: dict[tuple[str, str], int] = {}

    def sample(self) -> dict[tuple[str, str], float]:
        """Note what touches now, as of the last step.

        Returns:
            The sum of normal forces [N] of each pair of link and thing.
        """
        model, data = self._twin.model, self._twin.data
        forces: dict[tuple[str, str], float] = {}
        part = np.zeros(6)
        for index in range(data.ncon):
            one, other = (int(geom) for geom in data.contact[index].geom)
            if self._robots[one] == self._robots[other]:
                continue
            link, thing = (one, other) if self._robots[one] else (other, one)
            if self._sole[link] and self._fixed[thing]:
                continue
            if self._forces:
                mujoco.mj_contactForce(model, data, index, part)
            pair = (self._thing[link], self._thing[thing])
            forces[pair] = forces.get(pair, 0.0) + float(part[0])
        for pair, force in forces.items():
            if force > 0.0 or not self._forces:
                self._note(pair, force, float(data.time))
        return forces

    def _note(self, pair: tuple[str, str], force: float, now: float) -> None:
        number = self._open.get(pair)
        begun = now
        if number is not None and now - self.all[number].ended <= PAUSE:
            last = self.all[number]
            begun, force = last.begun, max(force, last.force)
        else:
            number = None
        touch = Touch(link=pair[0], thing=pair[1], begun=begun, ended=now, force=force)
        if number is None:
            self._open[pair] = len(self.all)
            self.all.append(touch)
        else:
            self.all[number] = touch

    def of(self, *things: str) -> list[Touch]:
        """Return the touches of some things or people."""
        return [touch for touch in self.all if touch.thing in things]
