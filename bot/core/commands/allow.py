"""Command: take the base as good although its verification does not say so. Must not hide what it said.

Also the way on from a rollback that cannot be carried out: people did it by hand, or want none.
"""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.ledger import unverified
from bot.core.model import Role
from bot.core.render.parts import listed
from bot.core.text import code, name


def run(case: CommandCase) -> Result:
    """For one workstream, or for everything that is not verified."""
    waiting = [each for each in unverified(case.memory.landings) if case.key is None or each.key == case.key]
    last = case.memory.rollbacks[-1] if case.memory.rollbacks else None
    if last is not None and last.active and last.unclean and case.key is None and not waiting:
        memory = replace(case.memory, rollbacks=(*case.memory.rollbacks[:-1], replace(last, dropped=True, closed=True)))
        reply = f"Rollback {last.number} to {code(last.to)} is dropped; the base stays as it is."
        return replace(done(case, reply=reply), memory=memory)
    if not waiting:
        what = f"{name(case.key)} waits for no" if case.key is not None else "Nothing waits for a"
        return refused(case, f"{what} verification of the base, so there is nothing to allow.")
    order = case.order
    allowed = dict(case.intent.allowed)
    allowed.update((each.sha, order) for each in waiting)
    names = [name(each.key) if each.key is not None else f"rollback {each.rollback}" for each in waiting]
    reply = f"The base is taken as good with {listed(names)} in; your word stands as its evidence."
    return done(case, replace(case.intent, allowed=allowed), reply)


COMMAND = Command(
    name="allow",
    usage="/signalbox allow [KEY] [reason]",
    summary="Take the base as good with a merge in, although its checks do not say so",
    role=Role.MAINTAIN,
    target=Target.EITHER,
    run=run,
)
