"""Command: lift the freeze of the base. Must not lift that of another plan: it is lifted where it was said."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done
from bot.core.model import Role
from bot.core.text import code


def run(case: CommandCase) -> Result:
    """Lift it; without a freeze of this plan say whose there is."""
    base = code(case.facts.base.name)
    if case.intent.frozen is not None:
        return done(case, replace(case.intent, frozen=None))
    other = next(iter(case.facts.train.frozen), None)
    if other is not None:
        return done(case, reply=f"{base} is frozen by plan #{other.issue}: say `/signalbox unfreeze` there.")
    return done(case, reply=f"{base} is not frozen.")


COMMAND = Command(
    name="unfreeze",
    usage="/signalbox unfreeze",
    summary="Lift a freeze of the base",
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
    slot="freeze",
)
