"""Command: say where the plan stands. Must not choose the words: render/replies.py does."""

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.render import replies


def run(case: CommandCase) -> Result:
    """Answer with the plan as the commands before this one left it."""
    return done(case, reply=replies.status_reply(case.view))


COMMAND = Command(
    name="status",
    usage="/signalbox status",
    summary="Say where the plan stands",
    role=Role.READ,
    target=Target.PLAN,
    run=run,
)
