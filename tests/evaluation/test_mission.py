# SPDX-License-Identifier: Apache-2.0
"""Missions: rooms are drawn, and what was said and done is judged by what is true."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from renxing.cli.main import main
from renxing.evaluation.mission import (
    Mission,
    judge,
    load_missions,
    make_mission,
)
from renxing.evaluation.routes import Route, draw
from renxing.evaluation.surfaces import clearance
from renxing.evaluation.ways import walked
from renxing.evaluation.witness import Evidence, Witness
from renxing.robot import Robot
from renxing.runtime.scene_block import SceneWriter
from renxing.sim import Twin
from renxing.sim.people import Stroll
from renxing.sim.placement import write_world
from renxing.sim.touches import Touch

SUITE = load_missions()


@pytest.fixture(scope="module")
def mission() -> Mission:
    return make_mission(SUITE, 4, crossing=False)


def saw(mission: Mission, away: float = 0.8, *touches: Touch) -> Evidence:
    crate = next(one for one in mission.file.objects if one.name == "crate")
    end = (crate.at[0] - away, crate.at[1], 30.0)
    seen = Evidence(looks=100, track=[(0.0, 0.0, 1.0), end])
    seen.touches = list(touches)
    return seen


def told(mission: Mission, *things: tuple[str, str]) -> dict[str, Any]:
    listed = [{"id": "x", "label": label, "color": color} for label, color in things]
    steps = [{"skill": "inspect", "measured": {"things_on": listed}}]
    return {"success": True, "answer": "!", "steps": steps, "duration": 40.0}


def touch(thing: str) -> Touch:
    return Touch(link="left_hand", thing=thing, begun=1.0, ended=1.1, force=0.0)


def test_the_same_seed_asks_the_same(mission: Mission) -> None:
    assert make_mission(SUITE, 4, crossing=False) == mission
    other = make_mission(SUITE, 5, crossing=False)
    assert other.truth != mission.truth
    color = mission.placement.colors["crate"]
    assert f"the {color} crate" in mission.text
    assert "箱子" in other.text and "crate" not in other.text
    on_crate = [n for n, s in mission.placement.supports.items() if s == "crate"]
    assert len(mission.truth) == len(on_crate) > 0


def test_what_is_true_is_a_success(mission: Mission) -> None:
    judged = judge(mission, told(mission, *mission.truth), saw(mission))
    assert judged.failures == () and judged.unseen == ()
    assert judged.measures["time"] == 40.0
    # The order in which things are told does not matter.
    turned = told(mission, *reversed(mission.truth))
    assert judge(mission, turned, saw(mission)).failures == ()


def test_what_is_not_true_is_none(mission: Mission) -> None:
    (label, color), *rest = mission.truth

    def failures(said: dict[str, Any], seen: Evidence) -> str:
        return "; ".join(judge(mission, said, seen).failures)

    right = told(mission, *mission.truth)
    well = saw(mission)
    assert f"not told of {color} {label}" in failures(told(mission, *rest), well)
    more = told(mission, *mission.truth, ("crate", "pink"))
    assert "told of pink crate" in failures(more, well)
    assert "not done: tired" in failures({"success": False, "reason": "tired"}, well)
    assert "no answer came" in failures({}, well)
    assert "from the crate" in failures(right, saw(mission, 3.0))
    assert "bumped left_hand into bench" in failures(
        right, saw(mission, 0.8, touch("bench"))
    )
    assert "it fell" in failures(right, Evidence(looks=1, fell_at=3.0))
    assert "nobody saw it: dark" in failures(right, Evidence(why="dark"))
    # What was not looked at did not go well.
    blinked, left = saw(mission), saw(mission)
    blinked.gap, left.why = 1.5, "MemoryError: "
    assert "nobody looked for 1.50 s" in failures(right, blinked)
    assert "nobody saw its end: MemoryError" in failures(right, left)
    assert all(judge(mission, right, seen).unseen for seen in (blinked, left))
    late = {**right, "duration": SUITE.duration + 1.0}
    assert failures(late, well).startswith("it took 301 s")


@pytest.mark.parametrize("seed", range(4))
def test_somebody_crosses_the_way_and_meets_nothing(seed: int) -> None:
    mission = make_mission(SUITE, seed, crossing=True)
    world = mission.world
    (person,) = world.people
    assert person.walk.again and person.walk.yields == SUITE.crossing.yields
    stroll = Stroll(person)
    way_there = np.array(
        [stroll.state(t)[:2] for t in np.linspace(0.0, stroll.duration, 50)]
    )
    chest = np.column_stack([way_there, np.full(50, 0.9)])
    assert clearance(world, chest).min() > 0.9 * SUITE.crossing.room
    assert np.hypot(*way_there.T).min() > 0.5  # not where the robot starts
    x, y, _ = mission.placement.stand
    assert np.hypot(*(way_there - (x, y)).T).max() > 0.5
    judged = judge(mission, {}, saw(mission, 0.8, touch(person.name)))
    assert judged.touched == (f"touched {person.name} with left_hand",)


def test_a_way_is_without_the_sway() -> None:
    t = np.linspace(0.0, 4.0, 400)
    swaying = np.column_stack([0.5 * t, 0.03 * np.sin(8.0 * t), t])
    assert walked(swaying) == pytest.approx(2.0, abs=0.15)
    assert walked(np.empty((0,))) == 0.0


def test_a_witness_sees_touches_and_falls(tmp_path: Path, rx1: Robot) -> None:
    mission = make_mission(SUITE, 0, crossing=True)
    file = tmp_path / "world.yaml"
    write_world(mission.file, file)
    twin = Twin(rx1, mission.world)
    with Witness("core.test", rx1, mission.world, tmp_path) as witness:
        writer = SceneWriter("core.test", twin, tmp_path)
        try:
            due = 0

            def show() -> None:
                nonlocal due
                due += 2_000_000
                looks = witness.saw.looks
                while witness.saw.looks == looks and witness.alive:
                    writer.show(due)

            show()
            assert witness.saw.fell_at is None and witness.saw.person > 0.5
            twin.data.time += 0.1
            # The robot where somebody walks, and then on its back.
            x, y, _ = twin.people.pose("passer_by").translation
            twin.data.qpos[:2] = x - 0.2, y
            show()
            twin.data.time += 0.1
            twin.data.qpos[3:7] = math.sqrt(0.5), 0.0, -math.sqrt(0.5), 0.0
            show()
        finally:
            writer.close()
    assert witness.saw.fell_at == pytest.approx(0.2, abs=0.01)
    assert witness.saw.person == pytest.approx(0.2, abs=0.02)
    assert "passer_by" in {one.thing for one in witness.saw.touches}
    assert witness.saw.gap == pytest.approx(0.1, abs=0.01)
    first = next(one for one in witness.saw.touches if one.thing == "passer_by")
    met = witness.saw.meeting(first)
    assert met is not None and met.person < 0.1 < met.robot
    assert met.distance == pytest.approx(0.2, abs=0.02) and abs(met.bearing) < 0.2
    assert "to the" in judge(mission, {}, witness.saw).meetings[0]


def test_rooms_are_drawn_with_the_way_in_them(mission: Mission) -> None:
    def picture(track: list[tuple[float, float]]) -> np.ndarray:
        route = Route(
            title="4", world=mission.world, track=np.array(track), well=not track
        )
        return np.asarray(imread(io.BytesIO(draw([route])), format="png"))[..., :3]

    def blue(drawn: np.ndarray) -> int:
        red, _, blue = np.moveaxis(drawn, -1, 0)
        return int(((blue > 0.6) & (red < 0.25)).sum())

    assert blue(picture([(0.0, 0.0), (2.0, 1.0)])) > blue(picture([])) + 50


def test_a_witness_that_breaks_says_so(
    tmp_path: Path, rx1: Robot, mission: Mission
) -> None:
    def note(_twin: Twin) -> None:
        raise ValueError("too bright")

    twin = Twin(rx1, mission.world)
    with Witness("core.test", rx1, mission.world, tmp_path, note) as witness:
        writer = SceneWriter("core.test", twin, tmp_path)
        try:
            while witness.alive:
                writer.show(2_000_000)
        finally:
            writer.close()
    assert witness.saw.why == "ValueError: too bright"
    assert judge(mission, {}, witness.saw).failures[-1].startswith("nobody saw it")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "2"], "real time"),
        (["--video", "x.mp4"], "knows nothing of it"),
        (["--scenario", "uphill"], "'alone' or 'crossing' wanted"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "mission", *words]) == 2
    assert said in capsys.readouterr().err
