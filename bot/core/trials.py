"""What trial merges and built branches taught: noted in the memory, since GitHub keeps no record of them.

Run after a turn's actions. Must not choose what is tried: train_actions.py and opening.py do.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.actions import Action, BuildBranch, DeleteBranch, Outcome, OutcomeKind, TryMerge
from bot.core.memory import Memory
from bot.core.model import Sha

CONFLICT = Sha("0" * 40)  # the "tree" of a merge that git cannot do by itself: no commit has it


def learned(memory: Memory, outcomes: Mapping[Action, Outcome]) -> Memory:
    """Return the memory with what was learned. An outcome that says nothing for certain changes nothing."""
    for action, outcome in outcomes.items():
        if isinstance(action, DeleteBranch) and outcome.kind in {OutcomeKind.DONE, OutcomeKind.MOVED}:
            memory = _removed(memory, action)
        if outcome.kind not in {OutcomeKind.DONE, OutcomeKind.CONFLICT}:
            continue
        if isinstance(action, TryMerge):
            memory = _tried(memory, action, outcome)
        elif isinstance(action, BuildBranch):
            memory = _built(memory, action, outcome)
    return memory


def pair(one: Sha, other: Sha) -> str:
    """Return under what it is noted whether two heads conflict: that is the same either way round."""
    return "..".join(sorted((one, other)))


def _tried(memory: Memory, action: TryMerge, outcome: Outcome) -> Memory:
    """What a landing should have given, or whether two heads conflict."""
    if not action.want_tree:
        paths = (outcome.paths or ("?",)) if outcome.kind is OutcomeKind.CONFLICT else ()
        return replace(memory, trials={**memory.trials, pair(action.onto, action.head): paths})
    tree = CONFLICT if outcome.kind is OutcomeKind.CONFLICT else outcome.tree
    landings = tuple(
        replace(each, expected=tree)
        if each.expected is None and (each.before, each.head) == (action.onto, action.head)
        else each
        for each in memory.landings
    )
    return replace(memory, landings=landings) if landings != memory.landings else memory


def _combined(memory: Memory, action: BuildBranch, outcome: Outcome) -> Memory:
    """Heads that are to be tested together: on their branch, or not to be merged with each other."""
    name = "..".join((action.onto, *action.heads))
    entry = memory.tested.get(name)
    if entry is None:
        return memory
    commit = Sha(outcome.result) if outcome.result is not None and outcome.kind is OutcomeKind.DONE else None
    new = replace(entry, building=False, commit=commit, removed=commit is None)
    return replace(memory, tested={**memory.tested, name: new})


def _removed(memory: Memory, action: DeleteBranch) -> Memory:
    """The branch of a combination that was tested: gone, or somebody else's now."""
    tested = {
        name: replace(each, removed=True) if each.commit == action.expected else each
        for name, each in memory.tested.items()
    }
    return replace(memory, tested=tested)


def _built(memory: Memory, action: BuildBranch, outcome: Outcome) -> Memory:
    """A rollback's branch, that of a change that is brought anew, or that of heads to be tested together."""
    if action.heads:
        return _combined(memory, action, outcome)
    if memory.rollbacks and memory.rollbacks[-1].active and action.what == f"rollback {memory.rollbacks[-1].number}":
        last = memory.rollbacks[-1]
        if outcome.kind is OutcomeKind.CONFLICT:
            last = replace(last, unclean=outcome.paths or ("?",))
        elif outcome.result is not None:
            last = replace(last, built=Sha(outcome.result), built_tree=outcome.tree)
        return replace(memory, rollbacks=(*memory.rollbacks[:-1], last))
    if outcome.kind is not OutcomeKind.CONFLICT:
        return memory
    again = {
        key: replace(each, unclean=outcome.paths or ("?",))
        if action.what == f"the new branch of {key}" and each.onto == action.onto
        else each
        for key, each in memory.intent.again.items()
    }
    return replace(memory, intent=replace(memory.intent, again=again))
