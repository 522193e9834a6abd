# SPDX-License-Identifier: Apache-2.0
"""CPU time of a control tick while rx1 walks, and of its QP beside other solvers.

rx1 walks in the ideal twin, at 500 Hz, on its own estimate; a tick is what lies between
sensors and drives: estimator, locomotion, guard. Stretches of QPs are kept and then
solved by all by turns, so that other load on the machine touches all alike. ProxQP and
quadprog get the QP that we solve, ready in their form; `all torques` is the same task
written out with every torque a variable and the whole dynamics as equalities.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import daqp
import numpy as np
import quadprog
from proxsuite import proxqp

from renxing.actuation.guard import Guard, GuardConfig
from renxing.cli.bench import Row
from renxing.control.hold import Hold, HoldConfig
from renxing.control.locomotion import Locomotion, LocomotionConfig
from renxing.control.whole_body.assembly import FORCE
from renxing.control.whole_body.elimination import Problem
from renxing.control.whole_body.solver import ITERATIONS, SLACK, SOFT, Solver
from renxing.errors import DeviceError
from renxing.estimation import StateEstimator, StateEstimatorConfig
from renxing.robot import load_robot
from renxing.signals import ImuSample, JointState, WrenchSample
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.drives import command_rows
from renxing.spatial import Array

RATE = 500  # [Hz]
VELOCITY = (0.5, 0.0, 0.2)  # [m/s], [m/s], [rad/s]
WALK = 12.0  # [s] simulated
STRETCH = 100  # ticks whose QPs are kept in a row, for solvers that start warm
KEEP = 4  # one stretch of how many is kept
EQUALITY = 5  # DAQP's mark of an equality
MOST = 1e20  # for infinity, where a solver wants a number

Contacts = tuple[bool, ...]
Times = dict[str, list[float]]


class Kept(NamedTuple):
    """A QP of the walk: as we solve it, and with all torques as variables."""

    contacts: Contacts
    problem: Problem
    full: tuple[Array, ...]


def run(seconds: float | None) -> list[Row]:
    """Walk, then solve."""
    walk = WALK if seconds is None else min(WALK, max(3.0, 0.5 * seconds))
    ticks, kept = _walk(walk)
    rows = [_row(name, times) for name, times in ticks.items()]
    return rows + _compare(kept)


def _walk(duration: float) -> tuple[Times, list[Kept]]:
    """Return the CPU times of all ticks [s], and QPs."""
    robot = load_robot("rx1")
    twin = Twin(robot, load_world("flat"), TwinConfig(ideal=True))
    steps = round(1.0 / (RATE * twin.time_step))
    estimator = StateEstimator(StateEstimatorConfig(), robot, 1.0 / RATE)
    locomotion = Locomotion(LocomotionConfig(), robot, 1.0 / RATE)
    guard, hold = Guard(GuardConfig(), robot), Hold(HoldConfig(), robot)
    estimator.reset(twin.joint_state(), twin.imus()[0])
    twin.step(hold.step(twin.time), steps)
    locomotion.reset(estimator.step(*_samples(twin)))
    twin.step(hold.step(twin.time), steps)
    guard.reset()
    parts = ("estimator", "kinematics", "gait", "whole body", "guard")
    times: Times = {name: [] for name in ("tick", *parts)}
    kept: list[Kept] = []
    while twin.time < duration:
        joints, imu, wrenches = _samples(twin)
        if twin.time > 0.5:
            locomotion.command_velocity(*VELOCITY)
        # As in Locomotion.step, with the clock read in between.
        stamps = [time.thread_time()]
        state = estimator.step(joints, imu, wrenches)
        stamps.append(time.thread_time())
        kinematics = locomotion.body.update(state)
        stamps.append(time.thread_time())
        forces = state.sole_wrench[:, 2]
        task = locomotion.walker.step(kinematics, forces, state.contact)
        stamps.append(time.thread_time())
        command = locomotion.body.solve(task)
        stamps.append(time.thread_time())
        rows = command_rows(command)
        sent = guard.step(rows, joints.position, joints.velocity, 1.0 / RATE)
        stamps.append(time.thread_time())
        times["tick"].append(stamps[-1] - stamps[0])
        for name, took in zip(parts, np.diff(stamps), strict=True):
            times[name].append(took)
        if len(times["tick"]) // STRETCH % KEEP == KEEP - 1:
            contacts = tuple(foot.motion is None for foot in task.feet)
            kept.append(_keep(locomotion, contacts))
        twin.step(sent, steps)
    if kinematics.com[2] < 0.5:
        raise DeviceError(f"benchmark: the robot fell in {duration} s of walking")
    return times, kept


def _samples(twin: Twin) -> tuple[JointState, ImuSample, list[WrenchSample]]:
    return twin.joint_state(), twin.imus()[0], twin.wrenches()


def _keep(locomotion: Locomotion, contacts: Contacts) -> Kept:
    body = locomotion.body
    cost, problem, _ = body._problems[contacts]
    dynamics, bounds, frames = body._body.dynamics, body._bounds, body._frames.terms
    nv, m = len(dynamics.bias), len(problem.gradient)
    joints, n = nv - 6, m + 6
    size = n + joints
    cones = problem.rows[:-joints]
    rows = np.zeros((nv + len(cones), size))
    rows[:nv, :nv] = dynamics.mass_matrix
    feet = [foot for foot, stands in enumerate(contacts) if stands]
    for place, foot in enumerate(feet):
        column = nv + 6 * place
        rows[:nv, column : column + 6] = -FORCE * frames.jacobian[foot].T
    rows[6:nv, n:] = -np.eye(joints)
    rows[nv:, 6:n] = cones
    hessian = 1e-9 * np.eye(size)  # DAQP wants a definite cost for the torques too
    hessian[:n, :n] = cost.hessian
    free = np.full(6, np.inf)
    zero = np.zeros(len(cones))
    gradient = np.concatenate((cost.gradient, np.zeros(joints)))
    upper = (free, problem.upper[:m], bounds.most_torque, -dynamics.bias, zero)
    lower = (-free, problem.lower[:m], bounds.least_torque, -dynamics.bias, zero - MOST)
    sense = np.zeros(size + len(rows), dtype=np.int32)
    sense[6:nv] = SOFT
    sense[size : size + nv] = EQUALITY
    return Kept(
        contacts,
        Problem(*(part.copy() for part in problem)),
        (
            hessian,
            gradient,
            rows,
            np.concatenate(upper),
            np.concatenate(lower),
            sense,
        ),
    )


def _compare(kept: list[Kept]) -> list[Row]:
    """Solve all QPs by all solvers; errors are of accelerations and wrenches."""
    solvers: dict[str, Callable[[Kept], tuple[float, Array | None]]] = {
        "QP: ours, DAQP": _Ours(),
        "QP: all torques, DAQP": _all_torques,
        "QP: ProxQP": _ProxQP(),
        "QP: quadprog": _quadprog,
    }
    times: Times = {name: [] for name in solvers}
    errors: Times = {name: [] for name in solvers}
    unsolved = dict.fromkeys(solvers, 0)
    for qp in kept:
        exact: Array | None = None
        for name, solve in solvers.items():
            took, y = solve(qp)
            times[name].append(took)
            exact = y if exact is None else exact
            if y is None:
                unsolved[name] += 1
            elif exact is not None:
                errors[name].append(float(np.abs(y - exact).max()))
    shapes = sorted({(len(qp.problem.gradient), len(qp.problem.rows)) for qp in kept})
    full = sorted({(len(qp.full[1]), len(qp.full[2])) for qp in kept})
    rows = []
    for name, samples in times.items():
        size = full if "torques" in name else shapes
        note = f"{len(samples)} QPs of {size}, {unsolved[name]} unsolved"
        if not name.startswith("QP: ours"):
            note += f", differs by {max(errors[name], default=0.0):.1e}"
        rows.append(_row(name, samples, note))
    return rows


class _Ours:
    """Our solver, one for each set of standing feet."""

    def __init__(self) -> None:
        self.solvers: dict[Contacts, Solver] = {}

    def __call__(self, qp: Kept) -> tuple[float, Array | None]:
        if qp.contacts not in self.solvers:
            joints = len(qp.problem.gradient) - 6 * sum(qp.contacts)
            self.solvers[qp.contacts] = Solver(qp.problem, joints)
        solver = self.solvers[qp.contacts]
        start = time.thread_time()
        y = solver.solve(qp.problem)
        return time.thread_time() - start, y


def _all_torques(qp: Kept) -> tuple[float, Array | None]:
    *problem, sense = qp.full
    start = time.thread_time()
    x, _, status, _ = daqp.solve(
        *problem, sense.copy(), iter_limit=ITERATIONS, rho_soft=SLACK
    )
    took = time.thread_time() - start
    return took, np.array(x[6 : 6 + len(qp.problem.gradient)]) if status > 0 else None


def _inequalities(problem: Problem) -> tuple[Array, Array, Array]:
    """Return rows with finite bounds, simple bounds among them, and the bounds."""
    rows = np.vstack((np.eye(len(problem.gradient)), problem.rows))
    used = np.isfinite(problem.lower) | np.isfinite(problem.upper)
    return (
        rows[used],
        np.maximum(problem.lower[used], -MOST),
        np.minimum(problem.upper[used], MOST),
    )


class _ProxQP:
    """ProxQP, warm-started; one object for each set of standing feet.

    The preconditioner is made anew when the set changes: at every tick it takes five
    times as long. The default `eps_primal_inf` calls solvable problems infeasible.
    """

    def __init__(self) -> None:
        self.solvers: dict[Contacts, proxqp.dense.QP] = {}
        self.last: Contacts = ()

    def __call__(self, qp: Kept) -> tuple[float, Array | None]:
        p = qp.problem
        rows, lower, upper = _inequalities(p)
        data = (p.hessian, p.gradient, None, None, rows, lower, upper)
        fresh = self.last != qp.contacts
        self.last = qp.contacts
        if qp.contacts not in self.solvers:
            solver = proxqp.dense.QP(len(p.gradient), 0, len(rows))
            solver.settings.eps_abs = 1e-4
            solver.settings.eps_rel = 0.0
            solver.settings.eps_primal_inf = 1e-12
            solver.init(*data)
            solver.solve()
            warm = proxqp.InitialGuess.WARM_START_WITH_PREVIOUS_RESULT
            solver.settings.initial_guess = warm
            self.solvers[qp.contacts] = solver
        solver = self.solvers[qp.contacts]
        start = time.thread_time()
        solver.update(*data, update_preconditioner=fresh)
        solver.solve()
        took = time.thread_time() - start
        solved = solver.results.info.status == proxqp.PROXQP_SOLVED
        return took, np.array(solver.results.x) if solved else None


def _quadprog(qp: Kept) -> tuple[float, Array | None]:
    rows, lower, upper = _inequalities(qp.problem)
    below, above = lower > -MOST, upper < MOST
    sides = np.vstack((rows[below], -rows[above])).T.copy()
    bounds = np.concatenate((lower[below], -upper[above]))
    cost, slope = qp.problem.hessian.copy(), -qp.problem.gradient
    start = time.thread_time()
    try:
        y = quadprog.solve_qp(cost, slope, sides, bounds)[0]
    except ValueError:  # how quadprog says that there is no solution
        y = None
    return time.thread_time() - start, y


def _row(name: str, seconds: list[float], note: str = "") -> Row:
    times = 1e6 * np.array(seconds)
    return Row(
        name=name,
        unit="us",
        median=float(np.median(times)),
        p99=float(np.percentile(times, 99)),
        minimum=float(times.min()),
        note=f"max {times.max():.0f}" + (f"; {note}" if note else ""),
    )
