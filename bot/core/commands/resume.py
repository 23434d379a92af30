"""Command: let a paused plan go on. Must not lift holds: that is `release`."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role


def run(case: CommandCase) -> Result:
    """Lift the pause; a plan that is not paused stays as it is."""
    if case.intent.paused is None:
        return done(case, reply="The plan is not paused, so nothing changed.")
    return done(case, replace(case.intent, paused=None))


COMMAND = Command(
    name="resume",
    usage="/signalbox resume",
    summary="Let a paused plan go on",
    role=Role.WRITE,
    target=Target.PLAN,
    run=run,
    slot="pause",
)
