# SPDX-License-Identifier: Apache-2.0
"""Checks of `renxing doctor`: the project's own files, its port, its tools."""

import shutil
import socket
from collections.abc import Iterator, Mapping

from renxing.cli.checks import Result
from renxing.resources import resource
from renxing.runtime.bringup import default_table, load_table
from renxing.runtime.state import run_folders

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def check_files(environment: Mapping[str, str]) -> Iterator[Result]:
    """The bringup table, the robots and the worlds."""
    table = load_table(default_table())
    names = ", ".join(entry.name for entry in table.processes)
    yield Result(name="bringup table", status="OK", found=names)
    for kind in ("robots", "worlds"):
        folder = resource(f"config/{kind}")
        found = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
        yield Result(
            name=kind,
            status="OK" if found else "FAIL",
            found=found or f"none in {folder}",
            fix="" if found else "install the package again",
        )


def check_port(environment: Mapping[str, str]) -> Iterator[Result]:
    """Is the port of the operator page free, or taken by ourselves?"""
    table = load_table(default_table())
    port = next((a.default for a in table.arguments if a.name == "port"), 8080)
    with socket.socket() as listener:
        # As a server would: an old connection in TIME_WAIT is no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", int(port)))
        except OSError as error:
            own = any(folder.owner() for folder in run_folders(environment))
            yield Result(
                name="page's port",
                status="OK" if own else "WARN",
                found=f"{port}: in use by the running stack" if own else f"{error}",
                fix="" if own else "choose another: renxing up port:=8081",
            )
            return
    yield Result(name="page's port", status="OK", found=f"{port} is free")


def check_browser(environment: Mapping[str, str]) -> Iterator[Result]:
    """Only the project's own tests drive a browser."""
    path = environment.get("PATH")
    found = next((b for b in BROWSERS if shutil.which(b, path=path)), None)
    yield Result(
        name="browser for tests",
        status="OK",
        found=found or "no chromium; only `make test` would use it",
    )
