"""What a plan would do, shown before anybody starts it; and what a plan looks like, where an issue holds none.

Must not promise anything that `start` does not do.
"""

from bot.core.model import Mode, Severity, Workstream, branch_of
from bot.core.plan.problems import NO_WORKSTREAMS
from bot.core.render import notices, understood
from bot.core.render.graph import graph
from bot.core.render.parts import (
    COMMENT_LIMIT,
    counted,
    fence,
    inline,
    listed,
    numbered,
    sections,
    sentence,
    size,
    table,
)
from bot.core.render.words import order_text, prerequisites, title_text
from bot.core.text import code, cut, name
from bot.core.views import PlanView

TABLE_LIMIT = 22_000  # bytes
ORDER_LIMIT = 5_000  # bytes
SPARE = 200  # bytes, for the sentence that stands in for a text without room
REASON_LIMIT = 400  # characters of the reason why a text is no plan
PATH_LIMIT = 60  # characters of a path or branch in a table

#: The form that the plan reader knows best, as docs/plan-format.md explains it.
EXAMPLE = """\
## Workstreams

### W1: Read the settings

Branch: `settings`

Files:
- `src/settings.py`
- `tests/test_settings.py`

Acceptance:
- [ ] A missing setting is named

### W2: Serve the page

Branch: `page`

Files:
- `src/page.py`

Depends on: W1

Acceptance:
- [ ] The page shows the settings
"""


def preview(view: PlanView) -> str:
    """Return the comment on a plan that nobody has started."""
    if not view.plan.workstreams:
        return _no_plan(view)
    errors = sum(each.severity is Severity.ERROR for each in view.problems)
    above = sections(
        "## Signalbox: preview of this plan",
        notices.lost(view.lost),
        _result(view, errors),
        notices.problems(view.problems) if errors else "",
        notices.config(view),
        notices.symptoms(view.symptoms),
        _workstreams(view),
        "The order of merging and the graph follow once no error is left." if errors else _order(view),
    )
    if errors:
        return sections(above, understood.origins(view.plan, _room(above)))
    below = sections(_on_start(view), notices.problems(view.problems))
    shown = sections(above, graph(view, _room(above, below)), below)
    shown = sections(shown, understood.origins(view.plan, _room(shown)))
    return sections(shown, understood.canonical(view.plan, _room(shown)))


def _room(*parts: str) -> int:
    """Return the bytes that are left for one more part between or below these."""
    return COMMENT_LIMIT - sum(size(each) + 2 for each in parts) - SPARE


def _no_plan(view: PlanView) -> str:
    why = next((each.message for each in view.problems if each.code == NO_WORKSTREAMS), "")
    other = tuple(each for each in view.problems if each.code != NO_WORKSTREAMS)
    return sections(
        "## Signalbox: no workstreams found",
        notices.lost(view.lost),
        f"This issue is marked as a plan, but it was not read as one. {sentence(inline(why, REASON_LIMIT))}".strip(),
        "If it is no plan, take the label off; nothing happens before somebody says `/signalbox start` anyhow. "
        "If it is one, edit the issue so that every workstream has a heading with its key, like this:",
        fence(EXAMPLE.splitlines(), "markdown"),
        "Only the headings are needed. This comment follows every edit.",
        notices.problems(other),
    )


def _result(view: PlanView, errors: int) -> str:
    if errors:
        return (
            f"**This plan cannot start yet: {counted(errors, 'problem')} must be mended first.** "
            "Until then `/signalbox start` is refused. Edit the issue; this comment follows."
        )
    warnings = sum(each.severity is Severity.WARNING for each in view.problems)
    doubts = f" {counted(warnings, 'warning')} below." if warnings else ""
    waves = f" in {counted(len(view.waves), 'wave')}" if view.waves else ""
    return (
        f"**{counted(len(view.plan.workstreams), 'workstream')}{waves} onto {code(view.base.name)}.** "
        f"Nothing happens until somebody says `/signalbox start`.{doubts}"
    )


def _workstreams(view: PlanView) -> str:
    rows = (
        (
            f"**{name(each.key)}**",
            title_text(each),
            code(cut(branch_of(each, view.config.branch_prefix), PATH_LIMIT)),
            _files(each),
            prerequisites(view.plan, each),
            str(len(each.acceptance) or ""),
        )
        for each in view.plan.workstreams
    )
    return table(("Key", "Title", "Branch", "Files", "Needs", "Acceptance items"), rows, TABLE_LIMIT)


def _files(stream: Workstream) -> str:
    shown = [code(cut(each, PATH_LIMIT)) for each in stream.files[:2]]
    if len(stream.files) > 2:
        shown.append(f"{len(stream.files) - 2} more")
    return listed(shown)


def _order(view: PlanView) -> str:
    lines = order_text(view)
    if not lines:
        return ""
    return sections("### Order of merging", numbered(lines, ORDER_LIMIT))


def _on_start(view: PlanView) -> str:
    number = len(view.plan.workstreams)
    base = code(view.base.name)
    at = f" at {code(view.base.sha[:7])}" if view.base.sha is not None else ""
    merging = (
        "Merge each one as soon as the order and every other gate allow it (mode `auto`)."
        if view.config.mode is Mode.AUTO
        else "Open the check `signalbox` on each one as soon as it may merge; people press merge (mode `manual`)."
    )
    steps = (
        "Put the text as it is now in force. Later edits change nothing by themselves.",
        f"Create {counted(number, 'branch', 'branches')} from {base}{at}, each with one empty opening commit.",
        f"Open {counted(number, 'draft pull request')} onto {base}, each with its brief, label and check.",
        f"Set the checkpoint {code(f'signalbox/{view.issue.number}/cp-0')} on {base}.",
        merging,
    )
    return sections(
        "### What `/signalbox start` will do",
        numbered(steps, ORDER_LIMIT),
        "It takes the role maintain or admin in this repository to say it.",
    )
