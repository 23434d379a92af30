"""What an edit of a running plan would change: text, table and graph, shown in the status comment until it is accepted.

Must not say that anything of an edit counts already: the approved text stays in force.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.model import Key, Plan, PlanState, Problem, Severity, Workstream
from bot.core.plan.difference import Aspect, Change, Difference, Waves, difference
from bot.core.render import notices
from bot.core.render.graph import Mark, draw
from bot.core.render.parts import bullets, counted, inline, listed, sections, table
from bot.core.render.words import pull_link, stream_text, title_text
from bot.core.text import code, cut, login, name, when
from bot.core.views import PlanView, WorkstreamView

DIFFERENCE_LIMIT = 4_000  # bytes of the table
BLOCKING_LIMIT = 2_000  # bytes of the table of what blocks an edit
LEFT_OUT_LIMIT = 2_000  # bytes of the list of what an accepted edit left out
ENTRY_LIMIT = 120  # characters of one entry in a cell
ENTRIES = 6  # so many entries of one change are shown

ADDED = Mark(text="➕ added", name="added", colour="1a7f37", dark=True)
REMOVED = Mark(text="➖ removed", name="removed", colour="cf222e", dark=True)
CHANGED = Mark(text="✏️ changed", name="changed", colour="d4a72c", dark=False)

_CODE = frozenset({Aspect.BRANCH, Aspect.FILES, Aspect.VALIDATION})  # shown as code
_STAYS: Mapping[Aspect, str] = {  # what accepting does not carry over to a pull that is there
    Aspect.BRANCH: "The branch of a workstream that is laid already stays as it is",
    Aspect.TITLE: "Titles of pull requests that are there stay as they are",
    Aspect.ACCEPTANCE: "The acceptance list in a pull request stays as people ticked it: edit it there too",
}
_PLAN = "The plan"


def is_shown(view: PlanView) -> bool:
    """Say whether there is an edit to tell of: not once the plan is over."""
    return view.pending is not None and view.state not in {PlanState.COMPLETED, PlanState.CANCELLED}


def edited(view: PlanView) -> str:
    """Return the section on an edit that is not in force, "" if there is none or the plan is over."""
    if view.pending is None or not is_shown(view):
        return ""
    changes = difference(view.approved, view.pending)
    since = f" on {when(view.pending_since)}" if view.pending_since is not None else ""
    return sections(
        "### The issue was edited",
        f"In force is revision {code(view.revision[:12])}{_in_force_by(view)}. The text was edited{since}, and nothing of "
        "the edit counts yet: branches, pull requests and order stay as they are.",
        "The workstreams themselves read the same." if changes.empty else _table(view, changes),
        _stays(changes),
        _way(view),
    )


def marked_graph(view: PlanView, room: int) -> str:
    """Return the graph of the edited plan with what it adds, changes and leaves out; "" if it has no `room` (bytes)."""
    if view.pending is None or not is_shown(view):
        return ""
    changes = difference(view.approved, view.pending)
    marks = {each.key: ADDED for each in changes.added} | dict.fromkeys(changes.changed, CHANGED)
    marks |= {each.key: REMOVED for each in changes.removed}
    if not marks and changes.order is None:
        return ""
    pending = view.pending
    needs = {each.key: pending.prerequisites(each.key) for each in pending.workstreams}
    return draw((*pending.workstreams, *changes.removed), needs, marks, room)


def left_out(view: PlanView) -> str:
    """Return the section that asks about workstreams that an accepted edit left out, "" if there are none to ask about."""
    open_ones = [each for each in view.streams if each.asked_about]
    if not open_ones or view.state in {PlanState.COMPLETED, PlanState.CANCELLED}:
        return ""
    return sections(
        "### No longer in the plan",
        "An accepted edit left these out. Nothing of them was closed or deleted, they do not merge, and the plan is not "
        "complete before somebody decides.",
        bullets((_question(each) for each in open_ones), LEFT_OUT_LIMIT),
    )


def blocking(view: PlanView) -> tuple[Problem, ...]:
    """Return what forbids that the edit comes into force, by line."""
    found = (each for each in view.pending_problems if each.severity is Severity.ERROR)
    return tuple(sorted(found, key=lambda each: each.line))


def summary(changes: Difference) -> str:
    """Return what differs in one line: "2 workstreams added, 1 removed"; "" if nothing does."""
    counts = {"added": len(changes.added), "removed": len(changes.removed), "changed": len(changes.changed)}
    words: list[str] = []
    for word, count in counts.items():
        if count:
            words.append(f"{count if words else counted(count, 'workstream')} {word}")
    return ", ".join([*words, *(["another merge order"] if changes.order is not None else [])])


def _question(stream: WorkstreamView) -> str:
    key = stream.workstream.key
    removed = stream.removed
    since = f", left out by the edit that {login(removed.by)} accepted on {when(removed.at)}" if removed else ""
    title = title_text(stream.workstream)
    return (
        f"{stream_text(stream)}{f' {title}' if title else ''}{since}: {code(cut(f'/signalbox skip {key}', 100))} lets the "
        "plan go on without it; to take it back in, write it into the plan again and accept that edit."
    )


def _in_force_by(view: PlanView) -> str:
    accepted, start = view.intent.accepted, view.intent.start
    if accepted is not None:
        return f", accepted by {login(accepted.by)} on {when(accepted.at)}"
    return f", started by {login(start.by)} on {when(start.at)}" if start is not None else ""


def _way(view: PlanView) -> str:
    """Who can do what now."""
    errors = blocking(view)
    if errors:
        return sections(
            f"**It cannot be accepted like this: {counted(len(errors), 'problem')} must be mended first.**",
            notices.problem_table(errors, BLOCKING_LIMIT),
        )
    return (
        "To bring it into force, somebody with the role maintain or admin says `/signalbox accept`. "
        "To drop it, edit the issue back."
    )


def _stays(changes: Difference) -> str:
    aspects = {change.aspect for found in changes.changed.values() for change in found}
    notes = [f"{words}." for aspect, words in _STAYS.items() if aspect in aspects]
    return " ".join(notes)


def _table(view: PlanView, changes: Difference) -> str:
    head = ("Workstream", "What", "Only in force", "Only in the new text")
    return table(head, _rows(view, changes), DIFFERENCE_LIMIT)


def _rows(view: PlanView, changes: Difference) -> Iterator[tuple[str, ...]]:
    pulls = {each.workstream.key: pull_link(each) for each in view.streams}
    pending = view.pending
    for stream in changes.added:
        back = "taken back in" if stream.key in view.intent.removed else ADDED.text
        yield _named(stream), back, "", _outline(stream, pending)
    for stream in changes.removed:
        yield _named(stream), REMOVED.text, pulls.get(stream.key, ""), ""
    titles = {each.key: each for each in view.approved.workstreams}
    for key, found in changes.changed.items():
        for change in found:
            yield _named(titles[key]), change.aspect.value, *_cells(change)
    if changes.base is not None:
        before, after = (code(each) if each is not None else "the default branch" for each in changes.base)
        yield _PLAN, "base", before, after
    if changes.order is not None:
        before, after = (_waves(each) for each in changes.order)
        yield _PLAN, "merge order", before, after


def _named(stream: Workstream) -> str:
    return f"**{name(stream.key)}** {title_text(stream)}".rstrip()


def _outline(stream: Workstream, plan: Plan | None) -> str:
    """The new workstream in a few words: what it needs and which files it owns."""
    needs = plan.prerequisites(stream.key) if plan is not None else stream.needs
    parts = [f"needs {listed([name(each) for each in needs], ENTRIES)}"] if needs else ["needs nothing"]
    if stream.files:
        parts.append(f"files {listed([_entry(Aspect.FILES, each) for each in stream.files], ENTRIES)}")
    return "; ".join(parts)


def _cells(change: Change) -> tuple[str, str]:
    if not change.gone and not change.new:
        return "", "the same in another order"
    return _entries(change.aspect, change.gone), _entries(change.aspect, change.new)


def _entries(aspect: Aspect, entries: Sequence[str]) -> str:
    return listed([_entry(aspect, each) for each in entries], ENTRIES)


def _entry(aspect: Aspect, text: str) -> str:
    if aspect is Aspect.NEEDS:
        return name(text)
    return code(cut(text, ENTRY_LIMIT)) if aspect in _CODE else inline(text, ENTRY_LIMIT)


def _waves(waves: Waves) -> str:
    if not waves:
        return "none stated"
    return ", then ".join(listed([name(Key(key)) for key in wave], ENTRIES) for wave in waves[:ENTRIES]) + (
        ", and so on" if len(waves) > ENTRIES else ""
    )
