"""Command: let the plan go on without a workstream. Must not close its pull: the work may still be wanted."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, stream_of
from bot.core.model import Role
from bot.core.text import login, when


def run(case: CommandCase) -> Result:
    """Skip it: whatever needs it waits for it no longer."""
    stream = stream_of(case)
    key = stream.workstream.key
    if (reason := landed(stream)) and not stream.unseen:
        return refused(case, reason)
    if (skipped := case.intent.skipped.get(key)) is not None:
        return done(case, reply=f"{called(stream)} was skipped by {login(skipped.by)} on {when(skipped.at)} already.")
    order = case.order
    return done(case, replace(case.intent, skipped={**case.intent.skipped, key: order}))


COMMAND = Command(
    name="skip",
    usage="/signalbox skip [KEY] [reason]",
    summary="Let the plan go on without a workstream: nothing waits for it any longer, and it does not merge",
    role=Role.MAINTAIN,
    target=Target.WORKSTREAM,
    run=run,
    slot="hold",
)
