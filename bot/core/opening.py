"""Lays labels, branches, opening commits and pulls, each from what is missing now.

Part of choosing actions. Must not touch a branch or pull that is there: what people did with it is theirs.
"""

from collections.abc import Iterator

from bot.core.actions import Action, BuildBranch, Change, CreateRefs, EmptyCommit, OpenPull
from bot.core.facts import Facts
from bot.core.memory import Memory
from bot.core.model import Branch, IssueNumber, PlanState, Sha, Stage, Start
from bot.core.render import brief
from bot.core.render.labels import STAGE_LABELS
from bot.core.views import PlanView, WorkstreamView

_NOT_LAID = frozenset({Stage.CANCELLED})


def opening(view: PlanView, facts: Facts, memory: Memory) -> Iterator[Action]:
    """Lay what a started plan lacks, in an order in which each step can use the one before."""
    start = view.intent.start
    if start is None or view.state not in {PlanState.RUNNING, PlanState.PAUSED}:
        return
    yield from (label for label in STAGE_LABELS if label.name not in facts.repository.labels)
    unlaid = [
        stream
        for stream in view.streams
        if stream.pull is None and stream.removed is None and stream.stage not in _NOT_LAID
    ]
    without = [stream for stream in unlaid if not stream.branch_sha]
    anew = [stream for stream in without if _brings_anew(view, stream)]
    refs = [(f"refs/heads/{each.branch}", _origin(view, each, start)) for each in without if each not in anew]
    if refs:
        yield CreateRefs(refs=tuple(refs))
    for stream in unlaid:
        if stream.branch_sha is not None and _is_bare(view, stream, facts, start):
            headline, body = brief.opening_commit(view, stream)
            yield EmptyCommit(branch=stream.branch, expected=stream.branch_sha, headline=headline, body=body)
    for stream in unlaid:
        if stream.branch_sha is not None and not _is_bare(view, stream, facts, start):
            yield OpenPull(
                key=stream.workstream.key,
                head=stream.branch,
                base=start.base,
                title=brief.pull_title(stream),
                body=brief.brief(view, stream),
                draft=memory.drafts,
            )
    for stream in anew:
        yield _anew(view, stream)


def trial_branch(issue: IssueNumber) -> Branch:
    """Return the branch on which the plan tries merges; it is there only while one is tried."""
    return Branch(f"signalbox/{issue}/trial")


def _brings_anew(view: PlanView, stream: WorkstreamView) -> bool:
    again = view.intent.again.get(stream.workstream.key)
    return again is not None and not again.unclean


def _anew(view: PlanView, stream: WorkstreamView) -> BuildBranch:
    """Bring a rolled back change anew: merging its old branch again would bring nothing, git holds it for merged."""
    again = view.intent.again[stream.workstream.key]
    return BuildBranch(
        what=f"the new branch of {stream.workstream.key}",
        branch=stream.branch,
        onto=again.onto,
        tree=None,
        changes=(Change(start=again.before, tree=again.tree),),
        trial=trial_branch(view.issue.number),
        message="\n\n".join(brief.anew_commit(view, stream)),
    )


def _origin(view: PlanView, stream: WorkstreamView, start: Start) -> Sha:
    """Where a branch begins: what an edit added, or what is tried again, begins with what had landed by then."""
    again = view.intent.again.get(stream.workstream.key)
    if again is not None:
        return again.onto
    joined = view.intent.joined.get(stream.workstream.key)
    return joined.base_sha if joined is not None else start.base_sha


def _is_bare(view: PlanView, stream: WorkstreamView, facts: Facts, start: Start) -> bool:
    """Whether a branch has nothing of its own, one that was there before too: it needs an opening commit."""
    found = facts.workstreams[stream.workstream.key].branch
    return stream.branch_sha == _origin(view, stream, start) or (found is not None and found.ahead == 0)
