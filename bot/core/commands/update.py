"""Command: bring a workstream's branch up to the base, by GitHub's own merge. Must not mend a conflict."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.facts import Mergeable
from bot.core.model import Role
from bot.core.text import code


def run(case: CommandCase) -> Result:
    """Ask for it once, for the head that is there now."""
    stream = stream_of(case)
    if reason := landed(stream):
        return refused(case, reason)
    pull = open_pull(stream)
    if pull is None:
        return refused(case, f"{called(stream)} has no open pull request to update.")
    if pull.mergeable is Mergeable.NO:
        base, head = code(case.facts.base.name), code(pull.head)
        return refused(case, f"{called(stream)} conflicts with {base}: merge {base} into {head} by hand and push.")
    if stream.behind == 0:
        return done(case, reply=f"{code(pull.head)} holds everything of {code(case.facts.base.name)} already.")
    updates = {**case.intent.updates, stream.workstream.key: pull.head_sha}
    return done(case, replace(case.intent, updates=updates))


COMMAND = Command(
    name="update",
    usage="/signalbox update [KEY]",
    summary="Bring a workstream's branch up to the base; its checks start anew on the new head",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
)
