"""What the required check says about a pull: closed while anything stands in the way, open when every gate passes.

Must never be neutral or skipped: GitHub takes both for a pass
(https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks).
Anything not known to be open is shown as not open.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.actions import CheckAction
from bot.core.facts import Freeze, Mergeable, PullState
from bot.core.model import Mode, PlanState, Stage
from bot.core.render import forecast, notices, rollback
from bot.core.render.parts import SUMMARY_LIMIT, TITLE_LIMIT, link, sections, sentence, stopped, table, when_cell
from bot.core.render.words import (
    LOOKS,
    VERDICTS,
    decisive,
    gate_title,
    queue_place,
    queue_words,
    skip_words,
    stage_words,
    title_text,
    way_on,
)
from bot.core.text import code, cut, name, when
from bot.core.views import GateResult, GateVerdict, PlanView, RollbackView, WorkstreamView

#: Label 20, description 40, identifier 20 characters at most
#: (https://docs.github.com/en/rest/checks/runs#create-a-check-run).
RELEASE = CheckAction(label="Release", description="Let this workstream go on", identifier="release")
RETRY = CheckAction(label="Try again", description="Reopen it, or run its checks again", identifier="retry")
ANEW = CheckAction(label="Try again", description="Bring its change anew, on a new branch", identifier="retry")
MERGE = CheckAction(label="Merge", description="Have Signalbox merge it now", identifier="merge")
UPDATE = CheckAction(label="Update", description="Bring its branch up to the base", identifier="update")
WHY = CheckAction(label="Explain", description="Comment what it waits for, and for whom", identifier="why")

NO_PLAN = "Not part of a plan"  # how the title begins where no plan has a say, or none any more

_CODE_MARK = re.compile(r"(?<!\\)`")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_NOT_OPEN_FOR_REVIEW = frozenset({"hold", "paused"})  # gates that ask for a person even while the work goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckText:
    """What a check run shows. `title` is plain text of at most 200 characters; `summary` and `text` are markdown."""

    status: str  # "in_progress" or "completed"
    conclusion: str | None  # "success", "failure" or "action_required" when completed
    title: str
    summary: str
    text: str = ""
    buttons: tuple[CheckAction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """Status, conclusion and title, before the rest is laid out."""

    title: str
    conclusion: str | None = None  # None = in progress


def outside_check(freeze: Freeze | None = None, plan_url: str | None = None) -> CheckText:
    """Return the check of a pull that belongs to no plan. `freeze`: what stops merges into its base, if anything does."""
    if freeze is not None:
        plan = link(f"plan #{freeze.issue}", plan_url)
        return CheckText(
            status="in_progress",
            conclusion=None,
            title=cut(f"Base frozen: {_unmarked(freeze.words)}", TITLE_LIMIT),
            summary=sections(
                f"Nothing merges into this pull request's base at the moment: {plan} froze it. "
                f"Its reason: {stopped(freeze.words)}",
                "Nothing is wrong with this pull request, and it belongs to no plan. "
                "Its check opens by itself once the freeze is lifted.",
            ),
        )
    return CheckText(
        status="completed",
        conclusion="success",
        title=NO_PLAN,
        summary="No plan has a workstream on this branch, so Signalbox does not stand in the way of this pull request.",
    )


def check_output(view: PlanView, stream: WorkstreamView, status_url: str = "") -> CheckText:
    """Return what the check on a workstream's pull says. `status_url`: the status comment, where it is known."""
    result = _result(view, stream)
    return CheckText(
        status="in_progress" if result.conclusion is None else "completed",
        conclusion=result.conclusion,
        title=cut(result.title, TITLE_LIMIT),
        summary=_summary(view, stream, status_url),
        text=notices.config(view),
        buttons=_buttons(view, stream, result.conclusion),
    )


def rollback_output(view: PlanView, back: RollbackView, status_url: str = "") -> CheckText:
    """Return what the check on a rollback's pull says."""
    blocks = [gate for gate in back.gates if gate.verdict is GateVerdict.BLOCK]
    human = [gate for gate in back.gates if gate.verdict is GateVerdict.NEEDS_HUMAN]
    waits = [gate for gate in back.gates if gate.verdict is GateVerdict.WAIT]
    if back.rollback.dropped:
        result = _Result(title="Not needed any more: close it", conclusion="action_required")
    elif blocks or human or waits:
        conclusion = "failure" if blocks else "action_required" if human else None
        result = _Result(title=_title(blocks or human or waits), conclusion=conclusion)
    else:
        title = "May merge: it takes back what broke the base"
        if back.pull is not None and (back.pull.queued is not None or back.ejected):
            title = queue_place(back.pull.queued)
        result = _Result(title=title, conclusion="success")
    plan = link(f"plan #{view.issue.number}", view.issue.url)
    comment = f" Everything at a glance: {link('status comment', status_url)}." if status_url else ""
    return CheckText(
        status="in_progress" if result.conclusion is None else "completed",
        conclusion=result.conclusion,
        title=cut(result.title, TITLE_LIMIT),
        summary=sections(f"{sentence(rollback.line(view, back))} Part of {plan}.{comment}", _table(back.gates)),
    )


def _result(view: PlanView, stream: WorkstreamView) -> _Result:
    """First match wins: what is over, then a violation, then what a person must do, then what is waited for."""
    settled = _settled(view, stream)
    if settled is not None:
        return settled
    blocks = [gate for gate in stream.gates if gate.verdict is GateVerdict.BLOCK]
    if blocks:
        return _Result(title=_title(blocks), conclusion="failure")
    human = [gate for gate in stream.gates if gate.verdict is GateVerdict.NEEDS_HUMAN and _is_due(stream, gate)]
    if human:
        return _Result(title=_title(human), conclusion="action_required")
    gate = decisive(stream)
    if gate is not None:
        return _Result(title=_title([gate]))
    if stream.stage is not Stage.MERGEABLE or not stream.gates:
        return _Result(title=LOOKS[stream.stage].meaning)
    title = "May merge: every gate passes" if view.config.mode is Mode.AUTO else "May merge; press merge"
    return _Result(title=queue_words(stream) or title, conclusion="success")


def _settled(view: PlanView, stream: WorkstreamView) -> _Result | None:
    """The result where no gate has a say any more; None while the pull may still merge."""
    match stream.stage:
        case Stage.DONE:
            return _Result(title="Merged", conclusion="success")
        case Stage.VERIFYING:
            return _Result(title="Merged, the base is being verified")
        case Stage.ROLLED_BACK:
            return _Result(title="Its merge was reverted", conclusion="action_required")
        case Stage.CANCELLED if view.intent.cancelled is not None or view.state is PlanState.COMPLETED:
            return _Result(title=f"{NO_PLAN} any more", conclusion="success")
        case Stage.CANCELLED:
            return _Result(title=_unmarked(stream.note) or "Skipped", conclusion="action_required")
        case Stage.FAILED if not stream.gates:
            return _Result(title=_unmarked(stream.note) or "Failed", conclusion="action_required")
        case _:
            return None


def _is_due(stream: WorkstreamView, gate: GateResult) -> bool:
    """Whether a person is wanted now: before the work is handed in nobody has to review it."""
    handed_in = all(each.verdict is GateVerdict.PASS for each in stream.gates if each.gate == "draft")
    failed = stream.stage is Stage.FAILED and gate.gate == "checks"
    return handed_in or failed or gate.gate in _NOT_OPEN_FOR_REVIEW


def _title(gates: list[GateResult]) -> str:
    more = f" (and {len(gates) - 1} more)" if len(gates) > 1 else ""
    return cut(_unmarked(gates[0].reason), TITLE_LIMIT - len(more)) + more


def _unmarked(markdown: str) -> str:
    """Return safe markdown as the plain text that it shows: a check's title is no markdown."""
    return html.unescape(_ESCAPED.sub(r"\1", _CODE_MARK.sub("", markdown)))


def _summary(view: PlanView, stream: WorkstreamView, status_url: str) -> str:
    workstream = stream.workstream
    plan = link(f"plan #{view.issue.number}", view.issue.url)
    comment = f" Everything at a glance: {link('status comment', status_url)}." if status_url else ""
    title = f" {title_text(workstream)}" if workstream.title else ""
    head = (
        f"**{name(workstream.key)}**{title} of {plan}: {stage_words(stream.stage)} since {when(stream.since)}.{comment}"
    )
    foreseen = forecast.of_stream(view, stream)
    return sections(head, _explanation(view, stream), foreseen, _gates(stream, SUMMARY_LIMIT // 2))


def _gates(stream: WorkstreamView, limit: int) -> str:
    if stream.stage is Stage.CANCELLED:
        return ""  # no gate has a say any more
    return _table(stream.gates, limit)


def _table(gates: Sequence[GateResult], limit: int = SUMMARY_LIMIT // 2) -> str:
    rows = (
        (
            link(gate_title(gate), gate.url),
            VERDICTS[gate.verdict],
            gate.reason,
            when_cell(gate.since) if gate.since is not None and gate.verdict is not GateVerdict.PASS else "",
            gate.next_actor if gate.verdict is not GateVerdict.PASS else "",
        )
        for gate in gates
    )
    return table(("Gate", "Verdict", "Why", "Since", "Who acts next"), rows, limit) if gates else ""


def _explanation(view: PlanView, stream: WorkstreamView) -> str:
    """What the gate table cannot say."""
    order = view.intent.skipped.get(stream.workstream.key)
    match stream.stage:
        case Stage.MERGEABLE if stream.pull is not None and stream.pull.queued is not None:
            return "Every gate passes. GitHub merges it once the checks of its merge group pass."
        case Stage.MERGEABLE if stream.ejected:
            key = code(cut(f"/signalbox merge {stream.workstream.key}", 100))
            return (
                "Every gate passes, but GitHub's merge queue took it out again: look at the checks of its merge group. "
                f"A push, another merge into the base or {key} puts it in once more."
            )
        case Stage.MERGEABLE if view.config.mode is Mode.MANUAL:
            return "Every gate passes. Press merge; Signalbox does not do it in mode `manual`."
        case Stage.MERGEABLE:
            return "Every gate passes. Signalbox merges it."
        case Stage.CANCELLED if view.intent.cancelled is not None:
            return "The plan was cancelled. Signalbox does not stand in the way of this pull request any more."
        case Stage.CANCELLED if view.state is PlanState.COMPLETED:
            return "The plan is complete without it. Signalbox does not stand in the way of this pull request any more."
        case Stage.CANCELLED:
            how = f"Skipped {skip_words(order)}" if order is not None else "Skipped"
            return (
                f"{stopped(how)} It does not merge as part of this plan, and nothing waits for it. "
                "Close the pull request, or say `/signalbox release` to take it back in."
            )
        case Stage.ROLLED_BACK | Stage.VERIFYING:
            return sentence(stream.note) if stream.note else ""
        case Stage.FAILED if not stream.gates:
            return f"{sentence(stream.note)} What needs it goes on waiting. `/signalbox why` says more."
        case _:
            return " ".join(stopped(way) for way in (way_on(stream, gate) for gate in stream.blocking) if way)


def _buttons(view: PlanView, stream: WorkstreamView, conclusion: str | None) -> tuple[CheckAction, ...]:
    """What lifts what stands in the way, then the explanation: three at most, and none that would surely be refused.

    GitHub shows buttons on completed runs only. Who presses one needs the right that the command takes.
    """
    key = stream.workstream.key
    may_merge = stream.stage is Stage.MERGEABLE and view.config.mode is Mode.MANUAL and key not in view.intent.merges
    if conclusion is None or (conclusion == "success" and not may_merge):
        return ()
    if may_merge:
        return (MERGE, *_update_button(view, stream), WHY)
    if key in view.intent.held or key in view.intent.skipped:
        return (RELEASE, WHY)
    if stream.stage is Stage.ROLLED_BACK:
        return (ANEW, WHY)
    return (*_retry_button(stream), *_update_button(view, stream), WHY)


def _retry_button(stream: WorkstreamView) -> tuple[CheckAction, ...]:
    """For what failed before it landed; a closed pull cannot be reopened without its branch."""
    pull = stream.pull
    if stream.stage is not Stage.FAILED or pull is None or pull.state is PullState.MERGED:
        return ()
    return (RETRY,) if pull.state is PullState.OPEN or stream.branch_sha is not None else ()


def _update_button(view: PlanView, stream: WorkstreamView) -> tuple[CheckAction, ...]:
    """For an open pull that is behind the plan's base and belongs there. A conflict has to be mended by hand."""
    pull = stream.pull
    if pull is None or pull.state is not PullState.OPEN or pull.mergeable is Mergeable.NO:
        return ()
    return (UPDATE,) if stream.behind and pull.base == view.base.name and stream.removed is None else ()
