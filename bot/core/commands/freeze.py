"""Command: let nothing merge into the base, of this plan or any other. Must not stop one plan alone: that is `pause`."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.text import code, login, when


def run(case: CommandCase) -> Result:
    """Keep the first order where the base is frozen already."""
    base = code(case.facts.base.name)
    if (frozen := case.intent.frozen) is not None:
        said = f"{base} was frozen by {login(frozen.by)} on {when(frozen.at)} already"
        return done(case, reply=f"{said}; `/signalbox unfreeze` lifts it.")
    order = case.order
    return done(case, replace(case.intent, frozen=order))


COMMAND = Command(
    name="freeze",
    usage="/signalbox freeze [reason]",
    summary="Let nothing merge into the base, of no plan and outside plans neither, until somebody lifts it",
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
    slot="freeze",
)
