# SPDX-License-Identifier: Apache-2.0
"""What mapping trials showed: judged, as a table, as JSON, as a page."""

import base64
import dataclasses
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from renxing.environment import require_extra
from renxing.evaluation.mapping import Goals, MappingOutcome, MappingSuite
from renxing.evaluation.report import write

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
HEAD = ("wanted", "worst", "must", "aim", "verdict")

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1080px;
       padding: 0 1em; color: #1c2126; background: #fff; }
table { border-collapse: collapse; margin: .8em 0; width: 100%; }
th, td { text-align: left; padding: .25em .7em .25em 0; border-bottom: 1px solid #dde; }
.ok { color: #0a7a35; font-weight: 600; } .bad { color: #b3261e; font-weight: 600; }
.note { color: #5b6670; } img { max-width: 100%; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One thing that was wanted.

    Attributes:
        name: In words, with the unit.
        worst: Of all trials.
        must: What is required.
        aim: What is hoped for.
        missed: Whether something required was not reached.
        aim_reached: Whether what is hoped for was.
    """

    name: str
    worst: float
    must: float
    aim: float
    missed: bool
    aim_reached: bool

    def cells(self) -> tuple[str, ...]:
        """Return one row of `HEAD`."""
        verdict = "MISSED" if self.missed else "reached"
        if not self.missed:
            verdict += ", aim too" if self.aim_reached else ", aim not"
        numbers = (f"{value:.3g}" for value in (self.worst, self.must, self.aim))
        return (self.name, *numbers, verdict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MappingCard:
    """Everything that one command has found.

    Attributes:
        suite: The scorecard.
        robot: Name of the robot.
        machine: Where and with what it ran.
        seconds: How long it took [s].
        outcomes: Of each seed.
        verdicts: What was wanted.
    """

    suite: MappingSuite
    robot: str
    machine: dict[str, Any]
    seconds: float
    outcomes: tuple[MappingOutcome, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def missed(self) -> bool:
        """Whether something required was not reached."""
        return any(verdict.missed for verdict in self.verdicts)


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
        verdicts.append(
            Verdict(
                name=MEASURES[name],
                worst=worst,
                must=low,
                aim=best,
                missed=not worst <= low,
                aim_reached=worst <= best,
            )
        )
    wakes = [wake for outcome in outcomes for wake in outcome.wakes]
    if wakes:
        share = sum(wake.found for wake in wakes) / len(wakes)
        verdicts.append(
            Verdict(
                name=f"of {len(wakes)} {MEASURES['found']}",
                worst=share,
                must=must.found,
                aim=aim.found,
                missed=share < must.found,
                aim_reached=share >= aim.found,
            )
        )
    return tuple(verdicts)


def write_json(card: MappingCard, file: Path) -> None:
    """Write every number.

    Raises:
        ConfigError: If the file cannot be written.
    """
    document = {
        "scorecard": card.suite.name,
        "title": card.suite.title,
        "robot": card.robot,
        "machine": card.machine,
        "seconds": card.seconds,
        "missed": card.missed,
        "verdicts": [dataclasses.asdict(verdict) for verdict in card.verdicts],
        "trials": [
            {
                "seed": outcome.trial.seed,
                "measures": outcome.measures,
                "starts": [dataclasses.asdict(wake) for wake in outcome.wakes],
            }
            for outcome in card.outcomes
        ],
    }
    write(file, json.dumps(plain(document), indent=1, ensure_ascii=False) + "\n")


def write_page(card: MappingCard, file: Path) -> None:
    """Write a page that needs nothing else.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched, or
            the file cannot be written.
    """
    require_extra("evaluation")
    title = escape(f"{card.suite.title}: {card.robot}")
    rows = [verdict.cells() for verdict in card.verdicts]
    seeds = ", ".join(str(outcome.trial.seed) for outcome in card.outcomes)
    parts = [
        f"<h1>{title}</h1><p>seeds {seeds}; {card.seconds:.0f} s on "
        f"{card.machine['cores']} cores of {escape(card.machine['cpu'])}; "
        f"{escape(str(card.machine['date']))}</p>",
        html_table(HEAD, rows, [verdict.missed for verdict in card.verdicts]),
    ]
    for outcome in card.outcomes:
        parts.append(f"<h2>Seed {outcome.trial.seed}</h2>")
        numbers = [
            (text, f"{outcome.measures[name]:.4g}")
            for name, text in MEASURES.items()
            if name in outcome.measures
        ]
        parts.append(html_table(("measure", "value"), numbers))
        data = base64.b64encode(_picture(outcome)).decode("ascii")
        parts.append(f'<img alt="map and ways" src="data:image/png;base64,{data}">')
    write(
        file,
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n",
    )


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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    missed: Sequence[bool] | None = None,
) -> str:
    """Return a table as HTML.

    Args:
        head: Of the columns.
        rows: Cells.
        missed: Which rows stand for something required that was not reached; the
            others for what was.
    """

    def row(cells: Sequence[str], index: int) -> str:
        marks = ["" for _ in cells]
        if missed is not None:
            marks[-1] = f' class="{"bad" if missed[index] else "ok"}"'
        return "".join(
            f"<td{mark}>{escape(cell)}</td>"
            for cell, mark in zip(cells, marks, strict=True)
        )

    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{row(cells, i)}</tr>" for i, cells in enumerate(rows))
    return f"<table><tr>{top}</tr>{body}</table>"


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; infinity and NaN become null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 9) if np.isfinite(value) else None
    return bool(value) if isinstance(value, np.bool_) else value
