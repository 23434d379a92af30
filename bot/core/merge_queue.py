"""GitHub's own merge queue, from a plan's side: what is in it, and what it took out again.

Part of judging and of choosing actions. The checks on merge groups are merge_group.py's; must not judge a pull.
"""

from collections.abc import Iterator, Mapping

from bot.core.facts import BaseFacts, PullFacts, PullState
from bot.core.memory import Memory, Queued
from bot.core.model import Key, Login, Order
from bot.core.views import GateResult, PlanView

QUEUE_BOT = Login("github-merge-queue[bot]")  # who GitHub says merged what came through the queue


def is_required(base: BaseFacts, pull: PullFacts) -> bool:
    """Say whether GitHub merges the pull by the merge queue only: by a rule of a ruleset, or by classic protection."""
    return base.merge_queue or pull.queue_required


def is_ejected(record: Queued | None, pull: PullFacts | None, base: BaseFacts, order: Order | None) -> bool:
    """Say whether the queue took out just this head on just this base, and nobody has said `/signalbox merge` since."""
    if record is None or pull is None or pull.state is not PullState.OPEN or pull.queued is not None:
        return False
    asked_again = order is not None and order.at != record.asked
    return (record.head, record.base) == (pull.head_sha, base.sha) and not asked_again


def waiting_in_it(view: PlanView) -> tuple[str, PullFacts] | None:
    """Return the plan's pull that is first in the queue, with its key or "rollback 1"; None if it has none there."""
    there = [(pull.queued, key, pull) for key, pull, _ in _pulls(view) if pull.queued is not None]
    first = min(there, key=lambda each: each[0], default=None)
    return (first[1], first[2]) if first is not None else None


def seen(view: PlanView, memory: Memory) -> Mapping[str, Queued]:
    """Return what is to be remembered of the queue.

    A record outlives the entry as long as nothing but GitHub's own word on conflicts stands in the pull's way: what was
    taken out because a gate closed goes in again once that opens.
    """
    kept: dict[str, Queued] = {}
    for key, pull, blocking in _pulls(view):
        if pull.queued is not None:
            order = view.intent.merges.get(Key(key))
            kept[key] = Queued(head=pull.head_sha, base=view.base.sha, asked=order.at if order is not None else None)
        elif key in memory.queued and all(gate.gate == "mergeable" for gate in blocking):
            old = memory.queued[key]
            if (old.head, old.base) == (pull.head_sha, view.base.sha):
                kept[key] = old
    return kept


def _pulls(view: PlanView) -> Iterator[tuple[str, PullFacts, tuple[GateResult, ...]]]:
    """The plan's open pulls, with the gates that do not pass."""
    for stream in view.streams:
        if stream.pull is not None and stream.pull.state is PullState.OPEN:
            yield stream.workstream.key, stream.pull, stream.blocking
    back = view.rollback
    if back is not None and back.pull is not None and back.pull.state is PullState.OPEN:
        yield called(back.rollback.number), back.pull, ()


def called(rollback: int) -> Key:
    """Return what a rollback is called where workstreams have keys."""
    return Key(f"rollback {rollback}")
