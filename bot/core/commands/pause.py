"""Command: let nothing merge for the time being. Must not touch single workstreams: that is `hold`."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.text import login, when


def run(case: CommandCase) -> Result:
    """Keep the first order where the plan is paused already."""
    if (paused := case.intent.paused) is not None:
        said = f"The plan was paused by {login(paused.by)} on {when(paused.at)} already"
        return done(case, reply=f"{said}; `/signalbox resume` lets it go on.")
    order = case.order
    return done(case, replace(case.intent, paused=order))


COMMAND = Command(
    name="pause",
    usage="/signalbox pause [reason]",
    summary="Merge nothing until somebody resumes the plan; work may go on",
    role=Role.WRITE,
    target=Target.PLAN,
    run=run,
    slot="pause",
)
