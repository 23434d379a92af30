"""Builders for what happened on the base: its moves, what landed, what was taken back.

Commits of the base are named in a word: "base" is where the plan started, and sha("m1") and tree_of("m1") are m1's.
"""

from dataclasses import dataclass
from typing import Any

from bot.core.facts import CheckFacts, CommitFacts, PullFacts, PullState, Step
from bot.core.ledger import Landing, Rollback, standing
from bot.core.memory import Memory
from bot.core.model import Branch, Key, Login, PullNumber, Sha
from tests.build import a_check, a_checkpoint, a_memory, a_pull, ago, sha, tree_of


def a_step(commit: str = "m1", after: str = "base", **more: Any) -> Step:
    """A move of the base from one named commit to another."""
    fields = {
        "sha": sha(commit),
        "tree": tree_of(commit),
        "before": sha(after),
        "tree_before": tree_of(after),
        "headline": "Merge pull request",
        "author": "signalbox[bot]",
        "at": ago(3),
    }
    return Step(**{**fields, **more})


def a_commit(commit: str = "m1", *checks: CheckFacts, after: str = "base", **more: Any) -> CommitFacts:
    """A commit of the base with what checks say about it."""
    fields = {"sha": sha(commit), "tree": tree_of(commit), "parents": (sha(after),), "checks": checks}
    return CommitFacts(**{**fields, **more})


def commits(*given: CommitFacts) -> dict[Sha, CommitFacts]:
    """As Facts holds them."""
    return {each.sha: each for each in given}


def a_landing(key: str | None = "W1", pull: int = 12, *, at: str = "m1", after: str = "base", **more: Any) -> Landing:
    """A merge that is not verified yet and brought what it was judged by."""
    fields = {
        "key": Key(key) if key is not None else None,
        "pull": PullNumber(pull),
        "branch": Branch("signalbox/w1-add-the-cache"),
        "head": sha("head"),
        "before": sha(after),
        "tree_before": tree_of(after),
        "sha": sha(at),
        "tree": tree_of(at),
        "at": ago(3),
        "by": Login("signalbox[bot]"),
        "decided": True,
        "expected": tree_of(at),
    }
    return Landing(**{**fields, **more})


def a_rollback(*undone: Landing, number: int = 1, **more: Any) -> Rollback:
    """A rollback of these landings, oldest first, whose branch is not built yet."""
    undone = undone or (a_landing(),)
    newest_first = undone[::-1]
    fields = {
        "number": number,
        "to": "cp-0",
        "sha": undone[0].before,
        "tree": undone[0].tree_before,
        "keys": tuple(each.key for each in newest_first),
        "pulls": tuple(each.pull for each in newest_first),
        "changes": tuple((each.sha, each.tree_before) for each in newest_first),
        "reason": "The base broke with `W1`: `unit` by CI failed",
        "by": None,
        "at": ago(2),
        "onto": undone[-1].sha,
        "exact": True,
    }
    return Rollback(**{**fields, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A merged pull, how the base shows it, and its entry in the ledger."""

    pull: PullFacts
    step: Step
    commit: CommitFacts
    landing: Landing


def landed(
    key: str = "W1", number: int = 12, *, at: str = "m1", after: str = "base", green: bool = True, **pull: Any
) -> Landed:
    """A merge of Signalbox's; with `green` the base was found good with it. `pull`: fields of the pull."""
    merged = a_pull(
        number,
        **{
            "state": PullState.MERGED,
            "merged_at": ago(3),
            "merged_by": Login("signalbox[bot]"),
            "merge_sha": sha(at),
            **pull,
        },
    )
    entry = a_landing(
        key, number, at=at, after=after, branch=merged.head, head=merged.head_sha,
        **({"green": ago(1), "evidence": (f"Green on `{sha(at)[:7]}`: `unit`",)} if green else {}),
    )  # fmt: skip
    step = a_step(at, after, pulls=(merged.number,))
    return Landed(pull=merged, step=step, commit=a_commit(at, a_check(), after=after), landing=entry)


def a_ledger(*landings: Landing, **more: Any) -> Memory:
    """The memory after these landings: each verified one left a checkpoint."""
    good = [each for each in landings if each.green is not None]
    points = [a_checkpoint()]
    for number, each in enumerate(good, 1):
        stood = standing(landings[: landings.index(each) + 1])
        keys, pulls = tuple(one.key for one in stood if one.key), tuple(one.pull for one in stood)
        points.append(a_checkpoint(number, landed=keys, pulls=pulls, sha=each.sha, tree=each.tree))
    tip = landings[-1].sha if landings else sha("base")
    return a_memory(**{"landings": landings, "checkpoints": tuple(points), "tip": tip, **more})
