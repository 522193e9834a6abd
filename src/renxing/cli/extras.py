# SPDX-License-Identifier: Apache-2.0
"""Fetch what a robot needs beyond the default environment, before it is used."""

from pathlib import Path

import yaml

from renxing.environment import require_extra


def fetch_for_robot(file: Path) -> None:
    """Install the extra that a robot's file names, if it names one.

    A file that is not a robot's is left to whoever reads it properly.

    Args:
        file: The robot's YAML file.

    Raises:
        ConfigError: If the extra is absent and cannot be fetched.
    """
    try:
        description = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    extra = description.get("extra") if isinstance(description, dict) else None
    if isinstance(extra, str):
        require_extra(extra)
