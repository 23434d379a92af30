"""What git's own merge makes of commits, learnt on a branch of ours that is taken away again: BuildBranch and TryMerge.

GitHub merges only into branches, so that a merge is tried on one that carries nothing else. Between client.py, which
hands the actions over, and git_database.py, which knows the requests. Must not retry, nor touch any other branch.

GitHub merges as git does (https://github.blog/engineering/infrastructure/scaling-merge-ort-across-github/): a change
from one tree to another is carried like a revert or a cherry-pick, by merging a commit that makes just this change.
Others pick commits on GitHub in the same way: https://github.com/tibdex/github-cherry-pick#how-it-works
"""

from collections.abc import Iterator, Sequence

from bot.core.actions import BuildBranch, Outcome, OutcomeKind, TryMerge
from bot.core.model import Branch, Sha
from bot.errors import GitHubError
from bot.github.git_database import Comparison, GitDatabase

# On a commit whose message says so Actions starts nothing: runs of a trial would stand beside the checks of the base.
# https://docs.github.com/en/actions/managing-workflow-runs/skipping-workflow-runs
TRIAL_MESSAGE = "Try a merge [skip ci]"


async def try_merge(git: GitDatabase, action: TryMerge) -> Outcome:
    """Learn what git's merge makes of two commits. See TryMerge for the outcomes; safe to repeat.

    Two reads where they tell the answer; else one read, four writes. A read that fails is LATER, or REFUSED if GitHub
    knows no such commits or no common ancestor of them.
    """
    try:
        theirs, ours = await git.compare(action.onto, action.head), await git.compare(action.head, action.onto)
        if theirs.ahead_by == 0:
            return Outcome(kind=OutcomeKind.DONE, tree=theirs.base_tree)
        if ours.ahead_by == 0:
            return Outcome(kind=OutcomeKind.DONE, tree=ours.base_tree)
        if not action.want_tree and _cannot_conflict(ours, theirs):
            return Outcome(kind=OutcomeKind.DONE)
        tree = await _merged(git, action.onto, (action.head,), action.trial)
    except GitHubError as error:
        return git.outcome_of(error)
    return tree if isinstance(tree, Outcome) else Outcome(kind=OutcomeKind.DONE, tree=tree)


async def build_branch(git: GitDatabase, action: BuildBranch) -> Outcome:
    """Create a branch of one commit. See BuildBranch for the outcomes; safe to repeat.

    Two writes if the tree is known; else one read and five writes, and two more for each change.
    """
    try:
        tree = action.tree if action.tree is not None else await _carried(git, action)
        if isinstance(tree, Outcome):
            return tree
        commit = await git.create_commit(tree, (action.onto,), action.message)
        if isinstance(commit, Outcome):
            return commit
        created = await git.create_branch(action.branch, commit.sha)
        if created.kind is OutcomeKind.ALREADY:
            return await _there_already(git, action, tree)
    except GitHubError as error:
        return git.outcome_of(error)
    if created.kind is OutcomeKind.DONE:
        return Outcome(kind=OutcomeKind.DONE, result=commit.sha, tree=tree)
    return created


async def _there_already(git: GitDatabase, action: BuildBranch, tree: Sha) -> Outcome:
    """Tell an earlier try whose answer was lost from somebody else's work: by content, for every commit has its time."""
    tip = await git.tip(action.branch)
    commit = None if tip is None else await git.commit(tip)
    if commit is not None and (commit.tree, commit.parents) == (tree, (action.onto,)):
        return Outcome(kind=OutcomeKind.DONE, result=commit.sha, tree=tree)
    return Outcome(kind=OutcomeKind.MOVED, detail=f"something else is on the branch {action.branch}")


async def _carried(git: GitDatabase, action: BuildBranch) -> Sha | Outcome:
    """Return the tree of `onto` with all changes carried onto it."""
    heads = []
    for change in action.changes:
        # Its parent is where the change starts, and an ancestor of `onto`: so it is the base of git's merge.
        commit = await git.create_commit(change.tree, (change.start,), TRIAL_MESSAGE)
        if isinstance(commit, Outcome):
            return commit
        heads.append(commit.sha)
    return await _merged(git, action.onto, (*heads, *action.heads), action.trial)


async def _merged(git: GitDatabase, onto: Sha, heads: Sequence[Sha], trial: Branch) -> Sha | Outcome:
    """Return the tree of merging each head in turn into `onto`; CONFLICT with paths at the first that does not merge.

    MOVED if somebody else moved the trial branch meanwhile: what came of it is not ours.
    """
    # Not on `onto` itself: pushing it as a new branch would start CI on it once more, and make the base look unverified.
    start = await git.create_commit((await git.commit(onto)).tree, (onto,), TRIAL_MESSAGE)
    if isinstance(start, Outcome):
        return start
    placed = await _place(git, trial, start.sha)
    if placed.kind not in {OutcomeKind.DONE, OutcomeKind.UNKNOWN}:
        return placed
    try:
        if placed.kind is OutcomeKind.UNKNOWN:
            return placed
        tip, last = onto, start
        for head in heads:
            merge = await git.merge(trial, head, TRIAL_MESSAGE)
            if isinstance(merge, Outcome) and merge.kind is OutcomeKind.CONFLICT:
                theirs, ours = await git.compare(tip, head), await git.compare(head, tip)
                return Outcome(kind=OutcomeKind.CONFLICT, detail=merge.detail, paths=conflicting_paths(ours, theirs))
            if isinstance(merge, Outcome) and merge.kind is not OutcomeKind.ALREADY:
                return merge
            # A process that was frozen in its trial and woke too late may have merged into the branch of this one.
            before = await git.tip(trial) if isinstance(merge, Outcome) else next(iter(merge.parents), None)
            if before != last.sha:
                return Outcome(kind=OutcomeKind.MOVED, detail=f"somebody else moved the branch {trial}")
            if not isinstance(merge, Outcome):
                tip, last = merge.sha, merge
        return last.tree
    finally:
        # Whatever became of it: a branch that stays is in nobody's way, and the next trial moves it.
        await git.delete_branch(trial)


async def _place(git: GitDatabase, trial: Branch, sha: Sha) -> Outcome:
    """Put the trial branch where the trial begins; one that an interrupted trial has left is moved."""
    placed = await git.create_branch(trial, sha)
    return await git.force_branch(trial, sha) if placed.kind is OutcomeKind.ALREADY else placed


def _cannot_conflict(ours: Comparison, theirs: Comparison) -> bool:
    """Say whether the paths alone prove that git merges: no path concerns both sides, and no rename is to be found.

    One side without merges has one last commit in common with the other, so that GitHub's list of changes starts from
    the very base that git merges from; with merges on both sides there can be several.
    """
    both = (ours, theirs)
    listed = all(side.complete and side.only_keeps for side in both) and any(side.linear for side in both)
    return listed and not _shared(ours.paths, theirs.paths)


def conflicting_paths(ours: Comparison, theirs: Comparison) -> tuple[str, ...]:
    """Return the paths that two sides of a conflict both concern, sorted; if there are none, those of the smaller side.

    GitHub does not say where a merge failed. These paths contain the place, unless a rename leads there: then the
    smaller side is what a person has to look through.
    """
    sides = [side.paths for side in (ours, theirs) if side.paths]
    smaller = min(sides, key=len, default=frozenset[str]())
    return tuple(sorted(_shared(ours.paths, theirs.paths) or smaller))


def _shared(ours: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    """Return the paths that both sides have, and those where one has a file in the place of the other's folder."""
    shared = set(ours & theirs)
    for some, others in ((ours, theirs), (theirs, ours)):
        for path in some:
            below = others.intersection(_folders(path))
            if below:
                shared |= below | {path}
    return frozenset(shared)


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that a path is in."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
