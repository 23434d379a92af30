"""Command: say who is next, the line behind it and the longest chain. Must not choose the words: render/foresight.py does."""

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.foresight import line_up
from bot.core.model import Role
from bot.core.render.foresight import order_reply


def run(case: CommandCase) -> Result:
    """Answer with the line as the commands before this one left it."""
    return done(case, reply=order_reply(case.view, line_up(case.view)))


COMMAND = Command(
    name="order",
    usage="/signalbox order",
    summary="Say who merges next and why, who comes after that, what each one unblocks, and which chain is the longest",
    role=Role.READ,
    target=Target.PLAN,
    run=run,
)
