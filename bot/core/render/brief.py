"""What a workstream's branch and pull carry: the brief, titles, commit messages, and the marks to know them again.

Must not read anything from a body but its marker: what people write into a brief is theirs.
"""

import re
from urllib.parse import quote, unquote

from bot.core.model import Again, IssueNumber, Key
from bot.core.render.parts import bullets, fence, fit, inline, link, numbered, sections, stopped
from bot.core.render.words import stream_text, title_text
from bot.core.text import JOINER, code, cut, name, quiet
from bot.core.views import PlanView, WorkstreamView

TITLE_LIMIT = 120  # characters of a pull's or commit's title
PART_LIMIT = 8_000  # bytes of one list in a brief

_MARKER = re.compile(r"^<!-- signalbox:workstream plan=(\d{1,18}) key=(\S{1,2000}) -->\s*$", re.MULTILINE)
_TRAILER = "Signalbox-Workstream"
_OPENING = re.compile(rf"^{_TRAILER}: \d{{1,18}}/\S+$", re.MULTILINE)

#: GitHub Actions starts nothing for a commit with one of these in its message
#: (https://docs.github.com/en/actions/managing-workflow-runs/skipping-workflow-runs).
_SKIP_WORD = re.compile(r"\[(?=(?:skip ci|ci skip|no ci|skip actions|actions skip)\])", re.IGNORECASE)


def brief(view: PlanView, stream: WorkstreamView) -> str:
    """Return the body of a workstream's pull. Its last line is the hidden marker."""
    workstream = stream.workstream
    title = f": {title_text(workstream)}" if workstream.title else ""
    return sections(
        f"**{name(workstream.key)}{title}** is one workstream of {link(f'plan #{view.issue.number}', view.issue.url)}. "
        f"It merges into {code(view.base.name)}, in the plan's order.",
        _again(view, stream),
        _part("Scope", [inline(each) for each in workstream.scope]),
        _part("Owned files", [code(cut(each, 300)) for each in workstream.files]),
        _part("Out of scope", [inline(each) for each in workstream.out_of_scope]),
        _needs(view, stream),
        _part("Acceptance", [f"[ ] {inline(each)}" for each in workstream.acceptance]),
        _validation(workstream.validation),
        _handing_in(view, stream),
        workstream_marker(view.issue.number, workstream.key),
    )


def _part(title: str, items: list[str]) -> str:
    return sections(f"### {title}", bullets(items, PART_LIMIT)) if items else ""


def _again(view: PlanView, stream: WorkstreamView) -> str:
    """Why it is tried again, and what the branch begins with."""
    again = view.intent.again.get(stream.workstream.key)
    if again is None:
        return ""
    commit = link(code(again.landed[:7]), f"{view.repository.url}/commit/{again.landed}")
    begins = f"This branch begins with the change of {commit} brought anew: mend it here."
    if again.unclean:
        paths = bullets((code(cut(path, 300)) for path in again.unclean), PART_LIMIT)
        begins = sections(
            f"The change of {commit} could not be brought anew without a conflict, so this branch begins empty. "
            f"`git diff {again.before[:10]} {again.landed[:10]}` shows it; these paths conflict:",
            paths,
        )
    history = _history(view, again)
    return sections(
        f"### Again: attempt {again.attempt}", f"What went wrong: {stopped(again.failure)} {history}".rstrip(), begins
    )


def _history(view: PlanView, again: Again) -> str:
    """Which pull brought the change before, and which took it back."""
    before = next((each for each in view.landings if each.sha == again.landed), None)
    if before is None:
        return ""
    back = next((each for each in view.landings if each.rollback == before.undone and each.key is None), None)
    url = f"{view.repository.url}/pull"
    taken = f", was taken back in {link(f'#{back.pull}', f'{url}/{back.pull}')}" if back is not None else ""
    return f"It landed in {link(f'#{before.pull}', f'{url}/{before.pull}')}{taken}."


def _needs(view: PlanView, stream: WorkstreamView) -> str:
    known = {each.workstream.key: each for each in view.streams}
    items = []
    for key in view.plan.prerequisites(stream.workstream.key):
        need = known.get(key)
        items.append(f"{stream_text(need)} {title_text(need.workstream)}".rstrip() if need else f"**{name(key)}**")
    if not items:
        return "### Needs\n\nNothing. It may merge as soon as it is finished."
    return sections(
        "### Needs",
        "These land first. Work may begin before, merging may not.",
        bullets(items, PART_LIMIT),
    )


def _validation(commands: tuple[str, ...]) -> str:
    lines = [line for command in commands for line in command.splitlines()]
    return sections("### Validation", fence(fit([], lines, PART_LIMIT), "sh")) if lines else ""


def _handing_in(view: PlanView, stream: WorkstreamView) -> str:
    tick = ["Tick the acceptance items that hold."] if stream.workstream.acceptance and view.config.acceptance else []
    steps = [
        f"Push to {code(stream.branch)}.",
        *tick,
        'When the work is finished, press "Ready for review" or comment `/signalbox ready`.',
    ]
    return sections(
        "### How to hand in",
        numbered(steps, PART_LIMIT),
        "The check `signalbox` says what this pull request waits for. `/signalbox why` explains it.",
    )


def workstream_marker(issue: IssueNumber, key: Key) -> str:
    """Return the hidden line that says which workstream a pull belongs to."""
    return f"<!-- signalbox:workstream plan={issue} key={_encoded(key)} -->"


def read_workstream_marker(body: str) -> tuple[IssueNumber, Key] | None:
    """Return plan and key of the body's last marker, None if it has none. Text above it may quote another one."""
    found = _MARKER.findall(body.replace("\r\n", "\n"))
    if not found:
        return None
    issue, key = found[-1]
    return IssueNumber(int(issue)), Key(unquote(key, errors="surrogatepass"))


def _encoded(key: Key) -> str:
    """Percent-encode a key, half characters too: no text may make a turn fail."""
    return quote(key, safe="", errors="surrogatepass")


def pull_title(stream: WorkstreamView) -> str:
    """Return "W1: Title" as plain text that mentions nobody and closes nothing."""
    workstream = stream.workstream
    title = f"{workstream.key}: {workstream.title}" if workstream.title.strip() else f"{workstream.key}"
    return _SKIP_WORD.sub(f"[{JOINER}", quiet(cut(" ".join(title.split()), TITLE_LIMIT)))


def opening_commit(view: PlanView, stream: WorkstreamView) -> tuple[str, str]:
    """Return headline and body of the commit without changes that lets the pull be opened."""
    trailer = f"{_TRAILER}: {view.issue.number}/{_encoded(stream.workstream.key)}"
    return (
        f"Open {pull_title(stream)}",
        f"Nothing is changed; with this commit the draft pull request can be opened.\n\n{trailer}",
    )


def is_opening_commit(message: str) -> bool:
    """Say whether a commit's whole message is that of an opening commit: the trailer stands in its last paragraph."""
    paragraphs = message.replace("\r\n", "\n").strip().split("\n\n")
    return len(paragraphs) > 1 and _OPENING.search(paragraphs[-1]) is not None


def anew_commit(view: PlanView, stream: WorkstreamView) -> tuple[str, str]:
    """Return headline and body of the commit that brings a rolled back change anew."""
    again = view.intent.again[stream.workstream.key]
    return (
        cut(f"Bring {pull_title(stream)} anew", TITLE_LIMIT),
        f"The change of {again.landed[:10]}, which was rolled back in plan {view.issue.number}.",
    )


def retry_commit(view: PlanView, stream: WorkstreamView) -> tuple[str, str]:
    """Return headline and body of the commit without changes that makes CI look again."""
    return (
        f"Retry {pull_title(stream)}",
        f"Nothing is changed; the checks of plan {view.issue.number} start anew on this commit.",
    )


def merge_commit(view: PlanView, stream: WorkstreamView) -> tuple[str, str]:
    """Return title and message of the commit that lands a workstream."""
    number = f" (#{stream.pull.number})" if stream.pull is not None else ""
    return f"{pull_title(stream)}{number}", f"Workstream {quiet(stream.workstream.key)} of plan #{view.issue.number}."
