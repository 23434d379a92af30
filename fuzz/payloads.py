"""A well formed payload of each event that Signalbox reads, and how to spoil one.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. Only what is read is in them.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from fuzz.choices import Choices

Json = Any

_SHA = "0123456789abcdef0123456789abcdef01234567"
_USER = {"login": "mia", "type": "User"}
_REPOSITORY = {"id": 77, "node_id": "R_77", "full_name": "octo/demo"}
_ISSUE = {"number": 5, "node_id": "I_5", "state": "open", "labels": [{"name": "plan"}], "pull_request": {"url": "x"}}
_COMMENT = {
    "id": 900, "node_id": "IC_900", "html_url": "https://github.example/c", "created_at": "2026-11-20T19:05:00Z",
    "body": "Go!\n/sb start W1 `code`", "user": _USER,
}  # fmt: skip
_PULL = {
    "number": 12, "node_id": "PR_12", "state": "open", "head": {"ref": "part/w1", "sha": _SHA, "repo": {"id": 77}},
    "base": {"ref": "main", "sha": _SHA, "repo": {"id": 77}},
}  # fmt: skip
_SUITE = {
    "head_branch": f"gh-readonly-queue/main/pr-12-{_SHA}", "pull_requests": [{"number": 12}], "app": {"id": 9},
}  # fmt: skip
_RUN = {
    "name": "signalbox", "external_id": "plan/5/0123456789ab/0123456789ab", "html_url": "https://github.example/r",
    "check_suite": _SUITE, "pull_requests": [{"number": 12}], "app": {"id": 1001},
}  # fmt: skip

_INSTALLATION = {"id": 5, "account": {"login": "octo", "id": 1}}

_PARTS: Mapping[str, Mapping[str, Json]] = {
    "issues": {"action": "labeled", "issue": _ISSUE},
    "issue_comment": {"action": "created", "issue": _ISSUE, "comment": _COMMENT},
    "pull_request": {"action": "opened", "pull_request": _PULL},
    "pull_request_review": {"action": "submitted", "pull_request": _PULL},
    "push": {"ref": "refs/heads/main"},
    "create": {"ref": "main", "ref_type": "branch"},
    "delete": {"ref": "signalbox/5/cp-1", "ref_type": "tag"},
    "check_run": {"action": "requested_action", "check_run": _RUN, "requested_action": {"identifier": "hold W1"}},
    "check_suite": {"action": "completed", "check_suite": _SUITE},
    "status": {"branches": [{"name": "main"}]},
    "merge_group": {"action": "checks_requested", "merge_group": {"base_ref": "refs/heads/main"}},
    "label": {"action": "edited"},
    "repository": {"action": "renamed"},
    "branch_protection_rule": {"action": "created"},
    "repository_ruleset": {"action": "edited"},
    "installation": {
        "action": "deleted", "repositories": [_REPOSITORY], "repository": None, "installation": _INSTALLATION,
    },
    "installation_repositories": {
        "action": "removed", "repositories_added": [_REPOSITORY], "repositories_removed": [_REPOSITORY],
        "repository": None, "installation": _INSTALLATION,
    },
    "never_heard_of": {"action": "created"},
}  # fmt: skip

EVENTS = tuple(_PARTS)
MOST_PLACES = 300

#: What GitHub would not send there, of every type that JSON has.
ODD: tuple[Json, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, "", " ", "x", "a\nb", "\0", "\x1b[31mred", "\u202e",
    "\ud800", "\U0010ffff", "x" * 300, "x" * 3000, "../..", "..", "a/b", "/signalbox start", "> /sb start", "🚦", "{}", [], {},
    [[]], [None], [{}], {"": None}, {"id": None}, {"number": "5"}, {"login": 1}, [{"id": 1}, {"id": 1}],
)  # fmt: skip


def payload_of(event: str) -> dict[str, Json]:
    """Return a well formed payload."""
    whole = {"repository": _REPOSITORY, "installation": {"id": 5}, "sender": _USER, **_PARTS[event]}
    return copy.deepcopy(whole)


def spoiled(event: str, choices: Choices) -> Json:
    """Return a payload in which some things are missing, of another type or of another value."""
    payload: Json = payload_of(event)
    while not choices.ended:
        places = list(_places(payload))
        if not places:
            return payload
        holder, key = places[(choices.byte() << 8 | choices.byte()) % len(places)]
        match choices.byte() % 4:
            case 0:
                del holder[key]
            case 1:
                holder[key] = choices.text()
            case 2:
                holder[key] = copy.deepcopy(choices.one_of(ODD))
            case _ if len(places) < MOST_PLACES:  # or lists of lists would grow without end
                holder[key] = [copy.deepcopy(holder[key])] * (choices.byte() % 4)
    return payload


def _places(value: Json) -> Iterator[tuple[Json, Any]]:
    """Yield everything in a payload that can be replaced, as its holder and its key or index in it."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, each in inside:
        yield value, key
        yield from _places(each)
