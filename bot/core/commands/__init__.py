"""Slash commands: the controls. One file each, found by registry.py; parsing and folding are in parse.py and fold.py.

A command is a pure function from what is to a new intent and an answer. Must not act on GitHub.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from bot.core.facts import Answer, CommandFacts, Facts, Verdict
from bot.core.memory import Memory
from bot.core.model import Intent, Key, Order, Role
from bot.core.text import code, cut
from bot.core.views import PlanView

MAX_REASON = 500  # characters of a reason that are kept


class Target(Enum):
    """What a command is about."""

    PLAN = "plan"  # the plan as a whole; on a pull it means the pull's plan
    WORKSTREAM = "workstream"  # the pull it is written on, or a key behind the verb
    EITHER = "either"  # a workstream if one is named or written on, else the plan


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCase:
    """One call, after its author's right and its target were found good."""

    call: CommandFacts
    key: Key | None  # the workstream it is about; None = the plan
    words: tuple[str, ...]  # what stands behind the verb, without the key
    facts: Facts
    memory: Memory
    view: PlanView  # as things stand with all earlier commands folded in

    @property
    def intent(self) -> Intent:
        """The intent before this command."""
        return self.memory.intent

    @property
    def order(self) -> Order:
        """The standing order that it gives, with its words for a reason: a comment may hold 64 KiB of them."""
        return Order(by=self.call.author, at=self.call.at, reason=cut(" ".join(self.words), MAX_REASON))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command changes and what its author is told."""

    memory: Memory
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command. Help text, rights, reaction and reply come from here."""

    name: str
    usage: str  # "/signalbox hold [KEY] [reason]"
    summary: str  # one plain sentence for the help
    role: Role
    target: Target
    run: Callable[[CommandCase], Result]
    slot: str = ""  # commands of one slot undo each other: the one written last wins, in whatever order they arrive


def done(case: CommandCase, intent: Intent | None = None, reply: str = "") -> Result:
    """Return a good end: the intent as changed (None = unchanged) and what to say ("" = the reaction says it all)."""
    memory = case.memory if intent is None else replace(case.memory, intent=intent)
    return Result(memory=memory, answer=Answer(verdict=Verdict.DONE, reply=reply))


def refused(case: CommandCase, reply: str) -> Result:
    """Return a refusal: nothing changes, and the reply says why and what to do."""
    return Result(memory=case.memory, answer=Answer(verdict=Verdict.REFUSED, reply=reply))


def unknown_move(case: CommandCase) -> str | None:
    """Return what to say while GitHub shows that the base moved, but not yet whether a pull of the plan did it."""
    if case.memory.tip in {None, case.facts.base.sha}:
        return None
    base = code(case.facts.base.name)
    return f"{base} has just moved, and it is not known yet with what: say it again in a minute."
