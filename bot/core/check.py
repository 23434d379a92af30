"""The one required check: from what its text says to the run that shows it, written only when that differs.

Must not choose the text (render/check.py) or the verdict (gates/).
"""

import hashlib
import json
from datetime import timedelta

from bot.core.actions import PutCheck
from bot.core.facts import OwnCheck, PullFacts, PullState
from bot.core.memory import Memory
from bot.core.model import NodeId, Sha
from bot.core.render.check import CheckText, check_output, outside_check
from bot.core.views import PlanView, WorkstreamView

MAX_SUMMARY = 65_535  # characters, https://docs.github.com/en/rest/checks/runs#create-a-check-run

# GitHub marks an unfinished run as stale after 14 days
# (https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks).
RENEW_AFTER = timedelta(days=13)


def own_check(
    view: PlanView, stream: WorkstreamView, pull: PullFacts, memory: Memory, status_url: str
) -> PutCheck | None:
    """Return the write that makes the check on a plan's pull right; None if it is right."""
    current = pull.own_checks[0] if pull.own_checks else None
    if pull.state is PullState.MERGED and (current is None or current.conclusion == "success"):
        return None  # it landed: what was shown then stays
    text = check_output(view, stream, status_url)
    made_from = f"plan/{view.issue.number}/{view.revision[:12]}/{pull.head_sha[:12]}"
    expired = (
        current is not None
        and current.status != "completed"
        and current.started_at is not None
        and view.now - current.started_at > RENEW_AFTER
    )
    run = None
    if current is None:
        # a run of an earlier turn that the read does not show yet: change that one, never add a second
        run = memory.checks.get(pull.head_sha)
    elif not expired:
        run = current.node_id
    return put_check(text, pull.head_sha, made_from, run=run, current=current, details_url=view.issue.url)


def check_outside(head: Sha, current: OwnCheck | None, details_url: str) -> PutCheck | None:
    """Return the write for a pull that belongs to no plan; None if its check is right."""
    run = current.node_id if current is not None else None
    return put_check(outside_check(), head, f"outside/{head[:12]}", run=run, current=current, details_url=details_url)


def put_check(
    text: CheckText, head: Sha, made_from: str, *, run: NodeId | None, current: OwnCheck | None, details_url: str
) -> PutCheck | None:
    """Return the write that shows `text` on `head`; None if `current` shows it already and `run` is that run."""
    external_id = f"{made_from}/{_digest(text)}"
    shown = (
        current is not None
        and run == current.node_id
        and current.external_id == external_id
        and (current.status, current.conclusion) == (text.status, text.conclusion)
    )
    if shown:
        return None
    return PutCheck(
        head_sha=head,
        run=run,
        status=text.status,
        conclusion=text.conclusion,
        title=text.title,
        summary=_whole(text),
        external_id=external_id,
        details_url=details_url,
        buttons=text.buttons,
    )


def _whole(text: CheckText) -> str:
    """Everything in the one field that every update replaces: GitHub may keep an old `text` where a new one is left out."""
    whole = f"{text.summary}\n\n{text.text}" if text.text else text.summary
    return whole if len(whole) <= MAX_SUMMARY else text.summary


def _digest(text: CheckText) -> str:
    parts = [
        text.status,
        text.conclusion,
        text.title,
        text.summary,
        text.text,
        [each.identifier for each in text.buttons],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
