"""Command: put the edited text of a running plan into force. Must not lay or close anything: decide.py goes by the new intent."""

from dataclasses import replace

from bot.core.commands import Command, CommandCase, Result, Target, done, refused
from bot.core.memory import Memory
from bot.core.model import Acceptance, Intent, Key, Plan, Removal, Role, Sha, Start
from bot.core.plan.difference import Difference, difference
from bot.core.plan.revision import revision_of
from bot.core.render import replies
from bot.core.render.difference import blocking
from bot.core.text import code, login, when


def run(case: CommandCase) -> Result:
    """Refuse with the reasons, or fix the new revision, what it adds and what it leaves out."""
    view, start, pending = case.view, case.intent.start, case.view.pending
    if case.words:
        words = code(" ".join(case.words)[:60])
        return refused(case, f"`/signalbox accept` accepts the whole text and takes no words: leave {words} out.")
    if start is None:
        return refused(case, "The plan has not been started: `/signalbox start` puts its text into force.")
    if not view.issue.open:
        return refused(case, "The plan's issue is closed: reopen it, then accept.")
    if pending is None:
        return _nothing(case)
    if view.pending_since is not None and view.pending_since >= case.call.at:
        # who may edit the issue need not be who may accept: nobody accepts what they have not read. GitHub's times are
        # whole seconds: of two in the same one it is not known which came first
        return refused(case, "The plan was edited after you wrote that: read the difference again, then accept it.")
    sha = case.facts.base.sha
    if sha is None or blocking(view):
        return refused(case, replies.accept_refused_reply(view))
    changes = difference(view.approved, pending)
    memory = _accepted(case, start, pending, changes, sha)
    return replace(done(case, memory.intent, replies.accepted_reply(view, changes)), memory=memory)


def _nothing(case: CommandCase) -> Result:
    accepted = case.intent.accepted
    if accepted is not None:
        return done(case, reply=f"{login(accepted.by)} accepted this text on {when(accepted.at)} already.")
    return refused(
        case, "There is nothing to accept: the text is the one in force. Ticks alone need no acceptance."
    )  # fmt: skip


def _accepted(case: CommandCase, start: Start, pending: Plan, changes: Difference, sha: Sha) -> Memory:
    """The memory with the new text in force. Every workstream that is there keeps its branch, whatever a text says."""
    intent = case.intent
    mine = Acceptance(by=case.call.author, at=case.call.at, base_sha=sha)
    pinned = {**intent.pinned, **{each.workstream.key: each.branch for each in case.view.streams}}
    new = tuple(each.key for each in changes.added if each.key not in pinned)
    return replace(
        case.memory,
        approved_body=case.facts.issue.body,
        approved_plan=pending,
        adopted=(*case.memory.adopted, *(key for key in new if _is_there(case, key))),
        intent=replace(
            intent,
            start=replace(start, revision=revision_of(case.facts.issue.body)),
            accepted=mine,
            joined={**intent.joined, **dict.fromkeys(new, mine)},
            pinned=pinned,
            removed=_removed(intent, pending, changes, mine),
        ),
    )


def _is_there(case: CommandCase, key: Key) -> bool:
    found = case.facts.workstreams.get(key)
    return found is not None and found.branch is not None


def _removed(intent: Intent, pending: Plan, changes: Difference, mine: Acceptance) -> dict[Key, Removal]:
    """What this edit leaves out, and what earlier ones did and this one does not take back in."""
    earlier = {key: removal for key, removal in intent.removed.items() if pending.workstream(key) is None}
    now = {each.key: Removal(title=each.title, by=mine.by, at=mine.at) for each in changes.removed}
    return {**earlier, **now}


COMMAND = Command(
    name="accept",
    usage="/signalbox accept",
    summary=(
        "Put the edited text of a running plan into force: what is new gets branch and pull request, "
        "what was left out is asked about, changed needs count at once"
    ),
    role=Role.MAINTAIN,
    target=Target.PLAN,
    run=run,
)
