# SPDX-License-Identifier: Apache-2.0
"""`renxing bench`: measure this machine.

A benchmark is a file `benchmarks/<name>.py` with a docstring, whose first line is
what `bench list` shows, and a function `run(seconds: float | None) -> list[Row]`;
`seconds` is about how long it may take, None for as long as it takes.
"""

import argparse
import ast
import dataclasses
import importlib.util
import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from renxing import __version__
from renxing.cli.terminal import table
from renxing.cli.version import versions
from renxing.environment import require_extra
from renxing.errors import ConfigError
from renxing.resources import resource_root

# Extras that benchmarks need.
EXTRAS = {
    "graph": "cameras",
    "objects": "cameras",
    "servo": "servo",
    "sight": "cameras",
    "tick": "bench",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured quantity.

    Attributes:
        name: What was measured.
        unit: Of the numbers, such as `us` or `Hz`.
        median: Of all samples.
        p99: The value that 99 % of the samples do not exceed.
        minimum: The smallest sample; None if that says nothing.
        note: How it was measured, if the name does not say it.
    """

    name: str
    unit: str
    median: float
    p99: float
    minimum: float | None = None
    note: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `bench`."""
    parser.add_argument("name", metavar="NAME|all|list", help="which benchmark")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write JSON too")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="about how long each may take"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run benchmarks and print what they measured."""
    files = find_benchmarks()
    if arguments.name == "list":
        rows = [(name, _summary(file)) for name, file in files.items()]
        print(table(("benchmark", "what it measures"), rows))
        return 0
    names = list(files) if arguments.name == "all" else [arguments.name]
    for name in names:
        if name not in files:
            raise ConfigError(
                f"benchmark '{name}': unknown, allowed: all, list, {', '.join(files)}"
            )
    results: dict[str, list[Row]] = {}
    for name in names:
        if name in EXTRAS:
            require_extra(EXTRAS[name])
        results[name] = _load_and_run(files[name], arguments.seconds)
        print(f"{name}: {_summary(files[name])}")
        head = ("quantity", "unit", "min", "median", "p99", "note")
        print(table(head, [_cells(row) for row in results[name]]), end="\n\n")
    if arguments.json:
        _write(arguments.json, results)
    return 0


def find_benchmarks() -> dict[str, Path]:
    """Return the files of all benchmarks by name.

    Raises:
        ConfigError: If there are none: an installation leaves them out.
    """
    folder = resource_root() / "benchmarks"
    files = {
        path.stem: path
        for path in sorted(folder.glob("*.py"))
        if not path.stem.startswith("_")
    }
    if not files:
        raise ConfigError(
            f"benchmarks: none in {folder}; they come with a checkout of the "
            "project, not with an installation"
        )
    return files


def machine() -> dict[str, Any]:
    """Return what the numbers of a benchmark depend on."""
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
        "kernel": platform.release(),
        "versions": {"renxing": __version__, **versions()},
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def cpu_model() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    # Arm kernels give no model name.
    named = (line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    return next(named, platform.machine())


def _load_and_run(file: Path, seconds: float | None) -> list[Row]:
    spec = importlib.util.spec_from_file_location(f"benchmark_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"benchmark {file}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "run"):
        raise ConfigError(f"benchmark {file}: has no run(seconds)")
    return cast(list[Row], module.run(seconds))


def _summary(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def _cells(row: Row) -> tuple[str, ...]:
    minimum = "-" if row.minimum is None else _number(row.minimum)
    median, p99 = _number(row.median), _number(row.p99)
    return (row.name, row.unit, minimum, median, p99, row.note)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _write(file: Path, results: dict[str, list[Row]]) -> None:
    rows = {name: list(map(dataclasses.asdict, r)) for name, r in results.items()}
    document = json.dumps({"machine": machine(), "benchmarks": rows}, indent=2)
    try:
        file.write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"file {file}: cannot be written: {error}") from error
