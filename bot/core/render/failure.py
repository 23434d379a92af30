"""The comment that tells of failed CI on a pull's head, or on the base after its merge, and that it is over.

What checks say is written by whoever can push or report a check: every word of it is escaped, cut, and counted in bytes.
Must not choose what is told: core/failures.py does.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from bot.core.facts import AnnotationFacts, CheckFacts, CheckState, FailureFacts
from bot.core.gates import OWNER
from bot.core.ledger import Landing
from bot.core.model import NodeId, OnRed, Sha
from bot.core.redaction import linked
from bot.core.render.parts import bullets, fence, inline, link, sections, size, stopped, table
from bot.core.reported import ending
from bot.core.text import code, cut, name, plain, printed
from bot.core.views import Failure, PlanView

DETAILS_LIMIT = 14_000  # bytes of what the checks say; the whole comment stays below 20,000
ANNOTATIONS_LIMIT = 3_500  # bytes of one check's table
OUTPUT_LIMIT = 3_000  # bytes of one check's output
MORE_LIMIT = 2_000  # bytes of the list of the checks that are only named
OUTPUT_LINES = 20  # of one check: the last ones
LINE_LIMIT = 200  # characters of one of them
MOST_ANNOTATIONS = 10  # of one check
TITLE_LIMIT = 120  # characters of an output's title and of an annotation's
MESSAGE_LIMIT = 300  # characters
PATH_LIMIT = 120  # characters
BRANCH_LIMIT = 120  # characters

_LEVELS: Mapping[str, str] = {"failure": "❌ failure", "warning": "⚠️ warning", "notice": "💬 notice"}


def failure_comment(view: PlanView, failure: Failure, said: Mapping[NodeId, FailureFacts]) -> str:
    """Return what failed, where, since when it was green, and who acts next: below 20,000 bytes without the marker."""
    landing = failure.landing
    sha = _commit(view, failure.sha)
    where = f"on {code(view.base.name)} with #{landing.pull} in, at {sha}" if landing is not None else f"on {sha}"
    plan = link(f"plan #{view.issue.number}", view.issue.url)
    return sections(
        f"### ❌ Checks failed {where}",
        f"**{name(failure.key)}** of {plan}: {stopped(failure.reason)}",
        _details(view, failure, said),
        _changed_on_base(view, failure, landing) if landing is not None else _changed_on_head(view, failure),
        f"**Who acts next:** {_next_on_base(view, landing) if landing is not None else _next_on_head(failure)}",
    )


def mended(view: PlanView, head: Sha, failed: Sha) -> str:
    """Return that the head of a pull is green."""
    if head == failed:
        return f"**Mended:** {_commit(view, head)} is green.\nThe same commit had failed before; its checks ran again."
    return f"**Mended:** {_commit(view, head)} is green.\n{_since(view, failed, head)}"


def newer(view: PlanView, head: Sha, failed: Sha) -> str:
    """Return that a newer head came on which no check failed, though it is not green either."""
    return f"**Over:** no check has failed on {_commit(view, head)}.\n{_since(view, failed, head)}"


def mended_base(view: PlanView, landing: Landing, failed: Sha) -> str:
    """Return that the base is good with a merge in."""
    evidence = f": {stopped(landing.evidence[0])}" if landing.evidence else "."
    first = f"**Mended:** {code(view.base.name)} is green with #{landing.pull} in{evidence}"
    return f"{first}\nWhat had failed was {_commit(view, failed)}."


def undone(view: PlanView, landing: Landing, failed: Sha) -> str:
    """Return that a merge was taken back."""
    by = f"by rollback {landing.undone}" if landing.undone else "by hand"
    first = f"**Over:** #{landing.pull} was taken back {by}, so {code(view.base.name)} holds it no more."
    return f"{first}\nWhat had failed was {_commit(view, failed)}."


# ---- what the checks say ----


def _details(view: PlanView, failure: Failure, said: Mapping[NodeId, FailureFacts]) -> str:
    """As many checks with all they say as fit; of the others only how they ended."""
    parts: list[str] = []
    left = DETAILS_LIMIT
    for at, check in enumerate(failure.checks):
        facts = said.get(check.node_id) if check.node_id is not None else None
        part = _check(view, failure.sha, check, facts)
        left -= size(part) + 2
        if left < 0:
            rest = (_headline(each) for each in failure.checks[at:])
            return sections(*parts, "Failed too:", bullets(rest, MORE_LIMIT))
        parts.append(part)
    return sections(*parts)


def _check(view: PlanView, sha: Sha, check: CheckFacts, said: FailureFacts | None) -> str:
    """One check: how it ended, its title, its annotations, the end of its output."""
    if said is None:
        words = plain(cut(check.words, MESSAGE_LIMIT))
        return f"{_headline(check)}: {stopped(words)}" if words else f"{_headline(check)}."
    title = inline(said.title, TITLE_LIMIT)
    more = linked(said.details_url)
    log = f" ({link('details', more)})" if more and more != check.url else ""
    first = f"{_headline(check)}: {stopped(title)}{log}" if title else f"{_headline(check)}.{log}"
    return sections(first, _annotations(view, sha, said), _output(said))


def _headline(check: CheckFacts) -> str:
    """How a check ended, with the link to it."""
    by = plain(cut(check.app_name, 40))
    still = f"{code(cut(check.name, 80))} by {by} has not ended"
    words = still if check.state is CheckState.PENDING else ending(check)
    return f"**{link(words, linked(check.url))}**"


def _annotations(view: PlanView, sha: Sha, said: FailureFacts) -> str:
    shown = said.annotations[:MOST_ANNOTATIONS]
    if not shown:
        return ""
    rows = ((_place(view, sha, each), _LEVELS.get(each.level, "–"), _message(each)) for each in shown)
    lines = table(("Where", "Level", "What"), rows, ANNOTATIONS_LIMIT)
    more = said.annotation_count - len(shown)
    return sections(lines, f"{more} more annotations are on the check's page." if more > 0 else "")


def _place(view: PlanView, sha: Sha, note: AnnotationFacts) -> str:
    """Path and line, with the link to them where the path leads into the repository."""
    label = code(f"{cut(note.path, PATH_LIMIT)}:{note.line}")
    steps = note.path.split("/")
    if len(note.path) > PATH_LIMIT or any(step in {"", ".", ".."} for step in steps) or "\\" in note.path:
        return label
    path = quote(note.path, safe="/", errors="replace")
    return link(label, f"{view.repository.url}/blob/{sha}/{path}#L{note.line}")


def _message(note: AnnotationFacts) -> str:
    title, message = inline(note.title, TITLE_LIMIT), inline(note.message, MESSAGE_LIMIT)
    return f"{stopped(title)} {message}".strip() if title != message else message


def _output(said: FailureFacts) -> str:
    """The last lines of the text, else of the summary, as many as fit."""
    lines = list(_last_lines(said.text)) or list(_last_lines(said.summary))
    while size("\n".join(lines)) > OUTPUT_LIMIT:
        lines = lines[1:]
    return fence(lines, "text") if lines else ""


def _last_lines(text: str) -> Iterator[str]:
    """The last lines, oldest first, cut; none before the first and after the last that say something."""
    lines = [cut(printed(line), LINE_LIMIT) for line in text.rstrip().splitlines()[-OUTPUT_LINES:]]
    told = [at for at, line in enumerate(lines) if line]
    yield from lines[told[0] : told[-1] + 1] if told else ()


# ---- what changed, and who acts ----


def _changed_on_head(view: PlanView, failure: Failure) -> str:
    if failure.green is None:
        compare = _compare(view, view.base.name, failure.sha)
        return (
            f"**Changed since the last green:** no commit of this pull request was green yet; all it brings: {compare}."
        )
    if failure.green == failure.sha:
        return f"**Changed since the last green:** nothing, {_commit(view, failure.sha)} itself was green before."
    return f"**Changed since the last green:** {_compare(view, failure.green, failure.sha)}."


def _changed_on_base(view: PlanView, failure: Failure, landing: Landing) -> str:
    merge = f"the merge of #{landing.pull}, {_compare(view, landing.before, landing.sha)}"
    point = failure.checkpoint
    kept = f" The checkpoint before it is {code(point.name)} ({_commit(view, point.sha)})." if point is not None else ""
    return f"**Changed since the last green:** {merge}.{kept}"


def _next_on_head(failure: Failure) -> str:
    return f"{OWNER}, by a push to {code(cut(failure.pull.head, BRANCH_LIMIT))}; `/signalbox retry` has the checks run again."


def _next_on_base(view: PlanView, landing: Landing) -> str:
    keep = "`/signalbox allow` keeps the base as it is"
    if landing.key is None or view.config.on_red is OnRed.HOLD:
        return f"a maintainer. Nothing of the plan merges until `/signalbox rollback` takes the merge back, or {keep}."
    if view.config.on_red is OnRed.ROLLBACK:
        return f"Signalbox, which takes the merge back by a pull request and merges that when its checks pass; {keep}."
    return f"a maintainer, who merges the pull request by which Signalbox takes the merge back; {keep}."


def _commit(view: PlanView, sha: Sha) -> str:
    return link(code(sha[:7]), f"{view.repository.url}/commit/{sha}")


def _since(view: PlanView, failed: Sha, head: Sha) -> str:
    return f"What had failed was {_commit(view, failed)}; since then: {_compare(view, failed, head)}."


def _compare(view: PlanView, before: str, after: Sha) -> str:
    """The link to what changed between two commits, or a branch and a commit."""
    short = before[:7] if len(before) == len(after) else cut(before, 60)
    url = f"{view.repository.url}/compare/{quote(before, safe='')}...{after}"
    return link(code(f"{short}...{after[:7]}"), linked(url))
