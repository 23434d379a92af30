"""How many commands of people who may not write are answered: each answer costs writes, of which there is one a second.

Asked by fold.py, and by worker/outside.py. Must not look at what a command says: who may write is not bounded at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot.core.facts import Answer, CommandFacts
from bot.core.model import Login, Role
from bot.core.render import replies
from bot.core.render.parts import sections

MOST_LINES = 5  # commands of one comment that are answered
MOST_ANSWERS = 10  # commands of one author that are answered in one repository within WINDOW
WINDOW = timedelta(hours=1)


class Call(Protocol):
    """A command, as the store or as the facts have it."""

    @property
    def id(self) -> int:
        """The store's number."""

    @property
    def author(self) -> Login:
        """Who gave it."""

    @property
    def source(self) -> str:
        """As in CommandFacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which commands get no answer, and what the last answers before the silence say."""

    silent: frozenset[int]  # command ids
    words: Mapping[int, str]  # command id -> what its reply says at its end, markdown

    def said(self, call: CommandFacts, answer: Answer) -> Answer:
        """Return an answer as its author gets it."""
        if not is_bounded(call):
            return answer
        reply = sections(answer.reply, self.words.get(call.id, ""))
        return replace(answer, reply=reply, courtesy=True)


def is_bounded(call: CommandFacts) -> bool:
    """Say whether its author may not write. A bot that is obeyed may what `write` may."""
    return not call.author_is_bot and not call.role.allows(Role.WRITE)


def bounds(calls: Iterable[Call], answered: Mapping[Login, int]) -> Bounds:
    """Return what is answered of commands by people who may not write, in their order.

    `answered`: how many commands of each author were answered within the last WINDOW.
    """
    silent: set[int] = set()
    words: dict[int, str] = {}
    lines: Counter[str] = Counter()
    given = Counter(answered)
    last: dict[str, int] = {}  # comment -> its newest command that is answered
    for call in calls:
        comment = call.source.rpartition(":")[0]
        if given[call.author] >= MOST_ANSWERS:
            silent.add(call.id)
            continue
        if lines[comment] >= MOST_LINES:
            silent.add(call.id)
            words.setdefault(last[comment], replies.too_many_lines(MOST_LINES))
            continue
        lines[comment] += 1
        given[call.author] += 1
        last[comment] = call.id
        if given[call.author] >= MOST_ANSWERS:
            words[call.id] = replies.last_answer(MOST_ANSWERS)
    return Bounds(silent=frozenset(silent), words=words)
