"""What the check on a merge group's head says: which pulls are in it, and which of them may not merge, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.facts import QueueEntry
from bot.core.render.check import CheckText
from bot.core.render.parts import SUMMARY_LIMIT, TITLE_LIMIT, bullets, inline, link, sections
from bot.core.text import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A pull of a group that may not merge now."""

    entry: QueueEntry
    reason: str  # the title of the check on its own head: plain text
    waits: bool  # it passes by itself, soon


def group_check(entries: Sequence[QueueEntry], obstacles: Sequence[Obstacle]) -> CheckText:
    """Return the check of the group that holds `entries`. One that may never merge decides before one that waits."""
    stops = [each for each in obstacles if not each.waits]
    first = next(iter([*stops, *obstacles]), None)
    if first is None:
        return CheckText(
            status="completed",
            conclusion="success",
            title="May merge",
            summary=sections("Every pull request in this merge group may merge.", _list(entries, obstacles)),
        )
    more = f" (and {len(obstacles) - 1} more)" if len(obstacles) > 1 else ""
    title = cut(f"#{first.entry.pull}: {first.reason}", TITLE_LIMIT - len(more)) + more
    what = "Not every pull request in this merge group may merge."
    then = (
        "GitHub takes it out of the merge queue. Put it in again once its own check is green."
        if stops
        else "This passes by itself, and then the group may merge."
    )
    return CheckText(
        status="completed" if stops else "in_progress",
        conclusion="failure" if stops else None,
        title=title,
        summary=sections(f"{what} {then}", _list(entries, obstacles)),
    )


def _list(entries: Sequence[QueueEntry], obstacles: Sequence[Obstacle]) -> str:
    reasons = {each.entry.pull: each.reason for each in obstacles}
    lines = (
        f"{link(f'#{each.pull}', each.url)}: {inline(reasons[each.pull]) if each.pull in reasons else 'may merge'}"
        for each in entries
    )
    return bullets(lines, SUMMARY_LIMIT // 2)
