"""What follows if things go on as they stand: who is next, the longest chain, and a dry run of the merges.

Reads one PlanView, for answers to people. Must not choose words (render/foresight.py) and changes nothing: what really
merges is decided turn by turn (train_actions.py), from what is true then.
"""

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.core.facts import PullState
from bot.core.model import IssueNumber, Key, MergeMethod, OnRed, PlanState, Stage
from bot.core.render.words import decisive
from bot.core.train_actions import method_of
from bot.core.verify import Finding
from bot.core.views import GateResult, PlanView, WorkstreamView

#: How near to a merge a stage is, nearest first: the order inside a wave.
NEARNESS = (
    Stage.VERIFYING, Stage.MERGEABLE, Stage.QUEUED, Stage.NEEDS_QA, Stage.RUNNING, Stage.READY, Stage.WAITING,
    Stage.FAILED, Stage.HELD, Stage.ROLLED_BACK,
)  # fmt: skip

_OVER = frozenset({Stage.DONE, Stage.CANCELLED})
_ON_ITS_WAY = frozenset({Stage.MERGEABLE, Stage.QUEUED})
_SETTLED_BY_MERGING = frozenset({"order", "turn"})  # gates that say nothing about the workstream itself
_PEOPLES = frozenset({Finding.RED, Finding.UNCLEAR})  # what people have to decide about a merge that is in


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One unfinished workstream's place in the line."""

    stream: WorkstreamView
    wave: int  # from 1, counted among what is unfinished: nothing of an earlier wave may be missing
    unblocks: tuple[Key, ...]  # unfinished, waits for just this one or for others too; in plan order
    further: int  # how many unfinished ones wait for those in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The unfinished workstreams in the order in which they can merge."""

    places: tuple[Place, ...]
    critical: tuple[
        Key, ...
    ]  # the longest chain of unfinished needs, first to merge first; of equals the first in line
    merges: int  # how many of `critical` have still to be merged: one that is being verified has not
    plans_before: tuple[IssueNumber, ...]  # other plans that get the base before this one, in their order
    other_plans: int  # how many other plans hold the base or wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A workstream that does not merge by itself though nothing before it is missing."""

    stream: WorkstreamView
    gate: GateResult | None  # the first decisive one of its own; None = its note says why, or a rollback takes it back
    next_actor: str  # who moves next, safe markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A workstream that waits for others which do not merge by themselves."""

    stream: WorkstreamView
    waits_for: tuple[Key, ...]  # in plan order, never empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What merges if everything is done that Signalbox can do alone, and what stops the rest.

    Before a start it counts from the plan alone: every workstream, as if each were finished.
    """

    proving: tuple[WorkstreamView, ...]  # merged already; the base is verified with them before anything else
    turn: GateResult | None  # why the base is not free now; None = it is
    stop: GateResult | None  # what people have to lift before anything merges at all; None = nothing
    merges: tuple[WorkstreamView, ...]  # in their order, once `stop` is lifted
    blocked: tuple[Blocked, ...]  # in the order of the waves
    behind: tuple[Behind, ...]  # in the order of the waves
    method: MergeMethod


def line_up(view: PlanView) -> Line:
    """Return the line of the unfinished: by wave, then by how near to a merge each is, then in plan order.

    A plan whose needs run in a circle has no line: it is empty then.
    """
    open_ = {each.workstream.key: each for each in view.streams if each.stage not in _OVER}
    needs = {key: tuple(need.key for need in open_[key].needs if need.key in open_) for key in _by_wave(view, open_)}
    waves: dict[Key, int] = {}
    for key, wanted in needs.items():
        waves[key] = 1 + max((waves[each] for each in wanted), default=0)
    direct, all_behind = _waiting(tuple(open_), needs)
    place = {key: at for at, key in enumerate(open_)}
    order = sorted(needs, key=lambda key: (waves[key], NEARNESS.index(open_[key].stage), place[key]))
    places = tuple(
        Place(stream=open_[key], wave=waves[key], unblocks=direct[key], further=len(all_behind[key]) - len(direct[key]))
        for key in order
    )
    critical = _longest(order, needs)
    before = _plans_before(view)
    return Line(
        places=places,
        critical=critical,
        merges=sum(not _is_in(open_[key]) for key in critical),
        plans_before=before,
        other_plans=len({*_plans(view)} - {view.issue.number}),
    )


def _by_wave(view: PlanView, among: Collection[Key]) -> list[Key]:
    """Keys so that each comes after its needs."""
    return [key for wave in view.waves for key in wave if key in among]


def _waiting(
    keys: tuple[Key, ...], needs: Mapping[Key, tuple[Key, ...]]
) -> tuple[Mapping[Key, tuple[Key, ...]], Mapping[Key, frozenset[Key]]]:
    """For each workstream what waits for it: directly, in plan order; and directly or through others."""
    direct: dict[Key, tuple[Key, ...]] = dict.fromkeys(keys, ())
    for key in keys:
        for need in needs[key]:
            direct[need] = (*direct[need], key)
    behind: dict[Key, frozenset[Key]] = {}
    for key in reversed(tuple(needs)):
        behind[key] = frozenset(direct[key]).union(*(behind[each] for each in direct[key]))
    return direct, behind


def _longest(order: list[Key], needs: Mapping[Key, tuple[Key, ...]]) -> tuple[Key, ...]:
    """The longest chain in which each needs the one before. `order`: each after its needs."""
    place = {key: at for at, key in enumerate(order)}
    length: dict[Key, int] = {}
    before: dict[Key, Key] = {}
    for key in order:
        last = min(needs[key], key=lambda need: (-length[need], place[need]), default=None)
        length[key] = 1
        if last is not None:
            length[key], before[key] = length[last] + 1, last
    chain: list[Key] = []
    at = max(order, key=lambda key: (length[key], -place[key]), default=None)
    while at is not None:
        chain.append(at)
        at = before.get(at)
    return tuple(reversed(chain))


def _is_in(stream: WorkstreamView) -> bool:
    return stream.stage is Stage.VERIFYING or (stream.landing is not None and stream.landing.stands)


def _plans(view: PlanView) -> tuple[IssueNumber, ...]:
    """The plans that hold the base or wait for it, in the order in which they get it."""
    holder = (view.train.holder,) if view.train.holder is not None else ()
    return tuple(dict.fromkeys((*holder, *(each.issue for each in view.train.waiting))))


def _plans_before(view: PlanView) -> tuple[IssueNumber, ...]:
    """One that does not wait yet comes after all that do: whoever waits longest is next."""
    plans = _plans(view)
    return plans[: plans.index(view.issue.number)] if view.issue.number in plans else plans


def simulate(view: PlanView) -> Simulation:
    """Return the dry run. Deterministic; the merges are in the order in which Signalbox would make them."""
    back = view.rollback
    gone = frozenset(back.rollback.keys) if back is not None and back.rollback.active else frozenset[Key]()
    proving = tuple(each for each in view.streams if _is_proving(view, each) and each.workstream.key not in gone)
    settled = {each.workstream.key for each in view.streams if each.stage in _OVER} - gone
    settled.update(each.workstream.key for each in proving)
    needs = {
        each.workstream.key: tuple(need.key for need in each.needs if need.key not in settled) for each in view.streams
    }
    able = tuple(each.workstream.key for each in view.streams if _may_merge_alone(view, each))
    sequence = _sequence(able, needs)
    merged = frozenset(sequence)
    rest = {key: view.stream(key) for key in _by_wave(view, needs.keys() - settled - merged)}
    missing = {key: tuple(need for need in needs[key] if need not in merged) for key in rest}
    turn = _first_gate(view, "turn")
    people = _first_gate(view, "paused") or (turn if _waits_for_people(view) else None)
    return Simulation(
        proving=proving,
        turn=turn,
        stop=people,
        merges=tuple(view.stream(key) for key in sequence),
        blocked=tuple(_blocked(view, each) for key, each in rest.items() if not missing[key]),
        behind=tuple(Behind(stream=each, waits_for=missing[key]) for key, each in rest.items() if missing[key]),
        method=method_of(view),
    )


def _sequence(able: tuple[Key, ...], needs: Mapping[Key, tuple[Key, ...]]) -> tuple[Key, ...]:
    """What merges one after the other: each time the first, in plan order, whose needs are all there."""
    place = {key: at for at, key in enumerate(able)}
    missing = {key: set(needs[key]) for key in able}
    waiting: dict[Key, list[Key]] = {}
    for key in able:
        for need in missing[key]:
            waiting.setdefault(need, []).append(key)
    ready = [place[key] for key in able if not missing[key]]
    found: list[Key] = []
    while ready:
        key = able[heapq.heappop(ready)]
        found.append(key)
        for behind in waiting.get(key, ()):
            missing[behind].discard(key)
            if not missing[behind]:
                heapq.heappush(ready, place[behind])
    return tuple(found)


def _may_merge_alone(view: PlanView, stream: WorkstreamView) -> bool:
    """Whether nothing is missing but what merges before it bring, and what stops the plan as a whole."""
    if view.state is PlanState.PREVIEW:
        return True
    paused = stream.stage is Stage.HELD and "paused" in {gate.gate for gate in stream.blocking}
    return (stream.stage in _ON_ITS_WAY or paused) and not _own(view, stream).blocking


def _own(view: PlanView, stream: WorkstreamView) -> WorkstreamView:
    """The workstream with the gates that are its own: not those that merging settles, nor those of the whole plan.

    Being behind the base is settled by an update. Where approvals count for one head only, people have to act after it.
    """
    left_out = _SETTLED_BY_MERGING | {"paused"} | (set() if view.config.fresh_approvals else {"freshness"})
    return replace(stream, gates=tuple(gate for gate in stream.gates if gate.gate not in left_out))


def _is_proving(view: PlanView, stream: WorkstreamView) -> bool:
    """Whether it is merged and time or CI will tell whether the base is good with it."""
    if stream.stage is not Stage.VERIFYING or stream.pull is None or stream.unseen:
        return False
    found = view.verifications.get(stream.pull.number)
    return found is None or found.finding not in _PEOPLES


def _waits_for_people(view: PlanView) -> bool:
    """Whether nothing merges before somebody decided about the base."""
    back = view.rollback
    rolled_back = back is not None and back.rollback.active and view.config.on_red is not OnRed.ROLLBACK
    undecided = any(each.finding in _PEOPLES for each in view.verifications.values())
    return view.intent.frozen is not None or rolled_back or undecided


def _first_gate(view: PlanView, gate: str) -> GateResult | None:
    """A gate that is about the plan as a whole, from the first workstream that it stops."""
    return next((each for stream in view.streams for each in stream.blocking if each.gate == gate), None)


def _blocked(view: PlanView, stream: WorkstreamView) -> Blocked:
    gate = decisive(_own(view, stream)) if stream.stage not in _OVER else None
    return Blocked(stream=stream, gate=gate, next_actor=gate.next_actor if gate is not None else _actor(view, stream))


def _actor(view: PlanView, stream: WorkstreamView) -> str:
    """Who moves next where no gate says it."""
    pull = stream.pull
    if pull is None and stream.removed is None:
        return "Signalbox"
    if stream.stage is Stage.ROLLED_BACK or (pull is not None and pull.state is PullState.CLOSED):
        return "whoever says `/signalbox retry`"
    found = view.verifications.get(pull.number) if pull is not None else None
    return (found.next_actor if found is not None else "") or "a maintainer"
