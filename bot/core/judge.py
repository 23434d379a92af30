"""From facts and memory to the whole picture: stages and gates of every workstream, in the order of their needs.

Second step of every turn. Must not choose actions (decide.py) or words for a surface (render/).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import liveness, merge_queue, registry, rollback, surroundings
from bot.core.facts import Facts, PullFacts, PullState, Seen, WorkstreamFacts
from bot.core.gates import Case, Gate, Unproven
from bot.core.gates.checks import failed_checks
from bot.core.ledger import current_rollback, landing_of, last_proven, unverified
from bot.core.memory import Memory
from bot.core.model import Branch, Intent, Key, PlanState, Problem, PullNumber, Removal, Stage, Workstream
from bot.core.plan.graph import find_cycle, waves
from bot.core.render.brief import is_opening_commit, read_workstream_marker
from bot.core.stage import Standing, is_given_up, is_unseen, pick_pull, stage_of
from bot.core.survey import Survey, survey, text_of
from bot.core.text import login, when
from bot.core.verify import Look, Verification, verify
from bot.core.views import GateResult, GateVerdict, Need, PlanView, RollbackView, WorkstreamView

CLOCK_SKEW = timedelta(minutes=5)  # how far GitHub's clock and ours may be apart

_LANDED = frozenset({Stage.DONE, Stage.VERIFYING, Stage.ROLLED_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """What stays the same while the workstreams are judged one by one."""

    facts: Facts
    memory: Memory
    survey: Survey
    state: PlanState
    found: Mapping[PullNumber, Verification]  # of the landings that are not verified yet
    unproven: Unproven | None = None
    returning: RollbackView | None = None

    def since(self, key: str, value: str) -> datetime:
        """When this value was first seen; now, if it was not."""
        seen = self.memory.seen.get(key)
        return seen.since if seen is not None and seen.value == value else self.facts.now


def judge(facts: Facts, memory: Memory) -> PlanView:
    """Return how everything stands. Deterministic: the same facts and memory give the same view."""
    judging, returning = _begin(facts, memory)
    found, plan = judging.survey, judging.survey.plan
    order = () if find_cycle(plan) else waves(plan)
    streams = _views(judging, order)
    view = PlanView(
        state=PlanState.COMPLETED if _is_complete(judging, streams) else judging.state,
        plan=plan,
        revision=found.revision,
        pending=found.pending,
        problems=(*plan.problems, *_surroundings(judging)),
        pending_since=_pending_since(judging),
        pending_problems=_pending_problems(judging),
        config=found.config,
        config_problems=found.config_problems,
        intent=memory.intent,
        repository=facts.repository,
        issue=facts.issue,
        base=facts.base,
        streams=streams,
        waves=order,
        tags=facts.tags,
        now=facts.now,
        checkpoints=memory.checkpoints,
        landings=memory.landings,
        verifications=judging.found,
        rollback=returning,
        rollbacks=memory.rollbacks,
        strays=memory.strays,
        trials=memory.trials,
        train=facts.train,
        lost=memory.lost,
    )
    return replace(view, symptoms=liveness.symptoms(view, memory, facts.app_id))


def _begin(facts: Facts, memory: Memory) -> tuple[_Judging, RollbackView | None]:
    """Return what all workstreams are judged by, and the rollback that is to be looked after, active or not."""
    found = survey(body=facts.issue.body, title=facts.issue.title, config_source=facts.config_source, memory=memory)
    verifications = _verifications(facts, memory, found)
    judging = _Judging(facts=facts, memory=memory, survey=found, state=_state(memory.intent), found=verifications)
    returning = _rollback_view(judging)
    active = returning if returning is not None and returning.rollback.active else None
    return replace(judging, unproven=_unproven(judging), returning=active), returning


def seen_of(view: PlanView, read_at: datetime) -> Mapping[str, Seen]:
    """Return what is to be remembered of a view, so that the next one knows since when things are as they are.

    `read_at` is when the read had ended: whoever approved before cannot have meant a head that only it showed.
    """
    seen: dict[str, Seen] = {}
    if view.pending is not None and view.pending_since is not None:
        seen["edit"] = Seen(value=text_of(view.issue.body), since=view.pending_since)
    for stream in view.streams:
        key = stream.workstream.key
        seen[f"stage/{key}"] = Seen(value=stream.stage.value, since=stream.since)
        for gate in stream.gates:
            if gate.since is not None:
                head = stream.pull.head_sha if stream.pull is not None else ""
                seen[f"gate/{key}/{gate.gate}"] = Seen(value=_moment(gate, head), since=gate.since)
        if stream.pull is not None:
            seen[f"head/{key}"] = Seen(value=stream.pull.head_sha, since=view.now)
            seen[f"shown/{key}"] = Seen(value=stream.pull.head_sha, since=read_at)
    if view.rollback is not None and view.rollback.pull is not None:
        seen.update(_seen_of_rollback(view.rollback, view.rollback.pull, view.now))
    return seen


def _seen_of_rollback(view: RollbackView, pull: PullFacts, now: datetime) -> dict[str, Seen]:
    key = f"rollback {view.rollback.number}"
    gates = {
        f"gate/{key}/{gate.gate}": Seen(value=_moment(gate, pull.head_sha), since=gate.since)
        for gate in view.gates
        if gate.since is not None
    }
    return {**gates, f"head/{key}": Seen(value=pull.head_sha, since=now)}


def merge_seen(old: Mapping[str, Seen], new: Mapping[str, Seen]) -> Mapping[str, Seen]:
    """Keep the older time of every value that did not change; forget what is no longer there."""
    return {
        key: old[key] if key in old and old[key].value == value.value and old[key].since <= value.since else value
        for key, value in new.items()
    }


def _verifications(facts: Facts, memory: Memory, found: Survey) -> Mapping[PullNumber, Verification]:
    """Judge the base with each landing in that is not verified yet."""
    look = Look(
        commits=facts.commits, tip=facts.base.sha, config=found.config, allowed=None, now=facts.now,
        proven=last_proven(memory.landings),
    )  # fmt: skip
    return {
        each.pull: verify(each, replace(look, allowed=memory.intent.allowed.get(each.sha)))
        for each in unverified(memory.landings)
    }


def _unproven(judging: _Judging) -> Unproven | None:
    """The plan's oldest merge that is not verified; one that the base does not show yet comes last."""
    memory = judging.memory
    for each in unverified(memory.landings):
        what = each.key or f"rollback {each.rollback}"
        return Unproven(what=what, pull=each.pull, found=judging.found.get(each.pull))
    if memory.intent.start is None:
        return None
    for stream in judging.survey.plan.workstreams:
        pull = _pull_of(judging, stream, judging.facts.workstreams.get(stream.key, WorkstreamFacts()))
        if pull is not None and is_given_up(memory.intent.skipped.get(stream.key), pull):
            continue
        merged = pull is not None and pull.state is PullState.MERGED and pull.base == judging.facts.base.name
        if merged and pull is not None and landing_of(memory.landings, pull.number) is None:
            return Unproven(what=stream.key, pull=pull.number, found=None)
    return None


def _rollback_view(judging: _Judging) -> RollbackView | None:
    """The rollback that is to be looked after, with the gates of its open pull."""
    facts, memory = judging.facts, judging.memory
    current = current_rollback(memory.rollbacks, memory.landings)
    if current is None:
        return None
    pull = rollback.pull_of(facts, current)
    view = RollbackView(rollback=current, branch=current.branch(facts.issue.number), pull=pull)
    if pull is None or pull.state is not PullState.OPEN:
        return view
    stream = rollback.stand_in(current)
    case = Case(
        facts=facts, plan=judging.survey.plan, stream=stream, pull=pull, needs=(), intent=memory.intent,
        config=judging.survey.config, has_work=True, drafts=True,
        head_since=judging.since(f"head/{stream.key}", pull.head_sha),
    )  # fmt: skip
    gates = tuple(_dated(judging, stream.key, gate, pull.head_sha) for gate in rollback.gates_of(current, case))
    queued = memory.queued.get(merge_queue.called(current.number))
    return replace(view, gates=gates, ejected=merge_queue.is_ejected(queued, pull, facts.base, None))


def _state(intent: Intent) -> PlanState:
    if intent.cancelled is not None:
        return PlanState.CANCELLED
    if intent.start is None:
        return PlanState.PREVIEW
    return PlanState.PAUSED if intent.paused is not None else PlanState.RUNNING


def _is_complete(judging: _Judging, streams: tuple[WorkstreamView, ...]) -> bool:
    if judging.state not in {PlanState.RUNNING, PlanState.PAUSED}:
        return False
    back = judging.returning is not None or judging.unproven is not None
    return bool(streams) and not back and all(each.stage in {Stage.DONE, Stage.CANCELLED} for each in streams)


def _views(judging: _Judging, order: Iterable[Iterable[Key]]) -> tuple[WorkstreamView, ...]:
    """Judge the workstreams, each after those that it needs; return them in the plan's order."""
    plan = judging.survey.plan
    views: dict[Key, WorkstreamView] = {}
    for key in (key for wave in order for key in wave):
        stream = plan.workstream(key)
        assert stream is not None
        views[key] = _view(judging, stream, tuple(_need(views[each]) for each in plan.prerequisites(key)))
    return tuple(views[each.key] for each in plan.workstreams if each.key in views)


def _view(judging: _Judging, stream: Workstream, needs: tuple[Need, ...]) -> WorkstreamView:
    facts, memory = judging.facts, judging.memory
    branch = judging.survey.branches.get(stream.key, Branch(""))
    found = _on_branch(facts.workstreams.get(stream.key, WorkstreamFacts()), branch)
    pull = _pull_of(judging, stream, found) if memory.intent.start is not None else None
    has_work = pull is not None and (pull.changed_files > 0 or not is_opening_commit(pull.head_message))
    current = found.branch is not None and pull is not None and found.branch.sha == pull.head_sha
    behind = found.branch.behind if found.branch is not None and current else None
    gates, failed = _gates(judging, stream, pull, needs, has_work=has_work, behind=behind)
    landing = landing_of(memory.landings, pull.number) if pull is not None else None
    unseen = is_unseen(pull, landing, facts.now - judging.since(f"stage/{stream.key}", Stage.VERIFYING.value))
    stage, note = stage_of(
        Standing(
            key=stream.key, plan=judging.state, intent=memory.intent, base=facts.base.name, pull=pull, needs=needs,
            gates=gates, has_work=has_work, failed_checks=failed, landing=landing, unseen=unseen,
            found=judging.found.get(pull.number) if pull is not None else None,
        )
    )  # fmt: skip
    removed = memory.intent.removed.get(stream.key)
    if removed is not None and pull is None and stage in {Stage.READY, Stage.WAITING}:
        stage, note = Stage.HELD, _left_out(removed)  # nothing is laid for it any more
    return WorkstreamView(
        workstream=stream,
        branch=branch,
        stage=stage,
        since=_stage_since(judging, stream.key, stage, pull),
        needs=needs,
        gates=gates,
        pull=pull,
        branch_sha=found.branch.sha if found.branch is not None else None,
        landed_out_of_order=_out_of_order(judging, stream.key, needs, pull) if stage in _LANDED else (),
        behind=behind,
        landing=landing,
        unseen=unseen,
        removed=removed,
        ejected=merge_queue.is_ejected(
            memory.queued.get(stream.key), pull, facts.base, memory.intent.merges.get(stream.key)
        ),
        note=note,
    )


def _gates(
    judging: _Judging, stream: Workstream, pull: PullFacts | None, needs: tuple[Need, ...], *, has_work: bool,
    behind: int | None,
) -> tuple[tuple[GateResult, ...], tuple[str, ...]]:  # fmt: skip
    """Ask every gate about an open pull; return the answers and the checks that failed. Nothing else is asked about."""
    if pull is None or pull.state is not PullState.OPEN:
        return (), ()
    facts, memory = judging.facts, judging.memory
    case = Case(
        facts=facts, plan=judging.survey.plan, stream=stream, pull=pull, needs=needs, intent=memory.intent,
        config=judging.survey.config, has_work=has_work, drafts=memory.drafts, behind=behind,
        head_since=judging.since(f"head/{stream.key}", pull.head_sha),
        unproven=judging.unproven, returning=judging.returning,
    )  # fmt: skip
    gates = tuple(_dated(judging, stream.key, _ask(gate, case), pull.head_sha) for gate in registry.load_gates())
    return gates, failed_checks(case) if has_work else ()


def _ask(gate: Gate, case: Case) -> GateResult:
    """A gate's answer. What an accepted edit left out is held back by that, whatever else holds it."""
    result = gate.check(case)
    removed = case.intent.removed.get(case.key)
    if gate.name != "hold" or removed is None or case.key in case.intent.skipped:
        return result
    return GateResult(
        gate=gate.name, verdict=GateVerdict.NEEDS_HUMAN, reason=_left_out(removed), next_actor="a maintainer"
    )


def _left_out(removed: Removal) -> str:
    return f"No longer in the plan since {login(removed.by)} accepted an edit on {when(removed.at)}"


def _stage_since(judging: _Judging, key: Key, stage: Stage, pull: PullFacts | None) -> datetime:
    if stage is Stage.DONE and pull is not None and pull.merged_at is not None:
        return pull.merged_at
    return judging.since(f"stage/{key}", stage.value)


def _on_branch(found: WorkstreamFacts, branch: Branch) -> WorkstreamFacts:
    """What was found for a workstream, if it is on its branch: a command may have given it another one since the read."""
    if found.branch is not None and found.branch.name != branch:
        return WorkstreamFacts()
    return replace(found, pulls=tuple(pull for pull in found.pulls if pull.head == branch))


def _pull_of(judging: _Judging, stream: Workstream, found: WorkstreamFacts) -> PullFacts | None:
    """The plan's pull for a workstream: marked as such in its body, or opened on its branch since it is in the plan.

    A branch name may serve several plans, one after the other: what an older or a newer one opened on it must not count.
    """
    intent = judging.memory.intent
    start = intent.start
    assert start is not None
    begun = intent.joined[stream.key].at if stream.key in intent.joined else start.at
    mine = (judging.facts.issue.number, stream.key)
    markers = {pull.number: read_workstream_marker(pull.body) for pull in found.pulls}
    belongs = frozenset(
        pull.number
        for pull in found.pulls
        if markers[pull.number] == mine
        or (markers[pull.number] is None and pull.created_at >= begun)  # both by GitHub's clock
    )
    return pick_pull(found, belongs=belongs, base=start.base)


def _dated(judging: _Judging, key: Key, result: GateResult, head: str) -> GateResult:
    return replace(result, since=judging.since(f"gate/{key}/{result.gate}", _moment(result, head)))


def _moment(result: GateResult, head: str) -> str:
    """What has to stay the same for a gate's "since" to stay: the verdict, and what it is about.

    Checks are about a head, a review about what the reviewers said. The rest keeps its time while only its words change.
    """
    about = {"checks": head, "review": result.reason}.get(result.gate, "")
    return f"{result.verdict.value}/{about}"


def _need(view: WorkstreamView) -> Need:
    met = view.stage is Stage.DONE or view.stage is Stage.CANCELLED
    blocking = view.blocking
    waits_for = view.note or (blocking[0].reason if blocking else view.stage.value.replace("-", " "))
    return Need(
        key=view.workstream.key,
        stage=view.stage,
        met=met,
        pull=view.pull.number if view.pull is not None else None,
        waits_for="" if met else waits_for,
        next_actor="a maintainer" if view.stage is Stage.FAILED and view.landing is not None else "",
    )


def _out_of_order(judging: _Judging, key: Key, needs: tuple[Need, ...], pull: PullFacts | None) -> tuple[Key, ...]:
    """Needs that landed later than this one, or not at all. What we merged ourselves was in order when it landed."""
    if pull is None or pull.merged_at is None or (pull.merged_by == pull.author and pull.author.endswith("[bot]")):
        return ()
    late: list[Key] = []
    for need in needs:
        stream = judging.survey.plan.workstream(need.key)
        assert stream is not None
        other = _pull_of(judging, stream, judging.facts.workstreams.get(need.key, WorkstreamFacts()))
        landed = other.merged_at if other is not None else None
        if need.key not in judging.memory.intent.skipped and (landed is None or landed > pull.merged_at):
            late.append(need.key)
    return tuple(late)


def _surroundings(judging: _Judging) -> tuple[Problem, ...]:
    if judging.memory.intent.start is not None:
        return surroundings.after_start(judging.facts)
    again = bool(judging.memory.lost)
    return surroundings.before_start(judging.facts, judging.survey.plan, judging.survey.branches, again=again)


def _pending_problems(judging: _Judging) -> tuple[Problem, ...]:
    found = judging.survey
    if found.pending is None:
        return ()
    return surroundings.of_edit(
        judging.facts,
        plan=found.plan,
        pending=found.pending,
        branches=found.branches,
        intent=judging.memory.intent,
    )


def _pending_since(judging: _Judging) -> datetime | None:
    """When the text that is not in force was written. Ticks that came later change the issue, but not that text."""
    if judging.survey.pending is None:
        return None
    issue = judging.facts.issue
    seen = judging.memory.seen.get("edit")
    if seen is not None and seen.value == text_of(issue.body):
        return seen.since
    return issue.edited_at or judging.facts.read_at
