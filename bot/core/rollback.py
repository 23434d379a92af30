"""One way back: to which state, over which landings, and what its pull has to fulfil.

Part of judging; the commands and the policy of the config ask for rollbacks through it. Must not touch the ledger.
"""

from dataclasses import dataclass, replace

from bot.core.facts import Facts, PullFacts, PullState
from bot.core.gates import Case
from bot.core.gates import checks as checks_gate
from bot.core.gates import mergeable as mergeable_gate
from bot.core.ledger import Checkpoint, Landing, Rollback, holds_undone, is_chain, standing
from bot.core.memory import Memory
from bot.core.model import Key, Login, Sha, Workstream
from bot.core.text import code
from bot.core.views import GateResult, GateVerdict

TREE_GATE = "tree"  # the gate that only a rollback's pull has


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A state of the base to go back to."""

    name: str
    sha: Sha
    tree: Sha
    undone: tuple[Landing, ...]  # what has to be taken back for it, oldest first


def back_before(memory: Memory, first: Landing) -> Goal:
    """Return the state before a landing: it goes, and with it everything of the plan that landed after it."""
    tail = standing(memory.landings)
    tail = tail[next(at for at, each in enumerate(tail) if each.pull == first.pull) :]
    there = next((each for each in reversed(memory.checkpoints) if each.sha == first.before), None)
    name = there.name if there is not None else f"before {first.key}"
    return Goal(name=name, sha=first.before, tree=first.tree_before, undone=tail)


def back_to(memory: Memory, checkpoint: Checkpoint) -> Goal:
    """Return the state of a checkpoint: what landed since and stands has to go."""
    since = tuple(each for each in standing(memory.landings) if each.pull not in checkpoint.pulls)
    return Goal(name=checkpoint.name, sha=checkpoint.sha, tree=checkpoint.tree, undone=since)


def rollback_of(facts: Facts, memory: Memory, goal: Goal, *, reason: str, by: Login | None) -> Rollback:
    """Return a new rollback to a state, from the base as it is now."""
    tip = facts.base.sha
    assert tip is not None
    newest_first = tuple(reversed(goal.undone))
    return Rollback(
        number=len(memory.rollbacks) + 1,
        to=goal.name,
        sha=goal.sha,
        tree=goal.tree,
        keys=tuple(each.key for each in newest_first if each.key is not None),
        pulls=tuple(each.pull for each in newest_first),
        changes=tuple((each.sha, each.tree_before) for each in newest_first),
        reason=reason,
        by=by,
        at=facts.now,
        onto=tip,
        exact=is_chain(memory.landings, goal.sha, tip) and not holds_undone(memory.landings, goal.sha),
    )


def pull_of(facts: Facts, rollback: Rollback) -> PullFacts | None:
    """Return the pull of a rollback if the facts show it: a merged one, else an open one, else the newest closed one.

    The facts are about the rollback that was the last one when they were read; a command may have begun another since.
    """
    order = (PullState.MERGED, PullState.OPEN, PullState.CLOSED)
    pulls = facts.rollback.pulls if facts.rollback is not None else ()
    branch = rollback.branch(facts.issue.number)
    fitting = [pull for pull in pulls if pull.base == facts.base.name and pull.head == branch]
    return min(fitting, key=lambda pull: order.index(pull.state), default=None)


def gates_of(rollback: Rollback, case: Case) -> tuple[GateResult, ...]:
    """Return what a rollback's open pull has to fulfil: it is what was built, its checks pass, and it can be merged."""
    return (_tree(rollback, case), checks_gate.check(case), _mergeable(case))


def stand_in(rollback: Rollback) -> Workstream:
    """Return the workstream as which a rollback's pull is judged by the gates that it shares."""
    return Workstream(key=Key(f"rollback {rollback.number}"), title=f"Back to {rollback.to}", line=0)


def _tree(rollback: Rollback, case: Case) -> GateResult:
    if case.pull.head_sha != rollback.built:
        built = code((rollback.built or "")[:7])
        reason = f"Its head is not {built}, which Signalbox built: close it, and say `/signalbox rollback` again"
        return GateResult(
            gate=TREE_GATE, verdict=GateVerdict.BLOCK, reason=reason, url=case.pull.url, next_actor="a maintainer"
        )
    what = f"Its tree is that of {code(rollback.to)}" if rollback.exact else "It takes back just what the plan did"
    return GateResult(gate=TREE_GATE, verdict=GateVerdict.PASS, reason=what)


def _mergeable(case: Case) -> GateResult:
    found = mergeable_gate.check(case)
    if found.verdict is not GateVerdict.NEEDS_HUMAN:
        return found
    reason = f"Conflicts with {code(case.facts.base.name)}: close it, and say `/signalbox rollback` for a new one"
    return replace(found, reason=reason, next_actor="a maintainer")
