"""Command: try a failed or rolled back workstream again.

Must not restart a check of another App: GitHub allows that to its owner only.
https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.commands.workstream import called, landed, open_pull, stream_of
from bot.core.facts import CheckState, PullFacts, PullState
from bot.core.ledger import Landing, under_way
from bot.core.model import Acceptance, Again, Branch, Key, Order, Retry, Role, Stage
from bot.core.text import code
from bot.core.views import WorkstreamView


def run(case: CommandCase) -> Result:
    """Bring a rolled back change anew, reopen a closed pull, or start the checks anew on another head."""
    stream = stream_of(case)
    key = stream.workstream.key
    if stream.stage is Stage.ROLLED_BACK and stream.landing is not None:
        return _anew(case, stream, stream.landing)
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


def _anew(case: CommandCase, stream: WorkstreamView, landing: Landing) -> Result:
    """Begin a new branch and pull with the same change: git would take the old branch for merged already."""
    key, tip = stream.workstream.key, case.facts.base.sha
    if tip is None:
        return refused(case, f"The base {code(case.facts.base.name)} does not exist.")
    back = under_way(case.memory.rollbacks)
    if back is not None and landing.pull in back.pulls:
        return refused(case, f"{called(stream)} is still being rolled back: wait for that first.")
    before = case.intent.again.get(key)
    attempt = before.attempt + 1 if before is not None else 2
    own = stream.branch.removesuffix(f"-try-{before.attempt}") if before is not None else stream.branch
    branch = Branch(f"{own}-try-{attempt}")
    again = Again(
        by=case.call.author, at=case.call.at, attempt=attempt, onto=tip, before=landing.before, landed=landing.sha,
        tree=landing.tree, failure=_failure(case, landing),
    )  # fmt: skip
    intent = replace(
        case.intent,
        again={**case.intent.again, key: again},
        pinned={**case.intent.pinned, key: branch},
        joined={**case.intent.joined, key: Acceptance(by=case.call.author, at=case.call.at, base_sha=tip)},
        held=_without(case.intent.held, key),
        handed_in=_without(case.intent.handed_in, key),  # it was said of the change that was taken back
        merges=_without(case.intent.merges, key),
    )
    reply = f"{called(stream)} is brought anew on the branch {code(branch)}, with a pull request of its own."
    return done(case, intent, reply)


def _without(orders: Mapping[Key, Order], key: Key) -> Mapping[Key, Order]:
    return {each: order for each, order in orders.items() if each != key}


def _failure(case: CommandCase, landing: Landing) -> str:
    """Why it was rolled back."""
    back = next((each for each in case.memory.rollbacks if each.number == landing.undone), None)
    return back.reason if back is not None else "People took it back by hand"


def _checks_failed(pull: PullFacts) -> bool:
    return any(check.state is CheckState.FAILED for check in pull.checks)


COMMAND = Command(
    name="retry",
    usage="/signalbox retry [KEY]",
    summary=(
        "Try a failed workstream again: reopen its pull request, run its checks on a new head, "
        "or after a rollback bring its change anew on a new branch"
    ),
    role=Role.WRITE,
    target=Target.WORKSTREAM,
    run=run,
)
