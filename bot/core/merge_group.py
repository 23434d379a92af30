"""The required check on the heads of merge groups: a group passes if every pull in it may merge.

GitHub merges a group of its merge queue once the required checks pass on the group's head, which is a commit of its own
(https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue).
It goes by our check on each pull's own head and judges nothing anew. Must not leave a group without a check: the queue
would stand still until GitHub's time-out.
"""

import re
from collections.abc import Iterator, Sequence

from bot.core.actions import PutCheck
from bot.core.check import put_check
from bot.core.facts import QueueEntry
from bot.core.render.check import NO_PLAN
from bot.core.render.merge_group import Obstacle, group_check

_NEED = re.compile(r"Waiting for .*?\(#(\d{1,9})\)")  # as the gate `order` names the first need that is not met

#: What passes by itself soon: the rest would hold up everything behind it, and maybe the rollback that mends the base.
_SOON = ("is being verified", "the base does not show it yet", "still working out whether it can merge")


def group_checks(entries: Sequence[QueueEntry], doing: str | None = None) -> Iterator[PutCheck]:
    """Yield the writes that make the checks on the groups of one queue right. `entries`: all that are in it.

    A group holds its own entry and all that are ahead of it and not merged yet. `doing`: what the plan does that has the
    turn on the base, None if none has it. Of the plans' pulls one at a time may land, the one that the holder names, and
    the base is verified before the next; a pull outside plans may land with it.
    """
    line = sorted(entries, key=lambda entry: entry.position)
    for place, entry in enumerate(line):
        if entry.group is None:
            continue
        obstacles = [
            obstacle
            for at, each in enumerate(line[: place + 1])
            if (obstacle := _obstacle(each, line[:at]) or _turn(each, line[:at], doing)) is not None
        ]
        text = group_check(line[: place + 1], obstacles)
        run = entry.shown.node_id if entry.shown is not None else None
        made_from = f"group/{entry.group[:12]}"
        check = put_check(text, entry.group, made_from, run=run, current=entry.shown, details_url=entry.url)
        if check is not None:
            yield check


def _obstacle(entry: QueueEntry, ahead: Sequence[QueueEntry]) -> Obstacle | None:
    """What keeps one pull's group from passing; None if its own check is green.

    A need that is ahead in the same queue is only waited for: it lands first, is verified, and then the check turns green.
    """
    own = entry.own
    if own is None:
        return Obstacle(entry=entry, reason="not looked at yet", waits=True)
    if (own.status, own.conclusion) == ("completed", "success"):
        return None
    reason = own.title or "its own check is not green"
    need = _NEED.match(own.title)
    soon = any(words in own.title for words in _SOON) if need is None else int(need[1]) in {each.pull for each in ahead}
    return Obstacle(entry=entry, reason=reason, waits=own.status != "completed" and soon)


def _turn(entry: QueueEntry, ahead: Sequence[QueueEntry], doing: str | None) -> Obstacle | None:
    """Whether a plan's pull has to wait for another plan's pull or another merge of its own plan, though it is green.

    The check on its own head turns only when its plan has seen what landed: until then a green one proves nothing.
    """
    if not _is_of_a_plan(entry):
        return None
    before = next((each for each in ahead if _is_of_a_plan(each)), None)
    if before is not None:
        reason = f"waits until #{before.pull}, which is ahead of it, has landed and the base is verified"
        return Obstacle(entry=entry, reason=reason, waits=True)
    # as train_actions.py names a pull; a workstream may be called "#13", too
    if doing is None or re.search(rf"\(#{entry.pull}\)| in #{entry.pull}$", doing):
        return None
    return Obstacle(entry=entry, reason=f"another merge goes first: {doing}", waits=True)


def _is_of_a_plan(entry: QueueEntry) -> bool:
    own = entry.own
    return own is not None and own.external_id.startswith("plan/") and not own.title.startswith(NO_PLAN)
