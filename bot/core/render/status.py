"""The one status comment on a plan's issue: a preview before the start, then where everything stands.

Must not show anything that changes by the mere passing of time: the comment is written only when its text differs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from bot.core.ledger import Checkpoint, Landing, Stray, unverified
from bot.core.model import Mode, Order, PlanState, Severity, Sha, Stage
from bot.core.render import difference, forecast, notices, rollback
from bot.core.render.graph import graph
from bot.core.render.parts import (
    COMMENT_LIMIT,
    bullets,
    counted,
    inline,
    link,
    listed,
    sections,
    sentence,
    size,
    stopped,
    table,
    unbroken,
    when_cell,
)
from bot.core.render.preview import preview
from bot.core.render.words import (
    FINISHED,
    REASON_LIMIT,
    lowered,
    pull_link,
    queue_words,
    skip_words,
    stage_words,
    stream_text,
    title_text,
    wait_of,
    wait_words,
)
from bot.core.text import code, login, name, when
from bot.core.verify import Finding
from bot.core.views import PlanView, WorkstreamView

TABLE_LIMIT = 25_000  # bytes; all limits of a comment together stay below COMMENT_LIMIT
SKIPPED_LIMIT = 5_000  # bytes
CHECKPOINTS_LIMIT = 2_000  # bytes
STRAYS_SHOWN = 5  # commits by others that are listed
STRAYS_LIMIT = 2_000  # bytes
FIRST_IN_LINE = 3  # so many workstreams are named as next

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def status_comment(
    view: PlanView,
    refusals: Mapping[str, str] = MappingProxyType({}),
    tested: str = "",
    limit: int = COMMENT_LIMIT,
) -> str:
    """Return the comment's markdown without its hidden lines.

    `refusals`: action -> GitHub's words; `tested`: a section; graphs have to fit into `limit` (bytes) with everything else.
    """
    if view.state is PlanState.PREVIEW:
        return preview(view)
    above = sections(
        f"## Signalbox: {progress(view)}",
        headline(view),
        notices.problems(tuple(each for each in view.problems if each.severity is Severity.ERROR)),
        notices.refused(refusals),
        notices.config(view),
        notices.symptoms(view.symptoms),
        rollback.frozen(view),
        _rollbacks(view),
        difference.edited(view),
    )
    middle = sections(
        difference.left_out(view),
        notices.out_of_order(view),
        sections(_landed(view), rollback.done(view)) if view.state is PlanState.COMPLETED else _workstreams(view),
        _train(view),
        _strays(view),
        forecast.forecast(view),
        tested,
        _skipped(view),
    )
    below = sections(_checkpoints(view), _footer(view))
    room = limit - size(above) - size(middle) - size(below) - 20  # what is left for graphs
    edit = difference.marked_graph(view, room)
    return sections(above, edit, middle, graph(view, room - size(edit)), below)


def progress(view: PlanView) -> str:
    """Return how far the plan is: "3 of 5 done"."""
    done = sum(each.stage is Stage.DONE for each in view.streams)
    skipped = sum(each.workstream.key in view.intent.skipped and each.stage is not Stage.DONE for each in view.streams)
    words = f"{done} of {len(view.streams)} done"
    if skipped:
        words += f", {skipped} skipped"
    match view.state:
        case PlanState.PAUSED:
            return f"paused, {words}"
        case PlanState.CANCELLED:
            return f"cancelled, {words}"
        case PlanState.COMPLETED:
            return f"complete, {words}"
        case _:
            return words


def headline(view: PlanView) -> str:
    """Return in one line what happens next, or why nothing does."""
    match view.state:
        case PlanState.PREVIEW:
            return "Nobody has started this plan yet."
        case PlanState.COMPLETED:
            what = "Everything that was not skipped" if view.intent.skipped else "Everything"
            return f"**This plan is complete.** {what} landed on {code(view.base.name)}."
        case PlanState.CANCELLED:
            return f"**Cancelled{_by(view.intent.cancelled)} Branches and pull requests stay as they are."
        case PlanState.PAUSED:
            return f"**Paused{_by(view.intent.paused)} Nothing merges until somebody says `/signalbox resume`."
        case PlanState.RUNNING:
            return next_line(view)


def next_line(view: PlanView) -> str:
    """Return what merges next, or what the first in line wait for."""
    if view.rollback is not None and (step := rollback.next_step(view, view.rollback)):
        return step
    following = view.next_to_merge
    if following is not None:
        how = (
            "Signalbox merges it now" if view.config.mode is Mode.AUTO else "it may merge, somebody has to press merge"
        )
        how = lowered(queue_words(following)) or how
        return f"**Next to merge:** {stream_text(following)}: {how}."
    line = [wait_words(each, wait_of(view, each)) for each in first_in_line(view)]
    if len(line) == 1:
        return f"**Next in line:** {stopped(line[0])}"
    return "\n".join(["**Next in line:**", *(f"- {each}" for each in line)]) if line else ""


def first_in_line(view: PlanView) -> tuple[WorkstreamView, ...]:
    """Return the first unfinished workstreams that wait for no other one, in plan order."""
    line = [each for each in view.streams if each.stage not in FINISHED and all(need.met for need in each.needs)]
    still_planned = [each for each in line if each.removed is None]  # what edits left out has a section of its own
    return tuple((still_planned or line)[:FIRST_IN_LINE])


def _by(order: Order | None) -> str:
    if order is None:
        return ".**"
    reason = f" Reason: {stopped(inline(order.reason, REASON_LIMIT))}" if order.reason.strip() else ""
    return f" by {login(order.by)} on {when(order.at)}.**{reason}"


def _workstreams(view: PlanView) -> str:
    rows = []
    for stream in view.streams:
        wait = wait_of(view, stream)
        names = f"**{name(stream.workstream.key)}** {title_text(stream.workstream)}"
        stage, since = unbroken(stage_words(stream.stage)), when_cell(wait.since)
        rows.append((names, stage, pull_link(stream), wait.text, since))
    head = ("Workstream", "Stage", "Pull", "Waits for", "Since")
    return sections("### Workstreams", table(head, rows, TABLE_LIMIT))


def _landed(view: PlanView) -> str:
    """The order in which everything was merged."""
    landed = [each for each in view.streams if each.stage is Stage.DONE and each.pull is not None]
    # GitHub's times have whole seconds: what landed in one second is told apart by its wave
    wave = {key: number for number, keys in enumerate(view.waves) for key in keys}
    landed.sort(
        key=lambda each: (
            (each.pull.merged_at if each.pull is not None else None) or _NO_TIME,
            wave.get(each.workstream.key, 0),
        )
    )
    rows = [_landing(view, number, each) for number, each in enumerate(landed, 1)]
    head = ("No.", "Workstream", "Pull", "Merged", "By", "Commit")
    return sections("### Order of merging", table(head, rows, TABLE_LIMIT)) if rows else ""


def _skipped(view: PlanView) -> str:
    """What was left out, by whom and why."""
    orders = ((each, view.intent.skipped.get(each.workstream.key)) for each in view.streams)
    items = [f"{stream_text(each)} {skip_words(order)}" for each, order in orders if order is not None]
    return sections("### Skipped", bullets(items, SKIPPED_LIMIT)) if items else ""


def _landing(view: PlanView, number: int, stream: WorkstreamView) -> tuple[str, ...]:
    pull = stream.pull
    assert pull is not None
    return (
        str(number),
        f"**{name(stream.workstream.key)}** {title_text(stream.workstream)}",
        pull_link(stream),
        when_cell(pull.merged_at) if pull.merged_at is not None else "",
        login(pull.merged_by) if pull.merged_by is not None else "",
        _commit_link(view, pull.merge_sha) if pull.merge_sha is not None else "",
    )


def _checkpoints(view: PlanView) -> str:
    if not view.checkpoints:
        return ""
    items = (_checkpoint(view, each) for each in reversed(view.checkpoints))
    return sections("### Checkpoints", bullets(items, CHECKPOINTS_LIMIT))


def _checkpoint(view: PlanView, checkpoint: Checkpoint) -> str:
    """Name, commit, what had landed, what was seen; and what somebody did to its tag."""
    tag = f"signalbox/{view.issue.number}/{checkpoint.name}"
    landed = f", with {listed([name(key) for key in checkpoint.landed], most=6)}" if checkpoint.landed else ""
    seen = f": {'; '.join(checkpoint.evidence)}" if checkpoint.evidence else ""
    note = ""
    if checkpoint.tagged and tag not in view.tags:
        note = " Its tag was deleted; this record is what counts."
    elif tag in view.tags and view.tags[tag] != checkpoint.sha:
        note = f" Its tag points at {code(view.tags[tag][:7])} instead; this record is what counts."
    where = _commit_link(view, checkpoint.sha)
    return f"{code(checkpoint.name)} at {where}{landed}{stopped(seen) if seen else '.'}{note}"


def _rollbacks(view: PlanView) -> str:
    """The rollback under way, and what a person has to decide."""
    if view.rollback is None:
        return _broken(view)
    if view.rollback.rollback.unclean and view.rollback.rollback.active:
        return rollback.unclean(view, view.rollback.rollback)
    return sections("### Rollback", sentence(rollback.line(view, view.rollback)))


def _broken(view: PlanView) -> str:
    """What people can do about a broken base where the config leaves it to them, or they closed its rollback."""
    red = [each for each in unverified(view.landings) if _is_red(view, each)]
    if not red or view.state not in {PlanState.RUNNING, PlanState.PAUSED}:
        return ""
    what = link(f"#{red[0].pull}", f"{view.repository.url}/pull/{red[0].pull}")
    back = "`/signalbox rollback` takes it back, " if red[0].key is not None else ""
    return sections(
        f"### {code(view.base.name)} is broken",
        f"**{name(rollback.name_of(red[0]))}** ({what}) broke it: {stopped(view.verifications[red[0].pull].reason)} "
        f"Nothing merges until somebody decides: {back}`/signalbox allow` takes the base as good, "
        "and so does a commit that mends it.",
    )


def _is_red(view: PlanView, landing: Landing) -> bool:
    found = view.verifications.get(landing.pull)
    return found is not None and found.finding is Finding.RED


def _strays(view: PlanView) -> str:
    """What landed on the base by no decision of this plan, since it last was found good."""
    last = view.checkpoints[-1].at if view.checkpoints else None
    fresh = [each for each in view.strays if last is None or each.at is None or each.at >= last]
    if not fresh or view.state is PlanState.COMPLETED:
        return ""
    shown = [_stray(view, each) for each in reversed(fresh[-STRAYS_SHOWN:])]
    more = f" The newest {STRAYS_SHOWN} of {len(fresh)}:" if len(fresh) > STRAYS_SHOWN else ""
    head = f"By no decision of this plan; everything that is open is judged against them.{more}"
    return sections(f"### Other commits on {code(view.base.name)}", head, bullets(shown, STRAYS_LIMIT))


def _stray(view: PlanView, stray: Stray) -> str:
    pull = f" ({link(f'#{stray.pull}', f'{view.repository.url}/pull/{stray.pull}')})" if stray.pull is not None else ""
    return f"{_commit_link(view, stray.sha)} {inline(stray.headline, 80)} by {inline(stray.author, 60)}{pull}"


def _train(view: PlanView) -> str:
    """Who else waits for the turn on the base."""
    others = [each for each in view.train.waiting if each.issue != view.issue.number]
    if not others or view.state is PlanState.COMPLETED:
        return ""
    items = (f"plan #{each.issue} with {name(each.key)}" for each in others)
    return f"Also waiting for {code(view.base.name)}: {listed(list(items))}."


def _commit_link(view: PlanView, sha: Sha) -> str:
    return link(code(sha[:7]), f"{view.repository.url}/commit/{sha}")


def _footer(view: PlanView) -> str:
    start = view.intent.start
    mode = "Signalbox merges" if view.config.mode is Mode.AUTO else "people press merge"
    since = f"Started by {login(start.by)} on {when(start.at)}. " if start is not None else ""
    if (accepted := view.intent.accepted) is not None:
        since += f"Edit accepted by {login(accepted.by)} on {when(accepted.at)}. "
    return (
        f"<sub>{since}Revision {code(view.revision[:12])} onto {code(view.base.name)}, "
        f"mode {code(view.config.mode.value)} ({mode}). "
        f"{counted(len(view.streams), 'workstream')}. Commands: `/signalbox help`.</sub>"
    )
