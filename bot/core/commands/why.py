"""Command: say what a workstream waits for. Must not choose the words: render/replies.py does."""

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.render import replies


def run(case: CommandCase) -> Result:
    """Answer for one workstream, or without one for the whole plan."""
    return done(case, reply=replies.why_reply(case.view, case.key))


COMMAND = Command(
    name="why",
    usage="/signalbox why [KEY]",
    summary="Say what a workstream, or the whole plan, waits for: who, since when, and what to do",
    role=Role.READ,
    target=Target.EITHER,
    run=run,
)
