"""Which states of the base can be returned to: as it was at the start, after each merge found good, and by the clock.

Part of taking in what happened (train.py); pure. Must not set tags: train_actions.py does, from these records.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.facts import CommitFacts, Facts
from bot.core.ledger import Checkpoint, Landing, standing, unverified
from bot.core.memory import Memory
from bot.core.model import PlanState, Sha
from bot.core.verify import Finding, Look, verify_commit
from bot.core.views import PlanView

CLOCK_KEPT = 50  # checkpoints by the clock alone that are remembered; the newest count, the tags of others stay


def first(facts: Facts, memory: Memory) -> Memory:
    """Return the memory with cp-0: the base as it was at the start."""
    start = memory.intent.start
    assert start is not None
    if memory.checkpoints:
        return memory
    trees = {step.before: step.tree_before for step in facts.course or ()}
    tree = facts.base.tree if facts.base.sha == start.base_sha else trees.get(start.base_sha)
    if tree is None:
        return memory
    new = Checkpoint(
        name="cp-0", sha=start.base_sha, tree=tree, revision=start.revision, at=start.at, landed=(),
        evidence=("The base when the plan was started",),
    )  # fmt: skip
    return replace(memory, checkpoints=(new,))


def after(landing: Landing, at: CommitFacts | None, facts: Facts, memory: Memory) -> Memory:
    """Return the memory with the base kept as it is with a landing in. `at`: where it was found good, also a later commit."""
    if at is not None and at.sha != landing.sha:
        new = _kept(facts, memory, at.sha, at.tree, landing.evidence)
    else:
        by_then = memory.landings[: memory.landings.index(landing) + 1]
        new = _kept(facts, replace(memory, landings=by_then), landing.sha, landing.tree, landing.evidence)
    return replace(memory, checkpoints=(*memory.checkpoints, new))


def due_checkpoint(memory: Memory, every: timedelta | None, tip: Sha | None) -> datetime | None:
    """Return when the base is next to be kept by the clock, UTC; None = not as things are."""
    last = memory.checkpoints[-1] if memory.checkpoints else None
    if every is None or last is None or tip == last.sha or unverified(memory.landings):
        return None
    return last.at + every


def by_clock(facts: Facts, memory: Memory, view: PlanView) -> Memory:
    """Return the memory with the base kept every so often, if it is good at that moment: others move it too.

    Not while it is unknown with what it has moved: something that the plan has to verify may be among it.
    """
    tip = facts.commits.get(facts.base.sha) if facts.base.sha is not None else None
    due = due_checkpoint(memory, view.config.checkpoint_every, facts.base.sha)
    if due is None or due > facts.now or tip is None or view.state is not PlanState.RUNNING or memory.tip != tip.sha:
        return memory
    look = Look(commits=facts.commits, tip=facts.base.sha, config=view.config, allowed=None, now=facts.now)
    found = verify_commit(tip, look, memory.tip_at or facts.now)
    if found.finding is not Finding.GREEN:
        return memory
    new = _kept(facts, memory, tip.sha, tip.tree, found.evidence)
    return _bounded(replace(memory, checkpoints=(*memory.checkpoints, new)))


def _bounded(memory: Memory) -> Memory:
    """Forget the oldest of too many that were kept by the clock alone; those that a rollback went to stay."""
    used = {each.to for each in memory.rollbacks}
    pairs = zip(memory.checkpoints, memory.checkpoints[1:], strict=False)
    spare = [each for before, each in pairs if each.by is None and each.pulls == before.pulls and each.name not in used]
    forgotten = set(spare[: max(len(spare) - CLOCK_KEPT, 0)])
    return replace(memory, checkpoints=tuple(each for each in memory.checkpoints if each not in forgotten))


def _kept(facts: Facts, memory: Memory, sha: Sha, tree: Sha, evidence: tuple[str, ...]) -> Checkpoint:
    start = memory.intent.start
    assert start is not None
    ours = [int(each.name.removeprefix("cp-")) for each in memory.checkpoints if each.by is None]
    return Checkpoint(
        name=f"cp-{max(ours, default=-1) + 1}",
        sha=sha,
        tree=tree,
        revision=start.revision,
        at=facts.now,
        landed=tuple(each.key for each in standing(memory.landings) if each.key is not None),
        pulls=tuple(each.pull for each in standing(memory.landings)),
        evidence=evidence,
    )


def with_tags(facts: Facts, memory: Memory) -> Memory:
    """Return the memory with those tags noted that were seen: from then on it is somebody's doing if one is gone."""
    seen = {
        each.name: tag == each.sha
        for each in memory.checkpoints
        if (tag := facts.tags.get(f"signalbox/{facts.issue.number}/{each.name}")) is not None
    }
    known = tuple(
        replace(each, tagged=True) if not each.tagged and seen.get(each.name) else each for each in memory.checkpoints
    )
    return replace(memory, checkpoints=known) if known != memory.checkpoints else memory
