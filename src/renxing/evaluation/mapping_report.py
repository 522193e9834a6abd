# SPDX-License-Identifier: Apache-2.0
"""What mapping trials showed: judged, as JSON, as a page."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from renxing.environment import require_extra
from renxing.evaluation.card import Card, Verdict, at_least, at_most
from renxing.evaluation.document import image, png, table
from renxing.evaluation.mapping import MappingOutcome
from renxing.evaluation.mapping_suite import Goals

MEASURES = {
    "way": "way on which the map was made [m]",
    "keyframes": "keyframes [-]",
    "loops": "closed loops [-]",
    "odometry_drift": "drift of odometry at the end, by way [-]",
    "odometry_position": "position of odometry alone, RMSE [m]",
    "odometry_rotation": "rotation of odometry alone, RMSE [deg]",
    "online_position": "position while mapping, RMSE [m]",
    "online_rotation": "rotation while mapping, RMSE [deg]",
    "final_position": "position of the finished map's keyframes, RMSE [m]",
    "final_rotation": "rotation of the finished map's keyframes, RMSE [deg]",
    "map_median": "points of the map off true surfaces, median [m]",
    "map_p90": "points of the map off true surfaces, 90 % [m]",
    "map_size": "file of the map [MB]",
    "found": "unknown places found [-]",
    "wrong": "unknown places taken for others [-]",
    "followed_position": "position in the loaded map, RMSE [m]",
    "followed_rotation": "rotation in the loaded map, RMSE [deg]",
    "lost": "time lost in the loaded map [-]",
    "keyframe_median": "CPU time of a keyframe, median [ms]",
    "keyframe_p99": "CPU time of a keyframe, 99th percentile [ms]",
}


def judge(outcomes: Sequence[MappingOutcome], goals: Goals) -> tuple[Verdict, ...]:
    """Return what was wanted and what came of it; the worst seed counts.

    A robot that never found itself in the loaded map has an endless error there. One
    place that is taken for another misses what is required.
    """
    must, aim = goals.must, goals.aim
    verdicts = []
    for name, low, best in (
        ("final_position", must.position, aim.position),
        ("final_rotation", must.heading, aim.heading),
        ("followed_position", must.position, aim.position),
        ("followed_rotation", must.heading, aim.heading),
        ("wrong", 0.0, 0.0),
    ):
        absent = 0.0 if name == "wrong" else np.inf
        worst = max(o.measures.get(name, absent) for o in outcomes)
        verdicts.append(at_most(MEASURES[name], worst, low, best))
    wakes = [wake for outcome in outcomes for wake in outcome.wakes]
    if wakes:
        share = sum(wake.found for wake in wakes) / len(wakes)
        text = f"of {len(wakes)} {MEASURES['found']}"
        verdicts.append(at_least(text, share, must.found, aim.found))
    return tuple(verdicts)


def write_json(card: Card[MappingOutcome], file: Path) -> None:
    """Write every number.

    Raises:
        ConfigError: If the file cannot be written.
    """
    card.write_json(
        file,
        [
            {
                "seed": outcome.trial.seed,
                "measures": outcome.measures,
                "starts": [dataclasses.asdict(wake) for wake in outcome.wakes],
            }
            for outcome in card.outcomes
        ],
    )


def write_page(card: Card[MappingOutcome], file: Path) -> None:
    """Write a page that needs nothing else.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched, or
            the file cannot be written.
    """
    require_extra("evaluation")
    parts = []
    for outcome in card.outcomes:
        numbers = [
            (text, f"{outcome.measures[name]:.4g}")
            for name, text in MEASURES.items()
            if name in outcome.measures
        ]
        parts += [
            f"<h2>Seed {outcome.trial.seed}</h2>",
            table(("measure", "value"), numbers),
            image(_picture(outcome), "image/png", "map and ways"),
        ]
    card.write_page(file, [outcome.trial.seed for outcome in card.outcomes], parts)


def _picture(outcome: MappingOutcome) -> bytes:
    """Return the map from above with the ways in it, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 8.0), dpi=80, layout="constrained")
    axis = figure.subplots()
    flat = outcome.occupancy
    rows, columns = flat.cells.shape
    x, y = flat.origin
    bounds = (x, x + columns * flat.resolution, y, y + rows * flat.resolution)
    grey = np.where(flat.cells < 0, 0.75, 1.0 - flat.cells / 100.0)
    axis.imshow(grey, cmap="gray", vmin=0.0, vmax=1.0, origin="lower", extent=bounds)
    for name, way in outcome.ways.items():
        axis.plot(way[:, 0], way[:, 1], linewidth=1.0, label=name)
    for wake in outcome.wakes:
        place_x, place_y, yaw = wake.place
        colour = "green" if wake.found else "red"
        axis.plot(place_x, place_y, "o", color=colour, markersize=4)
        ahead = 0.4 * np.array([np.cos(yaw), np.sin(yaw)])
        axis.plot([place_x, place_x + ahead[0]], [place_y, place_y + ahead[1]], colour)
    axis.set_title("map [m], ways, and unknown places: green found, red not")
    axis.set_aspect("equal")
    axis.legend(fontsize=8, loc="upper right")
    return png(figure)
