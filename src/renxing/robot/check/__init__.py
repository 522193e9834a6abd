# SPDX-License-Identifier: Apache-2.0
"""Check that a robot's YAML file and URDF hold together, and say all that is wrong.

`load_robot` stops at the first contradiction; here every check that still can runs.
"""

from pathlib import Path

from renxing.errors import ConfigError, ModelError
from renxing.robot.check.description import check_description
from renxing.robot.check.finding import Finding, Report
from renxing.robot.check.standing import check_standing
from renxing.robot.check.together import check_together
from renxing.robot.check.urdf import check_urdf
from renxing.robot.files import read_description, robot_file, urdf_file
from renxing.robot.urdf import Urdf, parse_urdf
from renxing.yaml_file import FileError

__all__ = ["Finding", "check_robot"]


def check_robot(name: str | Path) -> list[Finding]:
    """Check a robot.

    Args:
        name: Of a file in `config/robots`, or the path of such a file.

    Returns:
        What was found, in the order of the checks; `ok` entries sum up what is right.
        The robot can be used if no entry is an `error`.
    """
    try:
        path = robot_file(name)
    except ConfigError as error:
        return [Finding("error", Path(name), 1, str(error))]
    try:
        description, lines = read_description(path)
    except FileError as error:
        return _check_urdf_alone(error)
    except ConfigError as error:
        return [Finding("error", path, 1, str(error))]
    report = Report(lines)
    check_description(report, description)
    urdf = _read_urdf(report, description.urdf, description.extra)
    if urdf is None:
        return report.found
    joints = check_urdf(report, urdf)
    check_together(report, description, urdf, joints)
    check_standing(report, description, urdf, joints)
    return report.found


def _check_urdf_alone(error: FileError) -> list[Finding]:
    """Report what is wrong in the YAML file, and check the URDF that it names."""
    report = Report(error.lines)
    report.found.extend(
        Finding("error", error.path, problem.line, problem.what)
        for problem in error.problems
    )
    data = error.data if isinstance(error.data, dict) else {}
    uri, extra = data.get("urdf"), data.get("extra")
    if isinstance(uri, str):
        urdf = _read_urdf(report, uri, extra if isinstance(extra, str) else None)
        if urdf is not None:
            check_urdf(report, urdf)
    return report.found


def _read_urdf(report: Report, uri: str, extra: str | None) -> Urdf | None:
    try:
        file = urdf_file(uri, report.lines.path.parent, extra)
        urdf, missing = parse_urdf(file, {"backend": "mujoco"})
    except FileError as error:
        report.found.extend(
            Finding("error", error.path, problem.line, problem.what)
            for problem in error.problems
        )
        return None
    except (ConfigError, ModelError) as error:
        report.yaml("error", f"urdf: {error}", "urdf")
        return None
    for link, what in missing:
        report.urdf("error", urdf, "link", link, what)
    return urdf
