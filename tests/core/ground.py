"""A plan of three workstreams that need nothing, and the base it merges into: for the tests of the merge train."""

from dataclasses import replace
from typing import Any

from bot.core.actions import Action
from bot.core.decide import decide
from bot.core.facts import BranchFacts, CommitFacts, Facts, PullFacts, PullState, Step, WorkstreamFacts
from bot.core.judge import judge
from bot.core.ledger import Landing
from bot.core.memory import Memory
from bot.core.model import Branch, Key, Login, PullNumber, Sha
from bot.core.train import advance
from bot.core.views import PlanView
from tests.build import a_base, a_pull, a_review, ago, an_issue, facts, sha, tree_of
from tests.build_base import a_commit, a_ledger, a_step, commits, landed

W1, W2, W3 = Key("W1"), Key("W2"), Key("W3")
NUMBERS = {"W1": 11, "W2": 12, "W3": 13}
BODY = "Base: main\n\n" + "\n".join(
    f"## {key}: Part {key}\n\n- Branch: `part/{key.lower()}`\n- Files: `{key.lower()}.py`\n" for key in NUMBERS
)


def pull_of(key: str, **more: Any) -> PullFacts:
    """A workstream's open pull, for which every gate passes."""
    head = sha(key)
    fields = {"head": Branch(f"part/{key.lower()}"), "head_sha": head, "reviews": (a_review(commit=head),)}
    return a_pull(NUMBERS[key], **{**fields, **more})


def merge_of(key: str, at: str, after: str = "base", *, green: bool = False, **pull: Any) -> Any:
    """A workstream's merge at a commit of the base: its pull, step, commit and landing."""
    number = NUMBERS[key]
    merged = landed(key, number, at=at, after=after, green=green, head=Branch(f"part/{key.lower()}"), head_sha=sha(key))
    return replace(merged, pull=replace(merged.pull, **pull))


def a_world(
    *merges: Any,
    course: tuple[Step, ...] | None = (),
    on_base: tuple[CommitFacts, ...] = (),
    pulls: dict[str, PullFacts] | None = None,
    back: PullFacts | None = None,
    **more: Any,
) -> Facts:
    """What is seen once these merges are in the base: `course` from the last turn on, the other pulls open.

    `on_base`: commits with checks, over those of the merges. `back`: the pull of the rollback.
    """
    known = {each.landing.key: each.pull for each in merges}
    shown = {key: (pulls or {}).get(key) or known.get(Key(key)) or pull_of(key) for key in NUMBERS}
    last = course[-1] if course else (merges[-1].step if merges else None)
    base = a_base() if last is None else a_base(sha=last.sha, tree=last.tree)
    fields: dict[str, Any] = {
        "issue": an_issue(body=BODY),
        "pulls": shown,
        "base": base,
        "course": course,
        "commits": commits(a_commit("base", after="root"), *(each.commit for each in merges), *on_base),
        "rollback": None if back is None else WorkstreamFacts(branch=_branch(back), pulls=(back,)),
        "tags": {f"signalbox/5/cp-{number}": sha(at) for number, at in enumerate(("base", "m1", "m2", "m3"))},
    }
    return facts(**{**fields, **more})


def _branch(pull: PullFacts) -> BranchFacts:
    return BranchFacts(name=pull.head, sha=pull.head_sha, message=pull.head_message)


def a_way_back(number: int = 21, *, at: int = 1, **more: Any) -> PullFacts:
    """The open pull of a rollback."""
    head = sha("back")
    fields = {"head": Branch(f"signalbox/5/rollback-{at}"), "head_sha": head, "body": "", "reviews": ()}
    return a_pull(number, **{**fields, **more})


def merged_back(number: int = 21, commit: str = "b1", **more: Any) -> PullFacts:
    """The same, merged."""
    fields = {"merge_sha": sha(commit), "merged_at": ago(1), "merged_by": Login("mia")}
    return a_way_back(number, state=PullState.MERGED, **{**fields, **more})


def back_step(after: str, to: str, commit: str = "b1", number: int = 21) -> Step:
    """The move of the base by a rollback: it holds what `to` held."""
    return a_step(commit, after, tree=tree_of(to), pulls=(PullNumber(number),))


def memory_of(*landings: Landing, **more: Any) -> Memory:
    """Of the plan after these landings."""
    return a_ledger(*landings, **{"approved_body": BODY, **more})


def once(given: Facts, memory: Memory) -> Memory:
    """Take in the facts one time."""
    return advance(given, memory, judge(given, memory))


def taken_in(given: Facts, memory: Memory) -> Memory:
    """Take in the facts until nothing follows any more, which has to be soon."""
    for _ in range(4):
        before, memory = memory, once(given, memory)
        if before == memory:
            return memory
    raise AssertionError("taking in the same facts goes on and on")


def seen(given: Facts, memory: Memory) -> PlanView:
    """How everything stands once the facts are taken in."""
    return judge(replace(given, course=()), taken_in(given, memory))


def actions(given: Facts, memory: Memory, *kinds: type[Action]) -> list[Action]:
    """The decided actions of these kinds."""
    return [each for each in decide(given, memory).actions if isinstance(each, kinds)]


def stages(view: PlanView) -> list[str]:
    """The stages of all workstreams."""
    return [each.stage.value for each in view.streams]


def before_of(commit: Sha, memory: Memory) -> Sha:
    """The tip of the base before the landing that brought a commit."""
    return next(each.before for each in memory.landings if each.sha == commit)
