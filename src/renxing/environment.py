# SPDX-License-Identifier: Apache-2.0
"""Make the project's own environment, on a machine that has no ROS.

Runs as a script under the machine's Python, before anything is installed, hence
the standard library only. What it makes is a virtual environment in `.venv` with
ROS 2 Jazzy from PyPI, and the interface packages that PyPI lacks, built into the
same prefix so that they are found exactly like the others. A stamp, written last,
says what `.venv` was made from: an interrupted or outdated setup is finished by
running it again.
"""

import argparse
import ast
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
BUILD = ROOT / "build" / "environment"
STAMP = VENV / "renxing.stamp"
INTERFACES = ROOT / "src" / "interfaces"
UV = "uv==0.13.9"
# Not sys.executable, which may be inside the folder that is made anew.
BASE = getattr(sys, "_base_executable", sys.executable)
PYTHONS = [(3, 11), (3, 12)]

#: What every environment holds, and what is fetched when a command first needs it.
DEFAULT_EXTRAS = ("ros", "build")
OPTIONAL_EXTRAS = {
    "bench": "other QP solvers to compare ours with, 20 MB",
    "cameras": "simulated depth cameras, 20 MB",
    "evaluation": "plots, pictures and videos of scorecards, 130 MB",
    "g1": "Unitree G1 and other robots, 131 MB to fetch",
    "language": "planners that ask a language model, 40 MB",
    "language-local": "a language model on this machine, 150 MB and the model",
    "mapping": "a global map: registration, pose graph, 110 MB",
    "realsense": "driver of RealSense depth cameras",
    "servo": "drives on a CAN bus, 1 MB",
    "test": "the tools of `make test`, 110 MB",
}


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def requirements() -> dict[str, list[str]]:
    """Return the requirements of setup.py by extra; "" holds the basic ones."""
    tables = {}
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            tables[node.targets[0].id] = node.value
    extras = ast.literal_eval(tables["EXTRAS"])
    return {"": ast.literal_eval(tables["REQUIRES"]), **extras}


def digest(*paths: Path) -> str:
    """Return a hash of the files below the given paths and of the Python version."""
    total = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(f"{file.relative_to(ROOT)}\n".encode())
                total.update(file.read_bytes())
    return total.hexdigest()


def key() -> str:
    """Return the hash of everything that `.venv` is made from."""
    return digest(
        ROOT / "requirements.lock",
        ROOT / "setup.py",
        ROOT / "colcon.meta",
        Path(__file__).resolve(),
        INTERFACES,
        ROOT / "src" / "renxing_msgs",
    )


def installed_extras() -> set[str] | None:
    """Return the optional extras of a finished environment, None if there is none."""
    try:
        root, made_from, *extras = STAMP.read_text().split("\n")
    except (OSError, ValueError):
        return None
    if root != str(ROOT) or made_from != key():
        return None
    return set(filter(None, extras))


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what begins and how long it took."""
    print(f"  {text:<58}", end="", flush=True)
    begin = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - begin:6.1f} s", flush=True)


def run(command: Sequence[object], **variables: str) -> None:
    """Run a command with its output in a log, shown only when it fails."""
    log = BUILD / "setup.log"
    words = [str(word) for word in command]
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(words)}\n".encode())
        output.flush()
        begin = output.tell()
        done = subprocess.run(
            words,
            cwd=ROOT,
            env={**clean_environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        with log.open("rb") as written:
            written.seek(begin)
            tail = written.read().decode(errors="replace").splitlines()[-15:]
        said = "\n    ".join(tail)
        raise SetupError(f"{words[0]} failed, all of it in {log}:\n    {said}")


def clean_environment() -> dict[str, str]:
    """Return the environment without what another Python or ROS left in it."""
    foreign = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    ros = ("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign + ros and not name.startswith("COLCON_")
    }


def check_machine() -> None:
    """See that this Python can build extensions; install what lacks where we may.

    Raises:
        SetupError: Naming the Debian packages, when they cannot be installed here.
    """
    if sys.version_info[:2] not in PYTHONS:
        wanted = " or ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        got = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(f"this is Python {got}; ROS 2 Jazzy from PyPI needs {wanted}")
    lacking = missing_packages()
    if not lacking:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step(f"Debian packages: {' '.join(lacking)}"):
            install = ["apt-get", "install", "-y", "--no-install-recommends"]
            run(["apt-get", "update"])
            run([*install, *lacking], DEBIAN_FRONTEND="noninteractive")
        lacking = missing_packages()
    if lacking:
        raise SetupError(
            "this machine lacks a compiler, Python's headers or venv; "
            f"run: sudo apt-get install {' '.join(lacking)}"
        )


def missing_packages() -> list[str]:
    """Return the Debian packages that setup needs and this machine lacks."""
    import importlib.util
    import sysconfig

    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lacking = []
    if not importlib.util.find_spec("ensurepip"):
        lacking.append(f"{python}-venv")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        lacking.append(f"{python}-dev")
    if not (shutil.which("c++") or shutil.which("g++")):
        lacking.append("g++")
    return lacking


def make_venv() -> None:
    """Create `.venv` with the installer in it, or create it anew if it is broken."""
    python = VENV / "bin" / "python"
    version = "import sys; print(sys.prefix, *sys.version_info[:2])"
    expected = f"{VENV} {sys.version_info.major} {sys.version_info.minor}"
    with contextlib.suppress(OSError):
        answer = subprocess.run(
            [python, "-I", "-c", version], capture_output=True, text=True
        )
        uv = subprocess.run([VENV / "bin" / "uv", "--version"], capture_output=True)
        if answer.stdout.strip() == expected and uv.returncode == 0:
            return
    shutil.rmtree(VENV, ignore_errors=True)
    run([BASE, "-m", "venv", VENV])
    run([python, "-m", "pip", "install", "--disable-pip-version-check", UV])


def install(names: Sequence[str]) -> None:
    """Install the named requirements at the versions and hashes of the lock."""
    uv = [VENV / "bin" / "uv", "pip", "install", "--python", VENV / "bin" / "python"]
    lock = ["--constraint", ROOT / "requirements.lock"]
    run([*uv, *lock, *names])


def compile_packages() -> None:
    """Compile what each of a stack's processes would else compile at its start."""
    with step("bytecode of all packages"):
        # What cannot be compiled, such as a template, is not imported either.
        words = [BASE, "-m", "compileall", "-qq", "-j", "0", VENV / "lib"]
        subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def interface_packages() -> list[Path]:
    """Return the interface packages that neither a wheel nor the system brings."""
    found = [*sorted(INTERFACES.glob("*/package.xml"))]
    found.append(ROOT / "src" / "renxing_msgs" / "package.xml")
    absent = []
    for folder in (file.parent for file in found):
        wheel = f"lib/python3*/site-packages/ros_{folder.name}-*.dist-info"
        if not any(VENV.glob(wheel)):
            absent.append(folder)
    return absent


def build_interfaces() -> None:
    """Build the interface packages whose definition changed, into `.venv`."""
    wanted = {}
    for package in interface_packages():
        made_from = digest(package, INTERFACES / "cmake", ROOT / "colcon.meta")
        mark = VENV / "share" / package.name / "renxing.stamp"
        if not mark.exists() or mark.read_text() != made_from:
            wanted[package] = mark, made_from
    if not wanted:
        return
    shutil.rmtree(BUILD / "interfaces", ignore_errors=True)
    path = f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    with step(f"{len(wanted)} interface packages"):
        run(
            [VENV / "bin" / "colcon", "--log-base", BUILD / "log", "build"]
            + ["--base-paths", *wanted, "--merge-install", "--install-base", VENV]
            + ["--build-base", BUILD / "interfaces", "--event-handlers"]
            + ["console_cohesion+", "--cmake-args", "-G", "Ninja"]
            + ["-DBUILD_TESTING=OFF"],
            PATH=path,
            AMENT_PREFIX_PATH=str(VENV),
            _ROS_WHEELS_BOOTSTRAP_COMPLETE="1",
        )
    for mark, made_from in wanted.values():
        mark.write_text(made_from)


def write_shell_environment() -> None:
    """Write `.venv/environment.sh`: what every process of the project runs with."""
    libraries = sorted(VENV.glob("lib/python3*/site-packages/ros_*.libs"))
    search = ":".join(str(path) for path in [VENV / "lib", *libraries])
    lines = [
        "# Written by src/renxing/environment.py; source it or let ./renxing do so.",
        f"export VIRTUAL_ENV='{VENV}'",
        f"export PATH='{VENV}/bin':\"$PATH\"",
        f"export AMENT_PREFIX_PATH='{VENV}'",
        # The wheels would otherwise restart Python to set these, in random order.
        f"export LD_LIBRARY_PATH='{search}'" + '"${LD_LIBRARY_PATH:+:}"'
        '"${LD_LIBRARY_PATH-}"',
        "export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1",
        ': "${RMW_IMPLEMENTATION:=rmw_fastrtps_cpp}"',
        ': "${ROS_AUTOMATIC_DISCOVERY_RANGE:=LOCALHOST}"',
        "export RMW_IMPLEMENTATION ROS_AUTOMATIC_DISCOVERY_RANGE",
        # The profile binds to loopback, so it serves this one range only.
        'if [ "$ROS_AUTOMATIC_DISCOVERY_RANGE" = LOCALHOST ]; then',
        f"  profile='{ROOT}/config/dds_profile.xml'",
        '  : "${FASTRTPS_DEFAULT_PROFILES_FILE:=$profile}"',
        "  export FASTRTPS_DEFAULT_PROFILES_FILE",
        "fi",
        # Images are reused memory instead of a fresh mapping each (measured: 2x).
        "export MALLOC_MMAP_THRESHOLD_=67108864 MALLOC_TRIM_THRESHOLD_=268435456",
        "export MALLOC_TOP_PAD_=16777216",
    ]
    (VENV / "environment.sh").write_text("\n".join(lines) + "\n")


def setup(extras: Sequence[str] = ()) -> None:
    """Bring the environment up to date, with the given optional extras.

    Raises:
        SetupError: If the machine lacks something or an installer failed.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "setup.lock").open("w") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("renxing: another setup is at work here, waiting for it", flush=True)
            fcntl.flock(guard, fcntl.LOCK_EX)
        # What is edited from here on is newer than the stamp and so noticed later.
        begun, made_from = time.time(), key()
        present = installed_extras()
        if present is None:
            kept = STAMP.read_text().split("\n")[2:] if STAMP.exists() else []
            # An extra of an older version may be gone by now.
            present = {*kept, *extras} & OPTIONAL_EXTRAS.keys()
            make_all(sorted(present))
        else:
            # What is there stays usable if this fails, as it does without network.
            missing = sorted(set(extras) - present)
            for extra in missing:
                with step(f"{extra}: {OPTIONAL_EXTRAS[extra]}"):
                    install(requirements()[extra])
            if missing:
                compile_packages()
        lines = [str(ROOT), made_from, *sorted(present.union(extras))]
        draft = STAMP.with_suffix(".new")
        draft.write_text("\n".join(lines))
        os.utime(draft, (begun, begun))
        draft.replace(STAMP)


def make_all(extras: Sequence[str]) -> None:
    """Carry out every step of setup whose result is missing or outdated."""
    print(f"renxing: preparing {VENV}", flush=True)
    begin = time.monotonic()
    (BUILD / "setup.log").write_text("")
    check_machine()
    STAMP.unlink(missing_ok=True)
    with step(f"Python {sys.version.split()[0]} environment"):
        make_venv()
    tables = requirements()
    names = [name for extra in ("", *DEFAULT_EXTRAS, *extras) for name in tables[extra]]
    with step(f"{len(names)} packages and what they need"):
        install(names)
    build_interfaces()
    with step("renxing itself"):
        install(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
        write_shell_environment()
    compile_packages()
    print(f"renxing: ready after {time.monotonic() - begin:.0f} s", flush=True)


def require_extra(name: str) -> None:
    """Make sure that an optional extra is installed, fetching it if need be.

    Args:
        name: A key of `OPTIONAL_EXTRAS`.

    Raises:
        ConfigError: If it is absent and cannot be installed here.
    """
    from renxing.errors import ConfigError

    if name not in OPTIONAL_EXTRAS:
        known = ", ".join(OPTIONAL_EXTRAS)
        raise ConfigError(f"extra '{name}': unknown; there are {known}")
    lines = importlib.metadata.requires("renxing") or []
    marked = re.compile(rf"""extra\s*==\s*["']{name}["']""")
    names = [line.split(";")[0].strip() for line in lines if marked.search(line)]
    if all(map(is_installed, names)):
        return
    what = f"extra '{name}' ({OPTIONAL_EXTRAS[name]}): not installed"
    if Path(sys.prefix) != VENV:
        raise ConfigError(f"{what}; run: pip install {' '.join(names)}")
    print(f"renxing: {what}, fetching it", flush=True)
    try:
        setup([name])
    except SetupError as error:
        raise ConfigError(f"{what}, and fetching it failed: {error}") from error
    importlib.invalidate_caches()


def is_installed(requirement: str) -> bool:
    """Tell whether any version of a distribution is installed."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main() -> int:
    """Run the command line: `environment.py setup [--extra NAME ...]`."""
    parser = argparse.ArgumentParser(prog="renxing setup", description=__doc__)
    parser.add_argument(
        "--extra", action="append", default=[], choices=sorted(OPTIONAL_EXTRAS)
    )
    arguments = parser.parse_args()
    try:
        setup(arguments.extra)
    except SetupError as error:
        print(f"renxing: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("renxing: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
