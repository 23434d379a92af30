"""What a turn writes into the audit trail: every command with its answer, and every action that is more than display.

After deciding, pure. Must not choose anything: it only says what decide.py concluded, why, and on which commit.
"""

from collections.abc import Iterable

from bot.core.actions import (
    Action,
    AddLabels,
    BuildBranch,
    ClosePull,
    CreateLabel,
    CreateRefs,
    DeleteBranch,
    EditComment,
    EmptyCommit,
    EnqueuePull,
    MarkReady,
    MergePull,
    OpenPull,
    PostComment,
    PutCheck,
    React,
    RemoveLabels,
    ReopenPull,
    RerunJob,
    StartWorkflow,
    TickIssue,
    TryMerge,
    UpdateBranch,
    name_of,
)
from bot.core.decide import Decision
from bot.core.facts import AuditEntry, AuditKind, CommandFacts, Facts, PullFacts
from bot.core.model import Key, NodeId, PlanState, Sha
from bot.core.redaction import without_secrets
from bot.core.render.parts import listed
from bot.core.render.replies import ROLES
from bot.core.views import PlanView, WorkstreamView

#: What only shows how things stand, and a question to git: the trail is about what changes something.
UNTOLD = (AddLabels, RemoveLabels, CreateLabel, PutCheck, PostComment, EditComment, React, TryMerge)
ANSWER_LIMIT = 500  # characters of an answer that are kept
NOT_OBEYED = "ignored"  # outcome of a bot's command, and of one beyond the bounds (commands/bounds.py)

Trail = tuple[tuple[Action | None, AuditEntry], ...]


def trail(facts: Facts, decision: Decision, *, was_open: bool) -> Trail:
    """Return the entries of one turn in their order, an action's with the action. `was_open`: before this turn."""
    view = decision.view
    calls: list[tuple[Action | None, AuditEntry]] = [
        (None, _command(call, decision))
        for call in facts.commands
        if call.id in decision.answers or call.id in decision.ignored
    ]
    deeds = [(each, _action(each, view)) for each in decision.actions if not isinstance(each, UNTOLD)]
    end = [(None, _end(view))] if was_open and not decision.open and _is_over(view) else []
    return (*calls, *deeds, *end)


def _is_over(view: PlanView) -> bool:
    return view.state in {PlanState.COMPLETED, PlanState.CANCELLED}


def _end(view: PlanView) -> AuditEntry:
    if view.state is PlanState.COMPLETED:
        why = "every workstream has landed or was skipped"
    else:
        order = view.intent.cancelled
        why = f"cancelled by {order.by}" if order is not None else ""
    what = f"the plan is {view.state.value}"
    return AuditEntry(at=view.now, kind=AuditKind.PLAN, actor="", what=what, why=why, sha=view.base.sha)


def _command(call: CommandFacts, decision: Decision) -> AuditEntry:
    answer = decision.answers.get(call.id)
    pulls = (each.pull for each in decision.view.streams if each.pull is not None)
    head = next((pull.head_sha for pull in pulls if pull.number == call.pull), None)
    return AuditEntry(
        at=call.at,
        kind=AuditKind.COMMAND,
        actor=call.author,
        what=call.text,
        why=ROLES[call.role],
        sha=head,
        outcome=answer.verdict.value if answer is not None else NOT_OBEYED,
        detail=answer.reply[:ANSWER_LIMIT] if answer is not None else "",
        source=call.source,
        delivery=call.delivery,
    )


def _action(action: Action, view: PlanView) -> AuditEntry:
    what, why, sha = _told(action, view)
    what, why = without_secrets(what), without_secrets(why)  # they name branches and jobs as these are called
    return AuditEntry(at=view.now, kind=AuditKind.ACTION, actor="", what=what, why=why, sha=sha)


def _told(action: Action, view: PlanView) -> tuple[str, str, Sha | None]:
    """Return what an action does, why, and the commit that it is about."""
    match action:
        case MergePull(key=key, head_sha=sha) | EnqueuePull(key=key, expected=sha):
            return f"{name_of(action)}{_number(view, key)}", _why_merged(view, key), sha
        case CreateRefs(refs=refs):
            names = [name.removeprefix("refs/heads/").removeprefix("refs/tags/") for name, _ in refs]
            shas = {sha for _, sha in refs}
            why = "a checkpoint" if refs[0][0].startswith("refs/tags/") else _why_laid(view)
            return f"create {listed(names)}", why, min(shas) if len(shas) == 1 else None
        case OpenPull(key=key, head=head):
            return f"{name_of(action)} on {head}", _why_rolled_back(view, key) or _why_laid(view), None
        case EmptyCommit(branch=branch, expected=sha, headline=headline):
            return f"put an empty commit on {branch}", headline, sha
        case BuildBranch(what=made, branch=branch, onto=sha):
            return f"build {branch}", _why_rolled_back(view, made) or made, sha
        case DeleteBranch(branch=branch, expected=sha):
            return f"delete the branch {branch}", "the plan is complete and its work is on the base", sha
        case UpdateBranch(key=key, expected=sha):
            asked = key in view.intent.updates
            why = "asked for by /signalbox update" if asked else f"the config says update: {view.config.update.value}"
            return name_of(action), why, sha
        case TickIssue():
            return _ticked(action), "the plan shows what is done", None
        case RerunJob(sha=sha):
            return name_of(action), "it failed on the base", sha
        case StartWorkflow(pull=number, ref=base):
            return name_of(action), f"to verify {base} with #{number} merged", view.base.sha
        case MarkReady(pull=node) | ReopenPull(pull=node) | ClosePull(pull=node):
            return _of_pull(action, node, view)
        case _:
            return name_of(action), "", None


def _of_pull(action: Action, node: NodeId, view: PlanView) -> tuple[str, str, Sha | None]:
    pulls = [*(each.pull for each in view.streams), view.rollback.pull if view.rollback is not None else None]
    pull = next((each for each in pulls if each is not None and each.node_id == node), None)
    whys = {MarkReady: "it was handed in", ReopenPull: "asked for by /signalbox retry"}
    why = whys.get(type(action), "the rollback is not wanted any more")
    return f"{name_of(action)} #{pull.number}" if pull is not None else name_of(action), why, _head(pull)


def _head(pull: PullFacts | None) -> Sha | None:
    return pull.head_sha if pull is not None else None


def _stream(view: PlanView, key: str) -> WorkstreamView | None:
    return next((each for each in view.streams if each.workstream.key == key), None)


def _number(view: PlanView, key: str) -> str:
    stream = _stream(view, key)
    pull = stream.pull if stream is not None else view.rollback.pull if view.rollback is not None else None
    return f" (#{pull.number})" if pull is not None else ""


def _why_merged(view: PlanView, key: str) -> str:
    """The gates it passed, and whose wish it is."""
    stream = _stream(view, key)
    if stream is None:
        return _why_rolled_back(view, key)
    wish = view.intent.merges.get(Key(key))
    by = f"asked for by {wish.by}" if wish is not None else f"the config says mode: {view.config.mode.value}"
    return f"{by}; every gate passes: {_words(each.gate for each in stream.gates)}"


def _why_rolled_back(view: PlanView, what: str) -> str:
    """Why there is a rollback, if that is what it is about; else ""."""
    if view.rollback is None or what != f"rollback {view.rollback.rollback.number}":
        return ""
    rollback = view.rollback.rollback
    by = (
        f"asked for by {rollback.by}"
        if rollback.by is not None
        else f"the config says on_red: {view.config.on_red.value}"
    )
    return f"{by}; back to {rollback.to}, over {_words(rollback.keys)}"


def _why_laid(view: PlanView) -> str:
    start, accepted = view.intent.start, view.intent.accepted
    if accepted is not None:
        return f"the plan's text was accepted by {accepted.by}"
    return f"the plan was started by {start.by}" if start is not None else ""


def _ticked(action: TickIssue) -> str:
    done = f"tick {listed(action.keys)}" if action.keys else ""
    back = f"take the tick of {listed(action.back)} back" if action.back else ""
    return "; ".join(each for each in (done, back) if each)


def _words(items: Iterable[str]) -> str:
    return listed(list(items))
