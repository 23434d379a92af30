"""Command: list the commands. Must not know them: the registry does."""

from bot.core import registry
from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.render import replies


def run(case: CommandCase) -> Result:
    """Answer with every command, who may use it and what it does."""
    return done(case, reply=replies.help_reply(registry.load_commands()))


COMMAND = Command(
    name="help",
    usage="/signalbox help",
    summary="List the commands",
    role=Role.READ,
    target=Target.PLAN,
    run=run,
)
