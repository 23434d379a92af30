"""What is wrong or unusual about a plan, in sections: shown in the status comment, and the config's part in the check.

Must not weigh anything: severities and problems come as they were found.
"""

from collections.abc import Mapping, Sequence

from bot.core.examination import Health, Symptom
from bot.core.keepsake import Part
from bot.core.model import CONFIG_PATH, Problem, Severity
from bot.core.render.parts import bullets, counted, inline, sections, sentence, table
from bot.core.render.words import keys_text, stream_text
from bot.core.text import cut, login, plain, when
from bot.core.views import PlanView

NOTICE_LIMIT = 4_000  # bytes, of each notice
WORDS_LIMIT = 400  # characters of one message

_HEALTH: Mapping[Health, str] = {
    Health.OK: "✅ fine",
    Health.WARNING: "⚠️ warning",
    Health.PROBLEM: "⛔ problem",
}
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
    return sections("### Problems" if serious else "### Remarks", problem_table(found))


def config(view: PlanView) -> str:
    """Return the section on mistakes in the repository's settings, "" if there are none."""
    if not view.config_problems:
        return ""
    return sections(
        f"### {counted(len(view.config_problems), 'mistake')} in `{CONFIG_PATH}`",
        "The last settings without a mistake stay in force."
        if view.intent.start is not None
        else "Mend them before the start: while no version of the file was free of mistakes, it is refused.",
        problem_table(view.config_problems, whole="The file"),
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


def symptoms(found: Sequence[Symptom]) -> str:
    """Return the section on what the self-check found, "" if all is well."""
    if not found:
        return ""
    rows = (
        (_HEALTH[each.health], sentence(f"{each.what}: {each.why}" if each.why else each.what), sentence(each.remedy))
        for each in found
    )
    return sections("### Self-check", table(("Severity", "What", "What to do"), rows, NOTICE_LIMIT))


def lost(reason: str) -> str:
    """Return the section on a plan of which nothing is known any more, "" if that is not so."""
    if not reason:
        return ""
    return sections(
        "### What was known of this plan is lost",
        f"Signalbox lost its database, and this comment does not bring the plan back. {sentence(reason)}",
        "Nothing merges. If the plan was running, read it as it stands in the issue, then say `/signalbox start`: its "
        "branches, pull requests and merges are taken up again. Holds, skips and other orders have to be given anew; "
        "what was said meanwhile was not carried out.",
    )


def kept(part: Part) -> str:
    """Return the sentence on what this comment has no room to keep, "" if that is nothing of weight."""
    match part:
        case Part.RECORD:
            what = "only while the issue's text is the approved one: this comment has no room to keep that"
        case Part.NOTHING:
            what = "only by `/signalbox start`: this comment has no room to keep its record"
        case _:
            return ""
    return f"<sub>Should Signalbox lose its database, this plan goes on {what}.</sub>"


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


def problem_table(found: Sequence[Problem], limit: int = NOTICE_LIMIT, *, whole: str = "The plan") -> str:
    """Return problems as a table of at most `limit` bytes, worst first. `whole`: what those without a line are about."""
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
    return table(("Where", "Severity", "What", "What to do"), rows, limit)
