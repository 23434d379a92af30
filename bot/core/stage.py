"""Where one workstream is: the table of design stages as code, first match wins.

Pure functions of one Standing. Must not remember anything: a stage is derived anew in every turn.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.facts import CheckState, PullFacts, PullState, WorkstreamFacts
from bot.core.ledger import Landing
from bot.core.liveness import STUCK
from bot.core.model import Branch, Intent, Key, Order, PlanState, Stage
from bot.core.text import code, cut
from bot.core.verify import Finding, Verification
from bot.core.views import GateResult, GateVerdict, Need

OWN_GATES = frozenset({"draft", "checks", "review", "acceptance", "mergeable"})  # what the workstream can do itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that a stage is derived from."""

    key: Key
    plan: PlanState
    intent: Intent
    base: Branch
    pull: PullFacts | None
    needs: tuple[Need, ...]
    gates: tuple[GateResult, ...]
    has_work: bool
    failed_checks: tuple[str, ...]  # names, of those that count
    landing: Landing | None = None  # of the pull, once the base shows it
    unseen: bool = False  # as in WorkstreamView
    found: Verification | None = None  # of that landing, while it is not verified

    def passes(self, *names: str) -> bool:
        """Say whether every gate of these names passes."""
        return all(gate.verdict is GateVerdict.PASS for gate in self.gates if gate.gate in names)


def stage_of(at: Standing) -> tuple[Stage, str]:
    """Return the stage, and why where the gates do not say it."""
    landed = _landed(at) if at.key not in at.intent.skipped else None
    if landed is not None:
        return landed
    if at.key in at.intent.skipped:
        return Stage.CANCELLED, f"Skipped by {code(at.intent.skipped[at.key].by)}"
    if at.intent.cancelled is not None:
        return Stage.CANCELLED, "The plan is cancelled"
    if at.pull is None:
        return (
            Stage.READY if all(need.met for need in at.needs) else Stage.WAITING
        ), "Branch and pull are being opened"
    return _open_stage(at, at.pull)


def is_unseen(pull: PullFacts | None, landing: Landing | None, waited: timedelta) -> bool:
    """Say whether the base should long have shown a merge and does not. `waited`: since the pull was seen to be merged."""
    return pull is not None and pull.state is PullState.MERGED and landing is None and waited >= STUCK


def is_given_up(skipped: Order | None, pull: PullFacts) -> bool:
    """Say whether it was skipped after it was merged: that is possible only if the base does not show the merge."""
    return skipped is not None and pull.merged_at is not None and skipped.at > pull.merged_at


def _landed(at: Standing) -> tuple[Stage, str] | None:
    if at.pull is None or at.pull.state is not PullState.MERGED:
        return None
    if at.pull.base != at.base:
        return Stage.FAILED, f"Merged into {code(at.pull.base)}, not into {code(at.base)}"
    if at.landing is None:
        return Stage.VERIFYING, _unseen(at) if at.unseen else f"Merged; {code(at.base)} does not show it yet"
    if not at.landing.stands:
        how = f"by rollback {at.landing.undone}" if at.landing.undone else "by hand"
        return Stage.ROLLED_BACK, f"Taken back {how}; {code(cut(f'/signalbox retry {at.key}', 100))} brings it anew"
    if at.landing.green is not None:
        return Stage.DONE, ""
    return _unverified(at.found)


def _unseen(at: Standing) -> str:
    """GitHub says that it was merged and the base has lost it again: by a force-push, for one."""
    assert at.pull is not None
    commit = f" as {code(at.pull.merge_sha[:7])}" if at.pull.merge_sha is not None else ""
    skip = code(cut(f"/signalbox skip {at.key}", 100))
    return f"Merged{commit}, but {code(at.base)} does not hold it: push it back there, or {skip} goes on without it"


def _unverified(found: Verification | None) -> tuple[Stage, str]:
    if found is None or found.finding is Finding.WAIT or found.finding is Finding.GREEN:
        return Stage.VERIFYING, found.reason if found is not None else ""
    if found.finding is Finding.RED:
        return Stage.FAILED, f"Merged, but the base is broken: {found.reason}"
    return Stage.VERIFYING, f"{found.reason}; {found.next_actor} has to look, `/signalbox allow` takes the base as good"


def _open_stage(at: Standing, pull: PullFacts) -> tuple[Stage, str]:
    if pull.state is PullState.CLOSED:
        return Stage.FAILED, "Closed without being merged"
    if at.failed_checks:
        return Stage.FAILED, f"{_names(at.failed_checks)} failed"
    if not at.passes("hold", "paused"):
        return Stage.HELD, ""
    if (at.passes("draft", "checks") and not at.passes("review", "acceptance")) or _conflicts(at):
        return Stage.NEEDS_QA, ""
    if all(gate.verdict is GateVerdict.PASS for gate in at.gates):
        return Stage.MERGEABLE, ""
    if at.passes(*(OWN_GATES - {"mergeable"})):
        return Stage.QUEUED, ""  # also while GitHub still computes whether it could merge
    if at.has_work or any(check.state is CheckState.PENDING for check in pull.checks):
        return Stage.RUNNING, ""
    return (Stage.READY if all(need.met for need in at.needs) else Stage.WAITING), ""


def _conflicts(at: Standing) -> bool:
    human = {gate.gate for gate in at.gates if gate.verdict in {GateVerdict.NEEDS_HUMAN, GateVerdict.BLOCK}}
    return at.passes("draft", "checks") and "mergeable" in human


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(code(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def pick_pull(facts: WorkstreamFacts, *, belongs: frozenset[int], base: Branch) -> PullFacts | None:
    """Return the pull that stands for a workstream among those of its branch, None if there is none.

    `belongs` holds the numbers of the pulls that are the plan's (see judge.py); a branch may have older ones of its own.
    A merged one wins over an open one, an open one over a closed one, the newer over the older. One that aims, or was
    merged, elsewhere than into `base` comes after all that are still open: nobody can put it in the way of the plan's.
    """
    order = [
        (PullState.MERGED, True), (PullState.OPEN, True), (PullState.OPEN, False),
        (PullState.MERGED, False), (PullState.CLOSED, True), (PullState.CLOSED, False),
    ]  # fmt: skip
    known = [pull for pull in facts.pulls if pull.number in belongs]
    return min(known, key=lambda pull: order.index((pull.state, pull.base == base)), default=None)
