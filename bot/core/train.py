"""Takes in what happened on the base: what landed, what it proved to be, what was rolled back, what may be returned to.

Runs before and after the commands of a turn are folded in; pure, and taking in the same facts twice changes nothing.
Must not choose actions: decide.py and train_actions.py go by the memory that this leaves.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.core import checkpoints
from bot.core.facts import Facts, PullFacts, PullState, Step
from bot.core.ledger import Landing, Rollback, Stray, landing_of, under_way, unverified
from bot.core.memory import Memory
from bot.core.merge_queue import QUEUE_BOT
from bot.core.model import Key, Login, MergeMethod, OnRed, Order, PullNumber, Sha
from bot.core.rollback import back_before, pull_of, rollback_of
from bot.core.text import code
from bot.core.train_actions import method_of
from bot.core.verify import Finding, Verification
from bot.core.views import PlanView

STRAYS_KEPT = 30  # commits by others that are remembered; the newest count
OURSELVES = Login("signalbox")  # who gives an order that follows from what was found


def advance(facts: Facts, memory: Memory, view: PlanView) -> Memory:
    """Return the memory with everything taken in that the facts show. `view`: of the same facts and memory."""
    if memory.intent.start is None or facts.base.sha is None:
        return memory
    memory = checkpoints.first(facts, memory)
    memory = _course(facts, memory, view)
    memory = _followed(facts, memory)  # before the verdicts: what was taken back is not proven by what came after
    memory = _verdicts(facts, memory, view)
    memory = _by_policy(facts, memory, view)
    memory = checkpoints.by_clock(facts, memory, view)
    return checkpoints.with_tags(facts, memory)


# ---- what landed ----


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """A pull of the plan: a workstream's or a rollback's."""

    key: Key | None
    rollback: int | None
    pull: PullFacts


def _course(facts: Facts, memory: Memory, view: PlanView) -> Memory:
    """Follow the base's moves since the last turn: what is the plan's becomes a landing, the rest is named."""
    start = memory.intent.start
    if memory.tip is None and not facts.course and start is not None and start.base_sha != facts.base.sha:
        return memory  # started at an older state of the base, which this turn's read did not know yet
    if facts.course is None:
        return _rewritten(facts, memory)
    ours = {each.pull.number: each for each in _pulls(facts, memory, view)}
    memory = _recognised(memory, ours.values(), view)
    tip, landings, strays = memory.tip, list(memory.landings), list(memory.strays)
    steps = list(facts.course)
    taken = next((at + 1 for at, step in enumerate(steps) if step.sha == memory.tip), 0)  # in an earlier pass
    for at, step in enumerate(steps[taken:], taken):
        mine = [ours[number] for number in step.pulls if number in ours]
        if any(each.pull.state is PullState.OPEN for each in mine):
            break  # GitHub shows the commit, but not yet that its pull is merged: the rest is for the next turn
        landed = next((each for each in ours.values() if each.pull.merge_sha == step.sha), None)
        if landed is not None and landing_of(landings, landed.pull.number) is None:
            landings.append(_landing(memory, landed, step, steps[:at]))
        elif landed is None and not any(each.pull.merge_sha is not None for each in mine):
            strays.append(_stray(step))
            landings = _reverted_by_hand(landings, step)
        tip = step.sha
    known = {each.key for each in landings}
    return replace(
        memory,
        tip=tip or facts.base.sha,
        tip_at=memory.tip_at if memory.tip == (tip or facts.base.sha) and memory.tip_at is not None else facts.now,
        landings=_found_again(landings, steps),
        strays=tuple(strays[-STRAYS_KEPT:]),
        judged={key: judged for key, judged in memory.judged.items() if key not in known or _is_open(view, key)},
    )


def bases_of(course: Iterable[Step], merged: Mapping[PullNumber, Sha]) -> list[Sha]:
    """Return the base before each of these pulls came in: of one that was rebased, before the first of its commits."""
    own = {
        step.sha: step for step in course if step.sha in merged.values() or any(each in merged for each in step.pulls)
    }
    earlier = {sha: set(step.pulls) for sha, step in own.items()}
    return [step.before for step in own.values() if not earlier.get(step.before, set()) & set(step.pulls)]


def _recognised(memory: Memory, ours: Iterable[_Ours], view: PlanView) -> Memory:
    """Make landings of what was taken for commits by others: the base may show a merge before its pull reads as merged."""
    for each in ours:
        pull, steps = each.pull, [step for stray in memory.strays if (step := _step_of(stray)) is not None]
        at = next((at for at, step in enumerate(steps) if step.sha == pull.merge_sha), None)
        if at is None or pull.state is not PullState.MERGED or landing_of(memory.landings, pull.number) is not None:
            continue
        steps = _named(memory, each, steps[: at + 1], view)
        new = _landing(memory, each, steps[-1], steps[:-1])
        first = next(at for at, step in enumerate(steps) if step.before == new.before)
        own = {step.sha for step in steps[first:]}
        place = next((at for at, other in enumerate(memory.landings) if other.at > new.at), len(memory.landings))
        memory = replace(
            memory,
            landings=(*memory.landings[:place], new, *memory.landings[place:]),
            strays=tuple(stray for stray in memory.strays if stray.sha not in own),
        )
    return memory


def _named(memory: Memory, ours: _Ours, steps: list[Step], view: PlanView) -> list[Step]:
    """The steps, those that a rebase of ours made with the pull that GitHub did not name yet when it was asked.

    Of a rebase by people only the last commit is known to be the pull's.
    """
    judged = memory.judged.get(ours.key) if ours.key is not None else None
    if judged is None or judged.head != ours.pull.head_sha or method_of(view) is not MergeMethod.REBASE:
        return steps
    first = next((at for at, step in enumerate(steps) if step.before == judged.base), len(steps))
    return [*steps[:first], *(replace(step, pulls=(ours.pull.number,)) for step in steps[first:])]


def _is_open(view: PlanView, key: Key) -> bool:
    return any(
        each.workstream.key == key and each.pull is not None and each.pull.state is PullState.OPEN
        for each in view.streams
    )


def _pulls(facts: Facts, memory: Memory, view: PlanView) -> Iterator[_Ours]:
    for stream in view.streams:
        if stream.pull is not None and stream.pull.base == facts.base.name:
            yield _Ours(key=stream.workstream.key, rollback=None, pull=stream.pull)
    if memory.rollbacks and (pull := pull_of(facts, memory.rollbacks[-1])) is not None:
        yield _Ours(key=None, rollback=memory.rollbacks[-1].number, pull=pull)


def _landing(memory: Memory, landed: _Ours, step: Step, earlier: list[Step]) -> Landing:
    """The landing of a pull. One that was rebased brought several commits: the base before it is before the first."""
    pull, first = landed.pull, step
    for each in reversed(earlier):
        if each.sha != first.before or pull.number not in each.pulls:
            break
        first = each
    judged = memory.judged.get(landed.key) if landed.key is not None else None
    rollback = next((each for each in memory.rollbacks if each.number == landed.rollback), None)
    wanted = judged.head if judged is not None else rollback.built if rollback is not None else None
    ours = pull.merged_by == pull.author and pull.author.endswith("[bot]")
    ours = ours or (pull.merged_by == QUEUE_BOT and wanted == pull.head_sha)
    expected: Sha | None = None
    if judged is not None and (judged.head, judged.base) == (pull.head_sha, first.before):
        expected = judged.tree
    elif rollback is not None and (rollback.built, rollback.onto) == (pull.head_sha, first.before):
        expected = rollback.built_tree
    return Landing(
        key=landed.key,
        rollback=landed.rollback,
        pull=pull.number,
        branch=pull.head,
        head=pull.head_sha,
        before=first.before,
        tree_before=first.tree_before,
        sha=step.sha,
        tree=step.tree,
        at=pull.merged_at or step.at or pull.created_at,
        by=pull.merged_by or Login("ghost"),
        decided=ours,
        restores=(rollback.to, rollback.tree) if rollback is not None and _is_known_good(memory, rollback) else None,
        expected=expected,
    )


def _is_known_good(memory: Memory, rollback: Rollback) -> bool:
    """Whether it puts back a checkpoint as it was. The base before a merge is none if others had moved it unverified."""
    return rollback.exact and any((each.name, each.tree) == (rollback.to, rollback.tree) for each in memory.checkpoints)


def _stray(step: Step) -> Stray:
    pull = step.pulls[0] if step.pulls else None
    return Stray(
        sha=step.sha, headline=step.headline, author=step.author, pull=pull, at=step.at,
        tree=step.tree, before=step.before, tree_before=step.tree_before,
    )  # fmt: skip


def _step_of(stray: Stray) -> Step | None:
    """The move of the base that a stray was; None = it is not known any more."""
    if stray.tree is None or stray.before is None or stray.tree_before is None:
        return None
    return Step(
        sha=stray.sha, tree=stray.tree, before=stray.before, tree_before=stray.tree_before, headline=stray.headline,
        author=stray.author, at=stray.at, pulls=(stray.pull,) if stray.pull is not None else (),
    )  # fmt: skip


def _reverted_by_hand(landings: list[Landing], step: Step) -> list[Landing]:
    """Whether people put back just what was there before a landing: then it, and what came after it, is undone."""
    for at, each in enumerate(landings):
        if each.stands and each.tree_before == step.tree and each.tree != step.tree:
            undone = [replace(later, undone=0) if later.stands else later for later in landings[at:]]
            gone = {later.rollback for later in landings[at:] if later.stands and later.key is None}
            # what a reverted rollback had taken back is on the base again, and has to be verified anew
            return [_put_back(later) if later.undone in gone else later for later in (*landings[:at], *undone)]
    return landings


def _found_again(landings: Iterable[Landing], steps: Iterable[Step]) -> tuple[Landing, ...]:
    """The landings; what a rewritten base had lost, and now shows again, is judged as any other."""
    shown = {step.sha for step in steps}
    return tuple(replace(each, lost=False) if each.lost and each.sha in shown else each for each in landings)


def _put_back(landing: Landing) -> Landing:
    return replace(landing, undone=None, green=None, evidence=())


def _rewritten(facts: Facts, memory: Memory) -> Memory:
    """The base lost what was on it: nothing can be said about its course, so nothing merges until somebody looked."""
    lost = code(memory.tip[:7]) if memory.tip is not None else "its start"
    reason = f"{facts.base.name} was rewritten: {lost} is no longer in its history"
    order = Order(by=OURSELVES, at=facts.now, reason=reason)
    landings = tuple(replace(each, lost=True) if each.open else each for each in memory.landings)
    intent = replace(memory.intent, frozen=memory.intent.frozen or order)
    return replace(memory, tip=facts.base.sha, landings=landings, intent=intent)


# ---- what it proved to be ----


def _verdicts(facts: Facts, memory: Memory, view: PlanView) -> Memory:
    """Note what was found good; each time the base was, it can be returned to."""
    found = {
        each.pull: view.verifications[each.pull]
        for each in memory.landings
        if each.pull in view.verifications and (not each.lost or each.sha in memory.intent.allowed)
    }  # the view may be from before the base was seen to be rewritten
    landings = tuple(_proven(each, found, facts) for each in memory.landings)
    if landings == memory.landings:
        return memory
    news = [new for old, new in zip(memory.landings, landings, strict=True) if old.open and not new.open]
    memory = replace(memory, landings=landings)
    last = next((each for each in reversed(news) if each.key is not None), None)
    if last is None or unverified(landings[: landings.index(last)]):
        return memory  # an earlier merge is not verified yet: this is no state to return to
    return checkpoints.after(last, found[last.pull].at, facts, memory)


def _proven(landing: Landing, found: Mapping[PullNumber, Verification], facts: Facts) -> Landing:
    verification = found.get(landing.pull)
    if not landing.open or verification is None or verification.finding is not Finding.GREEN:
        return landing
    return replace(landing, green=facts.now, evidence=verification.evidence)


# ---- what is taken back ----


def _by_policy(facts: Facts, memory: Memory, view: PlanView) -> Memory:
    """Begin a rollback where the base is broken and the config says so."""
    if memory.tip != facts.base.sha:
        return memory  # it is not known yet with what the base moved: that may have to be taken back too
    red = next((each for each in unverified(memory.landings) if _is_red(view, each)), None)
    if red is None or red.key is None or view.config.on_red is OnRed.HOLD:
        return memory
    if under_way(memory.rollbacks) is not None or any(red.pull in each.pulls for each in memory.rollbacks):
        return memory  # people closed that rollback, or it is under way
    reason = f"The base broke with {code(red.key)}: {view.verifications[red.pull].reason}"
    new = rollback_of(facts, memory, back_before(memory, red), reason=reason, by=None)
    return replace(memory, rollbacks=(*memory.rollbacks, new))


def _is_red(view: PlanView, landing: Landing) -> bool:
    found = view.verifications.get(landing.pull)
    return found is not None and found.finding is Finding.RED


def _followed(facts: Facts, memory: Memory) -> Memory:
    """What became of the last rollback: merged, closed by people, or not needed any more."""
    if not memory.rollbacks or memory.rollbacks[-1].merged or memory.rollbacks[-1].closed:
        return memory
    last, pull = memory.rollbacks[-1], pull_of(facts, memory.rollbacks[-1])
    if any(each.rollback == last.number for each in memory.landings):
        landings = tuple(
            replace(each, undone=last.number) if each.pull in last.pulls and each.stands else each
            for each in memory.landings
        )
        return replace(_with_last(memory, replace(last, merged=True, dropped=False)), landings=landings)
    closed = pull is not None and pull.state is PullState.CLOSED
    dropped = last.dropped or closed or not _needed(memory, last)
    new = replace(last, dropped=dropped, closed=dropped and (pull is None or closed))
    return memory if new == last else _with_last(memory, new)


def _needed(memory: Memory, rollback: Rollback) -> bool:
    """Whether something that it undoes stands, and the base was not found good with it since.

    One by the policy is not needed for what is good; what people asked for they get, unless it cannot be clean: then the
    way on is theirs, and the base that they mended says that they went it.
    """
    undoes = [each for each in memory.landings if each.pull in rollback.pulls and each.stands]
    if rollback.by is None:
        return any(each.open for each in undoes)
    mended = rollback.unclean and any(each.green is not None and each.green > rollback.at for each in undoes)
    return bool(undoes) and not (mended and not any(each.open for each in undoes))


def _with_last(memory: Memory, last: Rollback) -> Memory:
    return replace(memory, rollbacks=(*memory.rollbacks[:-1], last))
