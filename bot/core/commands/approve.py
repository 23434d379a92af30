"""Command: approve a workstream as it is now, for who cannot or does not want to write a review.

Must not approve what the author of the command cannot have seen.
"""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.facts import PullFacts
from bot.core.model import Approval, Role
from bot.core.text import code


def run(case: CommandCase) -> Result:
    """Count an approval for the head that was there when the command was written."""
    stream = stream_of(case)
    key = stream.workstream.key
    if reason := landed(stream):
        return refused(case, reason)
    pull = open_pull(stream)
    if pull is None:
        return refused(case, f"{called(stream)} has no open pull request to approve.")
    if case.call.author.lower() == pull.author.lower():
        return refused(case, "Nobody approves their own pull request: ask somebody else.")
    if _is_newer(case, pull):
        head = code(pull.head_sha[:7])
        return refused(
            case, f"{called(stream)} has moved to {head} since you wrote that: look at it and approve again."
        )
    given = [each for each in case.intent.approvals.get(key, ()) if each.head == pull.head_sha]
    if any(each.by.lower() == case.call.author.lower() for each in given):
        return done(case, reply=f"You have approved {called(stream)} at {code(pull.head_sha[:7])} already.")
    approval = Approval(by=case.call.author, at=case.call.at, head=pull.head_sha)
    return done(case, replace(case.intent, approvals={**case.intent.approvals, key: (*given, approval)}))


def _is_newer(case: CommandCase, pull: PullFacts) -> bool:
    """Whether the read that first showed the head may have ended after the command was written: a push may have crossed it.

    The commit's own date does not tell: whoever pushes may write any date into it.
    """
    seen = case.memory.seen.get(f"shown/{case.key}")
    since = seen.since if seen is not None and seen.value == pull.head_sha else case.facts.read_at
    return since >= case.call.at


COMMAND = Command(
    name="approve",
    usage="/signalbox approve [KEY]",
    summary="Approve a workstream as it is now; a push takes the approval back",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
)
