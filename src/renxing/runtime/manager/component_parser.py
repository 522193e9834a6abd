# SPDX-License-Identifier: Apache-2.0
"""Read what a robot description says of its hardware: all of `<ros2_control>`.

The grammar and its checks are those of ros2_control (hardware_interface,
component_parser.cpp). It is stricter in two points, because a misspelt tag must not
silently lose an interface: unknown tags inside a part are refused as well, and so are
limits that are not numbers.
"""

from collections.abc import Mapping

from renxing.errors import ConfigError
from renxing.hardware_interface import (
    ALIASES,
    HardwareInfo,
    InterfaceInfo,
    MimicInfo,
    PartInfo,
    TransmissionEnd,
    TransmissionInfo,
)
from renxing.runtime.manager.xml_tree import Place, Tag, read_xml

TYPES = ("system", "actuator", "sensor")
DATA_TYPES = (
    "double",
    "float32",
    "bool",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32)),
)
_PARTS = ("joint", "sensor", "gpio")
_CHILDREN = ("hardware", "properties", *_PARTS, "transmission")
_INTERFACES = ("command_interface", "state_interface")


def parse_components(text: str) -> tuple[HardwareInfo, ...]:
    """Read the `<ros2_control>` elements of a robot description.

    Args:
        text: URDF, or SDF with one model; xacro is already expanded.

    Returns:
        The components in the order of the text.

    Raises:
        ConfigError: If there are none, or one breaks a rule; the message names
            component, part and line.
    """
    root = read_xml(text)
    if root.name == "sdf":
        model = root.first("model")
        robot = model if model is not None else root
    elif root.name == "robot":
        robot = root
    else:
        raise ConfigError(
            f"robot description, line {root.line}: root element is <{root.name}>, "
            "not <robot> or <sdf>"
        )
    tags = list(robot.all("ros2_control"))
    if not tags:
        raise ConfigError("robot description: no <ros2_control> in it")
    joints = {tag.get("name") or "": tag for tag in robot.all("joint")}
    infos = tuple(_component(tag, joints) for tag in tags)
    Place("<robot>").unique(root, "ros2_control", (info.name for info in infos))
    return infos


def _component(tag: Tag, urdf: Mapping[str, Tag]) -> HardwareInfo:
    here = Place("").inside(tag)
    name, kind = here.need(tag, "name"), here.need(tag, "type")
    if kind not in TYPES:
        raise here.error(tag, f"type='{kind}'; allowed are {', '.join(TYPES)}")
    here.only(tag, _CHILDREN)
    is_async = "is_async" in tag.attributes and here.truth(tag, "is_async")
    if is_async and "thread_priority" in tag.attributes:
        here.whole(tag, "thread_priority", least=1)
    for properties in tag.all("properties"):
        here.inside(properties).only(properties, ("async",))
    hardware = tag.first("hardware")
    if hardware is None:
        raise here.error(tag, "<hardware> is missing")
    inside = here.inside(hardware)
    inside.only(hardware, ("plugin", "group", "param"))
    group = hardware.first("group")
    parts = tuple(_part(child, here) for child in tag.children if child.name in _PARTS)
    for part_kind in _PARTS:
        of_kind = (part.name for part in parts if part.kind == part_kind)
        here.unique(tag, part_kind, of_kind)
    here.unique(
        tag,
        "interface",
        (f"{part.name}/{i.name}" for part in parts for i in part.state_interfaces),
    )
    mimic, followers = [], set()
    for child in tag.all("joint"):
        found = _mimic(child, here.inside(child), parts, urdf)
        if found is not None:
            mimic.append(found)
            followers.add(found.joint)
    return HardwareInfo(
        name=name,
        type=kind,
        plugin=inside.text_of(hardware, "plugin"),
        group=group.text if group is not None else "",
        rw_rate=here.whole(tag, "rw_rate", least=0) if tag.get("rw_rate") else 0,
        parameters=_parameters(hardware, inside),
        parts=tuple(
            _follower(part) if part.kind == "joint" and part.name in followers else part
            for part in parts
        ),
        mimic=tuple(mimic),
        transmissions=tuple(
            _transmission(child, here.inside(child), kind, parts)
            for child in tag.all("transmission")
        ),
        is_async=is_async,
    )


def _part(tag: Tag, above: Place) -> PartInfo:
    here = above.inside(tag)
    name = here.need(tag, "name")
    allowed = (*_INTERFACES, "param")
    here.only(tag, allowed if tag.name == "gpio" else (*allowed, "limits"))
    limits = _limits(tag, here)
    commands, states = (
        tuple(_interface(child, here, tag.name, limits) for child in tag.all(kind))
        for kind in _INTERFACES
    )
    here.unique(tag, "command interface", (i.name for i in commands))
    here.unique(tag, "state interface", (i.name for i in states))
    return PartInfo(
        name=name,
        kind=tag.name,
        command_interfaces=commands,
        state_interfaces=states,
        parameters=_parameters(tag, here),
    )


def _follower(part: PartInfo) -> PartInfo:
    return PartInfo(
        name=part.name,
        kind=part.kind,
        state_interfaces=part.state_interfaces,
        mimic=True,
        parameters=part.parameters,
    )


def _interface(tag: Tag, above: Place, kind: str, limits: bool) -> InterfaceInfo:
    here = above.inside(tag)
    name = here.need(tag, "name")
    here.only(tag, ("param", "limits"))
    data_type = tag.get("data_type") or "double"
    if data_type not in DATA_TYPES:
        allowed = ", ".join(DATA_TYPES)
        raise here.error(tag, f"data_type='{data_type}'; allowed are {allowed}")
    if "size" in tag.attributes and here.whole(tag, "size", least=1) != 1:
        raise here.error(tag, "size is not 1; give each value an interface of its own")
    parameters = _parameters(tag, here)
    bounds = {
        key: here.number(tag, parameters[key]) if parameters.get(key) else None
        for key in ("min", "max", "initial_value")
    }
    low, high = bounds["min"], bounds["max"]
    if low is not None and high is not None and low > high:
        raise here.error(tag, f"min {low:g} is above max {high:g}")
    return InterfaceInfo(
        name=ALIASES.get(name, name) if kind == "joint" else name,
        data_type=data_type,
        minimum=bounds["min"],
        maximum=bounds["max"],
        initial_value=bounds["initial_value"],
        limits=limits and _limits(tag, here),
        parameters=parameters,
    )


def _limits(tag: Tag, here: Place) -> bool:
    limits = tag.first("limits")
    return limits is None or here.truth(limits, "enable")


def _parameters(tag: Tag, here: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in tag.all("param"):
        name = child.get("name")
        if not name:
            raise here.error(child, "<param>: attribute 'name' is missing")
        if name in found:
            raise here.error(child, f"param '{name}' stands there twice")
        found[name] = child.text
    return found


def _mimic(
    tag: Tag, here: Place, parts: tuple[PartInfo, ...], urdf: Mapping[str, Tag]
) -> MimicInfo | None:
    """Check a joint against the URDF; return how it follows another one, if it does."""
    name = here.need(tag, "name")
    joint = urdf.get(name)
    if joint is None:
        raise here.error(tag, "there is no such joint in the URDF")
    if joint.get("type") == "fixed":
        raise here.error(tag, "the URDF says it is fixed; such joints have no hardware")
    asked = here.truth(tag, "mimic") if "mimic" in tag.attributes else None
    mimic = joint.first("mimic")
    if mimic is None:
        if asked:
            raise here.error(tag, "mimic='true' without <mimic> in the URDF")
        return None
    if asked is False:
        return None
    if tag.first("command_interface") is not None:
        raise here.error(
            tag, "it mimics another joint, so it cannot have command interfaces"
        )
    source = here.need(mimic, "joint")
    if not any(part.kind == "joint" and part.name == source for part in parts):
        raise here.error(tag, f"it mimics '{source}', which is not in the component")
    return MimicInfo(
        joint=name,
        source=source,
        multiplier=here.number(mimic, mimic.get("multiplier") or "1"),
        offset=here.number(mimic, mimic.get("offset") or "0"),
    )


def _transmission(
    tag: Tag, here: Place, kind: str, parts: tuple[PartInfo, ...]
) -> TransmissionInfo:
    here.only(tag, ("plugin", "joint", "actuator", "param"))
    joints = tuple(_end(child, here.inside(child)) for child in tag.all("joint"))
    for joint in joints:
        if not any(p.kind == "joint" and p.name == joint.name for p in parts):
            raise here.error(tag, f"joint '{joint.name}' is not in the component")
    if kind == "actuator" and len(joints) != 1:
        raise here.error(tag, f"an actuator has one joint, not {len(joints)}")
    return TransmissionInfo(
        name=here.need(tag, "name"),
        plugin=here.text_of(tag, "plugin"),
        joints=joints,
        actuators=tuple(
            _end(child, here.inside(child)) for child in tag.all("actuator")
        ),
        parameters=_parameters(tag, here),
    )


def _end(tag: Tag, here: Place) -> TransmissionEnd:
    here.only(tag, ("mechanical_reduction", "offset"))
    reduction, offset = tag.first("mechanical_reduction"), tag.first("offset")
    return TransmissionEnd(
        name=here.need(tag, "name"),
        role=here.need(tag, "role"),
        reduction=here.number(tag, reduction.text) if reduction is not None else 1.0,
        offset=here.number(tag, offset.text) if offset is not None else 0.0,
        read_only="read_only" in tag.attributes and here.truth(tag, "read_only"),
    )
