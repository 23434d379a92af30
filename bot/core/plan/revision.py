"""The revision of a plan: which text of the issue was approved.

Must not leave anything of the body out: a change nobody approved must change the revision.
"""

from hashlib import sha256

from bot.core.model import Revision


def revision_of(body: str) -> Revision:
    """Return the SHA-256 (hex) of the whole body.

    GitHub's editor sends CRLF, its API takes what it gets; both are folded to LF so that saving an unchanged
    text in the browser is no new revision.
    """
    return Revision(sha256(body.replace("\r\n", "\n").encode("utf-8", "surrogatepass")).hexdigest())
