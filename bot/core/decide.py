"""The heart: facts and memory in, the next actions out. Only what differs from what is observed becomes an action.

Third step of every turn, pure. Must not keep a plan of its own: each turn starts from what is true, so that a crash, a
repeat and a lost event are one case.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import base_ci, failures, keepsake, merge_queue, together, train_actions
from bot.core.acknowledge import acknowledge
from bot.core.actions import (
    Action,
    AddLabels,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    MarkReady,
    PostComment,
    RemoveLabels,
    ReopenPull,
    TickIssue,
    name_of,
)  # fmt: skip
from bot.core.check import own_check, rollback_check
from bot.core.checkpoints import due_checkpoint
from bot.core.commands.fold import fold
from bot.core.facts import Answer, Facts, PullFacts, PullState
from bot.core.forecast import foreseeing, kept, next_trial
from bot.core.judge import judge, merge_seen, seen_of
from bot.core.marker import mark, read_marker
from bot.core.memory import Memory
from bot.core.model import Branch, Intent, Key, NodeId, PlanState, PullNumber, Retry, Sha, Stage, Start
from bot.core.opening import opening
from bot.core.plan.tick import tick, untick
from bot.core.render import brief, notices, replies, status
from bot.core.render import together as render_together
from bot.core.render.labels import STAGE_LABELS
from bot.core.render.parts import COMMENT_LIMIT, sections
from bot.core.train import advance
from bot.core.train_wish import Wish
from bot.core.views import GateResult, GateVerdict, PlanView, WorkstreamView

SLOW_CLOCK = timedelta(days=1)  # an open plan is looked at that often even if nobody else sees to it (worker/resync.py)
MAX_THINKING = timedelta(seconds=60)  # the longest pause while GitHub computes whether a pull could merge
EXPLAINING = timedelta(seconds=1)  # how soon to look again for what failed checks have to say
SHOWING = timedelta(seconds=2)  # how soon to look again for a merge that the base does not show yet, at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one turn concludes."""

    memory: Memory
    view: PlanView
    answers: Mapping[int, Answer]  # command id -> what its author is told, decided in this turn
    ignored: frozenset[int]  # commands that get no answer at all (of bots, or beyond the bounds)
    actions: tuple[Action, ...]  # in the order in which they are to be done
    acks: Mapping[int, tuple[Action, ...]]  # command id -> those of `actions` that show its answer
    branches: Mapping[Branch, tuple[Key, PullNumber | None]]  # what belongs to the plan; empty before a start
    wish: Wish  # what it wants of the turn on its base; its merges count only if it gets it
    open: bool  # False = nothing will change any more by itself
    next_look: datetime | None  # UTC; None = only an event will bring news


def decide(facts: Facts, memory: Memory) -> Decision:
    """Return what follows from the facts. Deterministic; the same facts and the memory it returns give no new actions."""
    known = {each.sha for each in memory.landings}
    memory, answers, ignored = _heard(facts, memory)
    view, memory = _seen(facts, memory)
    memory, told = failures.telling(view, facts, memory)
    memory = together.noticed(view, facts, memory)
    shown = acknowledge(view, facts, answers)
    first = (*_showing(view, facts, memory), *told, *shown.first)
    last = tuple(_landing(view, memory))
    memory = base_ci.noted(view, train_actions.noted(view, memory, last), last)
    memory = replace(memory, refusals=_still_refused(memory, (*first, *last, *shown.last)))
    # What was asked for is kept on GitHub before anything of it is done or its author told of it.
    # An archived repository takes no write at all; all of it is decided anew once it does.
    # Whoever may not write is answered last: nobody who only asks can keep the plan from what it has to do.
    actions = (*_status(view, facts, memory), *first, *last, *shown.last) if not facts.repository.archived else ()
    return Decision(
        memory=memory,
        view=view,
        answers=answers,
        ignored=ignored,
        actions=tuple(dict.fromkeys(actions)),
        acks=shown.acks,
        branches=_branches(view, memory),
        wish=train_actions.wish(view),
        open=is_plan(view) and view.state not in {PlanState.COMPLETED, PlanState.CANCELLED},
        next_look=facts.now if shown.more and actions else _next_look(view, facts, memory, known),
    )


def _heard(facts: Facts, memory: Memory) -> tuple[Memory, Mapping[int, Answer], frozenset[int]]:
    """Take in what people said; return the answers to it as well, and the commands that get none."""
    before = memory.intent.start
    memory = advance(facts, memory, judge(facts, memory))
    memory, answers, ignored = fold(facts, memory, judge)
    memory = keepsake.heard(memory, (call.serial for call in facts.commands if call.id in {*answers, *ignored}))
    if before is None and memory.intent.start is not None:
        memory = _started(facts, memory, memory.intent.start)
    return memory, answers, ignored


def _seen(facts: Facts, memory: Memory) -> tuple[PlanView, Memory]:
    """Judge the plan by what people said and what the facts show; remember since when it is so, drop what came true."""
    memory = _taken_in(facts, memory)
    view = judge(facts, memory)
    memory = replace(
        memory,
        seen=merge_seen(memory.seen, seen_of(view, facts.read_at)),
        good_config=facts.config_source if not view.config_problems else memory.good_config,
    )
    view = judge(facts, memory)
    memory = replace(
        memory,
        intent=_settled(view, memory),
        checks=_current_checks(view, memory),
        trials=kept(view, memory),
        queued=merge_queue.seen(view, memory),
    )
    return view, memory


def _showing(view: PlanView, facts: Facts, memory: Memory) -> Iterator[Action]:
    """Lay what the plan needs and show how each of its pulls stands."""
    yield from opening(view, facts, memory)
    yield from train_actions.tagging(view)
    yield from train_actions.rolling_back(view, memory)
    yield from _rollback_check(view, facts, memory)
    yield from train_actions.updating(view)
    for stream in view.streams:
        yield from _tracking(view, stream, facts, memory)


def _landing(view: PlanView, memory: Memory) -> Iterator[Action]:
    """Change the base, and try what may change it next."""
    yield from _ticks(view)
    yield from _cleaning(view, memory)
    yield from train_actions.proving(view)
    yield from train_actions.merging(view, memory)
    yield from foreseeing(view, memory)
    yield from together.testing(view, memory)
    yield from base_ci.asking(view)


def _taken_in(facts: Facts, memory: Memory) -> Memory:
    """Take in what the facts show until nothing follows from it any more: a merge may be green at once."""
    for _ in range(4):
        before, memory = memory, advance(facts, memory, judge(facts, memory))
        if memory == before:
            break
    return memory


def _started(facts: Facts, memory: Memory, start: Start) -> Memory:
    """Pin what must not change while the plan runs: the names of its branches, and which of them were not ours."""
    config = judge(facts, replace(memory, intent=replace(memory.intent, start=None))).config
    there = tuple(key for key, found in facts.workstreams.items() if found.branch is not None)
    start = replace(start, branch_prefix=config.branch_prefix)
    return replace(memory, intent=replace(memory.intent, start=start), adopted=there)


def is_plan(view: PlanView) -> bool:
    """Say whether the issue is a plan: it carries the label, or it was started while it did."""
    return view.intent.start is not None or view.config.label in view.issue.labels


def _tracking(view: PlanView, stream: WorkstreamView, facts: Facts, memory: Memory) -> Iterator[Action]:
    """Bring one pull's draft state, labels and check run to what its stage says."""
    pull = stream.pull
    if pull is None or view.intent.start is None:
        return
    key = stream.workstream.key
    if pull.state is PullState.OPEN and pull.draft and key in view.intent.handed_in:
        yield MarkReady(pull=pull.node_id)
    retry = memory.intent.retries.get(key)
    if retry is not None and retry.reopen and stream.branch_sha is not None:
        yield ReopenPull(pull=pull.node_id)
    elif retry is not None and not retry.reopen:
        headline, body = brief.retry_commit(view, stream)
        yield EmptyCommit(branch=stream.branch, expected=retry.head, headline=headline, body=body)
    yield from _labels(stream, pull, facts)
    if _speaker(view, pull.head_sha) is not stream:
        return
    check = own_check(view, stream, pull, memory, facts.comment.url if facts.comment is not None else "")
    if check is not None:
        yield check


def _rollback_check(view: PlanView, facts: Facts, memory: Memory) -> Iterator[Action]:
    """The check on a rollback's pull."""
    check = rollback_check(view, memory, facts.comment.url if facts.comment is not None else "")
    if check is not None:
        yield check


def _speaker(view: PlanView, head: Sha) -> WorkstreamView:
    """Return whose check a commit shows: a check hangs on the commit, so of two pulls with one head the one that waits."""
    sharing = (each for each in view.streams if each.pull is not None and each.pull.head_sha == head)
    return min(
        sharing,
        key=lambda each: (each.pull is None or each.pull.state is not PullState.OPEN, each.stage is Stage.MERGEABLE),
    )


def _labels(stream: WorkstreamView, pull: PullFacts, facts: Facts) -> Iterator[Action]:
    known = {label.name for label in STAGE_LABELS}
    wrong = tuple(node for name, node in sorted(pull.labels.items()) if name in known and name != stream.stage.label)
    if wrong:
        yield RemoveLabels(subject=pull.node_id, labels=wrong)
    right = facts.repository.labels.get(stream.stage.label)
    if right is not None and stream.stage.label not in pull.labels:
        yield AddLabels(subject=pull.node_id, labels=(right,))


def _status(view: PlanView, facts: Facts, memory: Memory) -> Iterator[Action]:
    """The one status comment. An issue that never was a plan gets none."""
    if is_plan(view):
        limit = min(COMMENT_LIMIT, keepsake.BODY_LIMIT - keepsake.SPARE - keepsake.size(memory))
        text = status.status_comment(view, memory.refusals, render_together.together(view, memory), limit)
    elif memory.comment is not None:
        text = replies.not_a_plan_reply(view.config.label)
    else:
        return
    part, digest = keepsake.keep(memory, keepsake.BODY_LIMIT - keepsake.SPARE - len(text))
    text = sections(text, notices.kept(part))
    room = keepsake.BODY_LIMIT - keepsake.SPARE // 2 - len(text)
    if facts.comment is None:
        # a comment that somebody deleted is a new one, with a journal entry of its own
        key = "status" if memory.comment is None else f"status:{memory.comment}"
        yield PostComment(
            journal_key=key,
            number=view.issue.number,
            subject=view.issue.node_id,
            body=mark(text, key, digest),
            kept=keepsake.pack(memory, part, room),
        )
        return
    body = mark(text, "status", digest)
    wanted = read_marker(body)
    assert wanted is not None
    if facts.comment.digest != wanted.digest:
        yield EditComment(comment=facts.comment.node_id, body=body, kept=keepsake.pack(memory, part, room))


def _ticks(view: PlanView) -> Iterator[Action]:
    landed = tuple(each.workstream.key for each in view.streams if each.stage is Stage.DONE)
    back = tuple(each.workstream.key for each in view.streams if each.stage is Stage.ROLLED_BACK)
    if view.intent.start is not None and untick(tick(view.issue.body, landed), back) != view.issue.body:
        yield TickIssue(issue=view.issue.number, keys=landed, back=back)


def _cleaning(view: PlanView, memory: Memory) -> Iterator[Action]:
    """Once the plan is complete, remove the branches that Signalbox created and that hold nothing but what landed."""
    if view.state is not PlanState.COMPLETED or not view.config.remove_branches:
        return
    for stream in view.streams:
        pull = stream.pull
        ours = stream.workstream.key not in memory.adopted
        if ours and stream.stage is Stage.DONE and pull is not None and stream.branch_sha == pull.head_sha:
            yield DeleteBranch(branch=stream.branch, expected=pull.head_sha)


def _still_refused(memory: Memory, actions: tuple[Action, ...]) -> Mapping[str, str]:
    """Forget the refusal of what is not wanted any more; one of the status comment itself goes when it works."""
    wanted = {name_of(action) for action in actions} | {"post comment", "edit comment"}
    return {name: words for name, words in memory.refusals.items() if name in wanted}


def _settled(view: PlanView, memory: Memory) -> Intent:
    """Drop wishes that came true, so that they cannot act a second time."""
    intent = view.intent
    pulls = {each.workstream.key: each.pull for each in view.streams}
    handed_in = {
        key: order
        for key, order in intent.handed_in.items()
        if (pull := pulls.get(key)) is None or pull.draft or not memory.drafts
    }
    retries = {key: retry for key, retry in intent.retries.items() if _still_wished(retry, pulls.get(key))}
    unlanded = {key: pull for key, pull in pulls.items() if pull is None or pull.state is PullState.OPEN}
    merges = {key: order for key, order in intent.merges.items() if key in unlanded}
    updates = {key: head for key, head in intent.updates.items() if (pull := pulls.get(key)) and pull.head_sha == head}
    return replace(intent, handed_in=handed_in, retries=retries, merges=merges, updates=updates)


def _still_wished(retry: Retry, pull: PullFacts | None) -> bool:
    if pull is None:
        return True
    return pull.head_sha == retry.head and pull.state is (PullState.CLOSED if retry.reopen else PullState.OPEN)


def _current_checks(view: PlanView, memory: Memory) -> Mapping[str, NodeId]:
    heads = {each.pull.head_sha for each in view.streams if each.pull is not None}
    if view.rollback is not None and view.rollback.pull is not None:
        heads.add(view.rollback.pull.head_sha)
    return {head: node for head, node in memory.checks.items() if head in heads}


def _branches(view: PlanView, memory: Memory) -> Mapping[Branch, tuple[Key, PullNumber | None]]:
    if view.intent.start is None and not memory.lost:
        return {}
    found = {
        each.branch: (each.workstream.key, each.pull.number if each.pull is not None else None) for each in view.streams
    }
    for number_, branch in enumerate(together.branches(view, memory)):
        found[branch] = (Key(f"trial {number_}"), None)
    if (back := view.rollback) is not None:
        number = back.pull.number if back.pull is not None else None
        found[back.branch] = (Key(f"rollback {back.rollback.number}"), number)
    return found


def _next_look(view: PlanView, facts: Facts, memory: Memory, known: Set[Sha]) -> datetime | None:
    """When to look again without being asked: GitHub is thinking, a head's grace time ends, or the slow clock.

    `known`: the landings of earlier turns, whose commits this turn's read asked for.
    """
    if view.state not in {PlanState.RUNNING, PlanState.PAUSED}:
        return None
    looks = [view.now + SLOW_CLOCK]
    looks += [each.until for each in view.verifications.values() if each.until is not None and each.until > view.now]
    due = due_checkpoint(memory, view.config.checkpoint_every, view.base.sha)
    looks += [due] if due is not None and due > view.now else []
    looks += [at for at in (next_trial(view, memory), together.next_test(view, memory)) if at is not None]
    looks += [view.now + EXPLAINING] if failures.is_awaited(view, facts, memory.told) else []
    new = [each for each in view.landings if each.open and each.sha not in known]
    unread = [each for each in new if not {each.sha, each.before} <= facts.commits.keys()]
    unknown = view.base.sha is not None and memory.tip not in {None, view.base.sha}  # with what the base moved
    looks += [view.now + SHOWING] if unread or unknown else []
    for stream in view.streams:
        if stream.stage is Stage.VERIFYING and stream.landing is None:
            waited = view.now - stream.since  # ever longer: the base may never show it
            looks.append(view.now + min(max(waited, SHOWING), SLOW_CLOCK))
        looks += _looks_at_gates(view, memory, stream.workstream.key, stream.gates)
    if (back := view.rollback) is not None:
        looks += _looks_at_gates(view, memory, f"rollback {back.rollback.number}", back.gates)
    return min(looks)


def _looks_at_gates(view: PlanView, memory: Memory, key: str, gates: Iterable[GateResult]) -> Iterator[datetime]:
    """When the gates of one pull may say something else by time alone."""
    waiting = {gate.gate: gate for gate in gates if gate.verdict is GateVerdict.WAIT}
    for gate in (waiting[name] for name in ("mergeable", "freshness") if name in waiting):
        if gate.next_actor == "GitHub":
            thinking = view.now - (gate.since or view.now)
            yield view.now + min(max(thinking, timedelta(seconds=1)), MAX_THINKING)
    head = memory.seen.get(f"head/{key}")
    if "checks" in waiting and head is not None and head.since + view.config.checks_grace > view.now:
        yield head.since + view.config.checks_grace
