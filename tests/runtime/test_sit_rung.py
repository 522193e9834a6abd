# SPDX-License-Identifier: Apache-2.0
"""`sit` brings a robot down and keeps it there; a fall is braced and ends at `damp`."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.runtime.test_stand_rung import Walking

from renxing.actuation.ladder import Rung
from renxing.control import locomotion_controller
from renxing.errors import UnsafeCommandError
from renxing.robot import Robot
from renxing.sim.pushes import Push

RATE = 500
DOWN = 9.0  # [s] in which a walking robot stands, sits down and rests


def height(walking: Walking) -> float:
    return float(walking.twin.base_state().transform_base_to_odom.translation[2])


def push(walking: Walking, force: tuple[float, float, float]) -> None:
    torso = walking.twin.robot.description.torso
    blow = Push(
        body=torso,
        force=np.array(force),
        torque=np.zeros(3),
        point=np.array(walking.twin.model.body(torso).ipos),
        duration=0.1,
    )
    walking.twin.apply_wrenches([blow])


@pytest.mark.slow
def test_from_walking_it_sits_and_after_the_reset_it_walks_again(robot: Robot) -> None:
    walking = Walking(robot)
    core = walking.core
    knee = robot.joints.index("left_knee_joint")
    standing, carried = height(walking), abs(core.guard.torque[knee])
    walking.walk(1.5)
    assert core.stop(Rung.SIT, "button") is Rung.SIT
    walking.walk(DOWN)  # whoever walks it does not know yet
    assert core.ladder.rung is Rung.SIT and core.ladder.causes == {"button": Rung.SIT}
    assert height(walking) < 0.5 * standing
    assert abs(core.guard.torque[knee]) < 0.2 * carried
    assert np.linalg.norm(walking.twin.base_state().linear_velocity) < 0.02
    assert "running again: locomotion" in core.reset_stop()
    walking.run(6.0)
    assert abs(height(walking) - standing) < 0.02
    walking.walk(1.5)
    assert walking.forward > 0.4 * walking.speed
    assert core.failures == 0


def test_to_stand_does_not_end_to_sit_and_to_hold_does(rx1: Robot) -> None:
    walking = Walking(rx1)
    core = walking.core
    core.stop(Rung.SIT, "battery")
    walking.run(1.5)
    core.stop(Rung.STAND, "button")
    walking.run(0.1)
    assert core.ladder.rung is Rung.SIT
    low = height(walking)
    core.stop(Rung.HOLD, "request")
    walking.run(1.0)
    assert core.ladder.rung is Rung.HOLD
    assert abs(height(walking) - low) < 0.06
    # Where it is held it stands, low; the controller that starts there stands it up.
    core.reset_stop()
    walking.run(5.0)
    assert height(walking) > 0.93 and walking.stands()


def test_who_cannot_sit_stands_and_who_balances_not_holds(rx1: Robot) -> None:
    walking = Walking(rx1)
    walking.core.manager.loader.specs["locomotion"].controller.sits = False
    assert walking.core.stop(Rung.SIT, "button") is Rung.STAND
    other = Walking(rx1)
    other.core.manager.switch_controller([], ["locomotion"])
    assert other.core.stop(Rung.SIT, "button") is Rung.HOLD


def test_who_does_not_get_down_in_time_is_damped(
    rx1: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locomotion_controller, "SIT_TIMEOUT", 1.0)
    walking = Walking(rx1)
    walking.core.stop(Rung.SIT, "button")
    walking.run(1.2)
    assert walking.core.ladder.rung is Rung.DAMP
    assert walking.core.ladder.causes["not sitting after 1 s"] is Rung.DAMP


def test_a_fall_is_told_early_and_comes_to_damp(rx1: Robot) -> None:
    walking = Walking(rx1)
    core = walking.core
    push(walking, (1200.0, 0.0, 0.0))
    while core.ladder.rung < Rung.DAMP:
        walking.run(1 / RATE)
    told = [text for text in walking.notices if "falls to the front" in text]
    assert len(told) == 1
    # It crouches before the base is tilted so far that anybody would call it fallen.
    assert core.ladder.causes == {"fall to the front": Rung.DAMP}
    assert not core.fallen
    knee = rx1.joints.index("left_knee_joint")
    assert core.guard.sent[0, knee] == rx1.posture("brace")[knee]
    walking.run(4.0)
    assert core.lies
    with pytest.raises(UnsafeCommandError, match=f"lies on its {core.lies}: lift it"):
        core.reset_stop()
    # Lifted, it starts again.
    core.stops.start_over(lambda: walking.twin.reset_to(rx1.posture("stand")))
    walking.run(0.5)
    assert core.ladder.rung is Rung.RUN and core.lies == ""
    assert walking.stands()


def test_without_a_posture_to_brace_in_it_steps_on_until_it_has_fallen(
    load: Callable[[str], Robot],
) -> None:
    robot = load("g1")
    assert "brace" not in robot.description.postures
    walking = Walking(robot)
    push(walking, (600.0, 0.0, 0.0))
    while not any("falls to the" in text for text in walking.notices):
        walking.run(1 / RATE)
    assert walking.core.ladder.rung is Rung.RUN and not walking.core.fallen
    walking.run(1.5)
    assert walking.core.ladder.causes == {"fallen": Rung.DAMP}


@pytest.mark.parametrize("name", ["rx1", "g1"])
def test_a_controller_refuses_a_robot_that_lies(
    name: str, load: Callable[[str], Robot]
) -> None:
    walking = Walking(load(name))
    core = walking.core
    walking.core.manager.switch_controller([], ["locomotion"])
    push(walking, (-900.0, 0.0, 0.0))
    walking.run(4.0)
    assert core.lies
    assert core.manager.switch_controller(["locomotion"], []).ok
    walking.run(0.02)
    assert not walking.active("locomotion")
    assert any("lift it, then start" in text for text in walking.notices)
