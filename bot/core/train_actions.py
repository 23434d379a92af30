"""What the train does next: prove what landed, tag what was found good, roll back, merge. And whether it wants the turn.

Part of choosing actions. Must not note what happened: train.py does, from the facts of a later turn.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.actions import (
    Action,
    BuildBranch,
    Change,
    ClosePull,
    CreateRefs,
    EnqueuePull,
    MergePull,
    OpenPull,
    TryMerge,
    UpdateBranch,
    name_of,
)
from bot.core.facts import Mergeable, PullState
from bot.core.ledger import Judged, Rollback, unverified
from bot.core.memory import Memory
from bot.core.merge_queue import is_required, waiting_in_it
from bot.core.model import MergeMethod, Mode, OnRed, PlanState, Stage, Update
from bot.core.opening import trial_branch
from bot.core.render import brief
from bot.core.render import rollback as texts
from bot.core.text import name
from bot.core.train_wish import Wish, WishKind
from bot.core.verify import Finding
from bot.core.views import PlanView, RollbackView, WorkstreamView

_LOOKED_AFTER = frozenset({PlanState.RUNNING, PlanState.PAUSED})


def proving(view: PlanView) -> Iterator[Action]:
    """Learn what git's own merge of the judged head and the base before it gives, where nobody has said so yet."""
    if view.state not in _LOOKED_AFTER:
        return
    for landing in unverified(view.landings):
        if landing.expected is None:
            yield TryMerge(
                onto=landing.before, head=landing.head, trial=trial_branch(view.issue.number), want_tree=True
            )


def tagging(view: PlanView) -> Iterator[Action]:
    """Tag each checkpoint once. A tag that somebody moved or deleted stays so: the record is what counts."""
    if view.state is PlanState.CANCELLED:
        return
    for checkpoint in view.checkpoints:
        tag = f"signalbox/{view.issue.number}/{checkpoint.name}"
        if not checkpoint.tagged and tag not in view.tags:
            yield CreateRefs(refs=((f"refs/tags/{tag}", checkpoint.sha),))


def rolling_back(view: PlanView, memory: Memory) -> Iterator[Action]:
    """Build the branch of a rollback, open its pull, close one that is not wanted any more."""
    back = view.rollback
    if back is None or view.state is PlanState.CANCELLED:
        return  # the last merge may turn green after all: also of a complete plan a pull may be left to close
    rollback, pull = back.rollback, back.pull
    if rollback.dropped:
        if pull is not None and pull.state is PullState.OPEN:
            yield ClosePull(pull=pull.node_id)
        return
    if not rollback.active or rollback.unclean:
        return
    if rollback.built is None:
        yield _build(view, back)
    elif pull is None:
        title, body = texts.pull_text(view, back)
        yield OpenPull(
            key=texts.called(rollback), head=back.branch, base=view.base.name, title=title, body=body, draft=False
        )


def _build(view: PlanView, back: RollbackView) -> BuildBranch:
    rollback = back.rollback
    return BuildBranch(
        what=texts.called(rollback),
        branch=back.branch,
        onto=rollback.onto,
        tree=rollback.tree if rollback.exact else None,
        changes=() if rollback.exact else tuple(Change(start=sha, tree=tree) for sha, tree in rollback.changes),
        trial=trial_branch(view.issue.number),
        message=texts.commit_message(view, back),
    )


def merging(view: PlanView, memory: Memory) -> Iterator[MergePull | EnqueuePull]:
    """At most one merge a turn: after it the base is another one, and everything is judged anew.

    One that GitHub refused before is tried again, and the next one behind it: it must not hold up what does not need
    it. Whoever carries this out stops at the first that lands. Where the base has a merge queue, one is put into it and
    nothing more until that has landed and is verified, or was taken out.
    """
    if view.state is not PlanState.RUNNING:
        return
    back = view.rollback
    frozen = view.intent.frozen is not None or bool(view.train.frozen)
    if back is not None and back.rollback.active and back.ready and view.config.on_red is OnRed.ROLLBACK:
        if frozen or not _called_for(view, back.rollback):
            return  # people said that nothing merges into the base; a person may still merge the rollback
        yield from _merge_rollback(view, back)
        return
    if waiting_in_it(view) is not None:
        return
    for stream in view.streams:
        if not may_merge(view, stream):
            continue
        merge = _merge(view, stream)
        yield merge
        if name_of(merge) not in memory.refusals:
            return


def _called_for(view: PlanView, rollback: Rollback) -> bool:
    """Whether people asked for a rollback, or what the policy began it for is red now as well, not only running again."""
    found = [view.verifications[pull].finding for pull in rollback.pulls if pull in view.verifications]
    return rollback.by is not None or Finding.RED in found


def may_merge(view: PlanView, stream: WorkstreamView) -> bool:
    """Say whether Signalbox merges it now: by its mode, or because somebody said `/signalbox merge`."""
    wanted = view.config.mode is Mode.AUTO or stream.workstream.key in view.intent.merges
    known = stream.pull is not None and stream.pull.mergeable is Mergeable.YES
    return wanted and known and stream.stage is Stage.MERGEABLE and not stream.ejected


def _merge(view: PlanView, stream: WorkstreamView) -> MergePull | EnqueuePull:
    assert stream.pull is not None
    if is_required(view.base, stream.pull):
        return EnqueuePull(key=stream.workstream.key, pull=stream.pull.node_id, expected=stream.pull.head_sha)
    title, message = brief.merge_commit(view, stream)
    return MergePull(
        key=stream.workstream.key,
        pull=stream.pull.number,
        head_sha=stream.pull.head_sha,
        method=method_of(view),
        title=title,
        message=message,
    )


def _merge_rollback(view: PlanView, back: RollbackView) -> Iterator[MergePull | EnqueuePull]:
    assert back.pull is not None
    if is_required(view.base, back.pull):
        if back.pull.queued is None and not back.ejected:
            yield EnqueuePull(key=texts.called(back.rollback), pull=back.pull.node_id, expected=back.pull.head_sha)
        return
    yield MergePull(
        key=texts.called(back.rollback),
        pull=back.pull.number,
        head_sha=back.pull.head_sha,
        method=method_of(view),
        title="",
        message="",
    )


def noted(view: PlanView, memory: Memory, actions: tuple[Action, ...]) -> Memory:
    """Note by what the merges are judged, before they are tried: it proves afterwards that just that landed."""
    judged = dict(memory.judged)
    tip = view.base.sha
    for stream in view.streams:
        key, pull = stream.workstream.key, stream.pull
        tried = any(isinstance(each, MergePull | EnqueuePull) and each.key == key for each in actions)
        if pull is None or tip is None or not tried:
            continue
        tree = pull.trial_tree if pull.trial_parents == (tip, pull.head_sha) else None
        judged[key] = Judged(head=pull.head_sha, base=tip, tree=tree, at=view.now)
    return replace(memory, judged=judged) if judged != memory.judged else memory


def updating(view: PlanView) -> Iterator[UpdateBranch]:
    """Bring branches up to the base where the config or somebody's `/signalbox update` says so."""
    for stream in view.streams:
        pull = stream.pull
        if pull is None or pull.state is not PullState.OPEN or view.state is not PlanState.RUNNING:
            continue
        asked = view.intent.updates.get(stream.workstream.key) == pull.head_sha
        if asked or _is_due_for_update(view, stream):
            yield UpdateBranch(key=stream.workstream.key, pull=pull.node_id, expected=pull.head_sha)


def _is_due_for_update(view: PlanView, stream: WorkstreamView) -> bool:
    """Whether it is behind, and by the config now is the time; a merge that is being verified may yet be taken back."""
    blocking = {gate.gate for gate in stream.blocking}
    if (
        view.config.update is Update.NEVER
        or not stream.behind
        or "freshness" not in blocking
        or "turn" in blocking
        or "hold" in blocking
    ):
        return False
    return view.config.update is Update.ALWAYS_CURRENT or blocking == {"freshness"}


def method_of(view: PlanView) -> MergeMethod:
    """Return how pulls land: as the config says if the repository allows it, else the first way that it allows."""
    allowed = view.repository.merge_methods
    if view.config.merge_method is not None and view.config.merge_method in allowed:
        return view.config.merge_method
    return next((method for method in MergeMethod if method in allowed), MergeMethod.MERGE)


def wish(view: PlanView) -> Wish:
    """Return what the plan wants of the turn on its base."""
    frozen, outside = _freeze(view)
    kind, doing, key, since = WishKind.NONE, "", None, None
    first = _first(view)
    queued = waiting_in_it(view) if view.state in _LOOKED_AFTER else None
    if _keeps(view):
        kind, doing = WishKind.KEEP, _doing(view)
    elif queued is not None:
        kind, doing = WishKind.KEEP, f"{name(queued[0])} (#{queued[1].number}) is in GitHub's merge queue"
    elif first is not None:
        ready = first.stage is Stage.MERGEABLE
        kind = WishKind.TAKE if ready and may_merge(view, first) else WishKind.WAIT
        key, since = first.workstream.key, first.since
        doing = f"{name(key)} is being merged"
    return Wish(kind=kind, doing=doing, key=key, since=since, frozen=frozen, outside=outside)


def _keeps(view: PlanView) -> bool:
    """Whether the base is not known to be good with what this plan did to it."""
    if view.state not in _LOOKED_AFTER:
        return False
    merged = any(each.stage is Stage.VERIFYING for each in view.streams)
    back = view.rollback is not None and view.rollback.rollback.active
    return bool(unverified(view.landings)) or merged or back


def _first(view: PlanView) -> WorkstreamView | None:
    """The first workstream that would merge now if the base were free."""
    if view.state is not PlanState.RUNNING:
        return None
    for stream in view.streams:
        wanted = view.config.mode is Mode.AUTO or stream.workstream.key in view.intent.merges
        only_turn = stream.stage is Stage.QUEUED and {gate.gate for gate in stream.blocking} == {"turn"}
        if wanted and (may_merge(view, stream) or only_turn):
            return stream
    return None


def _doing(view: PlanView) -> str:
    """What keeps the turn, for the other plans on the base."""
    if view.rollback is not None and view.rollback.rollback.active:
        pull = view.rollback.pull
        return f"it is rolled back{f' in #{pull.number}' if pull is not None else ''}"
    landing = next(iter(unverified(view.landings)), None)
    if landing is None:
        return "its last merge is being looked at"
    found = view.verifications.get(landing.pull)
    what = name(landing.key) if landing.key is not None else f"rollback {landing.rollback}"
    red = found is not None and found.finding is Finding.RED
    return f"{what} (#{landing.pull}) {'broke the base' if red else 'is being verified'}"


def _freeze(view: PlanView) -> tuple[str | None, bool]:
    """What this plan forbids others to do on the base: somebody's order, or the config while something is unverified."""
    if view.state is PlanState.CANCELLED:
        return None, False
    if (order := view.intent.frozen) is not None:
        return texts.freeze_words(order), True
    if view.config.freeze_base and _keeps(view):
        return _doing(view), True
    return None, False
