"""Plans whose merges break the base: begun, worked on and followed in few steps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.scenarios.play import READY, Play, plan_of
from tests.scenarios.trees import Change, Entry

#: Nobody has to review, tick or wait: what is left is the train.
QUICK = "approvals: 0\nacceptance: false\nforecast: false\n"
BAD = "bad.txt"  # while it is there the base's CI fails


async def begin(
    play: Play, needs: Mapping[str, Sequence[str]], config: str = "", files: Mapping[str, Change] | None = None
) -> None:
    """Start a plan of plain parts on a base with these files, with nothing between green checks and a merge."""
    if files:
        await play.push_tree("main", files)
    await play.configure(QUICK + config)
    await play.start(plan_of(needs, acceptance=False), protect=False)


async def bring(play: Play, key: str, changes: Mapping[str, Change] | None = None) -> str:
    """Push work on a workstream's branch, have CI pass, hand it in; return the head."""
    pull = await play.pull(key)
    head = await play.push_tree(pull["head"]["ref"], changes or {f"{key.lower()}.txt": f"{key}\n"})
    await play.report(head, "success")
    if pull["draft"]:
        await play.graphql("wim", READY, {"id": pull["node_id"]})
    return head


async def merged(play: Play, key: str) -> str:
    """Wait until a workstream is merged; return the commit."""
    return await play.until_merged(key)


async def land(play: Play, key: str, changes: Mapping[str, Change] | None = None) -> str:
    """Bring a workstream's work, wait until it is merged and the base good; return the commit."""
    await bring(play, key, changes)
    await play.until_stage(key, "done")
    return await merged(play, key)


async def break_base(play: Play, key: str, changes: Mapping[str, Change] | None = None) -> str:
    """Land work that breaks the base; return the commit."""
    break_with(play, BAD)
    await bring(play, key, {**(changes or {}), BAD: "bad\n"})
    await play.until_stage(key, "failed")
    return await merged(play, key)


def break_with(play: Play, path: str, mended_by: str = "mended.txt") -> None:
    """Have the base's CI fail while a file is there and another one is not."""

    async def verdict(sha: str) -> str | None:
        there = await play.tree(sha)
        return "failure" if path in there and mended_by not in there else "success"

    play.base_ci = verdict


async def says(play: Play, *words: str) -> str:
    """Wait until the status comment says all this; return it."""

    async def said() -> str:
        status = await play.status()
        return status if all(word in status for word in words) else ""

    said.__name__ = f"the status comment to say {words}"
    return str(await play.until(said))


async def rollback_pulls(play: Play) -> list[Any]:
    """Return the pulls of rollbacks, oldest first."""
    return [each for each in await play.all_pulls() if "/rollback-" in each["head"]["ref"]]


async def rollback_pull(play: Play, number: int = 1) -> Any:
    """Wait for the pull of a rollback and return it."""

    async def opened() -> Any:
        pulls = await play.all_pulls()
        return next((each for each in pulls if each["head"]["ref"].endswith(f"/rollback-{number}")), None)

    opened.__name__ = f"the pull of rollback {number}"
    return await play.until(opened)


async def merge_rollback(play: Play, number: int = 1, *, method: str = "squash") -> None:
    """Have CI pass on a rollback's pull, and merge it as a person."""
    pull = await rollback_pull(play, number)
    await play.report(pull["head"]["sha"], "success")
    await play.settled()
    await play.do("ada", "PUT", f"/pulls/{pull['number']}/merge", {"merge_method": method})
    await play.settled()


async def again(play: Play, key: str, attempt: int = 2) -> str:
    """Try a rolled back workstream again; return its new branch, on which its pull is from now on."""
    branch = f"part/{key.lower()}-try-{attempt}"
    reactions, replies = await play.tell("mia", f"/signalbox retry {key}")
    assert reactions == {"eyes", "rocket"}, replies
    pull = next(each for each in await play.all_pulls() if each["head"]["ref"] == branch)
    play.pulls[key] = pull["number"]
    return branch


def only(tree: Mapping[str, Entry], paths: Iterable[str]) -> dict[str, Entry]:
    """Return what a tree has at these paths."""
    return {path: entry for path, entry in tree.items() if path in set(paths)}
