"""What main became, read from git after the story: what landed in which order, what was taken back, what is on it.

Must not trust what was seen on the way, nor what Signalbox says of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.agents import STEPS, Clone

NEEDS: Mapping[str, tuple[str, ...]] = {
    "W1": (),
    "W2": ("W1",),
    "W3": ("W1",),
    "W4": ("W2", "W3"),
    "W5": ("W4",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of main."""

    sha: str
    tree: str
    pull: int | None = None  # which brought it; None = none did
    key: str | None = None  # of that pull's workstream; None = of none


async def read_history(clone: Clone, start: str, pulls: Iterable[Any], keys: Mapping[int, str]) -> list[Step]:
    """Return what main was at `start` and every move since, oldest first."""
    await clone.git("fetch", "--quiet", "--tags", "origin")
    lines = await clone.git("log", "--first-parent", "--reverse", "--format=%H %T", f"{start}..origin/main")
    brought = {pull["merge_commit_sha"]: int(pull["number"]) for pull in pulls if pull["merged_at"]}
    steps = [Step(sha=start, tree=await tree_of(clone, start))]
    for sha, tree in (line.split() for line in lines.splitlines()):
        number = brought.get(sha)
        steps.append(Step(sha=sha, tree=tree, pull=number, key=keys.get(number) if number is not None else None))
    return steps


async def tree_of(clone: Clone, name: str) -> str:
    """Return the tree of a commit, branch or tag."""
    return await clone.git("rev-parse", f"{name}^{{tree}}")


def is_valid(steps: list[Step], needs: Mapping[str, tuple[str, ...]] = NEEDS) -> bool:
    """Say whether all landed and everything did when what it needs stood; what brings an older tree takes back to it."""
    stood: dict[str, frozenset[str]] = {steps[0].tree: frozenset()}
    standing: frozenset[str] = frozenset()
    for step in steps[1:]:
        if step.key is None:
            if step.pull is None or step.tree not in stood:
                return False
            standing = stood[step.tree]
        else:
            if step.key in standing or not standing.issuperset(needs[step.key]):
                return False
            standing |= {step.key}
        stood[step.tree] = standing
    return standing == set(needs)


def order(steps: list[Step]) -> str:
    """Return what landed, in order; a rollback is what brought a change of no workstream."""
    words: list[str] = []
    for step in steps[1:]:
        attempt = sum(word.split()[0] == step.key for word in words) + 1
        again = f" (try {attempt})" if attempt > 1 else ""
        words.append(f"{step.key}{again}" if step.key is not None else f"rollback (#{step.pull})")
    return " -> ".join(words)


async def holds_every_step(clone: Clone, tree: Path) -> bool:
    """Say whether main has, byte for byte, what the workers handed in last."""
    await clone.git("worktree", "add", "--quiet", "--detach", str(tree), "origin/main")
    wanted: dict[Path, Path] = {}
    for step in ("start", *NEEDS):
        wanted |= {
            file.relative_to(STEPS / step): file for file in (STEPS / step).rglob("*.*") if file.suffix != ".pyc"
        }
    there = {path: tree / path for path in wanted}
    return all(there[path].is_file() and there[path].read_bytes() == wanted[path].read_bytes() for path in wanted)
