# SPDX-License-Identifier: Apache-2.0
"""The 3D view: the robot from its URDF, the world from its file."""

from dataclasses import dataclass
from pathlib import Path

import coal
import numpy as np
import pinocchio
import trimesh
import viser

from renxing.robot import Robot
from renxing.sim.shapes import Shape, World
from renxing.spatial import SE3, Array, quat_xyzw_from_rotation, wxyz_from_xyzw

MOVED = 1e-4  # [rad] a joint that moved less is not sent to the browser again
CAMERA_LENGTH = 0.12  # [m] drawn length of a camera's view


@dataclass(frozen=True, slots=True)
class Link:
    """What is drawn of a link.

    Attributes:
        joint: That moves it, by the model's index.
        mesh: In the scene.
        colour: Its own.
    """

    joint: int
    mesh: viser.MeshHandle
    colour: tuple[int, int, int]


class RobotView:
    """The robot's links, each under a frame of the joint that carries it.

    Attributes:
        paths: Of those frames, by the model's index.
        links: What is drawn of it.
        cameras: What each camera sees.
    """

    def __init__(self, server: viser.ViserServer, robot: Robot) -> None:
        """Send the robot to the page.

        Args:
            server: The page's server.
            robot: The robot; its meshes are read from disk.
        """
        self._robot = robot
        model = robot.model
        self._base = server.scene.add_frame("/robot", show_axes=False)
        paths = {1: "/robot"}
        self._joints: list[tuple[int, viser.FrameHandle, SE3]] = []
        for index in range(2, model.njoints):
            path = f"{paths[model.parents[index]]}/{model.names[index]}"
            paths[index] = path
            frame = server.scene.add_frame(path, show_axes=False)
            self._joints.append((index, frame, model.jointPlacements[index]))
        self.paths = paths
        self.links = self._add_links(server, paths)
        self.cameras = self._add_cameras(server, paths)
        self._shown = np.full(model.nq, np.inf)
        self._data = model.createData()
        self.show(np.zeros(len(robot.joints)), SE3.Identity())

    def _add_links(
        self, server: viser.ViserServer, paths: dict[int, str]
    ) -> list[Link]:
        links = []
        visuals = pinocchio.buildGeomFromUrdfString(
            self._robot.model, self._robot.urdf.text, pinocchio.GeometryType.VISUAL
        )
        for visual in visuals.geometryObjects:
            red, green, blue = (int(255 * value) for value in visual.meshColor[:3])
            colour = (red, green, blue)
            mesh = _add_mesh(
                server,
                f"{paths[visual.parentJoint]}/{visual.name}",
                _mesh(visual),
                colour,
                visual.placement,
            )
            links.append(Link(visual.parentJoint, mesh, colour))
        return links

    def _add_cameras(
        self, server: viser.ViserServer, paths: dict[int, str]
    ) -> list[viser.CameraFrustumHandle]:
        shown = []
        for camera in self._robot.description.sensors.cameras:
            frame = self._robot.model.frames[self._robot.frame(camera.frame)]
            aspect = camera.width / camera.height
            half = np.tan(camera.field_of_view / 2) / aspect
            shown.append(
                server.scene.add_camera_frustum(
                    f"{paths[frame.parentJoint]}/camera_{camera.name}",
                    fov=float(2 * np.arctan(half)),
                    aspect=aspect,
                    scale=CAMERA_LENGTH,
                    color=(33, 115, 217),
                    wxyz=_wxyz(frame.placement),
                    position=frame.placement.translation,
                    visible=False,
                )
            )
        return shown

    def show(self, positions: Array, base_to_odom: SE3) -> None:
        """Move the robot.

        Args:
            positions: Of the actuated joints [rad], shape (n,).
            base_to_odom: Pose of the base.
        """
        self._base.position = base_to_odom.translation
        self._base.wxyz = _wxyz(base_to_odom)
        model, data = self._robot.model, self._data
        q = self._robot.configuration(positions)
        pinocchio.forwardKinematics(model, data, q)
        for index, frame, _placement in self._joints:
            place = model.joints[index].idx_q
            if abs(q[place] - self._shown[place]) < MOVED:
                continue
            self._shown[place] = q[place]
            frame.position = data.liMi[index].translation
            frame.wxyz = _wxyz(data.liMi[index])


class WorldView:
    """The world's fixed shapes and its objects."""

    def __init__(self, server: viser.ViserServer, world: World) -> None:
        """Send the world to the page."""
        server.scene.add_grid(
            "/ground",
            infinite_grid=True,
            cell_size=0.25,
            section_size=1.0,
            cell_color=(208, 213, 220),
            section_color=(176, 183, 194),
            plane_color=(236, 239, 243),
            plane_opacity=1.0,
            fade_distance=25.0,
            shadow_opacity=0.25,
        )
        for shape in world.fixed:
            _add_shape(server, f"/world/{shape.name}", shape)
        self._objects: dict[str, viser.FrameHandle] = {}
        movers = [(o.name, o.shapes, o.transform_object_to_odom) for o in world.objects]
        movers += [(p.name, p.shapes, p.transform_person_to_odom) for p in world.people]
        for name, shapes, start in movers:
            path = f"/objects/{name}"
            self._objects[name] = server.scene.add_frame(path, show_axes=False)
            for shape in shapes:
                _add_shape(server, f"{path}/{shape.name}", shape)
            self.show(name, start)

    def show(self, name: str, object_to_odom: SE3) -> None:
        """Move an object; one that the world's file does not know is left out."""
        frame = self._objects.get(name)
        if frame is not None:
            frame.position = object_to_odom.translation
            frame.wxyz = _wxyz(object_to_odom)


def _wxyz(transform: SE3) -> Array:
    return wxyz_from_xyzw(quat_xyzw_from_rotation(transform.rotation))


def _mesh(visual: pinocchio.GeometryObject) -> trimesh.Trimesh:
    shape = visual.geometry
    if isinstance(shape, coal.Box):
        return trimesh.creation.box(extents=2 * shape.halfSide)
    if isinstance(shape, coal.Cylinder):
        return trimesh.creation.cylinder(
            shape.radius, 2 * shape.halfLength, sections=64
        )
    if isinstance(shape, coal.Sphere):
        return trimesh.creation.icosphere(subdivisions=3, radius=shape.radius)
    mesh = trimesh.load(Path(visual.meshPath), force="mesh")
    mesh.apply_scale(visual.meshScale)
    return mesh


def _add_shape(server: viser.ViserServer, path: str, shape: Shape) -> None:
    a, b, _ = shape.size
    if shape.kind == "box":
        mesh = trimesh.creation.box(extents=shape.size)
    elif shape.kind == "cylinder":
        mesh = trimesh.creation.cylinder(a, b, sections=64)
    else:
        mesh = trimesh.creation.icosphere(subdivisions=3, radius=a)
    red, green, blue = (int(255 * value) for value in shape.color)
    color = (red, green, blue)
    _add_mesh(server, path, mesh, color, shape.transform_shape_to_parent)


def _add_mesh(
    server: viser.ViserServer,
    path: str,
    mesh: trimesh.Trimesh,
    color: tuple[int, int, int],
    placement: SE3,
) -> viser.MeshHandle:
    return server.scene.add_mesh_simple(
        path,
        np.asarray(mesh.vertices, dtype=np.float32),
        np.asarray(mesh.faces, dtype=np.uint32),
        color=color,
        flat_shading=True,  # smooth normals would round off every edge
        position=placement.translation,
        wxyz=_wxyz(placement),
    )
