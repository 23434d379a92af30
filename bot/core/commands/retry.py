"""Command: try a failed workstream again.

Must not restart a check of another App: GitHub allows that to its owner only.
https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
"""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.facts import CheckState, PullFacts, PullState
from bot.core.model import Retry, Role


def run(case: CommandCase) -> Result:
    """Reopen a closed pull, or start the checks anew on another head."""
    stream = stream_of(case)
    key = stream.workstream.key
    if reason := landed(stream):
        return refused(case, reason)
    pull = stream.pull
    if pull is None or pull.state is PullState.MERGED:
        return refused(case, f"{called(stream)} has no pull request that could be tried again.")
    if open_pull(stream) is not None and not _checks_failed(pull):
        return refused(case, f"{called(stream)} has not failed; `/signalbox why` says what it waits for.")
    if pull.state is PullState.CLOSED and stream.branch_sha is None:
        return refused(case, f"The branch of {called(stream)} is gone: restore it on the pull request, then try again.")
    retry = Retry(head=pull.head_sha, reopen=pull.state is PullState.CLOSED)
    if case.intent.retries.get(key) == retry:
        return done(case, reply=f"{called(stream)} is being tried again already.")
    return done(case, replace(case.intent, retries={**case.intent.retries, key: retry}))


def _checks_failed(pull: PullFacts) -> bool:
    return any(check.state is CheckState.FAILED for check in pull.checks)


COMMAND = Command(
    name="retry",
    usage="/signalbox retry [KEY]",
    summary="Try a failed workstream again: reopen its pull request, or run its checks on a new head",
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
)
