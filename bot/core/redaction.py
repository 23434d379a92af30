"""Takes out of a text whatever looks like a token or a private key. Below the log, every text that is shown or stored.

Must not know a secret of this installation: the log takes those as they are (bot/log.py).
"""

import re

REMOVED = "[removed]"

#: What a secret looks like, whoever it belongs to. GitHub's prefixes are listed at
#: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github;
#: what follows them is of any length and may hold dots and hyphens. A letter may stand before a secret and be none of its
#: own, as in "\\n" and "\\x1b[31m"; short ones are known only where a word begins.
_SECRETS = re.compile(
    r"(?<![A-Za-z0-9])gh[a-z]_[\w.\-]{8,}|gh[a-z]_(?:\d+_)?[A-Za-z0-9]{20,}[\w.\-]*"  # GitHub's tokens
    r"|github_pat_\w{8,}"
    # a JWT; begun nowhere else, so that it takes linear time
    r"|(?:(?<![\w\-])|(?<=\\[nrt])|(?<=\[\dm)|(?<=\[\d\dm))eyJ[\w\-]{5,}\.[\w\-]+(?:\.[\w\-]*)?"
    r"|-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)"  # PEM
    r"|(?<=://)(?!git@)[^\s/?#]+(?=@)"  # user, password or both in an address
    # what CI prints of others: AWS, GitLab, Slack, npm
    r"|\bAKIA[A-Z0-9]{16}|\bglpat-[\w\-]{20,}|\bxox[a-z]-[\w\-]{10,}|\bnpm_[A-Za-z0-9]{36}",
    re.DOTALL | re.ASCII,
)
_HINTS = ("gh", "eyJ", "-----", "://", "AKIA", "glpat-", "xox", "npm_")  # one of these is in each of them

#: An address that ends no link and no line, and leads to a server.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(?:[/?#][A-Za-z0-9\-._~:/?#@!$&*+,;=%]*)?")
ADDRESS_LIMIT = 500  # characters; a longer one is no link


def without_secrets(text: str) -> str:
    """Return the text with "[removed]" in the place of every token, private key and password in an address."""
    # most texts have no hint of any, and to see that takes a tenth of the time
    return _SECRETS.sub(REMOVED, text) if any(hint in text for hint in _HINTS) else text


def linked(address: str) -> str:
    """Return an address that somebody gave, if it may be linked as it is; "" if not.

    It may not with a secret in it, without which it leads nowhere, nor with what would end the link.
    """
    harmless = len(address) <= ADDRESS_LIMIT and _ADDRESS.fullmatch(address) and without_secrets(address) == address
    return address if harmless else ""
