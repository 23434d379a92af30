"""Which workstreams will conflict when their turn comes: from trial merges of the open heads, two by two.

Pure: what was tried is in the memory by the two commits, so it holds for ever and is tried once. Must not judge a pull:
a clash is a forecast, the gate `mergeable` says what is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, permutations

from bot.core.actions import TryMerge
from bot.core.facts import Mergeable, PullState
from bot.core.memory import Memory
from bot.core.model import Key, Plan, PlanState, Sha
from bot.core.opening import trial_branch
from bot.core.trials import pair
from bot.core.views import PlanView, WorkstreamView

TRIALS_A_TURN = 5  # each takes a few requests: a turn must end well within its lease
MOST_REORDERED = 7  # clashing workstreams whose orders are compared: of more there are too many


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two workstreams that change the same place: whoever lands second has to resolve it."""

    first: Key
    second: Key
    paths: tuple[str, ...]


def clashes(view: PlanView) -> tuple[Clash, ...]:
    """Return the known clashes among the open heads, in the order of landing."""
    found = []
    for one, other in combinations(_open(view), 2):
        paths = view.trials.get(pair(_head(one), _head(other)))
        if paths:
            found.append(Clash(first=one.workstream.key, second=other.workstream.key, paths=paths))
    return tuple(found)


def clash_with_base(view: PlanView, stream: WorkstreamView) -> tuple[str, ...]:
    """Return the paths on which an open head conflicts with the base as it is, () if none is known."""
    if view.base.sha is None or stream.pull is None:
        return ()
    return view.trials.get(pair(view.base.sha, stream.pull.head_sha), ())


def foreseeing(view: PlanView, memory: Memory) -> Iterator[TryMerge]:
    """Try what is not known yet, a few pairs a turn: heads with the base that GitHub will not merge, heads two by two."""
    for onto, head in _untried(view, memory, view.now)[:TRIALS_A_TURN]:
        yield TryMerge(onto=onto, head=head, trial=trial_branch(view.issue.number), want_tree=False)


def next_trial(view: PlanView, memory: Memory) -> datetime | None:
    """Return when the first head has been there long enough to be tried, None if nothing is left to try."""
    ahead = sorted(at for stream in _open(view) if (at := _due(stream, view, memory)) > view.now)
    tried_now = len(_untried(view, memory, view.now))
    return next((at for at in ahead if len(_untried(view, memory, at)) > tried_now), None)


def kept(view: PlanView, memory: Memory) -> Mapping[str, tuple[str, ...]]:
    """Return what was tried without what is about heads that are gone."""
    heads = {*(_head(stream) for stream in _open(view)), *([view.base.sha] if view.base.sha is not None else [])}
    return {key: paths for key, paths in memory.trials.items() if set(key.split("..")) <= heads}


def better_order(view: PlanView) -> tuple[Key, ...] | None:
    """Return an order of the open heads in which fewer of them have to resolve a conflict, None if there is none.

    It keeps the needs and the plan's own order. Of two clashing workstreams the second resolves, so a workstream that
    clashes with several others had better come last.
    """
    found = clashes(view)
    involved = [each for each in _open(view) if any(each.workstream.key in {c.first, c.second} for c in found)]
    keys = tuple(each.workstream.key for each in involved)
    if len(keys) > MOST_REORDERED:
        return None
    best, cost = keys, _cost(keys, found)
    for order in permutations(keys):
        if _cost(order, found) < cost and _is_valid(order, view.plan):
            best, cost = order, _cost(order, found)
    return best if best != keys else None


def _cost(order: tuple[Key, ...], found: tuple[Clash, ...]) -> int:
    """How many of them meet, when they land, a conflict with one that landed before."""
    place = {key: at for at, key in enumerate(order)}
    seconds = {max((each.first, each.second), key=place.__getitem__) for each in found}
    return len(seconds)


def _is_valid(order: tuple[Key, ...], plan: Plan) -> bool:
    place = {key: at for at, key in enumerate(order)}
    return all(place.get(need, -1) < place[key] for key in order for need in _before(plan, key))


def _before(plan: Plan, key: Key) -> set[Key]:
    """Everything that has to land before, however far back."""
    found: set[Key] = set()
    waiting = [key]
    while waiting:
        new = set(plan.prerequisites(waiting.pop())) - found
        found |= new
        waiting.extend(new)
    return found


def _untried(view: PlanView, memory: Memory, now: datetime) -> list[tuple[Sha, Sha]]:
    if not view.config.forecast or not _is_running(view):
        return []
    settled = [stream for stream in _open(view) if _due(stream, view, memory) <= now]
    pairs = [(_head(one), _head(other)) for one, other in combinations(settled, 2)]
    if view.base.sha is not None:
        base = view.base.sha
        pairs = [*((base, _head(each)) for each in settled if _in_conflict(each)), *pairs]
    return [each for each in dict.fromkeys(pairs) if each[0] != each[1] and pair(*each) not in memory.trials]


def _is_running(view: PlanView) -> bool:
    return view.state in {PlanState.RUNNING, PlanState.PAUSED}


def _open(view: PlanView) -> list[WorkstreamView]:
    """Those with an open pull that changes something, in the order in which they land."""
    place = {key: at for at, wave in enumerate(view.waves) for key in wave}
    found = [
        each
        for each in view.streams
        if each.pull is not None and each.pull.state is PullState.OPEN and each.pull.changed_files > 0
    ]
    return sorted(found, key=lambda each: place.get(each.workstream.key, len(place)))


def _head(stream: WorkstreamView) -> Sha:
    assert stream.pull is not None
    return stream.pull.head_sha


def _in_conflict(stream: WorkstreamView) -> bool:
    return stream.pull is not None and stream.pull.mergeable is Mergeable.NO


def _due(stream: WorkstreamView, view: PlanView, memory: Memory) -> datetime:
    """When a head has been there long enough: somebody who pushes twice in a row causes one trial."""
    seen = memory.seen.get(f"head/{stream.workstream.key}")
    since = seen.since if seen is not None and seen.value == _head(stream) else view.now
    return since + view.config.forecast_delay
