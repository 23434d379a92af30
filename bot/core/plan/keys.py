"""The grammar of keys: which headings, items and cells name a unit of work, and how ("W1: Title", "Agent A - Title").

Must not decide whether such a unit is a workstream; choice.py does.
"""

import re
from dataclasses import dataclass

from bot.core.plan.inline import plain, undecorated
from bot.core.plan.vocabulary import CONTAINERS, UNITS, Field, field_of

MAX_KEY = 60  # characters

_WORDS = "|".join(sorted((re.escape(each) for each in UNITS + CONTAINERS), key=len, reverse=True))
_ID = (
    r"#\d{1,9}"
    r"|[A-Za-z]{1,6}-?\d{1,4}[A-Za-z]?(?:[.-]\d{1,3}[A-Za-z]?){0,3}"  # W1, WP01, T-63, P2A.1
    r"|\d{1,3}[A-Za-z]?(?:\.\d{1,3}[A-Za-z]?){0,3}"  # 1, 2A, 4.1
)
_NAME = r"[A-Z](?![\w])|[A-Z][\w&/-]{1,30}"  # after a unit word only: A, Alpha, CoreDev
_END = r"(?P<end>\s*[:：|]\s*|\s*[–—]\s*|\s+-{1,2}\s+|[.)]\s+|\s*$|\s+(?=[\[(]))"
_BOXED = re.compile(r"^\[[ xX]\]\s+")
_WITH_WORD = re.compile(
    rf"^(?P<word>(?i:{_WORDS}))\s*(?P<id>(?<=\s)(?:{_ID}|{_NAME})|(?<=[a-zA-Z])\d{{1,3}}[A-Za-z]?){_END}(?P<title>.*)$"
)
_BARE = re.compile(rf"^(?P<id>{_ID}){_END}(?P<title>.*)$")
_DOTTED = re.compile(
    r"^(?P<id>\d{1,3}[A-Za-z]?(?:\.\d{1,3}[A-Za-z]?){1,3}|#\d{1,9}|[A-Z]{1,4}-?\d{1,4}(?:\.\d{1,3}){0,2})\s+(?P<title>\S.*)$"
)
_TRACKED = re.compile(
    r"^\[(?P<title>[^\[\]]{1,300})\]\(<?https?://[^\s()<>]{1,200}/(?:issues|pull|merge_requests)/(?P<number>\d{1,9})[^\s()<>]{0,80}>?\)$"
)
_LABELS = frozenset({Field.KEY, Field.TITLE, Field.OTHER, Field.BRANCH, Field.FILES, Field.NEEDS})
_GROUP_ID = re.compile(r"^(?:\d{1,2}[A-Za-z]?|[A-Z])$")
_SHAPE_DIGITS = re.compile(r"\d+")
_TRAILING_BRANCH = re.compile(r"\s+[–—-]\s+`[^`]+`\s*$")


@dataclass(frozen=True, slots=True)
class Named:
    """A text that names a unit: its key as written, the rest as title, and what the key looks like."""

    key: str
    title: str
    word: str  # "agent", "" when the key stands alone
    shape: str  # "W", "#", "1", "1.1", "A": keys of one plan share it


def shape_of(identifier: str) -> str:
    """Return what keys of one family have in common: letters in front, and how many parts follow."""
    if identifier.startswith("#"):
        return "#"
    digits = _SHAPE_DIGITS.search(identifier)
    if digits is None:
        return "A" if len(identifier) == 1 else "Name"
    letters = identifier[: digits.start()].rstrip("-").upper()
    return letters or ".".join("1" for _ in identifier.split("."))


_ROLE = re.compile(
    rf"^(?P<role>(?:[A-Z][\w/&-]{{0,30}}(?:\s[\w/&-]{{1,30}}){{0,3}}\s|[a-z][\w/&]{{0,30}}(?:-[\w/&]{{1,30}}){{0,2}}-)"
    rf"(?i:agent|team|squad|crew|lane|track))\b{_END}(?P<title>.*)$"
)
_LABELLED = re.compile(r"^(?P<id>[A-Z][\w&/-]{0,30})(?:\s*[:：]\s*|\s+[–—-]\s+)(?P<title>\S.*)$")
LABEL = "label"  # the shape of keys that are a word of their own
_STATUS_BEHIND = re.compile(r"[\s✅☑✔]+$")  # `### Agent A ✅`, as tick.py marks what is done
_VERSION = re.compile(r"^[vV]?\d+\.\d+(?:\.\d+|\b$)")


def name_of(raw: str) -> Named | None:
    """Read `W1: Title`, `Agent A - Title`, `#12: Title`, `1.2 Title`; None if the text does not begin with a key."""
    text = _STATUS_BEHIND.sub("", _BOXED.sub("", undecorated(plain(raw)))[:1000])
    return _by_words(text) or _tracked(raw)


def _tracked(raw: str) -> Named | None:
    """Read `[Title](https://.../issues/12)`, a link and nothing else: the key is the number of the issue."""
    match = _TRACKED.match(_BOXED.sub("", undecorated(raw.strip()))) if "](" in raw else None
    return Named(f"#{match['number']}", plain(match["title"]), "", "#") if match else None


def _by_words(text: str) -> Named | None:
    match = _WITH_WORD.match(text)
    if match:
        word = match["word"].lower()
        identifier = match["id"]
        if shape_of(identifier) == "Name" and field_of(identifier) in _LABELS:  # "Agent ID: x", "Task Status: open"
            return None
        if match["end"].strip() or not match["title"] or match["title"][0] in "([":
            mixed = any(each.isdigit() for each in identifier) and identifier[0].isalpha() and len(identifier) > 1
            key = identifier if mixed or identifier.startswith("#") else f"{match['word']} {identifier}"
            return Named(key, match["title"].strip(), word, shape_of(identifier))
        return None
    match = _BARE.match(text) or _DOTTED.match(text)
    if match is None:
        return _role_of(text)
    if match["id"][0] in "vV" and _VERSION.match(match["id"]):
        return None
    return Named(match["id"], match["title"].strip(), "", shape_of(match["id"]))


def _role_of(text: str) -> Named | None:
    """Read `Frontend agent` or `Storage team: Title`: the role is the key."""
    match = _ROLE.match(text)
    if match is None or match["title"].startswith("("):
        return None
    return Named(match["role"], match["title"].strip(), re.split(r"[ -]", match["role"])[-1].lower(), "role")


def labelled(raw: str) -> Named | None:
    """Read `Backend: Title` or `A - Title`, which counts below a heading such as "Workstreams" only."""
    match = _LABELLED.match(_BOXED.sub("", undecorated(plain(raw)))[:1000])
    if match is None or field_of(match["id"]) is not None:
        return None
    return Named(match["id"], match["title"].strip(), "", LABEL)


def is_key(text: str) -> bool:
    """Say whether the text is a key and nothing else."""
    named = name_of(text)
    return named is not None and not named.title and len(text) <= MAX_KEY


def second_name(remark: str) -> Named | None:
    """Return the name that a remark behind a title gives too: "(Agent S4)"."""
    text = plain(remark)
    if not text.startswith("(") or not text.endswith(")"):
        return None
    named = name_of(text[1:-1])
    return named if named is not None and named.word and not named.title else None


def group_in(column: str, cell: str) -> str | None:
    """Return the group that a cell of a column such as "Phase" names: "Phase 2" for "2" or "Phase 2 (storage)"."""
    word = column.strip().lower()
    if word not in CONTAINERS and word not in UNITS:
        return None
    named = name_of(cell)
    if named is not None and named.word:
        return named.key
    text = plain(cell)
    return f"{column.strip()} {text}" if _GROUP_ID.match(text) else None
