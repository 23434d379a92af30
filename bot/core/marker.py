"""The hidden line that ends every comment of ours: by it a comment is found again and an unchanged text is recognised.

Must not decide whether a comment is ours: anybody can type a marker, so the reader checks the author first.
"""

import hashlib
import re
from dataclasses import dataclass

DIGEST_LENGTH = 12  # hex digits of SHA-256

_MARKER = re.compile(rf"<!-- signalbox:([^\s>]+) digest=([0-9a-f]{{{DIGEST_LENGTH}}}) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a comment's hidden line says."""

    key: str  # the journal key: "status" or "reply:<comment id>:<line>"
    digest: str  # of the text above the marker, as it was written, and of what the comment keeps


def digest_of(text: str) -> str:
    """Return the first 12 hex digits of the text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def mark(body: str, journal_key: str, kept: str = "") -> str:
    """Return the body with its marker as the last line. `kept`: what the comment is written anew for if it changes.

    `journal_key` must be free of white space and of ">", which would end the HTML comment early (ValueError).
    """
    if re.fullmatch(r"[^\s>]+", journal_key) is None:
        raise ValueError(f"not a journal key: {journal_key!r}")
    return f"{body}\n\n<!-- signalbox:{journal_key} digest={digest_of(body + kept)} -->"


def reply_key(source: str) -> str:
    """Return the journal key of the reply to a command; it is the same one should the database be lost."""
    return f"reply:{source.removeprefix('comment:').removeprefix('button:')}"


def read_marker(body: str) -> Marker | None:
    """Return the marker that ends the body, None if it ends in anything else.

    Only the very end counts: user text that is quoted in a comment of ours may contain a marker and stands above it.
    """
    found = _MARKER.search(body)
    return None if found is None else Marker(found[1], found[2])
