"""Takes out of a text whatever looks like a token or a private key. Below the log, every text that is shown or stored.

Must not know a secret of this installation: the log takes those as they are (bot/log.py).
"""

import re

REMOVED = "[removed]"

#: What a secret looks like, whoever it belongs to. GitHub's prefixes are listed at
#: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github;
#: what follows them is of any length and may hold dots and hyphens.
_SECRETS = re.compile(
    r"\bgh[a-z]_[\w.\-]{8,}"  # GitHub's tokens
    r"|\bgithub_pat_\w{8,}"
    r"|(?<![\w\-])eyJ[\w\-]{5,}\.[\w\-]+(?:\.[\w\-]*)?"  # a JWT; begun nowhere else, so that it takes linear time
    r"|-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)"  # PEM
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",  # user and password in an address
    re.DOTALL | re.ASCII,
)


def without_secrets(text: str) -> str:
    """Return the text with "[removed]" in the place of every token, private key and password in an address."""
    # One of these is in each of them. Most texts have none, and to see that takes a tenth of the time.
    if "gh" in text or "eyJ" in text or "-----" in text or "://" in text:
        return _SECRETS.sub(REMOVED, text)
    return text


def linked(address: str) -> str:
    """Return an address that may be linked as it is, "" for one with a secret in it: without that it leads nowhere."""
    return address if without_secrets(address) == address else ""
