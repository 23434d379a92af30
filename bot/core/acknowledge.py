"""How the answers to commands are shown: reactions to the comment, and a reply where there is something to say.

Part of choosing actions, pure. Must not answer a command (commands/).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.actions import Action, PostComment, React
from bot.core.facts import Answer, CommandFacts, Facts, Verdict
from bot.core.marker import mark, reply_key
from bot.core.views import PlanView

#: Writes of one turn that only answer people who may not write: a write takes a second, and the turn holds up the plan.
MOST_COURTESIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """What shows the answers."""

    acks: Mapping[int, tuple[Action, ...]]  # command id -> what shows its answer
    first: tuple[Action, ...]  # to people who may write
    last: tuple[Action, ...]  # to everybody else: it comes after all that the plan needs
    more: bool  # some of the latter are left for the next turn


def acknowledge(view: PlanView, facts: Facts, answers: Mapping[int, Answer]) -> Acknowledged:
    """Return what shows the answers that were decided in this turn or in an earlier one."""
    said = {call: answer for call in facts.commands if (answer := answers.get(call.id) or call.answer) is not None}
    acks = {call.id: tuple(_acknowledge(view, call, answer)) for call, answer in said.items()}
    first = [action for call, answer in said.items() if not answer.courtesy for action in acks[call.id]]
    last: list[Action] = []
    more = False
    for call, answer in said.items():
        if answer.courtesy and not more:
            wanted = list(dict.fromkeys([*last, *acks[call.id]]))
            more = len(wanted) > MOST_COURTESIES
            last = last if more else wanted
    return Acknowledged(acks=acks, first=tuple(first), last=tuple(last), more=more)


def _acknowledge(view: PlanView, call: CommandFacts, answer: Answer) -> Iterator[Action]:
    """React to the comment, and reply where there is something to say; a pressed button has no comment to react to."""
    if call.comment is not None:
        yield React(subject=call.comment, content="EYES")
        yield React(subject=call.comment, content="ROCKET" if answer.verdict is Verdict.DONE else "CONFUSED")
    if answer.reply:
        pull = next((each.pull for each in view.streams if each.pull and each.pull.number == call.pull), None)
        key = reply_key(call.source)
        yield PostComment(
            journal_key=key,
            number=view.issue.number if call.pull is None else call.pull,
            subject=call.subject or (pull.node_id if pull is not None else view.issue.node_id),
            body=mark(answer.reply, key),
        )
