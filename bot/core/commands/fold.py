"""Folds the waiting commands of a plan into its intent, one after the other, and answers each.

First step of deciding. Must not act: what a command asked for is carried out by whatever follows from the new intent.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from bot.core import registry
from bot.core.commands import Command, CommandCase
from bot.core.commands.bounds import bounds, is_bounded
from bot.core.commands.target import aim
from bot.core.facts import Answer, CommandFacts, Facts, Verdict
from bot.core.keepsake import is_heard
from bot.core.memory import Memory
from bot.core.model import PlanState, Role
from bot.core.render import replies
from bot.core.text import code, login, when
from bot.core.views import PlanView

Judge = Callable[[Facts, Memory], PlanView]

_EVERYWHERE = frozenset({"help"})  # answered on any issue that Signalbox looks after
_BEFORE_START = frozenset({"start"})  # the changes that make sense before a start
_AFTER_THE_END = frozenset({"rollback", "unfreeze"})  # those that make sense when everything has landed


def fold(facts: Facts, memory: Memory, judge: Judge) -> tuple[Memory, Mapping[int, Answer], frozenset[int]]:
    """Return the memory after every command without an answer, each one's answer, and those that get none at all.

    Commands are taken in the order of arrival; each sees the plan as the ones before it left it. A command that was
    answered in an earlier turn is not run again.
    """
    limits = bounds((each for each in facts.commands if each.answer is None and is_bounded(each)), facts.answered)
    answers: dict[int, Answer] = {}
    ignored: set[int] = set()
    view: PlanView | None = None
    known = memory
    for call in facts.commands:
        if call.answer is not None:
            continue
        if is_heard(known, call.serial, call.source):  # answered before the database was lost
            ignored.add(call.id)
            continue
        if view is None:
            view = judge(facts, memory)
        if call.id in limits.silent or (call.author_is_bot and not _obeyed(call, view)):
            ignored.add(call.id)
            continue
        before = memory
        memory, answer = _run(call, facts, memory, view)
        answers[call.id] = limits.said(call, answer)
        if memory is not before:
            view = None
    return memory, answers, frozenset(ignored)


def _obeyed(call: CommandFacts, view: PlanView) -> bool:
    """Whether the config names this bot; GitHub writes a bot's login with "[bot]" in one API and without in another."""
    known = {each.lower().removesuffix("[bot]") for each in view.config.bots}
    return call.author.lower().removesuffix("[bot]") in known


def _run(call: CommandFacts, facts: Facts, memory: Memory, view: PlanView) -> tuple[Memory, Answer]:
    command = registry.load_commands().get(call.verb)
    if command is None:
        return memory, _refused(_unknown(call.verb))
    refusal = (
        _forbidden(command, call)
        or _out_of_place(command, view)
        or _out_of_time(command, view)
        or _out_of_date(command, call, memory)
    )
    if refusal:
        return memory, _refused(refusal)
    target = aim(command, call, facts, view)
    if target.refusal:
        return memory, _refused(target.refusal)
    slot = f"{command.slot}/{target.key or ''}" if command.slot else ""
    written = (call.at, call.serial)
    if slot and memory.latest.get(slot, written) > written:
        late = f"`/signalbox {command.name}` arrived late: a command written after it is in force already."
        return memory, Answer(verdict=Verdict.DONE, reply=late)
    result = command.run(
        CommandCase(call=call, key=target.key, words=target.words, facts=facts, memory=memory, view=view)
    )
    if slot and result.answer.verdict is Verdict.DONE:
        return replace(result.memory, latest={**memory.latest, slot: written}), result.answer
    return result.memory, result.answer


def _refused(reply: str) -> Answer:
    return Answer(verdict=Verdict.REFUSED, reply=reply)


def _unknown(verb: str) -> str:
    near = get_close_matches(verb, registry.load_commands(), n=1)
    return replies.unknown_verb_reply(verb, near[0] if near else None)


def _forbidden(command: Command, call: CommandFacts) -> str:
    """Why not by this author. GitHub gives a bot no role of its own: one that the config names may what `write` may."""
    role = Role.WRITE if call.author_is_bot and not call.role.allows(Role.WRITE) else call.role
    return "" if role.allows(command.role) else replies.role_refusal(command, role)


def _out_of_place(command: Command, view: PlanView) -> str:
    """Why not on this issue: it lost the label, or never had it, before anybody started it."""
    if view.intent.start is not None or view.config.label in view.issue.labels or command.name in _EVERYWHERE:
        return ""
    return replies.not_a_plan_reply(view.config.label)


def _out_of_time(command: Command, view: PlanView) -> str:
    """Why not in this state of the plan. Reading is always fine."""
    if not command.role.allows(Role.WRITE):
        return ""
    if view.state is PlanState.COMPLETED and command.name not in _AFTER_THE_END:
        return "The plan is complete: every workstream has landed or was skipped, so there is nothing left to change."
    if view.intent.cancelled is not None:
        by = view.intent.cancelled
        return (
            f"The plan was cancelled by {login(by.by)} on {when(by.at)}: open a new issue for what is still to be done"
        )
    if view.state is PlanState.PREVIEW and command.name not in _BEFORE_START:
        return "The plan has not been started: `/signalbox start` lays its branches and pull requests."
    return ""


def _out_of_date(command: Command, call: CommandFacts, memory: Memory) -> str:
    """Why not by this button: whether a press from before the database was lost counted then, nobody knows any more."""
    since = memory.restored
    if since is None or call.comment is not None or not command.role.allows(Role.WRITE) or call.mark == since.mark:
        return ""
    return (
        "Signalbox lost its database and restored this plan from GitHub after the check was written on which you pressed "
        f"{code(command.name)}, so that it is not known whether that was done already. "
        "The check is written anew: look at it, then press again."
    )
