# SPDX-License-Identifier: Apache-2.0
"""A scorecard as one HTML file that needs nothing else: tables, plots, pictures."""

import base64
import io
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from renxing.environment import require_extra
from renxing.errors import DeviceError
from renxing.evaluation.camera import Picture
from renxing.evaluation.pictures import strip
from renxing.evaluation.plots import plot
from renxing.evaluation.report import Scorecard, write
from renxing.evaluation.scores import Score
from renxing.evaluation.words import (
    LIMIT_HEAD,
    SCORE_HEAD,
    limit_cells,
    score_cells,
    shown_level,
)
from renxing.robot import Robot, load_robot

MEASURES = {
    "speed_forward": "speed forward [m/s]",
    "speed_left": "speed to the left [m/s]",
    "speed_turn": "turning [rad/s]",
    "speed_share": "achieved share of the wanted velocity [-]",
    "still_after": "time to standing still [s]",
    "fell_at": "fell at [s]",
    "way": "way of the centre of mass [m]",
    "drift": "drift of the estimate in the plane, by way [-]",
    "drift_height": "drift of the estimated height, by way [-]",
    "heading_drift": "drift of the estimated heading [rad]",
    "velocity_error": "error of the estimated velocity, rms [m/s]",
    "torque_peak": "greatest torque by limit [-]",
    "torque_p99": "torque by limit, 99th percentile over time [-]",
    "tilt": "greatest tilt of the base [rad]",
    "slip": "slip of loaded soles [m]",
}
_MOST_FAILURES = 12

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1080px;
       padding: 0 1em; color: #1c2126; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2.2em; }
table { border-collapse: collapse; margin: .8em 0; width: 100%; }
th, td { text-align: left; padding: .25em .7em .25em 0; border-bottom: 1px solid #dde;
         vertical-align: top; }
th { font-weight: 600; }
.ok { color: #0a7a35; font-weight: 600; } .bad { color: #b3261e; font-weight: 600; }
.note { color: #5b6670; } img { max-width: 100%; display: block; margin: .5em 0; }
.wide { overflow-x: auto; }
"""


def write_page(card: Scorecard, file: Path, warn: Callable[[str], None]) -> None:
    """Write the page; without OpenGL it has no pictures.

    Args:
        card: What is shown.
        file: Where to.
        warn: Called once with the reason if there are no pictures.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched, or
            the file cannot be written.
    """
    require_extra("evaluation")
    robot = load_robot(card.request.robot)
    pictures = _Pictures(warn)
    parts = [_head(card)]
    if card.scores:
        rows = [score_cells(score) for score in card.scores]
        parts.append(_table(SCORE_HEAD, rows, [score.missed for score in card.scores]))
    if card.limits:
        parts.append(_table(LIMIT_HEAD, [limit_cells(limit) for limit in card.limits]))
    parts += [_section(score, robot, pictures) for score in card.scores]
    title = escape(f"{card.title}: {card.robot}")
    write(
        file,
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n",
    )


class _Pictures:
    """Strips of pictures, until the first one fails."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._works = True

    def of(self, score: Score) -> str:
        """Return an image element; nothing without OpenGL."""
        outcome = score.shown()
        if not self._works or outcome.trace is None:
            return ""
        try:
            joined = strip(outcome.trial, outcome.trace)
        except DeviceError as error:
            self._works = False
            self._warn(str(error))
            return ""
        return _image(_jpeg(joined), "image/jpeg", "six moments of the trial")


def _head(card: Scorecard) -> str:
    request, machine = card.request, card.machine
    amount = "quick set" if request.quick else "full set"
    facts = [amount, f"first seed {request.seed}"]
    if request.seeds is not None:
        facts.append(f"{request.seeds} seeds")
    if request.nominal:
        facts.append("robot as described, not varied")
    if request.ideal:
        facts.append("true state instead of the estimator's")
    facts += [
        f"{card.seconds:.0f} s on {machine['cores']} cores of {machine['cpu']}",
        str(machine["date"]),
    ]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    return (
        f"<h1>{escape(card.title)}: {escape(card.robot)}</h1>"
        f"<p>{escape('; '.join(facts))}<br>"
        f'<span class="note">{escape(versions)}</span></p>'
    )


def _section(score: Score, robot: Robot, pictures: _Pictures) -> str:
    scenario = score.batch.scenario
    shown = score.shown()
    name = escape(scenario.title)
    if level := shown_level(score):
        name += f", {escape(level)}"
    parts = [f'<h2 id="{escape(scenario.name)}">{name}</h2>']
    failed = [outcome for outcome in score.outcomes if not outcome.success]
    if failed:
        lines = [
            f"<li>{escape(str(outcome.trial))}: "
            f"{escape('; '.join(outcome.failures))}</li>"
            for outcome in failed[:_MOST_FAILURES]
        ]
        if len(failed) > _MOST_FAILURES:
            lines.append(f"<li>and {len(failed) - _MOST_FAILURES} more</li>")
        parts.append(f"<ul>{''.join(lines)}</ul>")
    rows = []
    for key, text in MEASURES.items():
        spread = score.spread(key)
        if spread is not None:
            rows.append((text, *(f"{value:.4g}" for value in spread)))
    rows += _timing_rows(score)
    parts.append(_table(("measure", "least", "median", "greatest"), rows))
    parts.append(
        f'<p class="note">Shown: {escape(str(shown.trial))}, '
        f"{'success' if shown.success else 'failure'}</p>"
    )
    parts.append(pictures.of(score))
    if shown.trace is not None:
        image = plot(shown, shown.trace, robot)
        parts.append(_image(image, "image/png", "way, velocity, torque, height"))
    return "".join(parts)


def _timing_rows(score: Score) -> list[tuple[str, ...]]:
    """Return rows with the CPU time of a tick by phase: least .. greatest median."""
    rows = []
    for phase in dict.fromkeys(p for o in score.outcomes for p in o.timing):
        pairs = [o.timing[phase] for o in score.outcomes if phase in o.timing]
        for index, kind in enumerate(("median", "99th percentile")):
            values = sorted(pair[index] for pair in pairs)
            cells = (values[0], values[len(values) // 2], values[-1])
            text = f"CPU of a tick, {phase}, {kind} [µs]"
            rows.append((text, *(f"{value:.0f}" for value in cells)))
    return rows


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    missed: Sequence[bool] | None = None,
) -> str:
    def row(cells: Sequence[str], index: int) -> str:
        marks = ["" for _ in cells]
        if missed is not None:
            marks[-1] = f' class="{"bad" if missed[index] else "ok"}"'
        inner = "".join(
            f"<td{mark}>{escape(cell)}</td>"
            for cell, mark in zip(cells, marks, strict=True)
        )
        return f"<tr>{inner}</tr>"

    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(row(cells, index) for index, cells in enumerate(rows))
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _jpeg(picture: Picture) -> bytes:
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, picture, format="jpg", pil_kwargs={"quality": 85})
    return buffer.getvalue()


def _image(data: bytes, kind: str, text: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:{kind};base64,{encoded}">'
