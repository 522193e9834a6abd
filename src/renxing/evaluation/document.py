# SPDX-License-Identifier: Apache-2.0
"""What an evaluation leaves behind: JSON files, and pages that need nothing else."""

import base64
import io
import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from renxing.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def write_tree(file: Path, tree: Any) -> None:
    """Write dicts, lists and numbers as JSON; infinity and NaN become null.

    Raises:
        ConfigError: If the file cannot be written.
    """
    _write(file, json.dumps(_plain(tree), indent=1, ensure_ascii=False) + "\n")


def write_html(file: Path, title: str, parts: Sequence[str]) -> None:
    """Write a page that needs nothing else.

    Args:
        file: Where to.
        title: As text.
        parts: What stands on it, as HTML.

    Raises:
        ConfigError: If the file cannot be written.
    """
    _write(
        file,
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n",
    )


def table(
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
        inner = "".join(
            f"<td{mark}>{escape(cell)}</td>"
            for cell, mark in zip(cells, marks, strict=True)
        )
        return f"<tr>{inner}</tr>"

    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(row(cells, index) for index, cells in enumerate(rows))
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def image(data: bytes, kind: str, text: str) -> str:
    """Return a picture as HTML.

    Args:
        data: The picture's file.
        kind: Its media type.
        text: What is said where it cannot be shown.
    """
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:{kind};base64,{encoded}">'


def png(figure: "Figure") -> bytes:
    """Return a figure as PNG."""
    buffer = io.BytesIO()
    # The version of matplotlib would make equal figures differ.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"file {file}: cannot be written: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 9) if math.isfinite(value) else None
    return bool(value) if isinstance(value, np.bool_) else value
