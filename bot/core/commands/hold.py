"""Command: keep one workstream from merging. Must not stop work on it."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, stream_of
from bot.core.model import Role
from bot.core.text import login, when


def run(case: CommandCase) -> Result:
    """Hold it; a hold that is there keeps who and since, unless this one brings another reason."""
    stream = stream_of(case)
    key = stream.workstream.key
    if reason := landed(stream):
        return refused(case, reason)
    if (skipped := case.intent.skipped.get(key)) is not None:
        by = f"{login(skipped.by)} on {when(skipped.at)}"
        return refused(case, f"{called(stream)} was skipped by {by}, so it does not merge anyway.")
    order = case.order
    if (held := case.intent.held.get(key)) is not None and order.reason in {"", held.reason}:
        return done(case, reply=f"{called(stream)} is held by {login(held.by)} since {when(held.at)} already.")
    return done(case, replace(case.intent, held={**case.intent.held, key: order}))


COMMAND = Command(
    name="hold",
    usage="/signalbox hold [KEY] [reason]",
    summary="Keep a workstream from merging until somebody releases it; work may go on",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
    slot="hold",
)
