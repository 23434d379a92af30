"""What the commands on a workstream ask first: that there is one, and that it has not landed.

Must not change anything.
"""

from bot.core.commands import CommandCase
from bot.core.facts import PullFacts, PullState
from bot.core.model import Key, Stage
from bot.core.text import code, cut, name
from bot.core.views import WorkstreamView

_LANDED = frozenset({Stage.DONE, Stage.VERIFYING})


def stream_of(case: CommandCase) -> WorkstreamView:
    """Return the workstream that a command is about. KeyError if it is about the plan, which fold.py rules out."""
    return case.view.stream(case.key or Key(""))


def landed(stream: WorkstreamView) -> str:
    """Return why nothing can be done about a workstream that was merged, "" if it was not."""
    stands = stream.landing is not None and stream.landing.stands
    if stands and stream.stage is Stage.FAILED:
        key = code(cut(f"/signalbox rollback {stream.workstream.key}", 100))
        return f"{called(stream)} has landed and broke the base: {key} takes it back."
    if stream.stage in _LANDED or stands:
        return f"{called(stream)} has landed already, so there is nothing left to change."
    return ""


def open_pull(stream: WorkstreamView) -> PullFacts | None:
    """Return the workstream's pull if it is open."""
    return stream.pull if stream.pull is not None and stream.pull.state is PullState.OPEN else None


def called(stream: WorkstreamView) -> str:
    """Return the workstream with its pull: "W1 (#12)"."""
    number = f" (#{stream.pull.number})" if stream.pull is not None else ""
    return f"{name(stream.workstream.key)}{number}"
