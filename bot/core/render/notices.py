"""What is wrong or unusual about a plan, in sections: shown in the status comment, and the config's part in the check.

Must not weigh anything: severities and problems come as they were found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.model import CONFIG_PATH, Plan, PlanState, Problem, Severity, Workstream
from bot.core.render.parts import bullets, counted, inline, listed, sections, sentence, table
from bot.core.render.words import keys_text, stream_text
from bot.core.text import code, cut, login, name, plain, when
from bot.core.views import PlanView

NOTICE_LIMIT = 4_000  # bytes, of each notice
WORDS_LIMIT = 400  # characters of one message

_SEVERITIES: Mapping[Severity, str] = {
    Severity.ERROR: "⛔ error",
    Severity.WARNING: "⚠️ warning",
    Severity.NOTE: "💬 note",
}


def problems(found: Sequence[Problem]) -> str:
    """Return the section on what was found in a plan and around it, "" if nothing was."""
    if not found:
        return ""
    serious = any(each.severity is not Severity.NOTE for each in found)
    return sections("### Problems" if serious else "### Remarks", _table(found, "The plan"))


def config(view: PlanView) -> str:
    """Return the section on mistakes in the repository's settings, "" if there are none."""
    if not view.config_problems:
        return ""
    return sections(
        f"### {counted(len(view.config_problems), 'mistake')} in `{CONFIG_PATH}`",
        "The last settings without a mistake stay in force."
        if view.intent.start is not None
        else "Mend them before the start: while no version of the file was free of mistakes, it is refused.",
        _table(view.config_problems, "The file"),
    )


def refused(refusals: Mapping[str, str]) -> str:
    """Return the section on what GitHub would not do, "" if it did everything."""
    if not refusals:
        return ""
    items = (
        f"{inline(action, WORDS_LIMIT)}: {sentence(plain(cut(words, WORDS_LIMIT)))}"
        for action, words in sorted(refusals.items())
    )
    return sections(
        "### Refused by GitHub",
        "Signalbox tries again whenever it looks at this plan.",
        bullets(items, NOTICE_LIMIT),
    )


def pending(view: PlanView) -> str:
    """Return the section that says that the issue was edited since the start, "" if it was not or the plan is over."""
    if view.pending is None or view.state in {PlanState.COMPLETED, PlanState.CANCELLED}:
        return ""
    start = view.intent.start
    approved = f", started by {login(start.by)} on {when(start.at)}," if start is not None else ""
    return sections(
        "### The issue was edited",
        f"The approved revision {code(view.revision[:12])}{approved} stays in force. "
        "Nothing of the edit counts: branches, pull requests and order stay as they are.",
        bullets(_differences(view.plan, view.pending), NOTICE_LIMIT),
        "To bring the new text into force, say `/signalbox cancel` and start it as a plan of its own, in a new issue.",
    )


def out_of_order(view: PlanView) -> str:
    """Return the section on what was merged before its needs, "" if nothing was."""
    items = []
    for stream in view.streams:
        if not stream.landed_out_of_order:
            continue
        pull = stream.pull
        by = f" by {login(pull.merged_by)}" if pull is not None and pull.merged_by is not None else ""
        at = f" on {when(pull.merged_at)}" if pull is not None and pull.merged_at is not None else ""
        needs = keys_text(view, stream.landed_out_of_order)
        items.append(f"{stream_text(stream)} was merged{by}{at}, before {needs}, which it needs.")
    if not items:
        return ""
    return sections(
        "### Merged out of order",
        bullets(items, NOTICE_LIMIT),
        "Everything else goes on in the plan's order.",
    )


def _table(found: Sequence[Problem], whole: str) -> str:
    worst_first = sorted(found, key=lambda each: (list(Severity).index(each.severity), each.line))
    rows = (
        (
            f"line {each.line}" if each.line else whole,
            _SEVERITIES[each.severity],
            sentence(inline(each.message, WORDS_LIMIT)),
            sentence(inline(each.hint, WORDS_LIMIT)),
        )
        for each in worst_first
    )
    return table(("Where", "Severity", "What", "What to do"), rows, NOTICE_LIMIT)


def _differences(old: Plan, new: Plan) -> list[str]:
    """What an edit changed, workstream by workstream; ticks and moved lines are no change."""
    before = {each.key: _bare(each) for each in old.workstreams}
    after = {each.key: _bare(each) for each in new.workstreams}
    changes = {
        "New": [key for key in after if key not in before],
        "Gone": [key for key in before if key not in after],
        "Changed": [key for key in after if key in before and after[key] != before[key]],
    }
    lines = [f"{word}: {listed([name(key) for key in keys], most=20)}" for word, keys in changes.items() if keys]
    if old.base != new.base:
        lines.append(f"Base: now {code(new.base) if new.base is not None else 'the default branch'}")
    if old.merge_order != new.merge_order:
        lines.append("The merge order differs")
    return lines or ["The workstreams themselves read the same"]


def _bare(stream: Workstream) -> Workstream:
    return replace(stream, line=0, ticked=False)
