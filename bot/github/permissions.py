"""What Signalbox asks an installation for: the one list, which app.yml repeats for GitHub and a test compares.

Below transport.py, which mints tokens by it. Must not ask GitHub anything.
https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""

from collections.abc import Mapping

Permissions = Mapping[str, str]  # "pull_requests" -> "read" or "write", as the API names them

LEVELS = ("read", "write", "admin")

#: The least that the work needs; app.yml says what each is for.
NEEDED: Permissions = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "merge_queues": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}

#: Not in app.yml: used where the App's owner adds it, for branches whose commits carry workflow files.
OPTIONAL: Permissions = {"workflows": "write"}

#: Enough to list the repositories of an installation.
LISTING: Permissions = {"metadata": "read"}


def usable(granted: Permissions) -> dict[str, str]:
    """Return what of NEEDED and OPTIONAL is granted, at the level that is granted: what a token may be asked for."""
    found = {area: _lower(level, granted[area]) for area, level in {**NEEDED, **OPTIONAL}.items() if area in granted}
    return {area: level for area, level in found.items() if level}


def lacking(granted: Permissions) -> tuple[str, ...]:
    """Return what of NEEDED is not granted, as an administrator reads it: ("Checks: write",)."""
    have = usable(granted)
    return tuple(
        f"{area.replace('_', ' ').capitalize()}: {level}" for area, level in NEEDED.items() if have.get(area) != level
    )


def _lower(wanted: str, granted: str) -> str:
    """Return the lower of two levels, "" for a level that nobody knows."""
    if granted not in LEVELS:
        return ""
    return min(wanted, granted, key=LEVELS.index)
