# SPDX-License-Identifier: Apache-2.0
"""Data files are found from a checkout and from an installation, or it is said why."""

import subprocess
import sys
from pathlib import Path

import pytest

from renxing import resources
from renxing.errors import ConfigError
from renxing.resources import resource, resource_root


def test_checkout() -> None:
    assert (resource_root() / "urdf" / "rx1.urdf.xacro").is_file()
    assert resource("config/robots/rx1.yaml").is_file()
    absolute = resource("config/robots").resolve()
    assert resource(absolute) == absolute


def test_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match="'config/moon.yaml': not found in"):
        resource("config/moon.yaml")


def installed_copy(prefix: Path) -> Path:
    """Install what resources.py needs like colcon does, and return its folder."""
    package = prefix / "lib" / "python3" / "site-packages" / "renxing"
    package.mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "resources.py"):
        source = Path(resources.__file__).with_name(name)
        (package / name).write_text(source.read_text())
    return package.parent


def ask(packages: Path) -> "subprocess.CompletedProcess[str]":
    script = (
        f"import sys; sys.path.insert(0, {str(packages)!r})\n"
        "from renxing.resources import resource_root; print(resource_root())"
    )
    return subprocess.run(
        [sys.executable, "-ISc", script], capture_output=True, text=True, timeout=60
    )


def test_installation(tmp_path: Path) -> None:
    packages = installed_copy(tmp_path)
    share = tmp_path / "share" / "renxing"
    (share / "config" / "robots").mkdir(parents=True)
    assert ask(packages).stdout.strip() == str(share)


def test_broken_installation(tmp_path: Path) -> None:
    answer = ask(installed_copy(tmp_path))
    assert answer.returncode != 0
    assert "install the package again" in answer.stderr
