# SPDX-License-Identifier: Apache-2.0
"""The scorecard of the eyes: what counts as missed, and what becomes of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.evaluation.card import Card
from renxing.evaluation.ledges import drop_offs, false_lethal
from renxing.evaluation.perception import PerceptionOutcome, run_perception
from renxing.evaluation.perception_report import judge, summary, write_json, write_page
from renxing.evaluation.perception_suite import (
    PerceptionTrial,
    load_perception,
    trials_of,
)
from renxing.mapping import Heights, Traversability

CELLS, CELL, EDGE = 50, 0.04, 1.0
X = CELL * np.arange(CELLS)


def ledge() -> Heights:
    """Return flat ground that ends at 1 m, seen to the end and not beyond."""
    height = np.full((CELLS, CELLS), np.nan, np.float32)
    height[X < EDGE] = 0.0
    upper = np.full((CELLS, CELLS), np.nan, np.float32)
    return Heights(
        stamp=0.0,
        origin=np.zeros(2),
        resolution=CELL,
        height=height,
        variance=np.full_like(height, 1e-4),
        upper=upper,
    )


def ground(drop: np.ndarray) -> Traversability:
    nothing = np.full((CELLS, CELLS), np.nan, np.float32)
    score = np.where(drop, 0.0, 1.0).astype(np.float32)
    return Traversability(
        score=score, slope=nothing, step=nothing, roughness=nothing, drop=drop
    )


def drops(seen: slice = slice(None)) -> np.ndarray:
    found = np.zeros((CELLS, CELLS), np.bool_)
    found[np.flatnonzero(X < EDGE)[-1], seen] = True
    return found


EVERY = np.ones((CELLS, CELLS), np.bool_)


def test_an_edge_that_is_seen_all_along_is_not_missed() -> None:
    found = drop_offs(ledge(), ground(drops()), EDGE, EVERY)
    assert (found.pieces, found.missed, found.invented) == (CELLS, 0, 0)


def test_a_gap_is_missed_unless_nothing_fits_through() -> None:
    gap = drops()
    gap[:, 20] = False
    assert drop_offs(ledge(), ground(gap), EDGE, EVERY).missed == 0
    gap[:, 21:23] = False
    assert drop_offs(ledge(), ground(gap), EDGE, EVERY).missed == 3


def test_what_nobody_has_looked_at_is_not_missed() -> None:
    heights = ledge()
    height = heights.height.copy()
    height[:, 30:] = np.nan
    heights = replace(heights, height=height)
    found = drop_offs(heights, ground(drops(slice(0, 30))), EDGE, EVERY)
    assert (found.pieces, found.missed) == (30, 0)


def test_drops_on_level_ground_are_invented() -> None:
    found = drops()
    found[3, 4:6] = True
    assert drop_offs(ledge(), ground(found), EDGE, EVERY).invented == 2


def test_the_share_of_lethal_ground_is_that_of_what_is_known() -> None:
    one = ground(drops())
    half = np.zeros((CELLS, CELLS), np.bool_)
    half[:, :10] = True
    assert false_lethal(one, half) == pytest.approx(1.0 / CELLS)
    known = one.score.copy()
    known[X >= EDGE] = np.nan
    assert false_lethal(replace(one, score=known), half) == pytest.approx(1.0 / 25)


@pytest.fixture(scope="module")
def outcomes() -> tuple[PerceptionOutcome, ...]:
    """Return what two kinds of cameras made of a ramp and of a ledge."""
    suite, _ = load_perception("rx1")
    suite_trials = trials_of(suite, "rx1", [1], quick=True)
    assert len(suite_trials) == len(suite.quick) * len(suite.depth)
    wanted = [
        trial
        for trial in suite_trials
        if trial.scene.name in ("ramp 15 deg", "drop 25 cm near")
    ]
    try:
        return tuple(run_perception(trial) for trial in wanted)
    except DeviceError as error:
        pytest.skip(str(error))


def test_trials_measure_what_is_wanted(outcomes) -> None:
    _, goals = load_perception("rx1")
    verdicts = {verdict.name: verdict for verdict in judge(outcomes, goals)}
    assert len(verdicts) == 8
    assert not any(verdict.missed for verdict in verdicts.values())
    for outcome in outcomes:
        measures = outcome.measures
        assert 0.0 < measures["height_rmse"] < 0.02
        assert measures["clean_rmse/chest"] < measures["raw_rmse/chest"]
        if outcome.trial.scene.edge is None:
            assert 0.0 <= measures["lethal"] < 0.02
            assert "missed" not in measures
        else:
            assert measures["edge"] > 60
            assert "lethal" not in measures


def test_the_same_trial_gives_the_same_result(outcomes) -> None:
    again = run_perception(outcomes[0].trial)
    assert again.measures == outcomes[0].measures
    other = run_perception(replace(outcomes[0].trial, seed=2, pictures=False))
    assert other.measures != outcomes[0].measures
    assert other.pictures is None


def test_the_worst_trial_and_every_missed_drop_count(outcomes) -> None:
    _, goals = load_perception("rx1")
    first, last = outcomes[0], outcomes[-1]
    bad = replace(first, measures={"height_rmse": 0.03, "gain/head": 0.9})
    one = replace(last, measures={"missed": 1.0})
    kind = replace(last.trial, kind=first.trial.kind)
    verdicts = judge(
        (*outcomes, bad, replace(one, trial=kind), replace(one, trial=kind)), goals
    )
    found = {
        verdict.name.partition(": ")[2]: verdict
        for verdict in verdicts
        if verdict.name.startswith(first.trial.kind)
    }
    assert found["heights away from edges, RMSE [m]"].worst == 0.03
    assert found["heights away from edges, RMSE [m]"].missed
    assert found["of those not seen as a drop [-]"].worst == 2.0
    assert found["of those not seen as a drop [-]"].missed


def test_json_and_page_have_all_of_it(outcomes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    suite, goals = load_perception("rx1")
    card = Card(
        name=suite.name,
        title=suite.title,
        robot="rx1",
        machine={"cores": 2, "cpu": "<test>", "date": "today"},
        seconds=1.0,
        outcomes=outcomes,
        verdicts=judge(outcomes, goals),
    )
    write_json(card, tmp_path / "card.json")
    document = json.loads((tmp_path / "card.json").read_text())
    assert document["missed"] is False
    assert len(document["trials"]) == len(outcomes)
    assert document["trials"][0]["measures"].keys() == outcomes[0].measures.keys()
    write_page(card, tmp_path / "card.html")
    page = (tmp_path / "card.html").read_text()
    assert page.count("<img") == len(outcomes)
    assert "&lt;test&gt;" in page
    head, rows = summary(outcomes)
    assert all(len(row) == len(head) for row in rows)
    assert [row[:2] for row in rows] == [
        (o.trial.scene.name, o.trial.kind) for o in outcomes
    ]


def test_a_robot_without_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match="no numbers"):
        load_perception("nobody")


def test_trials_are_told_apart_in_words() -> None:
    suite, _ = load_perception("rx1")
    trials = trials_of(suite, "rx1", [4, 5], quick=False)
    assert len({str(trial) for trial in trials}) == len(trials)
    assert isinstance(trials[0], PerceptionTrial)
    assert [trial.pictures for trial in trials].count(True) == len(trials) // 2
