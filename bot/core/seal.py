"""The seal on what the status comment keeps: whoever may write in a repository may edit the comment.

So what stands there counts only if this App wrote it, for this plan. Pure. Must not know what is sealed.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Self

from bot.core.facts import Sealed
from bot.core.model import IssueNumber

PURPOSE = b"signalbox keepsake 1"  # another use of the same secret must give another key

_MARK = r"<!-- signalbox:\S+ digest=[0-9a-f]+ -->\s*\Z"
_SEALED = re.compile(rf"<!-- signalbox-keepsake 1 ([A-Za-z0-9+/]+={{0,2}}) ([0-9a-f]{{64}}) -->\s*{_MARK}")
_LAST_LINE = re.compile(rf"(?<!\s)\s*{_MARK}")  # from the first space on, so that it takes linear time


@dataclass(frozen=True, slots=True)
class Seal:
    """What this App seals with, and what it knows its own seal by."""

    key: bytes = field(repr=False)  # 32 bytes

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Derive it from a secret of high entropy, for the seal is public: HKDF with SHA-256 (RFC 5869), one block."""
        extracted = hmac.digest(bytes(hashlib.sha256().digest_size), secret, "sha256")
        return cls(hmac.digest(extracted, PURPOSE + b"\x01", "sha256"))

    def put(self, body: str, payload: str, repository: int, issue: IssueNumber) -> str:
        """Return a marked body with the sealed payload in a hidden line above its last one; "" = the body as it is."""
        last = _LAST_LINE.search(body)
        if not payload or last is None:
            return body
        line = f"<!-- signalbox-keepsake 1 {payload} {self._code(payload, repository, issue)} -->"
        return f"{body[: last.start()]}\n\n{line}\n{body[last.start() :].lstrip()}"

    def holds(self, sealed: Sealed, repository: int, issue: IssueNumber) -> bool:
        """Say whether this App sealed that, for this plan and no other."""
        return hmac.compare_digest(sealed.code, self._code(sealed.payload, repository, issue))

    def _code(self, payload: str, repository: int, issue: IssueNumber) -> str:
        return hmac.digest(self.key, f"{repository}:{issue}:{payload}".encode(), "sha256").hex()


def read_sealed(body: str) -> Sealed | None:
    """Return what stands sealed at the end of a comment, None if nothing does. It proves nothing before `holds` says so."""
    found = _SEALED.search(body)
    return None if found is None else Sealed(payload=found[1], code=found[2])
