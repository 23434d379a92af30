"""Answers to slash commands, written for the person who asked.

Must not decide whether a command is obeyed: commands/ does.
"""

from collections.abc import Mapping, Sequence

from bot.core.commands import Command
from bot.core.model import Key, PlanState, Problem, Role, Severity, Stage
from bot.core.plan.difference import Difference
from bot.core.render.difference import blocking, summary
from bot.core.render.notices import WORDS_LIMIT
from bot.core.render.parts import bullets, counted, inline, link, listed, sections, sentence, stopped, table
from bot.core.render.status import first_in_line, headline, progress
from bot.core.render.words import (
    FINISHED,
    VERDICTS,
    gate_title,
    lowered,
    skip_words,
    stage_words,
    stream_text,
    title_text,
    wait_of,
    wait_words,
    way_on,
)
from bot.core.text import code, cut, login, name, when
from bot.core.views import GateResult, GateVerdict, PlanView, WorkstreamView

REPLY_LIMIT = 10_000  # bytes of a list or table in a reply

#: GitHub's names for the roles.
ROLES: Mapping[Role, str] = {
    Role.NONE: "none",
    Role.READ: "read",
    Role.TRIAGE: "triage",
    Role.WRITE: "write",
    Role.MAINTAIN: "maintain",
    Role.ADMIN: "admin",
}


def status_reply(view: PlanView) -> str:
    """Return where the plan stands, in a few lines."""
    if view.state is PlanState.PREVIEW:
        return (
            f"**Nobody has started {_plan_link(view)} yet.** "
            "The status comment on its issue shows what `/signalbox start` will do."
        )
    lines = (f"{stream_text(each)}: {stage_words(each.stage)}" for each in view.streams)
    return sections(
        f"**{link(f'Plan #{view.issue.number}', view.issue.url)}: {progress(view)}.**",
        headline(view),
        "All workstreams:",
        bullets(lines, REPLY_LIMIT),
    )


def why_reply(view: PlanView, key: Key | None) -> str:
    """Return what the plan (None) or one workstream waits for, who acts next, and since when.

    A plan whose needs run in a circle has no workstream that could be judged; then the plan's own reasons are returned.
    """
    stream = next((each for each in view.streams if each.workstream.key == key), None)
    return _why_plan(view) if stream is None else _why_workstream(view, stream)


def _why_plan(view: PlanView) -> str:
    if view.state is PlanState.PREVIEW:
        errors = [each for each in view.problems if each.severity is Severity.ERROR]
        if errors:
            return start_refused_reply(view)
        return f"Nobody has started {_plan_link(view)} yet. {_WHO_STARTS}"
    waiting = [each for each in view.streams if each.stage not in FINISHED and each not in first_in_line(view)]
    waiting = [each for each in waiting if each is not view.next_to_merge]
    lines = (wait_words(each, wait_of(view, each)) for each in waiting)
    going_on = view.state is PlanState.RUNNING
    behind = sections("Why not more:", bullets(lines, REPLY_LIMIT)) if waiting and going_on else ""
    return sections(headline(view), behind)


def _why_workstream(view: PlanView, stream: WorkstreamView) -> str:
    title = title_text(stream.workstream)
    head = (
        f"{stream_text(stream)}{f' {title}' if title else ''} is {stage_words(stream.stage)} "
        f"since {when(stream.since)}."
    )
    if not stream.gates or stream.stage is Stage.CANCELLED:
        return sections(head, _without_gates(view, stream))
    blocking = stream.blocking
    passing = [gate_title(gate) for gate in stream.gates if gate.verdict is GateVerdict.PASS]
    if not blocking:
        wait = wait_of(view, stream).text
        return sections(head, sentence(f"Every gate passes. It waits for {wait}" if wait else "Every gate passes"))
    return sections(
        head,
        f"{counted(len(blocking), 'gate')} {'does' if len(blocking) == 1 else 'do'} not pass:",
        bullets((_gate_sentence(stream, gate) for gate in blocking), REPLY_LIMIT),
        f"Passing: {listed(passing)}." if passing else "",
    )


def _gate_sentence(stream: WorkstreamView, gate: GateResult) -> str:
    title = link(gate_title(gate), gate.url)
    since = f" Since {when(gate.since)}." if gate.since is not None else ""
    actor = f" Next: {gate.next_actor}." if gate.next_actor else ""
    way = f" {stopped(way_on(stream, gate))}" if way_on(stream, gate) else ""
    return f"**{title}** {VERDICTS[gate.verdict]}: {stopped(lowered(gate.reason))}{way}{actor}{since}"


def _without_gates(view: PlanView, stream: WorkstreamView) -> str:
    pull = stream.pull
    if stream.stage is Stage.DONE and pull is not None:
        by = f" by {login(pull.merged_by)}" if pull.merged_by is not None else ""
        return f"It was merged{by} into {code(view.base.name)}."
    if stream.stage is Stage.CANCELLED:
        order = view.intent.skipped.get(stream.workstream.key)
        why = f"Skipped {skip_words(order)}" if order is not None else stream.note
        return f"{sentence(why)} It does not merge, and nothing waits for it."
    if stream.stage is Stage.FAILED and stream.landing is not None and stream.landing.stands:
        return f"{sentence(stream.note)} {BROKEN_BASE}"
    if stream.stage is Stage.FAILED and pull is not None and pull.merged_at is not None:
        ways = (
            f"Open a pull request from its branch into {code(view.base.name)}, or `/signalbox skip` goes on without it."
        )
        return f"{sentence(stream.note)} {ways}"
    if stream.stage is Stage.FAILED:
        return f"{sentence(stream.note)} `/signalbox retry` reopens it, `/signalbox skip` goes on without it."
    if view.state is PlanState.PREVIEW:
        return f"Nobody has started the plan yet. {_WHO_STARTS}"
    return sentence(stream.note)


def help_reply(commands: Mapping[str, Command]) -> str:
    """Return every command, what it does and who may say it."""
    rows = ((code(each.usage), sentence(each.summary), ROLES[each.role]) for each in commands.values())
    return sections(
        "**Commands.** One per line, at the beginning of the line, in a new comment. `/sb` is short for `/signalbox`.",
        table(("Command", "What it does", "Least role"), rows, REPLY_LIMIT),
        "On a workstream's pull request the key may be left out.",
    )


def start_refused_reply(view: PlanView) -> str:
    """Return why a plan cannot start, with the line of every problem that forbids it."""
    errors = [each for each in view.problems if each.severity is Severity.ERROR]
    return sections(
        f"**Not started: {counted(len(errors), 'problem')} must be mended first.** Nothing was created.",
        _mistakes(errors),
        "Edit the issue, then say `/signalbox start` again.",
    )


def accept_refused_reply(view: PlanView) -> str:
    """Return why an edit cannot come into force, with the line of every problem that forbids it."""
    errors = blocking(view)
    return sections(
        f"**Not accepted: {counted(len(errors), 'problem')} must be mended first.** The text that was in force stays so.",
        _mistakes(errors),
        "Edit the issue, then say `/signalbox accept` again.",
    )


def accepted_reply(view: PlanView, changes: Difference) -> str:
    """Return what came into force, and what is asked about from now on. `view` is from before."""
    what = summary(changes) or "the workstreams themselves read the same"
    known = {each.workstream.key: each for each in view.streams}
    gone = [known[each.key] for each in changes.removed if each.key in known]
    asked = [each for each in gone if each.stage not in FINISHED]
    question = (
        f"No longer in the plan: {listed([stream_text(each) for each in asked])}. Nothing of that was closed; "
        "the status comment says how to decide."
    )
    return sections(f"The edited text is in force: {what}.", question if asked else "")


def _mistakes(errors: Sequence[Problem]) -> str:
    lines = (
        f"{f'Line {each.line}: ' if each.line else ''}{sentence(inline(each.message, WORDS_LIMIT))} "
        f"{sentence(inline(each.hint, WORDS_LIMIT))}"
        for each in errors
    )
    return bullets(lines, REPLY_LIMIT)


def role_refusal(command: Command, role: Role) -> str:
    """Return that somebody may not say a command, and who may."""
    needed = ROLES[command.role]
    has = "no role" if role is Role.NONE else ROLES[role]
    verb = code(f"/signalbox {command.name}")
    return f"{verb} needs the role {needed} or higher in this repository; you have {has}. Nothing was done."


def unknown_verb_reply(verb: str, nearest: str | None) -> str:
    """Return that there is no such command, and which one may have been meant."""
    meant = f" Did you mean {code(f'/signalbox {nearest}')}?" if nearest else ""
    return f"There is no command {code(cut(verb, 50))}.{meant} `/signalbox help` lists all of them. Nothing was done."


def unknown_key_reply(word: str, keys: Sequence[Key]) -> str:
    """Return that the plan has no such workstream, and which it has."""
    known = f" It has {listed([name(key) for key in keys], most=20)}." if keys else ""
    return f"This plan has no workstream {code(cut(word, 60))}.{known} Nothing was done."


def not_a_plan_reply(label: str) -> str:
    """Return that an issue is no plan."""
    return (
        f"This issue is not a plan: it does not carry the label {code(label)}. Add the label, "
        "and Signalbox shows here what it reads in the issue. Nothing was done."
    )


def too_many_lines(most: int) -> str:
    """Return that the commands below in the comment get no answer."""
    return (
        f"The commands below this one in your comment were ignored: of one comment by somebody without the role write "
        f"{most} are answered. Say them again in a new comment if you still need them."
    )


def last_answer(most: int) -> str:
    """Return that what its author says next gets no answer for a while."""
    return (
        f"This was the last answer to you for now: somebody without the role write gets {most} answers an hour in this "
        "repository. What you say before the hour is over is ignored; the status comment on the plan's issue goes on "
        "saying how things stand."
    )


def outside_reply() -> str:
    """Return that a pull belongs to no plan."""
    return (
        "This pull request is not part of a plan, so there is nothing to do here. "
        "Commands work on a plan's issue and on its workstreams' pull requests."
    )


BROKEN_BASE = (
    "`/signalbox rollback` takes it back, `/signalbox allow` takes the base as good; a commit that mends it does, too."
)
_WHO_STARTS = "Somebody with the role maintain or admin may say `/signalbox start` on its issue."


def _plan_link(view: PlanView) -> str:
    return link(f"plan #{view.issue.number}", view.issue.url)
