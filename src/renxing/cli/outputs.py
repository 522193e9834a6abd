# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes at its end."""

from pathlib import Path

from renxing.errors import ConfigError


def want_folder(option: str, file: Path | None) -> None:
    """Refuse a file that could not be written, now and not after an hour.

    Args:
        option: That gave it.
        file: Which; None for none.

    Raises:
        ConfigError: If its folder is not there.
    """
    if file is not None and not file.absolute().parent.is_dir():
        raise ConfigError(f"--{option} {file}: there is no such folder")
