# SPDX-License-Identifier: Apache-2.0
"""A scorecard as one HTML file that needs nothing else: tables, plots, pictures."""

import io
from collections.abc import Callable
from html import escape
from pathlib import Path

from renxing.environment import require_extra
from renxing.errors import DeviceError
from renxing.evaluation.camera import Picture
from renxing.evaluation.document import image, table, write_html
from renxing.evaluation.pictures import strip
from renxing.evaluation.plots import plot
from renxing.evaluation.report import Scorecard
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
        parts.append(table(SCORE_HEAD, rows, [score.missed for score in card.scores]))
    if card.limits:
        parts.append(table(LIMIT_HEAD, [limit_cells(limit) for limit in card.limits]))
    parts += [_section(score, robot, pictures) for score in card.scores]
    write_html(file, f"{card.title}: {card.robot}", parts)


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
        return image(_jpeg(joined), "image/jpeg", "six moments of the trial")


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
    parts.append(table(("measure", "least", "median", "greatest"), rows))
    parts.append(
        f'<p class="note">Shown: {escape(str(shown.trial))}, '
        f"{'success' if shown.success else 'failure'}</p>"
    )
    parts.append(pictures.of(score))
    if shown.trace is not None:
        plots = plot(shown, shown.trace, robot)
        parts.append(image(plots, "image/png", "way, velocity, torque, height"))
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


def _jpeg(picture: Picture) -> bytes:
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, picture, format="jpg", pil_kwargs={"quality": 85})
    return buffer.getvalue()
