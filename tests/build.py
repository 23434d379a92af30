"""Builders with good defaults: a test names only what it is about. Everything happens around NOW.

The defaults are a plan of one workstream, started, whose pull is green, approved and ready: every gate passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.config import Config
from bot.core.diagnosis import PERMISSIONS, WANTED_EVENTS
from bot.core.examination import Examination, Grant, Ground
from bot.core.facts import (
    BaseFacts,
    BranchFacts,
    CheckFacts,
    CheckState,
    CommandFacts,
    Facts,
    IssueFacts,
    Mergeable,
    PullFacts,
    PullState,
    RepositoryFacts,
    RequiredCheck,
    ReviewFacts,
    ReviewState,
    WorkstreamFacts,
)
from bot.core.gates import Case
from bot.core.ledger import Checkpoint
from bot.core.memory import Memory
from bot.core.model import (
    Branch,
    Intent,
    IssueNumber,
    Key,
    Login,
    MergeMethod,
    NodeId,
    Order,
    Plan,
    PlanState,
    PullNumber,
    Revision,
    Role,
    Sha,
    Stage,
    Start,
    Workstream,
)
from bot.core.views import GateResult, GateVerdict, Need, PlanView, WorkstreamView

NOW = datetime(2026, 11, 20, 19, 5, tzinfo=UTC)
REPOSITORY = "octo/demo"
URL = f"https://github.test/{REPOSITORY}"
APP = 1001  # Signalbox itself
CI_APP = 2002
BODY = "Base: main\n\n## W1: Add the cache\n"


def sha(text: str) -> Sha:
    """40 hex digits that depend on the text: sha("a") reads "aaaa…"."""
    digits = "".join(f"{ord(char):x}" for char in text) or "0"
    return Sha((digits * 40)[:40])


def tree_of(commit: str) -> Sha:
    """The tree of the commit sha(commit)."""
    return sha(f"{commit} tree")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ago(count: float) -> datetime:
    """So many minutes before NOW."""
    return NOW - minutes(count)


def a_stream(key: str = "W1", title: str = "Add the cache", needs: Sequence[str] = (), **more: Any) -> Workstream:
    return Workstream(key=Key(key), title=title, needs=tuple(Key(each) for each in needs), **{"line": 3, **more})


def a_plan(*streams: Workstream, **more: Any) -> Plan:
    fields = {"title": "Faster pages", "base": Branch("main"), "merge_order": None, "problems": ()}
    return Plan(workstreams=streams or (a_stream(),), **{**fields, **more})


def a_check(name: str = "unit", state: CheckState = CheckState.PASSED, **more: Any) -> CheckFacts:
    word = {CheckState.PASSED: "success", CheckState.FAILED: "failure", CheckState.PENDING: "in_progress"}[state]
    fields = {"app_id": CI_APP, "app_name": "CI", "conclusion": word, "url": f"{URL}/runs/{name}"}
    return CheckFacts(name=name, state=state, **{**fields, **more})


def a_review(author: str = "wim", state: ReviewState = ReviewState.APPROVED, **more: Any) -> ReviewFacts:
    fields = {"commit": sha("head"), "url": f"{URL}/pull/12#review-{author}", "at": ago(5)}
    return ReviewFacts(author=Login(author), state=state, **{**fields, **more})


def a_pull(number: int = 12, **more: Any) -> PullFacts:
    fields = {
        "node_id": NodeId(f"PR_{number}"),
        "url": f"{URL}/pull/{number}",
        "title": "W1: Add the cache",
        "body": "### Acceptance\n\n- [x] The page is cached\n",
        "state": PullState.OPEN,
        "draft": False,
        "head": Branch("signalbox/w1-add-the-cache"),
        "head_sha": sha("head"),
        "head_message": "Add the cache",
        "head_at": ago(30),
        "changed_files": 1,
        "base": Branch("main"),
        "author": Login("signalbox[bot]"),
        "created_at": ago(50),
        "mergeable": Mergeable.YES,
        "checks": (a_check(),),
        "reviews": (a_review(),),
    }
    return PullFacts(number=PullNumber(number), **{**fields, **more})


def an_issue(**more: Any) -> IssueFacts:
    fields = {
        "number": IssueNumber(5),
        "node_id": NodeId("I_5"),
        "url": f"{URL}/issues/5",
        "title": "Faster pages",
        "body": BODY,
        "open": True,
        "labels": ("plan",),
        "author": Login("ada"),
    }
    return IssueFacts(**{**fields, **more})


def a_base(**more: Any) -> BaseFacts:
    return BaseFacts(**{"name": Branch("main"), "sha": sha("base"), "tree": tree_of("base"), **more})


def an_examination(**more: Any) -> Examination:
    """One that finds nothing wrong."""
    everything = Grant(
        permissions={area: need.level for area, need in PERMISSIONS.items()}, events=frozenset(WANTED_EVENTS)
    )
    fields = {
        "slug": "signalbox", "wanted": everything, "granted": everything, "grants_url": f"{URL}/grants",
        "hook_url": "https://x.example/webhook", "ground": a_ground(),
    }  # fmt: skip
    return Examination(**{**fields, **more})


def a_ground(**more: Any) -> Ground:
    fields = {
        "base": Branch("main"), "found": True, "archived": False, "merge_methods": frozenset(MergeMethod),
        "merge_queue": False, "required": (RequiredCheck(name="signalbox", app_id=APP),), "reported": frozenset(),
        "heads": 3, "config_source": None,
    }  # fmt: skip
    return Ground(**{**fields, **more})


def a_repository(**more: Any) -> RepositoryFacts:
    fields = {
        "id": 77,
        "node_id": NodeId("R_77"),
        "full_name": REPOSITORY,
        "url": URL,
        "default_branch": Branch("main"),
        "archived": False,
        "merge_methods": frozenset(MergeMethod),
        "labels": {stage.label: NodeId(f"L_{stage.value}") for stage in Stage},
    }
    return RepositoryFacts(**{**fields, **more})


def facts(*, pulls: Mapping[str, PullFacts | None] | None = None, **more: Any) -> Facts:
    """`pulls`: key -> its pull, None = only the branch."""
    pulls = {"W1": a_pull()} if pulls is None else pulls
    fields = {
        "now": NOW,
        "app_id": APP,
        "repository": a_repository(),
        "issue": an_issue(),
        "base": a_base(),
        "config_source": None,
        "tags": {"signalbox/5/cp-0": sha("base")},
        "workstreams": {Key(key): _stream_facts(key, pull) for key, pull in pulls.items()},
        "comment": None,
    }
    return Facts(**{**fields, **more})


def _stream_facts(key: str, pull: PullFacts | None) -> WorkstreamFacts:
    if pull is None:
        branch = BranchFacts(name=Branch(f"signalbox/{key.lower()}"), sha=sha("base"), message="Base")
        return WorkstreamFacts(branch=branch)
    return WorkstreamFacts(
        branch=BranchFacts(name=pull.head, sha=pull.head_sha, message=pull.head_message), pulls=(pull,)
    )


def a_start(**more: Any) -> Start:
    fields = {
        "by": Login("mia"),
        "at": ago(60),
        "revision": Revision("0" * 64),
        "base": Branch("main"),
        "base_sha": sha("base"),
    }
    return Start(**{**fields, **more})


def an_order(by: str = "ada", reason: str = "", at: datetime | None = None) -> Order:
    return Order(by=Login(by), at=at or ago(10), reason=reason)


def an_intent(**more: Any) -> Intent:
    """A plan that was started."""
    return Intent(**{"start": a_start(), **more})


def a_memory(**more: Any) -> Memory:
    """Of a plan that was started, whose text is in force."""
    fields = {"intent": an_intent(), "approved_body": BODY, "tip": sha("base"), "checkpoints": (a_checkpoint(),)}
    return Memory(**{**fields, **more})


def a_checkpoint(number: int = 0, *, at: str = "base", landed: Sequence[str] = (), **more: Any) -> Checkpoint:
    """A checkpoint whose tag is there, at a commit of the base by name: see build_base.py."""
    fields = {
        "name": f"cp-{number}",
        "sha": sha(at),
        "tree": tree_of(at),
        "revision": Revision("0" * 64),
        "at": ago(60 - number),
        "landed": tuple(Key(each) for each in landed),
        "evidence": ("The base when the plan was started",) if number == 0 else (f"Green on `{sha(at)[:7]}`: `unit`",),
        "tagged": True,
    }
    return Checkpoint(**{**fields, **more})


def a_need(key: str = "W0", *, met: bool = False, pull: int | None = 11, waits_for: str = "Still a draft") -> Need:
    return Need(
        key=Key(key),
        stage=Stage.DONE if met else Stage.RUNNING,
        met=met,
        pull=PullNumber(pull) if pull is not None else None,
        waits_for="" if met else waits_for,
    )


def a_case(**more: Any) -> Case:
    pull = more.get("pull", a_pull())
    fields = {
        "facts": facts(pulls={"W1": pull}),
        "plan": a_plan(),
        "stream": a_stream(),
        "pull": pull,
        "needs": (),
        "intent": an_intent(),
        "config": Config(),
        "has_work": True,
        "drafts": True,
        "head_since": ago(30),
    }
    return Case(**{**fields, **more})


def a_command(line: str = "status", **more: Any) -> CommandFacts:
    """A command on the plan's issue: `line` is what stands behind "/signalbox"."""
    words = line.split()
    fields = {
        "id": 1,
        "verb": words[0].lower(),
        "words": tuple(words[1:]),
        "text": f"/signalbox {line}",
        "author": Login("mia"),
        "author_is_bot": False,
        "role": Role.MAINTAIN,
        "pull": None,
        "subject": NodeId("I_5"),
        "comment": NodeId("IC_1"),
        "comment_url": f"{URL}/issues/5#issuecomment-1",
        "at": ago(1),
        "source": f"comment:{more.get('id', 1)}:1",
    }
    return CommandFacts(**{**fields, **more})


def a_gate(name: str = "order", verdict: GateVerdict = GateVerdict.PASS, **more: Any) -> GateResult:
    return GateResult(gate=name, verdict=verdict, **{"reason": "Needs nothing", "since": ago(10), **more})


def a_stream_view(key: str = "W1", stage: Stage = Stage.RUNNING, **more: Any) -> WorkstreamView:
    fields = {
        "workstream": a_stream(key),
        "branch": Branch(f"signalbox/{key.lower()}-add-the-cache"),
        "since": ago(10),
        "needs": (),
        "gates": (),
        "pull": a_pull(),
        "branch_sha": sha("head"),
    }
    return WorkstreamView(stage=stage, **{**fields, **more})


def a_view(*streams: WorkstreamView, **more: Any) -> PlanView:
    """A view of a running plan with these workstreams, each alone in its wave."""
    streams = streams or (a_stream_view(),)
    intent = more.get("intent", an_intent())
    fields = {
        "state": _state(intent),
        "plan": a_plan(*(each.workstream for each in streams)),
        "revision": Revision("0" * 64),
        "pending": None,
        "problems": (),
        "config": Config(),
        "config_problems": (),
        "intent": intent,
        "repository": a_repository(),
        "issue": an_issue(),
        "base": a_base(),
        "streams": streams,
        "waves": tuple((each.workstream.key,) for each in streams),
        "tags": {},
        "now": NOW,
    }
    return PlanView(**{**fields, **more})


def _state(intent: Intent) -> PlanState:
    if intent.cancelled is not None:
        return PlanState.CANCELLED
    if intent.start is None:
        return PlanState.PREVIEW
    return PlanState.PAUSED if intent.paused is not None else PlanState.RUNNING


def a_judge(*streams: WorkstreamView, **more: Any) -> Callable[[Facts, Memory], PlanView]:
    """A judge for `fold`: the same workstreams always, with the intent and the issue that it is given."""

    def judge(given: Facts, memory: Memory) -> PlanView:
        state = more.get("state", _state(memory.intent))
        return replace(a_view(*streams, **more), intent=memory.intent, state=state, issue=given.issue)

    return judge
