"""Makes other people's words safe to show: on GitHub as markdown or as plain text, in one line.

Used by every gate, command and surface. Must not decide what is shown, only how.
"""

import re
from datetime import UTC, datetime

from bot.core.redaction import without_secrets

JOINER = "\u200d"  # zero-width joiner: not seen, and it parts what GitHub would link

_SPACE = re.compile(r"\s+")
_UNSEEN = re.compile(  # control characters, half characters, and what could reorder what is read
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_COLOUR = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")  # what a terminal obeys
_MENTION = re.compile(r"@(?=[\w-])")
_REFERENCE = re.compile(r"#(?=\d)|(?<=\bGH)-(?=\d)", re.IGNORECASE)  # "#12", "owner/name#12", "GH-12"
_LINK = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)  # a link to an issue counts as naming it
_SPECIAL = re.compile(r"[\\`*_\[\]|~$#]")
_OPENER = re.compile(r"^(\d{1,9}(?=[.)])|(?=[-+=]))")  # would begin a list or underline a heading
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_CODE = str.maketrans({"`": "'", "|": "¦"})  # neither can be escaped in a code span, | would end a table's cell


def code(text: str) -> str:
    """Return the text as an inline code span: one line, no backtick inside, fit for a table's cell.

    GitHub links no mention, issue or address in a code span.
    https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github
    """
    inner = _one_line(text).translate(_IN_CODE).replace("<!--", f"<{JOINER}!--")
    return f"`{inner}`" if inner else "` `"


def plain(text: str) -> str:
    """Return the text as markdown that shows just these words: no markup, no HTML, nobody mentioned, nothing closed."""
    escaped = _SPECIAL.sub(r"\\\g<0>", quiet(text)).translate(_ENTITIES)
    return _OPENER.sub(r"\1\\", escaped)


def quiet(text: str) -> str:
    """Return the text as one line that is no markdown (a title, a commit message), linking and closing nothing.

    A closing keyword only acts in front of a reference to an issue, so parting the reference is enough.
    https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
    """
    line = _MENTION.sub(f"@{JOINER}", _one_line(text))
    line = _REFERENCE.sub(lambda found: found.group() + JOINER, line)
    return _LINK.sub(lambda found: found.group() + JOINER, line)


def printed(line: str) -> str:
    """Return one line of a program's output as it may stand in a code block: no colours, nothing that is not seen.

    Its spaces stay; a tab becomes four.
    """
    bare = _COLOUR.sub("", line).expandtabs(4)
    return _UNSEEN.sub("", bare).rstrip()


def name(text: str) -> str:
    """Return a workstream's key or an App's name: as it is where that is harmless ("W1"), else as a code span."""
    line = cut(_one_line(text), 60)
    return line if line and plain(line) == line else code(line)


def login(who: str) -> str:
    """Return a login as it is shown without mentioning its owner."""
    return code(who)


def cut(text: str, limit: int) -> str:
    """Return the text with at most `limit` (1 or more) characters; an ellipsis stands for what is missing.

    To be used before `code` or `plain`, not after: it knows no markup. Half a secret would not be known for one any more,
    so those of a text that is too long are taken out first.
    """
    if len(text) <= limit:
        return text
    bare = without_secrets(text)
    return bare if len(bare) <= limit else bare[: limit - 1].rstrip(f" {JOINER}") + "…"


def when(at: datetime) -> str:
    """Return a time to the minute: "2026-11-20 19:05 UTC". ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _one_line(text: str) -> str:
    """Fold white space, and drop what is not to be seen: colours, control and half characters, direction, secrets."""
    return without_secrets(_UNSEEN.sub("", _SPACE.sub(" ", _COLOUR.sub("", text))).strip())
