"""Command: end the plan for good. Must not close or delete anything: what people pushed stays theirs."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role


def run(case: CommandCase) -> Result:
    """Cancel; fold.py answers a second time, so this one is the first."""
    order = case.order
    reply = (
        "The plan is cancelled: Signalbox merges nothing of it any more. "
        "Branches and pull requests stay as they are; close or delete what you do not need."
    )
    return done(case, replace(case.intent, cancelled=order), reply)


COMMAND = Command(
    name="cancel",
    usage="/signalbox cancel [reason]",
    summary="End the plan for good; branches and pull requests stay as they are",
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
)
