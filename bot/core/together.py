"""The whole plan tested at once, before its first merge: all green heads together on one branch, for the repository's CI.

Where each is green and all together are red, the smallest set that is red is looked for by halving. Pure; what was
tested is in the memory by the commits it was made of. Must not judge a pull: it is shown, and decides nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.actions import Action, BuildBranch, DeleteBranch
from bot.core.facts import Facts, PullState
from bot.core.memory import Memory
from bot.core.model import Branch, IssueNumber, Key, PlanState, Sha
from bot.core.opening import trial_branch
from bot.core.text import quiet
from bot.core.trial import Combination, Tested
from bot.core.trials import pair
from bot.core.verify import Finding, Look, Verification, verify_commit
from bot.core.views import GateVerdict, PlanView, WorkstreamView

FEWEST = 2  # workstreams that are tested together; each alone is tested on its own head

_RUNS = frozenset({PlanState.RUNNING, PlanState.PAUSED})

Red = Callable[[tuple[Key, ...]], bool | None]  # of some keys: are they red together? None = not known yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How far the search for the smallest red set is: what to test next, or what was found."""

    test: tuple[Key, ...] = ()  # () = nothing is left to test
    found: tuple[Key, ...] = ()  # the smallest red set, once it is known


def smallest_red(keys: tuple[Key, ...], red: Red) -> Search:
    """Look for the smallest part of `keys` that is red together, by halving: about 2 log n tests.

    Each alone counts as green. The first prefix that is red ends in one culprit; the shortest part before it that is
    red with it ends in the other. If these two alone are green, more than two are needed, and that part is returned.
    """
    whole = red(keys)
    if whole is None:
        return Search(test=keys)
    if not whole:
        return Search()
    ends, test = _first_red(1, len(keys), lambda size: keys[:size], red)
    if test:
        return Search(test=test)
    last, before = keys[ends - 1], keys[: ends - 1]
    size, test = _first_red(0, len(before), lambda size: (*before[:size], last), red)
    if test:
        return Search(test=test)
    both = (before[size - 1], last)
    alone = red(both)
    if alone is None:
        return Search(test=both)
    return Search(found=both if alone else (*before[:size], last))


def _first_red(
    green: int, broken: int, part: Callable[[int], tuple[Key, ...]], red: Red
) -> tuple[int, tuple[Key, ...]]:
    """Return the smallest size whose part is red, or what to test for it. `green` is known to be green, `broken` red."""
    while broken - green > 1:
        middle = (green + broken) // 2
        keys = part(middle)
        is_red = red(keys) if len(keys) >= FEWEST else False
        if is_red is None:
            return broken, keys
        green, broken = (green, middle) if is_red else (middle, broken)
    return broken, ()


def combination_of(view: PlanView, keys: Sequence[Key]) -> Combination | None:
    """Return the combination of some workstreams' heads on the base as it is; None if one has no open pull."""
    streams = [view.stream(key) for key in keys]
    heads = tuple(each.pull.head_sha for each in streams if each.pull is not None)
    if view.base.sha is None or len(heads) < len(keys):
        return None
    return Combination(base=view.base.sha, keys=tuple(keys), heads=heads)


def branch_of(issue: IssueNumber, combination: Combination) -> Branch:
    """Return the branch that CI tests a combination on."""
    text = "\n".join((combination.base, *combination.heads))
    return Branch(f"signalbox/{issue}/together-{hashlib.sha256(text.encode()).hexdigest()[:10]}")


def candidates(view: PlanView, memory: Memory) -> tuple[Key, ...]:
    """Return the workstreams to be tested together, in the order of landing: green heads that merge with each other.

    Of two that conflict the second is left out: what cannot be merged cannot be tested.
    """
    place = {key: at for at, wave in enumerate(view.waves) for key in wave}
    green = [each for each in view.streams if _is_green(each) and _has_rested(each, view, memory)]
    chosen: list[WorkstreamView] = []
    for stream in sorted(green, key=lambda each: place.get(each.workstream.key, 0)):
        assert stream.pull is not None
        heads = [each.pull.head_sha for each in chosen if each.pull is not None]
        if not any(view.trials.get(pair(head, stream.pull.head_sha)) for head in heads):
            chosen.append(stream)
    return tuple(each.workstream.key for each in chosen)


def _is_green(stream: WorkstreamView) -> bool:
    if stream.pull is None or stream.pull.state is not PullState.OPEN or not stream.pull.changed_files:
        return False
    return any(gate.gate == "checks" and gate.verdict is GateVerdict.PASS for gate in stream.gates)


def _has_rested(stream: WorkstreamView, view: PlanView, memory: Memory) -> bool:
    seen = memory.seen.get(f"head/{stream.workstream.key}")
    return seen is not None and seen.since + view.config.forecast_delay <= view.now


def search(view: PlanView, memory: Memory) -> Search:
    """Return how far the plan's search is, for the heads and the base as they are."""
    keys = candidates(view, memory)
    if not _is_asked_for(view) or len(keys) < FEWEST or view.state not in _RUNS:
        return Search()
    return smallest_red(keys, lambda some: _is_red(view, memory.tested, some))


def _is_asked_for(view: PlanView) -> bool:
    """Whether the config wants it, and checks on the base count at all: else nothing could come of it."""
    return view.config.trial and view.config.verify != ()


def _is_red(view: PlanView, tested: Mapping[str, Tested], keys: tuple[Key, ...]) -> bool | None:
    combination = combination_of(view, keys)
    known = tested.get(combination.name) if combination is not None else None
    return None if known is None or known.red is None else known.red


def testing(view: PlanView, memory: Memory) -> Iterator[Action]:
    """Build the branch of the next combination, one at a time; remove the branches of those that were tested."""
    issue = view.issue.number
    for each in memory.tested.values():
        if each.commit is not None and each.over and not each.removed:
            yield DeleteBranch(branch=branch_of(issue, each.combination), expected=each.commit)
    for each in memory.tested.values():
        if each.building and not each.over:
            keys = quiet(", ".join(each.combination.keys))
            yield BuildBranch(
                what=f"the trial of {keys}",
                branch=branch_of(issue, each.combination),
                onto=each.combination.base,
                tree=None,
                changes=(),
                heads=each.combination.heads,
                trial=trial_branch(issue),
                message=f"Try {keys} together\n\nFor the checks of plan #{issue}; it is removed afterwards.",
            )


def noticed(view: PlanView, facts: Facts, memory: Memory) -> Memory:
    """Note what CI says about the combination that is being tested, give up one whose heads or base moved on, begin the next."""
    memory = _followed(view, facts, memory)
    wanted = search(view, memory).test
    combination = combination_of(view, wanted) if wanted else None
    running = any(not each.over for each in memory.tested.values())
    if combination is None or running or combination.name in memory.tested:
        return memory
    new = Tested(combination=combination, at=view.now)
    return replace(memory, tested={**memory.tested, combination.name: new})


def _followed(view: PlanView, facts: Facts, memory: Memory) -> Memory:
    current = {*(each.pull.head_sha for each in view.streams if each.pull is not None), view.base.sha}
    tested = {
        name: _noticed(each, view, facts, {*each.combination.heads, each.combination.base} <= current)
        for name, each in memory.tested.items()
    }
    kept = {
        name: each
        for name, each in tested.items()
        if not each.removed or {*each.combination.heads, each.combination.base} <= current
    }
    return replace(memory, tested=kept) if kept != memory.tested else memory


def _noticed(tested: Tested, view: PlanView, facts: Facts, current: bool) -> Tested:
    if tested.over:
        return tested
    if not current or not _is_asked_for(view):
        return replace(tested, given_up=True, removed=tested.commit is None)
    if tested.building:
        return tested
    found = found_of(tested, view, facts)
    if found.finding is Finding.WAIT:
        return tested
    if found.finding is Finding.UNCLEAR:
        return replace(tested, given_up=True, reason=found.reason)
    return replace(tested, red=found.finding is Finding.RED, reason=found.reason, url=found.url or "")


def found_of(tested: Tested, view: PlanView, facts: Facts) -> Verification:
    """Return what the checks on a combination's commit say, by the rules of the base."""
    look = Look(commits=facts.commits, tip=None, config=view.config, allowed=None, now=facts.now)
    return verify_commit(facts.commits.get(tested.commit or Sha("")), look, tested.at)


def branches(view: PlanView, memory: Memory) -> Iterator[Branch]:
    """Yield the branches whose checks the plan waits for."""
    for each in memory.tested.values():
        if not each.over:
            yield branch_of(view.issue.number, each.combination)


def next_test(view: PlanView, memory: Memory) -> datetime | None:
    """Return when a head has rested long enough to be tested, or a test runs out of time; None = neither."""
    if not _is_asked_for(view) or view.state not in _RUNS:
        return None
    rests = [
        seen.since + view.config.forecast_delay
        for stream in view.streams
        if _is_green(stream) and (seen := memory.seen.get(f"head/{stream.workstream.key}")) is not None
    ]
    ends = [each.at + view.config.verify_timeout for each in memory.tested.values() if not each.over]
    ends += [each.at + view.config.checks_grace for each in memory.tested.values() if not each.over]
    return min((at for at in (*rests, *ends) if at > view.now), default=None)
