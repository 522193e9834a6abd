# SPDX-License-Identifier: Apache-2.0
"""A program that behaves as its arguments say; it notes what happens to it."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("notes", type=Path)
parser.add_argument("name")
parser.add_argument("--silent", action="store_true", help="never says it is ready")
parser.add_argument("--stubborn", action="store_true", help="ignores SIGINT, SIGTERM")
parser.add_argument("--exit", type=int, help="ends at once with this code")
parser.add_argument("--exit-once", type=int, help="as --exit, in the first run only")
parser.add_argument("--slow", type=float, default=0.0, help="seconds to end")
parser.add_argument("--family", action="store_true", help="starts another process")
arguments = parser.parse_args()


def note(word: str) -> None:
    with arguments.notes.open("a") as file:
        file.write(f"{arguments.name} {word}\n")


def on_signal(number: int, frame: object) -> None:
    note(signal.Signals(number).name)
    if not arguments.stubborn:
        time.sleep(arguments.slow)
        note("end")
        sys.exit(0)


signal.signal(signal.SIGINT, on_signal)
signal.signal(signal.SIGTERM, on_signal)
runs = arguments.notes.read_text() if arguments.notes.exists() else ""
first = f"{arguments.name} start" not in runs
note("start")
print(f"this is {arguments.name}", flush=True)
if arguments.family:
    ignore = "trap '' INT TERM; while :; do sleep 1; done"
    child = subprocess.Popen(["/bin/sh", "-c", ignore])
    note(f"child={child.pid}")
if arguments.exit_once is not None and first:
    sys.exit(arguments.exit_once)
if not arguments.silent:
    os.write(int(os.environ["RENXING_READY_FD"]), b"ready\n")
if arguments.exit is not None:
    sys.exit(arguments.exit)
while True:
    time.sleep(1.0)
