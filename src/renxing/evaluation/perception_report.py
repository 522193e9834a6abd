# SPDX-License-Identifier: Apache-2.0
"""What perception trials showed: judged, as a table, as JSON, as a page."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from renxing.environment import require_extra
from renxing.evaluation.card import Card, Verdict, at_most
from renxing.evaluation.document import image, png, table
from renxing.evaluation.perception import PerceptionOutcome, Pictures
from renxing.evaluation.perception_suite import Goals

# Those with a camera's name behind a slash stand for each camera.
MEASURES = {
    "raw_rmse": "depth as measured, RMSE [m]",
    "clean_rmse": "depth after conditioning, RMSE [m]",
    "gain": "depth error after conditioning by before [-]",
    "raw_covered": "pixels with a measurement [-]",
    "clean_covered": "pixels with depth after conditioning [-]",
    "raw_gross": "pixels off by more than 5 cm and 5 %, as measured [-]",
    "clean_gross": "pixels off by more than 5 cm and 5 %, after conditioning [-]",
    "height_rmse": "heights away from edges, RMSE [m]",
    "height_p95": "heights away from edges, 95 % [m]",
    "lethal": "walkable ground called lethal [-]",
    "edge": "pieces of the edge that were looked at [-]",
    "missed": "of those not seen as a drop [-]",
    "invented": "drops seen on level ground [-]",
    "strayed": "cells behind the edge that show ground above the true one [-]",
}
DEPTH_SCALE = 0.10  # [m] of a depth error that has the last colour
HEIGHT_SCALE = 0.05  # [m] of a height error that has the last colour


def judge(outcomes: Sequence[PerceptionOutcome], goals: Goals) -> tuple[Verdict, ...]:
    """Return what was wanted and what came of it, for each kind of camera.

    The worst trial counts; of missed drops all of them. What no trial has measured is
    left out.
    """
    must, aim = goals.must, goals.aim
    verdicts = []
    for kind in dict.fromkeys(outcome.trial.kind for outcome in outcomes):
        of_kind = [outcome for outcome in outcomes if outcome.trial.kind == kind]
        for name, low, best in (
            ("height_rmse", must.height, aim.height),
            ("lethal", must.lethal, aim.lethal),
            ("missed", must.missed, aim.missed),
            ("gain", must.gain, aim.gain),
        ):
            values = [
                value
                for outcome in of_kind
                for key, value in outcome.measures.items()
                if key.partition("/")[0] == name
            ]
            if not values:
                continue
            worst = sum(values) if name == "missed" else max(values)
            text = f"{kind}: {MEASURES[name]}"
            verdicts.append(at_most(text, worst, low, best))
    return tuple(verdicts)


def summary(
    outcomes: Sequence[PerceptionOutcome],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of a table: the mean over seeds, scene by scene."""
    columns = list(
        dict.fromkeys(key for outcome in outcomes for key in outcome.measures)
    )
    chosen = [key for key in columns if key.partition("/")[0] in _SHOWN]
    chosen.sort(key=lambda key: _SHOWN.index(key.partition("/")[0]))
    head = ("scene", "camera", *map(_short, chosen))
    rows = []
    for scene, kind in dict.fromkeys(
        (o.trial.scene.name, o.trial.kind) for o in outcomes
    ):
        found = [
            o.measures
            for o in outcomes
            if (o.trial.scene.name, o.trial.kind) == (scene, kind)
        ]
        cells = []
        for key in chosen:
            values = [measures[key] for measures in found if key in measures]
            cells.append(f"{np.mean(values):.3g}" if values else "")
        rows.append((scene, kind, *cells))
    return head, rows


_SHOWN = ("raw_rmse", "clean_rmse", "clean_covered", "height_rmse", "lethal", "missed",
          "strayed")  # fmt: skip
_SHORT = {
    "raw_rmse": "raw",
    "clean_rmse": "clean",
    "clean_covered": "covered",
    "height_rmse": "height",
}


def _short(key: str) -> str:
    name, _, camera = key.partition("/")
    return f"{_SHORT.get(name, name)} {camera}".strip()


def write_json(card: Card[PerceptionOutcome], file: Path) -> None:
    """Write every number.

    Raises:
        ConfigError: If the file cannot be written.
    """
    card.write_json(
        file,
        [
            {
                "scene": outcome.trial.scene.name,
                "depth": outcome.trial.kind,
                "seed": outcome.trial.seed,
                "measures": outcome.measures,
            }
            for outcome in card.outcomes
        ],
    )


def write_page(card: Card[PerceptionOutcome], file: Path) -> None:
    """Write a page that needs nothing else.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched, or
            the file cannot be written.
    """
    require_extra("evaluation")
    head, rows = summary(card.outcomes)
    words = "".join(
        f"<li><b>{escape(_SHORT.get(name, name))}</b>: {escape(MEASURES[name])}</li>"
        for name in _SHOWN
    )
    parts = [
        f"<h2>Scenes, mean over seeds</h2><ul class=note>{words}</ul>",
        table(head, rows),
    ]
    for outcome in card.outcomes:
        if outcome.pictures is None:
            continue
        name = str(outcome.trial)
        shown = image(_picture(outcome.pictures), "image/png", name)
        parts.append(f"<h2>{escape(name)}</h2>{shown}")
    seeds = list(dict.fromkeys(outcome.trial.seed for outcome in card.outcomes))
    card.write_page(file, seeds, parts)


def _picture(pictures: Pictures) -> bytes:
    """Return image, depth errors and maps side by side, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 6.0), dpi=70, layout="constrained")
    axes = figure.subplots(2, 3)
    axes[0, 0].imshow(pictures.colour)
    axes[0, 0].set_title("what the camera sees")
    for axis, title, error in (
        (axes[0, 1], "depth error as measured [m]", pictures.raw),
        (axes[0, 2], "depth error after conditioning [m]", pictures.clean),
    ):
        shown = axis.imshow(error, cmap="coolwarm", vmin=-DEPTH_SCALE, vmax=DEPTH_SCALE)
        axis.set_title(title)
        figure.colorbar(shown, ax=axis)
    for axis in axes[0]:
        axis.set_axis_off()
        axis.set_facecolor("black")
    for axis, title, values, colours, limits in (
        (axes[1, 0], "heights [m]", pictures.height, "viridis", (None, None)),
        (
            axes[1, 1],
            "height error [m]",
            pictures.height_error,
            "coolwarm",
            (-HEIGHT_SCALE, HEIGHT_SCALE),
        ),
        (axes[1, 2], "where it can walk, 0 to 1", pictures.score, "RdYlGn", (0.0, 1.0)),
    ):
        # x, the first axis of the map, goes to the right.
        shown = axis.imshow(
            values.T,
            cmap=colours,
            vmin=limits[0],
            vmax=limits[1],
            origin="lower",
            extent=pictures.bounds,
        )
        axis.set_title(title)
        figure.colorbar(shown, ax=axis)
    return png(figure)
