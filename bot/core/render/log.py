"""The audit trail as a table in a reply. Its entries hold what people and GitHub wrote: every cell is made safe here.

Must not leave out or reorder entries, except those that do not fit; the reply says how many.
"""

from collections.abc import Sequence

from bot.core.facts import AuditEntry, AuditKind
from bot.core.render.parts import counted, link, sections, table, when_cell
from bot.core.text import code, cut, login, plain
from bot.core.views import PlanView

LIMIT = 30_000  # bytes of the table
CELL = 160  # characters of one cell

#: How an entry ended where nobody noted it: the process was stopped in the middle of the turn.
UNKNOWN = "not known"


def log_reply(view: PlanView, entries: Sequence[AuditEntry]) -> str:
    """Return the entries, newest first, with times in UTC."""
    if not entries:
        return "Nothing has been done for this plan yet, and nobody has asked for anything."
    rows = (
        (when_cell(each.at), _who(each), _what(each), _why(each), _commit(view, each), _result(each))
        for each in entries
    )
    return sections(
        f"**The newest {counted(len(entries), 'entry', 'entries')} of the audit trail.**",
        table(("When", "Who", "What", "Why", "Commit", "Result"), rows, LIMIT),
        f"All of it, on the server: {code(f'signalbox log {view.repository.full_name}#{view.issue.number}')}.",
    )


def _who(entry: AuditEntry) -> str:
    return login(entry.actor) if entry.actor else "Signalbox"


def _what(entry: AuditEntry) -> str:
    text = cut(entry.what, CELL)
    return code(text) if entry.kind is AuditKind.COMMAND else plain(text)


def _why(entry: AuditEntry) -> str:
    why = plain(cut(entry.why, CELL))
    return f"role {why}" if entry.kind is AuditKind.COMMAND and why else why


def _commit(view: PlanView, entry: AuditEntry) -> str:
    return link(code(entry.sha[:7]), f"{view.repository.url}/commit/{entry.sha}") if entry.sha else ""


def _result(entry: AuditEntry) -> str:
    """How it ended, with GitHub's words; a command's answer is below the command itself."""
    if entry.kind is AuditKind.PLAN:
        return ""
    words = entry.outcome or UNKNOWN
    if entry.kind is AuditKind.ACTION and entry.detail:
        return f"{plain(words)}: {plain(cut(entry.detail, CELL))}"
    return plain(words)
