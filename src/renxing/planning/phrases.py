# SPDX-License-Identifier: Apache-2.0
"""Sentences that the robot says, in English and Chinese; a table."""

from renxing.planning.plan import Language

PHRASES: dict[str, tuple[str, str]] = {
    # why there is no plan
    "not_understood": (
        "I do not understand '{text}'.",
        "我听不懂“{text}”。",
    ),
    "unknown_thing": (
        "I do not know '{text}'. I know these places: {places}; and these kinds of "
        "things: {kinds}.",
        "我不认识“{text}”。我知道的地方：{places}；我认识的东西：{kinds}。",
    ),
    "no_referent": (
        "What do you mean by '{text}'? Nothing was named before.",
        "“{text}”指的是什么？前面没有提到。",
    ),
    "which": ("Which one do you mean: {names}?", "你指的是哪一个：{names}？"),
    "unclear": (
        "I am not sure what you mean; please say it in another way.",
        "我不确定你的意思，请换一种说法。",
    ),
    "will_not": ("I will not do that.", "这件事我不做。"),
    "too_much": (
        "I understand only a part of it, not '{text}'.",
        "我只听懂了一部分，没听懂“{text}”。",
    ),
    "structure": ("The plan is not well formed.", "计划的格式不对。"),
    "skill": ("The plan uses a skill that I lack.", "计划用到了我没有的技能。"),
    "arguments": (
        "The plan has values that are not allowed: {text}",
        "计划里有不允许的数值：{text}",
    ),
    "reference": ("I have not seen that yet.", "那个东西我还没有看到过。"),
    "precondition": ("That cannot be done: {text}.", "做不到：{text}。"),
    "no_dock": ("I have no charging dock.", "我没有充电座。"),
    "lost": ("I do not know where I am.", "我不知道自己在哪里。"),
    "no_battery": ("Nothing measures my battery.", "我没有测量电量的传感器。"),
    "stopped": (
        "A stop is latched; somebody has to reset it first.",
        "急停还没有复位，需要先有人复位。",
    ),
    "speed": ("That is too fast: {text}.", "太快了：{text}。"),
    "zone": ("I must not go there: {subject}.", "那里不许进入：{subject}。"),
    "battery": ("My battery is too low for that.", "电量太低，做不了。"),
    "way": ("That is too far.", "太远了。"),
    "speech": ("I say only what you ask me to say.", "我只说你让我说的话。"),
    # what came of it
    "walk_to": ("I walked {way} m to {name}.", "我走了{way}米，到了{name}。"),
    "there": ("I was at {name} already.", "我已经在{name}了。"),
    "point": ("I walked {way} m to the point.", "我走了{way}米，到了那个点。"),
    "walk_by": ("I walked {way} m.", "我走了{way}米。"),
    "turn": ("I turned by {angle} degrees.", "我转了{angle}度。"),
    "look_at": ("I looked at {name}.", "我看了{name}。"),
    "look": ("I looked there.", "我往那边看了。"),
    "find": ("I found {name} {where}.", "我找到了{name}，{where}。"),
    "inspect": ("On {name} I see {things}.", "{name}上有{things}。"),
    "inspect_none": ("I see nothing on {name}.", "{name}上我没看到东西。"),
    "color": ("Its colour is {color}.", "它是{color}的。"),
    "say": ("I said: {text}", "我说了：{text}"),
    "period": (".", "。"),
    "wave": ("I waved {times} times.", "我挥了{times}次手。"),
    "wait": ("I waited {time} s.", "我等了{time}秒。"),
    "stop": ("I stand still.", "我停下了。"),
    "dock": ("I am charging.", "我在充电了。"),
    "undocked": ("I do not get any charge.", "没有充上电。"),
    "done": ("Done.", "做完了。"),
    "scene": ("I have seen {things}.", "我看到过{things}。"),
    "scene_none": ("I have not seen any {name}.", "我没有看到过{name}。"),
    "scene_empty": ("I have not seen anything yet.", "我还没有看到任何东西。"),
    "count": ("I have seen {count}: {things}.", "我看到过{count}个：{things}。"),
    "where": ("{name} is {where}.", "{name}{where}。"),
    "battery_at": ("My battery is at {share} %.", "电量还有{share}%。"),
    "here": ("I am at {name}.", "我在{name}。"),
    "here_point": (
        "I am at x {x} m, y {y} m in the map.",
        "我在地图上 x {x} 米、y {y} 米的地方。",
    ),
    # where something is
    "on": ("on {name}", "在{name}上"),
    "at": ("at x {x} m, y {y} m", "在 x {x} 米、y {y} 米的地方"),
    # why it failed
    "failed": ("I did not manage to {what}: {why}.", "我没能{what}：{why}。"),
    "not_found": ("I did not find {name}.", "我没有找到{name}。"),
    "canceled": ("It was canceled.", "任务取消了。"),
    "was_stopped": ("I was stopped.", "我被叫停了。"),
    "denied": ("Nobody approved it: {why}.", "没有人批准：{why}。"),
    "before": ("Before that: {text}", "在那之前：{text}"),
    # what it tried to do
    "do_walk_to": ("walk to {name}", "走到{name}"),
    "do_walk_by": ("walk there", "走过去"),
    "do_turn": ("turn", "转身"),
    "do_look_at": ("look at {name}", "看{name}"),
    "do_find": ("find {name}", "找到{name}"),
    "do_inspect": ("look closely at {name}", "看清{name}"),
    "do_wave": ("wave", "挥手"),
    "do_wait": ("wait", "等待"),
    "do_stop": ("stop", "停下"),
    "do_dock": ("charge", "充电"),
    "do_say": ("speak", "说话"),
    "do_report": ("report", "报告"),
    "do_other": ("do '{name}'", "完成“{name}”"),
    # kinds of failures
    "why_timeout": ("it took too long", "花的时间太长"),
    "why_blocked": ("the way is blocked", "路被挡住了"),
    "why_no_route": ("there is no way", "没有路可走"),
    "why_lost": ("I lost my place", "我不知道自己在哪里了"),
    "why_gone": ("it is not there any more", "它已经不在那里了"),
    "why_not_in_view": ("I could not see it well", "我看不清它"),
    "why_battery": ("the battery is low", "电量太低"),
    "why_zone": ("the zone there is forbidden", "那里是禁区"),
    "why_busy": ("somebody else has the controls", "控制权在别处"),
    "why_refused": ("it was refused", "被拒绝了"),
    "why_unmeasured": ("nothing was measured", "没有测到结果"),
    "why_off_goal": ("I ended somewhere else", "我没有到达该到的地方"),
    "why_moving": ("I could not stand still", "我没能站稳停下"),
    "why_not_done": ("the motion was not finished", "动作没有完成"),
    "why_blind": ("my cameras tell me nothing", "相机没有数据"),
    "why_error": ("there was an error inside me", "我内部出了错"),
    "why_reference": ("I have lost sight of it", "我找不到它了"),
    "why_precondition": ("what it needs does not hold any more", "条件已经不满足了"),
    "why_other": ("{reason}", "{reason}"),
}


def phrase(key: str, language: Language, /, **values: object) -> str:
    """Return a sentence with values put in."""
    english, chinese = PHRASES[key]
    return (chinese if language == "zh" else english).format(**values)


def enumerate_words(words: list[str], language: Language, either: bool = False) -> str:
    """Return words as people list them: `a, b and c`, or `a, b or c` for a choice."""
    if len(words) < 2:
        return "".join(words)
    if language == "zh":
        last = "还是" if either else "、"
        return "、".join(words[:-1]) + last + words[-1]
    return f"{', '.join(words[:-1])} {'or' if either else 'and'} {words[-1]}"
