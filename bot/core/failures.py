"""Which failures of CI a pull's comment has to tell of, and when it has to say that they are over.

Part of choosing actions, pure. One comment a pull: posted once under a journal key, afterwards edited; what it shows is
known from memory, not read. Must not choose words (render/failure.py) or judge checks (gates/checks.py, verify.py).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.actions import Action, EditComment, Outcome, OutcomeKind, PostComment
from bot.core.facts import CheckFacts, CheckState, Facts, PullFacts, PullState
from bot.core.ledger import Landing, landing_of, unverified
from bot.core.marker import digest_of, mark, read_marker
from bot.core.memory import Memory, Told
from bot.core.model import Key, NodeId, PlanState, PullNumber, Sha, Stage
from bot.core.render import failure as texts
from bot.core.reported import counting_of, of_state
from bot.core.verify import Finding
from bot.core.views import Failure, GateResult, GateVerdict, PlanView, WorkstreamView

MOST_EXPLAINED = 10  # checks of one failure that are asked what they have to say

MENDED, UNDONE, NEWER = "mended", "undone", "newer"  # what a comment tells once its failure is over

_GOING_ON = frozenset({PlanState.RUNNING, PlanState.PAUSED})
_WITHDRAWN = frozenset({"cancelled", "stale"})  # CI gave up, often for a newer commit: that is nobody's mistake
_KEY = re.compile(r"failure:(\d{1,18})(?::(\d{1,9}))?")


# ---- which failures there are ----


def failing(view: PlanView, told: Mapping[PullNumber, Told]) -> tuple[Failure, ...]:
    """Return what is to be told of now: failed heads in plan order, then merges that broke the base, oldest first."""
    if view.state not in _GOING_ON or not view.config.failure_comments:
        return ()
    heads = (_on_head(view, stream, told) for stream in view.streams)
    merges = (_on_base(view, landing) for landing in unverified(view.landings))
    return tuple(each for each in (*heads, *merges) if each is not None)


def unexplained(view: PlanView, told: Mapping[PullNumber, Told]) -> tuple[NodeId, ...]:
    """Return the check runs whose own words are needed for what no comment tells yet."""
    runs = (
        run
        for failure in failing(view, told)
        if not _is_told(told.get(failure.pull.number, Told()), about_of(failure))
        for run in _runs(failure)
    )
    return tuple(dict.fromkeys(runs))


def is_awaited(view: PlanView, facts: Facts, told: Mapping[PullNumber, Told]) -> bool:
    """Whether the next turn will know more of a failure: this one's facts came too early to ask for it."""
    return any(run not in facts.failures for run in unexplained(view, told))


def about_of(failure: Failure) -> str:
    """Return what stays the same as long as the same results of the same commit are told of."""
    results = (f"{each.node_id} {each.name} {each.conclusion} {each.completed_at}" for each in failure.checks)
    where = "head" if failure.landing is None else "base"
    return digest_of("\n".join([where, failure.sha, *results]))


def _on_head(view: PlanView, stream: WorkstreamView, told: Mapping[PullNumber, Told]) -> Failure | None:
    """A workstream's head, once its gate says that checks failed: before there is work, nothing they say counts."""
    pull, gate = stream.pull, _checks_gate(stream)
    if pull is None or gate is None or gate.verdict is not GateVerdict.NEEDS_HUMAN or stream.stage is Stage.CANCELLED:
        return None
    failed = of_state(counting_of(pull.checks, view.config.checks), CheckState.FAILED)
    if _is_withdrawn(failed):
        return None
    green = told.get(pull.number, Told()).green
    return Failure(
        key=stream.workstream.key, pull=pull, sha=pull.head_sha, checks=failed, reason=gate.reason, green=green
    )


def _on_base(view: PlanView, landing: Landing) -> Failure | None:
    """The base with a merge in, once its verification is red."""
    verification, pull = view.verifications.get(landing.pull), _pull(view, landing.pull)
    if verification is None or verification.finding is not Finding.RED or pull is None:
        return None
    if verification.failed and _is_withdrawn(verification.failed):
        return None
    before = [each for each in view.checkpoints if landing.key is None or landing.key not in each.landed]
    return Failure(
        key=landing.key or Key(f"rollback {landing.rollback}"),
        pull=pull,
        sha=landing.sha,
        checks=verification.failed,
        reason=verification.reason,
        landing=landing,
        checkpoint=before[-1] if before else None,
    )


def _is_withdrawn(failed: Iterable[CheckFacts]) -> bool:
    return all(each.conclusion in _WITHDRAWN for each in failed)


def _checks_gate(stream: WorkstreamView) -> GateResult | None:
    return next((gate for gate in stream.gates if gate.gate == "checks"), None)


def _pull(view: PlanView, number: PullNumber) -> PullFacts | None:
    pulls = [each.pull for each in view.streams]
    pulls += [view.rollback.pull] if view.rollback is not None else []
    return next((pull for pull in pulls if pull is not None and pull.number == number), None)


def _runs(failure: Failure) -> tuple[NodeId, ...]:
    return tuple(each.node_id for each in failure.checks[:MOST_EXPLAINED] if each.node_id is not None)


def _is_told(note: Told, about: str) -> bool:
    return note.about == about and note.settled


# ---- what is written about them ----


def telling(view: PlanView, facts: Facts, memory: Memory) -> tuple[Memory, tuple[Action, ...]]:
    """Return the memory of what comments are to say, and the writes that make them say it.

    Nothing is written of a failure before the facts hold what its check runs say for themselves.
    """
    told = dict(memory.told)
    for stream in view.streams:
        if stream.pull is not None and _is_green(view, stream):
            told[stream.pull.number] = replace(told.get(stream.pull.number, Told()), green=stream.pull.head_sha)
    actions: list[Action] = []
    current = {each.pull.number: each for each in failing(view, told)}
    for number, failure in current.items():
        note, about = told.get(number, Told()), about_of(failure)
        if _is_told(note, about) or any(run not in facts.failures for run in _runs(failure)):
            continue
        note = replace(note, about=about, sha=failure.sha, subject=failure.pull.node_id)
        text = texts.failure_comment(view, failure, facts.failures)
        told[number] = _written(number, note, text, actions)
    for number, note in memory.told.items():
        end = _end(view, number, told[number]) if note.about and number not in current else None
        if end is not None:
            about, text = end
            told[number] = _written(number, replace(told[number], about=about), text, actions)
    return (replace(memory, told=told) if told != memory.told else memory), tuple(actions)


def _written(number: PullNumber, note: Told, text: str, actions: list[Action]) -> Told:
    """Add the write that shows a text, if it is not shown already; return the note of it."""
    key = f"failure:{number}{f':{note.lost}' if note.lost else ''}"
    note = replace(note, wanted=digest_of(text))
    if note.settled:
        return note
    if note.comment is not None:
        actions.append(EditComment(comment=note.comment, body=mark(text, key)))
    elif note.subject is not None:
        actions.append(PostComment(journal_key=key, number=number, subject=note.subject, body=mark(text, key)))
    return note


def _is_green(view: PlanView, stream: WorkstreamView) -> bool:
    """Whether checks say that the head of an open pull is good; that none are asked for says nothing."""
    gate, pull = _checks_gate(stream), stream.pull
    if pull is None or pull.state is not PullState.OPEN or gate is None or gate.verdict is not GateVerdict.PASS:
        return False
    return bool(counting_of(pull.checks, view.config.checks))


def _end(view: PlanView, number: PullNumber, note: Told) -> tuple[str, str] | None:
    """Return what is to be told of a failure that is over, and in which words; None while nothing new is to be said.

    As long as the checks on a newer head run, the comment goes on telling of the older one.
    """
    if view.state not in {*_GOING_ON, PlanState.COMPLETED} or not view.config.failure_comments or note.sha is None:
        return None
    if note.about in {MENDED, UNDONE} and note.settled:
        return None
    landing = landing_of(view.landings, number)
    if landing is not None:
        return _end_on_base(view, landing, note.sha)
    stream = next((each for each in view.streams if each.pull is not None and each.pull.number == number), None)
    if stream is None or stream.pull is None:
        return None
    gate, head = _checks_gate(stream), stream.pull.head_sha
    if gate is not None and gate.verdict is GateVerdict.PASS:
        return MENDED, texts.mended(view, head, note.sha)
    newer = gate is not None and gate.verdict is GateVerdict.NEEDS_HUMAN and head != note.sha
    return (NEWER, texts.newer(view, head, note.sha)) if newer and not _is_told(note, NEWER) else None


def _end_on_base(view: PlanView, landing: Landing, failed: Sha) -> tuple[str, str] | None:
    if landing.green is not None:
        return MENDED, texts.mended_base(view, landing, failed)
    if landing.undone is not None:
        return UNDONE, texts.undone(view, landing, failed)
    return None


# ---- what became of the writes ----


def found(memory: Memory, subject: NodeId, comment: NodeId, body: str) -> Memory:
    """Return the memory with what a comment on a pull, found on GitHub, shows; as it was if it tells of no failure."""
    marker = read_marker(body)
    key = _KEY.fullmatch(marker.key) if marker is not None else None
    if marker is None or key is None:
        return memory
    number = PullNumber(int(key[1]))
    note = replace(
        memory.told.get(number, Told()), subject=subject, comment=comment, shown=marker.digest, lost=int(key[2] or 0)
    )
    return replace(memory, told={**memory.told, number: note})


def learned(memory: Memory, outcomes: Mapping[Action, Outcome]) -> Memory:
    """Return the memory with what the comments show now. Repeating it changes nothing."""
    told = dict(memory.told)
    for action, outcome in outcomes.items():
        if not isinstance(action, PostComment | EditComment):
            continue
        marker = read_marker(action.body)
        key = _KEY.fullmatch(marker.key) if marker is not None else None
        number = PullNumber(int(key[1])) if key is not None else None
        if marker is None or number is None or number not in told:
            continue
        note = told[number]
        told[number] = _posted(note, outcome, marker.digest) if isinstance(action, PostComment) else (
            _edited(note, outcome, marker.digest)
        )  # fmt: skip
    return replace(memory, told=told) if told != memory.told else memory


def _posted(note: Told, outcome: Outcome, digest: str) -> Told:
    """One that an earlier turn wrote may show another text: it is edited next."""
    if outcome.result is not None and outcome.kind in {OutcomeKind.DONE, OutcomeKind.ALREADY}:
        shown = digest if outcome.kind is OutcomeKind.DONE else ""
        return replace(note, comment=NodeId(outcome.result), shown=shown)
    if outcome.kind is OutcomeKind.UNKNOWN:
        return note  # it may be there: whatever is said next goes by the same journal key, which finds it
    return replace(note, about="", wanted="", shown="")


def _edited(note: Told, outcome: Outcome, digest: str) -> Told:
    """One that somebody deleted is written anew, under another key, when there is a failure to tell of."""
    if outcome.kind is OutcomeKind.DONE:
        return replace(note, shown=digest)
    if outcome.kind is OutcomeKind.MOVED:
        return replace(note, comment=None, about="", wanted="", shown="", lost=note.lost + 1)
    return note
