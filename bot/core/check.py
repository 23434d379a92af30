"""The one required check: from what its text says to the run that shows it, written only when that differs.

Must not choose the text (render/check.py) or the verdict (gates/).
"""

import hashlib
import json
from datetime import datetime, timedelta

from bot.core.actions import PutCheck
from bot.core.facts import Freeze, OwnCheck, PullFacts, PullState
from bot.core.memory import Memory
from bot.core.model import NodeId, Sha, Stage
from bot.core.render.check import CheckText, check_output, outside_check, rollback_output
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
    landed = pull.state is PullState.MERGED and (current is None or current.conclusion == "success")
    if landed and (current is None or stream.stage is not Stage.ROLLED_BACK):
        return None  # it landed: what was shown then stays, until it is taken back
    text = check_output(view, stream, status_url)
    run = None
    if current is None:
        # a run of an earlier turn that the read does not show yet: change that one, never add a second
        run = memory.checks.get(pull.head_sha)
    elif not _expired(current, view.now):
        run = current.node_id
    made_from = _made_from(view, pull, memory)
    return put_check(text, pull.head_sha, made_from, run=run, current=current, details_url=view.issue.url)


def rollback_check(view: PlanView, memory: Memory, status_url: str) -> PutCheck | None:
    """Return the write that makes the check on a rollback's open pull right; None if it is right or there is none."""
    back = view.rollback
    if back is None or back.pull is None or back.pull.state is not PullState.OPEN:
        return None
    pull = back.pull
    current = pull.own_checks[0] if pull.own_checks else None
    run = current.node_id if current is not None else memory.checks.get(pull.head_sha)
    made_from = _made_from(view, pull, memory)
    text = rollback_output(view, back, status_url)
    return put_check(text, pull.head_sha, made_from, run=run, current=current, details_url=view.issue.url)


def check_outside(
    head: Sha, current: OwnCheck | None, details_url: str, *, freeze: Freeze | None = None, now: datetime
) -> PutCheck | None:
    """Return the write for a pull that belongs to no plan, whose base `freeze` stops; None if its check is right.

    `details_url` is the pull's own, which says where the plan is, too.
    """
    plan_url = None
    if freeze is not None:
        repository_url, is_pull, _ = details_url.rpartition("/pull/")
        plan_url = f"{repository_url}/issues/{freeze.issue}" if is_pull else None
    text = outside_check(freeze, plan_url)
    run = current.node_id if current is not None and not _expired(current, now) else None
    return put_check(text, head, f"outside/{head[:12]}", run=run, current=current, details_url=plan_url or details_url)


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


def _made_from(view: PlanView, pull: PullFacts, memory: Memory) -> str:
    """What a plan's check is made from. A restored plan marks its checks, so that it knows a press on an older one."""
    mark = f"/{memory.restored.mark}" if memory.restored is not None else ""
    return f"plan/{view.issue.number}/{view.revision[:12]}/{pull.head_sha[:12]}{mark}"


def _expired(current: OwnCheck, now: datetime) -> bool:
    """Say whether an unfinished run is so old that another has to take its place."""
    since = None if current.status == "completed" else current.started_at
    return since is not None and now - since > RENEW_AFTER


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
