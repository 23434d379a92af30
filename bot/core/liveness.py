"""The self-check of a plan: what should move and does not, and what keeps it from ever moving.

Part of judging, after stages and gates. Must not hold anything up: a symptom only tells people what to do. What one
plan read shows costs nothing; the rest comes from an examination on a slow clock, and is remembered until the next.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import diagnosis
from bot.core.examination import Examination, Examined, Health, Symptom
from bot.core.facts import BaseFacts
from bot.core.memory import Memory
from bot.core.model import OWN_CHECK, Intent, Mode, PlanState, Stage
from bot.core.text import code, cut, name, when
from bot.core.views import GateResult, GateVerdict, PlanView, WorkstreamView

FIRST_LOOK = timedelta(minutes=1)  # after a plan was first seen: a plan that is laid at once needs no examination
WELL = timedelta(hours=1)  # from one examination to the next
ILL = timedelta(minutes=10)  # the same after one that found something, or that failed: what was mended is to go soon
STUCK = timedelta(minutes=30)  # for what takes GitHub or Signalbox seconds
ENDLESS = timedelta(
    hours=6
)  # for what takes CI or another plan a while; hosted jobs of GitHub Actions end after six hours

#: What every turn sees by itself, and newer.
SEEN_ANYWAY = frozenset({"advisory", "other-source", "merge-method", "config", "archived", "base-missing"})


def is_due(memory: Memory, now: datetime) -> bool:
    """Say whether a plan's surroundings are to be examined in this turn."""
    return memory.examined is not None and memory.examined.due <= now


def examined(memory: Memory, found: Examination | None, *, app_id: int, now: datetime) -> Memory:
    """Return the memory with what an examination found. One that failed changes nothing and is made up for soon."""
    before = memory.examined
    if found is not None:
        return replace(memory, examined=_concluded(found, app_id, now))
    if before is None:
        return replace(memory, examined=Examined(due=now + FIRST_LOOK))
    if before.due <= now:
        return replace(memory, examined=replace(before, due=now + ILL))
    return memory


def _concluded(found: Examination, app_id: int, now: datetime) -> Examined:
    symptoms = diagnosis.diagnose(found, app_id)
    ill = tuple(each for each in symptoms if each.health is not Health.OK and each.code not in SEEN_ANYWAY)
    return Examined(
        due=now + (ILL if ill else WELL),
        symptoms=ill,
        protected=found.ground is not None and diagnosis.is_protected(found.ground, app_id),
    )


def symptoms(view: PlanView, memory: Memory, app_id: int) -> tuple[Symptom, ...]:
    """Return what is wrong with a plan that is not finished, problems first."""
    if view.state in {PlanState.COMPLETED, PlanState.CANCELLED}:
        return ()
    found = [*_stuck(view), *_rules(view.base, app_id, memory.examined)]
    wrong = diagnosis.forbidden_method(view.config, view.repository.merge_methods)
    if wrong is not None and not view.base.merge_queue:  # there the queue's rule chooses
        found.append(wrong)
    if memory.examined is not None:
        found += memory.examined.symptoms
    return tuple(sorted(found, key=lambda each: each.health is not Health.PROBLEM))


def _rules(base: BaseFacts, app_id: int, last: Examined | None) -> Iterator[Symptom]:
    """Whether the base requires our check. A classic rule that does not bind the App shows in examinations only."""
    if base.sha is None:
        return
    sources = [each.app_id for each in base.required_checks if each.name == OWN_CHECK]
    foreign = [source for source in sources if source not in {None, app_id}]
    if foreign and foreign[0] is not None:
        yield diagnosis.other_source(base.name, foreign[0])
    elif not sources and not (last is not None and last.protected):
        yield diagnosis.advisory(base.name)


def _stuck(view: PlanView) -> Iterator[Symptom]:
    if view.state is not PlanState.RUNNING:
        return
    for stream in view.streams:
        yield from _not_laid(view, stream)
        yield from _not_merged(view, stream)
        yield from _not_shown(view, stream)
        gates = {gate.gate: gate for gate in stream.gates if gate.verdict is GateVerdict.WAIT}
        yield from _not_known(view, stream, gates.get("mergeable"))
        yield from _not_checked(view, stream, gates.get("checks"))
        yield from _not_its_turn(view, stream, gates.get("turn"))


def _not_laid(view: PlanView, stream: WorkstreamView) -> Iterator[Symptom]:
    begun = _begun(view.intent, stream)
    waiting = stream.pull is None and stream.stage in {Stage.READY, Stage.WAITING, Stage.RUNNING}
    if waiting and begun is not None and view.now - begun >= STUCK:
        yield _symptom(
            "not-laid", f"{_name(stream)} has had no pull request since {when(begun)}",
            "nobody can hand it in", "Look at what GitHub refused, and mend that",
        )  # fmt: skip


def _begun(intent: Intent, stream: WorkstreamView) -> datetime | None:
    joined = intent.joined.get(stream.workstream.key)
    if joined is not None:
        return joined.at
    return intent.start.at if intent.start is not None else None


def _not_merged(view: PlanView, stream: WorkstreamView) -> Iterator[Symptom]:
    is_ours = view.config.mode is Mode.AUTO and stream.pull is not None and stream.pull.queued is None
    if stream.stage is Stage.MERGEABLE and is_ours and not stream.ejected and view.now - stream.since >= STUCK:
        yield _symptom(
            "not-merged", f"{_name(stream)} may merge since {when(stream.since)}, and has not been merged",
            "everything after it waits", "Look at what GitHub refused, or press merge on the pull request",
        )  # fmt: skip


def _not_shown(view: PlanView, stream: WorkstreamView) -> Iterator[Symptom]:
    if stream.unseen and stream.stage is Stage.VERIFYING:
        base, skip = code(view.base.name), code(cut(f"/signalbox skip {stream.workstream.key}", 100))
        yield _symptom(
            "not-shown", f"{_name(stream)} was merged, and {base} has not shown it since {when(stream.since)}",
            "nothing else merges before", f"Push its merge back onto {base}, or say {skip} to go on without it",
        )  # fmt: skip


def _not_known(view: PlanView, stream: WorkstreamView, gate: GateResult | None) -> Iterator[Symptom]:
    if gate is not None and gate.since is not None and view.now - gate.since >= STUCK:
        yield _symptom(
            "not-known", f"GitHub has not said since {when(gate.since)} whether {_name(stream)} can be merged",
            "unknown is not taken for yes", "Close its pull request and open it again, or push to it",
        )  # fmt: skip


def _not_checked(view: PlanView, stream: WorkstreamView, gate: GateResult | None) -> Iterator[Symptom]:
    at_work = stream.stage is Stage.RUNNING and stream.pull is not None and stream.pull.checks
    if at_work and gate is not None and gate.since is not None and view.now - gate.since >= ENDLESS:
        yield _symptom(
            "not-checked", f"The checks of {_name(stream)} have not ended since {when(gate.since)}",
            "it cannot merge before", "Cancel what runs and run it again, or push to it",
        )  # fmt: skip


def _not_its_turn(view: PlanView, stream: WorkstreamView, gate: GateResult | None) -> Iterator[Symptom]:
    holder = view.train.holder
    if holder is None or holder == view.issue.number or gate is None or gate.since is None:
        return
    if view.now - gate.since >= ENDLESS:
        yield _symptom(
            "not-its-turn",
            f"{_name(stream)} has waited since {when(gate.since)} for its turn on {code(view.base.name)}",
            f"plan #{holder} has it", f"Look at plan #{holder}: mend it, pause it or cancel it",
        )  # fmt: skip


def _name(stream: WorkstreamView) -> str:
    return f"**{name(stream.workstream.key)}**"


def _symptom(code_: str, what: str, why: str, remedy: str) -> Symptom:
    return Symptom(code=code_, health=Health.PROBLEM, what=what, why=why, remedy=remedy)
