"""The parts of GitHub's payloads that events are read from."""

from typing import Any

from tests.build import APP, REPOSITORY, URL, sha

REPO = {"id": 77, "node_id": "R_77", "full_name": REPOSITORY, "private": False}
ISSUE = {
    "number": 5,
    "node_id": "I_5",
    "state": "open",
    "labels": [{"name": "plan", "color": "ededed"}, {"name": "bug"}],
    "title": "Faster pages",
}
PULL = {
    "number": 12,
    "node_id": "PR_12",
    "state": "open",
    "head": {"ref": "signalbox/w1", "sha": sha("head"), "repo": {"id": 77}},
    "base": {"ref": "main", "sha": sha("base"), "repo": {"id": 77}},
}
FORK = {**PULL, "head": {"ref": "main", "sha": sha("head"), "repo": {"id": 78}}}
ORPHAN = {**PULL, "head": {"ref": "main", "sha": sha("head"), "repo": None}}
COMMENT_URL = f"{URL}/issues/5#issuecomment-900"
COMMENT = {
    "id": 900,
    "node_id": "IC_900",
    "html_url": COMMENT_URL,
    "body": "Go!\n/sb start",
    "created_at": "2026-11-20T19:05:00Z",
    "user": {"login": "mia", "type": "User"},
}
RUN = {
    "name": "signalbox",
    "external_id": "plan/5/0123456789ab/0123456789ab/0123456789ab",
    "html_url": f"{URL}/runs/3",
    "check_suite": {"head_branch": "signalbox/w1"},
    "pull_requests": [{"number": 12}],
    "app": {"id": APP},
}
SUITE = {"head_branch": "signalbox/w1", "pull_requests": [{"number": 12}], "app": {"id": 9}}

INSTALLED = {"id": 3, "account": {"login": "octo", "id": 1}}


def about_the_app(action: str, **more: Any) -> dict[str, Any]:
    """What `installation` and `installation_repositories` say: no repository, and the whole installation."""
    return {"action": action, "installation": INSTALLED, "sender": {"login": "mia", "type": "User"}, **more}


def payload(action: str = "", **more: Any) -> dict[str, Any]:
    given = {"repository": REPO, "installation": {"id": 3}, "sender": {"login": "mia", "type": "User"}, **more}
    return {"action": action, **given} if action else given
