# SPDX-License-Identifier: Apache-2.0
"""Words in, measured outcomes out: the brain as a node."""

import json
import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger

from renxing.errors import ConfigError, DeviceError
from renxing.navigation import coverage
from renxing.nodes import convert
from renxing.nodes.brain.audit import AuditLog
from renxing.nodes.brain.body import Body
from renxing.nodes.brain.plan_messages import fill, outcome_json
from renxing.nodes.brain.planners import PlannersConfig, make_planners
from renxing.nodes.brain.runner import SkillRunner, load_routines
from renxing.nodes.brain.surroundings import Surroundings
from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.navigation.solo import CancelledError, End, Routine, Solo
from renxing.nodes.parameters import load_config
from renxing.planning.answer import Answers
from renxing.planning.dialogue import Dialogue
from renxing.planning.lexicon import read_lexicon
from renxing.planning.mention import Mentions
from renxing.planning.mission import Mission, MissionConfig
from renxing.planning.plan import Command, Language, PlannerFailed, to_json
from renxing.planning.skills import load_skills
from renxing.planning.validator import Rules, Validator
from renxing.resources import resource
from renxing.robot import load_robot
from renxing.runtime.logs import log_root
from renxing_msgs import msg
from renxing_msgs.action import ExecuteTask
from renxing_msgs.srv import DecidePlan

TICK = 0.05  # [s]
SETTLE = 6.0  # [s] in which what was cancelled has to come to rest
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
DIALOGUE = QoSProfile(depth=50, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
Result = ExecuteTask.Result
ERRORS = {
    "none": Result.NONE,
    "not_understood": Result.NOT_UNDERSTOOD,
    "impossible": Result.IMPOSSIBLE,
    "denied": Result.DENIED,
    "step_failed": Result.STEP_FAILED,
    "stopped": Result.STOPPED,
}
S = msg.Plan  # its states
STATES = {
    "waiting_for_approval": S.WAITING_FOR_APPROVAL,
    "running": S.RUNNING,
    "succeeded": S.SUCCEEDED,
    "failed": S.FAILED,
    "denied": S.DENIED,
    "canceled": S.CANCELED,
    "rejected": S.REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Its places are known if there is a file of this name in config/places.
        places: File of places and zones; empty for that of the world.
        planner: Who plans unless a task says otherwise: `offline`, `server`, `local`.
        arms: Name of the controller that moves arms and neck.
        dwell: How long a search looks into one direction [s].
        log_folder: Where audit logs go; empty for the folder of logs.
        frames: Where the robot is.
        rules: What plans have to keep.
        mission: When a plan needs approval, and how long it is tried.
        planners: Sources of plans besides the offline one.
    """

    robot: str = "rx1"
    world: str = ""
    places: str = ""
    planner: str = "offline"
    arms: str = "locomotion"
    dwell: float = field(default=1.6, metadata={"min": 0.1, "max": 30.0})
    log_folder: str = ""
    frames: FramesConfig = field(default_factory=FramesConfig)
    rules: Rules = field(default_factory=Rules)
    mission: MissionConfig = field(default_factory=MissionConfig)
    planners: PlannersConfig = field(default_factory=PlannersConfig)


@dataclass(slots=True, kw_only=True)
class _Task:
    """What is told of a task while it runs."""

    id: str
    handle: Any
    command: Command
    message: msg.Plan
    mission: Mission | None = None
    told: str = ""
    ends: str = ""  # why it shall end
    noted: set[tuple[int, str]] = field(default_factory=set)
    replaced: int = 0  # plans that were shown to their end


class Brain(ManagedNode):
    """Plans what people ask for, has it checked, does it and says what came of it.

    Action: execute_task (ExecuteTask), one at a time.
    Services: brain/decide (DecidePlan), brain/cancel (Trigger).
    Publishes: brain/plan (Plan) and brain/dialogue (Utterance), both latched;
    speed_limit while a plan walks slowly.
    Subscribes: scene/objects, battery_state, odom, tf, emergency_stop, /diagnostics;
    joint_states while head or arms move.
    Parameters: `BrainConfig`.
    Stale behaviour: without a pose in the map nothing walks; what was seen keeps its
    age, and inspections want fresh sightings; a latched stop ends the plan at once.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("brain")
        self._working = False
        self._solo: Solo | None = None
        self._task: _Task | None = None
        self._count = 0

    def configure(self) -> None:
        """Load skills, words, places and planners, and join the graph."""
        self.config = config = load_config(self, BrainConfig)
        coverage.rehearse()
        robot = load_robot(config.robot)
        registry = load_skills()
        routines = load_routines(registry)
        lexicon = read_lexicon(resource("config/brain/lexicon.yaml"))
        self._answers = Answers(lexicon)
        self._dialogue = Dialogue(lexicon)
        self._validator = Validator(registry, Mentions(lexicon), config.rules)
        self._planners = make_planners(
            config.planners, config.planner, lexicon, registry
        )
        if config.planner not in self._planners:
            raise ConfigError(
                f"brain: planner '{config.planner}': there are "
                f"{', '.join(self._planners)}"
            )
        frames = Frames(self, config.frames)
        self._surroundings = Surroundings(self, self._places(), frames)
        self._body = Body(
            self, robot, self._surroundings, config.arms, config.dwell, self.say
        )
        self._runner = SkillRunner(self, self._body, routines)
        self._plans = self.create_publisher(msg.Plan, "brain/plan", LATCHED)
        self._lines = self.create_publisher(msg.Utterance, "brain/dialogue", DIALOGUE)
        self.create_service(DecidePlan, "brain/decide", self.decide)
        self.create_service(Trigger, "brain/cancel", self.cancel)
        self._solo = Solo(self, self._refuses)
        self._solo.offer(ExecuteTask, "execute_task", self.execute)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        folder = (
            Path(config.log_folder)
            if config.log_folder
            else log_root(os.environ) / "brain"
        )
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self._audit = AuditLog(folder, f"brain-{stamp}-{time.time_ns() % 10**6:06d}")
        self.get_logger().info(f"audit log: {self._audit.path}")
        self.create_wall_timer(TICK, self.tick)

    def activate(self) -> None:
        """Accept tasks."""
        self._working = True

    def deactivate(self) -> None:
        """Accept no more; what runs is ended."""
        self._working = False
        if self._solo is not None:
            self._solo.end("the brain was deactivated")
        self._task = None

    def clean(self) -> None:
        """Let go of everything."""
        if self._solo is not None:
            self._solo.close()
            self._solo = None
        self._body.close()
        self._audit.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def tick(self) -> None:
        """Carry the task on."""
        if self._solo is not None:
            self._solo.tick()
        self._runner.settle()

    # --- services ---------------------------------------------------------------------

    def decide(self, request: Any, response: Any) -> Any:
        """Approve or deny the plan that waits."""
        task = self._task
        response.success, response.message = False, "no plan waits for a decision"
        if task is None or task.mission is None:
            return response
        if request.task not in ("", task.id):
            response.message = (
                f"task '{request.task}': '{task.id}' is the one that runs"
            )
            return response
        why = task.mission.decide(request.approve, request.by, self.now())
        response.success = not why
        response.message = why or ("approved" if request.approve else "denied")
        self._note("decision", task, by=request.by, result=response.message)
        return response

    def cancel(self, _request: Any, response: Any) -> Any:
        """End the task that runs."""
        task = self._task
        response.success, response.message = task is not None, "no task runs"
        if task is not None:
            task.ends = "the operator ended it"
            response.message = f"ends {task.id}"
        return response

    def say(self, text: str, language: str) -> None:
        """Say something: it is written into the dialogue."""
        self._tell("robot", text, language)

    # --- a task -----------------------------------------------------------------------

    def execute(self, handle: Any) -> Routine:
        """Do what somebody asks for."""
        request, stamp = handle.request, self.now()
        self._count += 1
        identity = f"{int(stamp)}-{self._count}"
        language = language_of(request.text, request.language)
        command = Command(text=request.text.strip(), language=language)
        message = msg.Plan(
            id=identity,
            text=command.text,
            language=language,
            stamp=convert.to_time(stamp),
        )
        task = _Task(id=identity, handle=handle, command=command, message=message)
        self._task = task
        self._tell("operator", command.text, language)
        self._note("command", task, text=command.text, language=language)
        try:
            result = yield from self._carry_out(task, request)
            result.plan = message
            if result.answer and result.answer != task.told:
                self._tell("robot", result.answer, language)
            self._note(
                "end",
                task,
                success=result.error_code == Result.NONE,
                code=int(result.error_code),
                answer=result.answer,
                reason=result.error_msg,
            )
            return End(result, result.error_code == Result.NONE)
        except CancelledError:
            self._note("end", task, success=False, reason="cancelled")
            raise
        finally:
            self._task = None

    def _carry_out(self, task: _Task, request: Any) -> Generator[None, None, Any]:
        name = request.planner or self.config.planner
        planner = self._planners.get(name)
        if not task.command.text:
            return self._refused(task, Result.NOT_UNDERSTOOD, "an empty text")
        if planner is None:
            why = f"planner '{name}': there are {', '.join(self._planners)}"
            return self._refused(task, Result.PLANNER_FAILED, why)
        while self._surroundings.waking():
            yield
        scene = self._surroundings.scene()
        task.command = self._dialogue.complete(task.command, scene, self.now())
        asked = self._thread.submit(planner.propose, task.command, scene)
        while not asked.done():
            yield
        try:
            decision = asked.result()
        except PlannerFailed as error:
            return self._refused(task, Result.PLANNER_FAILED, str(error))
        self._dialogue.note(task.command, decision, self.now())
        mission = task.mission = Mission(
            task.command,
            decision,
            self._runner,
            self._validator,
            self._answers,
            self._surroundings.scene(),
            self.now(),
            self.config.mission,
        )
        if mission.checked is not None and request.plan_only:
            self._publish(task, S.PROPOSED)
            return Result()
        try:
            while not mission.over:
                self._publish(task, STATES[mission.state])
                yield
                if task.ends:
                    mission.cancel(self.now())
                mission.tick(self.now(), self._surroundings.scene())
        except (CancelledError, GeneratorExit):
            mission.cancel(self.now())
            self._publish(task, S.CANCELED)
            raise
        end = self.now() + SETTLE
        while not self._runner.settle() and self.now() < end:
            yield
        self._publish(task, STATES[mission.state])
        code = ERRORS[mission.error]
        if mission.state == "canceled":
            code = Result.STOPPED
        return Result(
            answer=mission.answer,
            error_code=code,
            error_msg=task.ends or mission.reason or (mission.answer if code else ""),
        )

    # --- what is told -----------------------------------------------------------------

    def _refused(self, task: _Task, code: int, why: str) -> Any:
        task.message.reason = why
        self._publish(task, S.REJECTED)
        return Result(error_code=code, error_msg=why)

    def _publish(self, task: _Task, state: int) -> None:
        """Publish the plan and note its steps, if something in it is new."""
        message, mission = task.message, task.mission
        before = (message.state, message.reason, message.tree, message.steps)
        message.state = state
        if mission is not None and mission.checked is not None:
            # What failed is told before what replaces it.
            for checked, records in mission.history[task.replaced :]:
                fill(message, checked, records)
                self._send(task)
            task.replaced = len(mission.history)
            fill(message, mission.checked, mission.records)
            message.reason = mission.reason or mission.checked.plan.note
            message.tree = mission.snapshot()
            self._note_steps(task, mission)
        elif mission is not None:
            message.reason = mission.reason
        if (message.state, message.reason, message.tree, message.steps) != before:
            self._send(task)

    def _send(self, task: _Task) -> None:
        self._plans.publish(task.message)
        if task.handle.is_active:
            task.handle.publish_feedback(ExecuteTask.Feedback(plan=task.message))

    def _note_steps(self, task: _Task, mission: Mission) -> None:
        """Write what is new into the audit log: plans, and outcomes of steps."""
        revisions = list(mission.history)
        if mission.checked is not None:
            revisions.append((mission.checked, mission.records))
        for checked, records in revisions:
            revision = checked.plan.revision
            if (revision, "") not in task.noted:
                task.noted.add((revision, ""))
                plan = json.loads(to_json(checked.plan))
                self._note("plan", task, risk=checked.risk, plan=plan)
            for step, record in records.items():
                if record.outcome is None or (revision, step) in task.noted:
                    continue
                task.noted.add((revision, step))
                outcome = json.loads(outcome_json(record.outcome))
                self._note("step", task, step=step, revision=revision, **outcome)

    def _tell(self, speaker: str, text: str, language: str) -> None:
        if speaker == "robot" and self._task is not None:
            self._task.told = text
        line = msg.Utterance(
            stamp=self.get_clock().now().to_msg(),
            speaker=speaker,
            language=language,
            text=text,
            task=self._task.id if self._task is not None else "",
        )
        self._lines.publish(line)
        self.get_logger().info(f"{speaker}: {text}")

    def _note(self, event: str, task: _Task, **values: Any) -> None:
        try:
            self._audit.write(self.now(), event, task=task.id, **values)
        except DeviceError as error:
            # Who cannot be held to account does not act.
            task.ends = task.ends or str(error)
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _refuses(self) -> str:
        if not self._working:
            return "the brain is not active"
        return f"task {self._task.id} runs" if self._task is not None else ""

    def _places(self) -> Path | None:
        config = self.config
        if config.places:
            given = Path(config.places)
            return given if given.suffix else resource(f"config/places/{given}.yaml")
        try:
            return resource(f"config/places/{Path(config.world).stem}.yaml")
        except ConfigError:
            return None

    def now(self) -> float:
        """Return ROS time [s]."""
        return float(self.get_clock().now().nanoseconds * 1e-9)


def language_of(text: str, given: str) -> Language:
    """Return the language of a text: that which is given, or as it is written."""
    if given:
        return "zh" if given.lower().startswith("zh") else "en"
    return "zh" if any("一" <= letter <= "鿿" for letter in text) else "en"
