"""Plans in every situation that a text has to tell of, judged as they are in a turn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.facts import (
    BaseFacts,
    BranchFacts,
    CheckFacts,
    CheckState,
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
from bot.core.judge import judge
from bot.core.ledger import Checkpoint, Landing
from bot.core.memory import Memory
from bot.core.model import (
    Acceptance,
    Branch,
    Intent,
    IssueNumber,
    Key,
    Login,
    MergeMethod,
    NodeId,
    Order,
    PullNumber,
    Removal,
    Revision,
    Sha,
    Start,
)
from bot.core.plan.reader import read_plan
from bot.core.plan.revision import revision_of
from bot.core.render.brief import brief, opening_commit
from bot.core.views import PlanView

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
STARTED = NOW - timedelta(hours=5)
URL = "https://github.example/octo/shop"
BASE_SHA = Sha("a1b2c3d" + "0" * 33)

PLAN = """\
# Shop search

Base: main

## Workstreams

### W1: Read the settings
- Branch: `settings`
- Files: `src/settings.py`, `tests/test_settings.py`
- Scope:
  - Read `SHOP_*` from the environment
- Out of scope:
  - A settings page
- Acceptance:
  - [ ] A missing setting is named
  - [ ] `make settings` prints them all
- Validation:
  ```sh
  make test
  make settings
  ```

### W2: Store products
- Branch: `store`
- Files: `src/store/**`
- Depends on: W1
- Acceptance:
  - [ ] Products survive a restart

### W3: Index words
- Branch: `index`
- Files: `src/index.py`, `src/words.py`, `tests/test_index.py`
- Depends on: W1

### W4: Search page
- Branch: `search-page`
- Files: `src/page.py`
- Depends on: W2, W3
- Acceptance:
  - [ ] A search for "tea" shows the tea pot

### W5: Write the manual
- Branch: `manual`
- Files: `docs/manual.md`
- Depends on: W4
"""

LESS = PLAN[: PLAN.index("### W5: ")]
MORE = f"{PLAN}\n### W6: Announce it\n- Branch: `news`\n- Depends on: W5\n".replace("tea pot", "tea pots")

BROKEN = """\
## Workstreams

### W1: Read the settings
- Branch: `settings`
- Depends on: W9

### W2: Store products
- Branch: `settings`
- Depends on: W1
"""

CYCLE = """\
## Workstreams

### W1: Hen
- Branch: `hen`
- Depends on: W2

### W2: Egg
- Branch: `egg`
- Depends on: W1
"""

BRANCHES = {
    "W1": Branch("settings"),
    "W2": Branch("store"),
    "W3": Branch("index"),
    "W4": Branch("search-page"),
    "W5": Branch("manual"),
}

GREEN = CheckFacts(
    name="tests",
    app_id=7,
    app_name="CI",
    state=CheckState.PASSED,
    conclusion="success",
    url=f"{URL}/runs/1",
    completed_at=NOW - timedelta(hours=1),
)
PENDING = replace(GREEN, state=CheckState.PENDING, conclusion="in_progress", completed_at=None)
RED = replace(GREEN, state=CheckState.FAILED, conclusion="failure")
APPROVED = ReviewFacts(
    author=Login("rita"), state=ReviewState.APPROVED, commit=None, url=f"{URL}/pull/11#review", at=NOW
)


MINUTES = """# Meeting of 12 May

Attendees: Ann, Bob, Eve

## Agenda

1. The printer
2. The room

## Action items

- [ ] Ann writes to @all
- [ ] Bob calls the printer's maker
- [ ] Eve books the room
"""


def preview(body: str = PLAN, *, config: str | None = None, branches: Mapping[str, int] | None = None) -> PlanView:
    """A plan nobody has started. `branches`: key -> commits that its branch has already."""
    there = {
        Key(key): WorkstreamFacts(
            branch=BranchFacts(name=BRANCHES[key], sha=Sha("b" * 40), message="Old work", ahead=ahead)
        )
        for key, ahead in (branches or {}).items()
    }
    return judge(facts(body, there, config=config), Memory())


def started(  # every knob is one thing that a text tells of
    pulls: Mapping[str, PullFacts] | None = None,
    *,
    body: str = PLAN,
    now_body: str | None = None,
    config: str | None = None,
    intent: Intent | None = None,
    memory: Memory | None = None,
    more: Mapping[str, Any] | None = None,
) -> PlanView:
    """A plan that ada started: `pulls` as given, those of the other workstreams just opened.

    `memory`: its ledger, else what landed was found good each time; `more`: further facts.
    """
    streams = read_plan(body).workstreams
    every: dict[str, PullFacts] = {each.key: just_opened(each.key, 11 + index) for index, each in enumerate(streams)}
    every.update(pulls or {})
    found = {
        Key(key): WorkstreamFacts(
            branch=BranchFacts(name=each.head, sha=each.head_sha, message=each.head_message), pulls=(each,)
        )
        for key, each in every.items()
    }
    start = Start(by=Login("ada"), at=STARTED, revision=revision_of(body), base=Branch("main"), base_sha=BASE_SHA)
    known = memory if memory is not None else ledger(every)
    known = replace(
        known, intent=replace(intent or Intent(), start=start), approved_body=body, good_config="mode: manual\n"
    )
    tags = {f"signalbox/7/{each.name}": each.sha for each in known.checkpoints}
    said = facts(now_body or body, found, config=config, tags=tags)
    return judge(replace(said, **(more or {})), known)


def ledger(pulls: Mapping[str, PullFacts]) -> Memory:
    """The memory of what landed on main, one after the other and each time found good."""
    landings: list[Landing] = []
    checkpoints = [checkpoint(0, BASE_SHA, ())]
    landed = [(key, pull) for key, pull in pulls.items() if pull.merged_at is not None and pull.merge_sha is not None]
    for key, pull in sorted(landed, key=lambda each: each[1].merged_at or NOW):
        landings.append(landing(key, pull, landings[-1].sha if landings else BASE_SHA))
        keys = tuple(each.key for each in landings if each.key is not None)
        checkpoints.append(checkpoint(len(landings), landings[-1].sha, keys))
    return Memory(landings=tuple(landings), checkpoints=tuple(checkpoints), tip=BASE_SHA)


def landing(key: str, pull: PullFacts, before: Sha) -> Landing:
    """The merge of a pull, verified."""
    assert pull.merge_sha is not None
    tree = Sha(pull.merge_sha[::-1])
    return Landing(
        key=Key(key), pull=pull.number, branch=pull.head, head=pull.head_sha, before=before, tree_before=Sha(before[::-1]),
        sha=pull.merge_sha, tree=tree, at=pull.merged_at or NOW, by=pull.merged_by or Login("signalbox[bot]"),
        decided=True, expected=tree, green=pull.merged_at, evidence=(f"Green on `{pull.merge_sha[:7]}`: `tests`",),
    )  # fmt: skip


def checkpoint(number: int, sha: Sha, landed: tuple[Key, ...]) -> Checkpoint:
    """A checkpoint that follows from a merge; the first one from the start."""
    seen = f"Green on `{sha[:7]}`: `tests`" if number else "The base when the plan was started"
    return Checkpoint(
        name=f"cp-{number}", sha=sha, tree=Sha(sha[::-1]), revision=Revision("r"), at=STARTED, landed=landed,
        evidence=(seen,), tagged=True,
    )  # fmt: skip


def opening() -> PlanView:
    """A plan that ada has just started: no branch and no pull is known yet."""
    just_then = replace(facts(PLAN, {}), now=STARTED + timedelta(minutes=1))
    return judge(just_then, Memory(intent=started().intent, approved_body=PLAN))


def facts(
    body: str,
    workstreams: Mapping[Key, WorkstreamFacts],
    *,
    config: str | None = None,
    tags: Mapping[str, Sha] | None = None,
    required: tuple[RequiredCheck, ...] = (RequiredCheck(name="signalbox", app_id=42),),
) -> Facts:
    """What GitHub says about octo/shop."""
    return Facts(
        now=NOW,
        app_id=42,
        repository=RepositoryFacts(
            id=1,
            node_id=NodeId("R_1"),
            full_name="octo/shop",
            url=URL,
            default_branch=Branch("main"),
            archived=False,
            merge_methods=frozenset(MergeMethod),
            labels={},
        ),
        issue=IssueFacts(
            number=IssueNumber(7),
            node_id=NodeId("I_7"),
            url=f"{URL}/issues/7",
            title="Shop search",
            body=body,
            open=True,
            labels=("plan",),
            author=Login("ada"),
        ),
        base=BaseFacts(name=Branch("main"), sha=BASE_SHA, required_checks=required),
        config_source=config,
        tags=tags or {},
        workstreams=workstreams,
        comment=None,
    )


def just_opened(key: str, number: int) -> PullFacts:
    """A draft pull with nothing but the opening commit."""
    headline, rest = opening_commit_of(key)
    return PullFacts(
        number=PullNumber(number), node_id=NodeId(f"PR_{number}"), url=f"{URL}/pull/{number}", title=key, body="",
        state=PullState.OPEN, draft=True, head=BRANCHES.get(key, Branch(f"branch-{number}")),
        head_sha=Sha(f"{number:040x}"), head_message=f"{headline}\n\n{rest}", head_at=STARTED, changed_files=0,
        base=Branch("main"), author=Login("signalbox[bot]"), created_at=STARTED + timedelta(minutes=1),
        mergeable=Mergeable.YES,
    )  # fmt: skip


def opening_commit_of(key: str) -> tuple[str, str]:
    """The opening commit as the bot writes it."""
    view = preview()
    known = {each.workstream.key: each for each in view.streams}
    return opening_commit(view, known.get(Key(key), view.streams[0]))


def worked_on(key: str, number: int, *checks: CheckFacts, draft: bool = True) -> PullFacts:
    """A pull with real commits."""
    return replace(just_opened(key, number), head_message="Read the settings", checks=checks or (GREEN,), draft=draft)


def handed_in(key: str, number: int, *checks: CheckFacts) -> PullFacts:
    """A pull that is ready for review, with nothing ticked that is not said to be."""
    return worked_on(key, number, *checks, draft=False)


def finished(key: str, number: int) -> PullFacts:
    """A pull that has all it needs of its own."""
    return replace(handed_in(key, number), reviews=(replace(APPROVED, url=f"{URL}/pull/{number}#review"),))


def merged(key: str, number: int, minutes: int, by: str = "signalbox[bot]") -> PullFacts:
    """A pull that landed so many minutes after the start."""
    return replace(
        finished(key, number),
        state=PullState.MERGED,
        merged_at=STARTED + timedelta(minutes=minutes),
        merged_by=Login(by),
        merge_sha=Sha(f"{number:02d}cafe0" + "0" * 33),
    )


def closed(key: str, number: int) -> PullFacts:
    """A pull that was closed without being merged."""
    return replace(worked_on(key, number), state=PullState.CLOSED, closed_at=NOW)


def unticked(view: PlanView, key: str, pull: PullFacts) -> PullFacts:
    """The pull with its brief as body, where nothing is ticked."""
    return replace(pull, body=brief(view, view.stream(Key(key))))


def order(reason: str = "", by: str = "mia") -> Order:
    """A standing order, half an hour old."""
    return Order(by=Login(by), at=NOW - timedelta(minutes=30), reason=reason)


def midway() -> PlanView:
    """One landed, one in review, one with a red check, one queued behind them, one untouched."""
    return started(
        {
            "W1": merged("W1", 11, 60),
            "W2": handed_in("W2", 12),
            "W3": worked_on("W3", 13, PENDING),
            "W4": finished("W4", 14),
        }
    )


def left_out() -> PlanView:
    """A plan of which an accepted edit left W5 out, whose pull is open."""
    intent = Intent(
        accepted=Acceptance(by=Login("mia"), at=NOW - timedelta(minutes=20), base_sha=BASE_SHA),
        pinned={Key(key): branch for key, branch in BRANCHES.items()},
        removed={Key("W5"): Removal(title="Write the manual", by=Login("mia"), at=NOW - timedelta(minutes=20))},
    )
    return started({"W5": just_opened("W5", 15)}, body=LESS, intent=intent)


STAGES: Mapping[str, tuple[PlanView, str]] = {
    "ready": (started(), "W1"),
    "waiting": (started(), "W2"),
    "running": (started({"W1": worked_on("W1", 11, PENDING)}), "W1"),
    "running_handed_in": (started({"W1": handed_in("W1", 11, PENDING)}), "W1"),
    "running_early": (started({"W2": worked_on("W2", 12)}), "W2"),
    "failed_checks": (started({"W1": handed_in("W1", 11, RED)}), "W1"),
    "failed_closed": (started({"W1": closed("W1", 11)}), "W1"),
    "needs_qa_review": (started({"W1": handed_in("W1", 11)}), "W1"),
    "needs_qa_acceptance": (started({"W1": unticked(started(), "W1", finished("W1", 11))}), "W1"),
    "needs_qa_conflict": (started({"W1": replace(finished("W1", 11), mergeable=Mergeable.NO)}), "W1"),
    "queued": (started({"W1": worked_on("W1", 11, PENDING), "W2": finished("W2", 12)}), "W2"),
    "queued_thinking": (started({"W1": replace(finished("W1", 11), mergeable=Mergeable.UNKNOWN)}), "W1"),
    "mergeable": (started({"W1": finished("W1", 11)}), "W1"),
    "mergeable_manual": (started({"W1": finished("W1", 11)}, config="mode: manual\n"), "W1"),
    "left_out": (left_out(), "W5"),
    "held": (
        started({"W1": finished("W1", 11)}, intent=Intent(held={Key("W1"): order("wait for the `v2` schema")})),
        "W1",
    ),
    "held_untouched": (started(intent=Intent(held={Key("W1"): order()})), "W1"),
    "held_paused": (started({"W1": finished("W1", 11)}, intent=Intent(paused=order("release day"))), "W1"),
    "violation": (started({"W1": replace(finished("W1", 11), base=Branch("develop"))}), "W1"),
    "done": (started({"W1": merged("W1", 11, 60)}), "W1"),
    "cancelled": (started({"W1": finished("W1", 11)}, intent=Intent(cancelled=order())), "W1"),
    "skipped": (started(intent=Intent(skipped={Key("W1"): order("done by hand")})), "W1"),
    "config_mistake": (started(config="modus: auto\n"), "W1"),
}
