"""What is there once or not at all, whatever happened on the way: a referee that every story may ask at its end.

It reads the stand-in's own state, since asking for it would take the time of those who work.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from bot.core.marker import read_marker
from bot.core.model import OWN_CHECK
from tests.scenarios.play import Play

MERGE = re.compile(r".*/pulls/(\d+)/merge")


async def nothing_doubled(play: Play) -> None:
    """One status comment for a plan, one pull for a branch, one check for a head, one merge for a pull, one reply for a
    command: or else the assertion names what there is more than once.
    """
    found = [*doubled(play.world), *await _merged_again(play)]
    assert found == [], found


def doubled(world: Any) -> list[str]:
    """Return what Signalbox has made twice in any repository: comments, pulls, checks, merges."""
    app = world.app("signalbox")
    ours = Counter(_comments(world, app))
    runs = Counter((run.head_sha, run.repository_id) for run in world.state.runs.values() if _is_ours(run, app))
    landed = Counter((number, repo.name) for repo in world.state.repositories.values() for number in repo.merged_pulls)
    return [
        *_twice("comments", ours),
        *_twice("pulls", _pulls(world, app)),
        *_twice("checks", runs),
        *_twice("merges", landed),
    ]


def _comments(world: Any, app: Any) -> Iterator[Hashable]:
    """Name each comment of the App's: a reply by its command, wherever it stands; others by their kind and their thread."""
    for comment in world.state.comments.values():
        marker = read_marker(comment.body) if comment.app_id == app.id else None
        if marker is not None and marker.key.startswith("reply:"):
            yield marker.key, world.repository_of(comment).name
        elif marker is not None:  # one that took the place of a deleted one says so behind a colon
            yield (
                marker.key.split(":")[0],
                world.thread_by_id(comment.thread_id).number,
                world.repository_of(comment).name,
            )


def _pulls(world: Any, app: Any) -> Counter[Hashable]:
    """Count the pulls of each branch that has one by the App."""
    branches = defaultdict(list)
    for pull in world.state.pulls.values():
        branches[pull.head_ref, world.head_repository(pull).id].append(pull)
    return Counter({
        branch: len(pulls) for branch, pulls in branches.items() if any(each.app_id == app.id for each in pulls)
    })  # fmt: skip


def _is_ours(run: Any, app: Any) -> bool:
    return bool(run.name == OWN_CHECK and run.app_id == app.id)


def _twice(what: str, counts: Counter[Any]) -> Iterable[str]:
    return (f"{count} {what}: {each}" for each, count in counts.items() if count > 1)


async def _merged_again(play: Play) -> list[str]:
    """Return the pulls that Signalbox merged by more than one request, and those whose head a base took in more than once."""
    asked = Counter(
        found[1]
        for each in await play.requests()
        if each["method"] == "PUT" and each["status"] == 200 and (found := MERGE.fullmatch(each["path"]))
    )
    world, taken = play.world, Counter[Hashable]()
    for repo in world.state.repositories.values():
        git, merged = world.git(repo), [pull for pull in world.pulls_of(repo) if pull.merged]
        for base in {pull.base_ref for pull in merged}:
            tip = await git.branch(base)
            history = [await git.commit(sha) for sha in await git.history(tip)] if tip is not None else []
            heads = {pull.head_sha: pull.number for pull in merged if pull.base_ref == base}
            taken.update((heads[sha], base) for commit in history for sha in commit.parents[1:] if sha in heads)
    return [*_twice("requests to merge", asked), *_twice("merge commits", taken)]
