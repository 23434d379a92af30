"""What the train asks of GitHub Actions after a merge: run a failed job again, start a workflow on the base.

Part of choosing actions, pure. Must not judge the base (verify.py, reruns.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.core.actions import Action, Outcome, OutcomeKind, RerunJob, StartWorkflow
from bot.core.ledger import Landing, Rerun, unverified
from bot.core.memory import Memory
from bot.core.model import PlanState
from bot.core.text import cut, plain
from bot.core.verify import Finding
from bot.core.views import PlanView

_LOOKED_AFTER = frozenset({PlanState.RUNNING, PlanState.PAUSED})
_UNDECIDED = frozenset({Finding.WAIT, Finding.UNCLEAR})
WHY_LIMIT = 160  # characters of GitHub's words that a refused re-run is explained with


def asking(view: PlanView) -> Iterator[Action]:
    """Start the config's workflow once for each landing, and run again what failed and may have been a whim."""
    if view.state not in _LOOKED_AFTER:
        return
    for landing in unverified(view.landings):
        found, workflow = view.verifications.get(landing.pull), view.config.verify_workflow
        if found is None or found.finding not in _UNDECIDED:
            continue
        if workflow is not None and not landing.started:
            yield StartWorkflow(workflow=workflow, ref=view.base.name, pull=landing.pull)
        for check in found.again:
            if check.run is not None:
                yield RerunJob(job=check.run, check=check.name, sha=landing.sha)


def noted(view: PlanView, memory: Memory, actions: Sequence[Action]) -> Memory:
    """Note what is to run again before GitHub is asked for it: none can be run more often than allowed, then."""
    wished = [each for each in actions if isinstance(each, RerunJob)]
    landings = tuple(
        replace(landing, reruns=_with(landing, [each for each in wished if each.sha == landing.sha], view))
        for landing in memory.landings
    )
    return replace(memory, landings=landings) if landings != memory.landings else memory


def _with(landing: Landing, wished: Sequence[RerunJob], view: PlanView) -> tuple[Rerun, ...]:
    jobs = {each.job for each in wished}
    others = tuple(each for each in landing.reruns if each.run not in jobs)
    return (*others, *(Rerun(name=each.check, run=each.job, at=view.now) for each in wished))


def learned(memory: Memory, outcomes: Mapping[Action, Outcome]) -> Memory:
    """Return the memory with what became of the wishes. One without a certain end is asked for again."""
    landings = memory.landings
    for action, outcome in outcomes.items():
        if isinstance(action, RerunJob):
            landings = tuple(_answered(each, action, outcome) for each in landings)
        elif isinstance(action, StartWorkflow) and outcome.kind is OutcomeKind.DONE:
            landings = tuple(
                replace(each, started=action.workflow) if each.pull == action.pull else each for each in landings
            )
    return replace(memory, landings=landings) if landings != memory.landings else memory


def _answered(landing: Landing, action: RerunJob, outcome: Outcome) -> Landing:
    def answered(rerun: Rerun) -> Rerun:
        if rerun.run != action.job:
            return rerun
        if outcome.kind is OutcomeKind.REFUSED:
            return replace(rerun, refused=plain(cut(outcome.detail, WHY_LIMIT)) or "GitHub refused it")
        return replace(rerun, taken=outcome.kind is OutcomeKind.DONE)

    return replace(landing, reruns=tuple(answered(each) for each in landing.reruns))
