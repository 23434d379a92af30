"""The course of a branch, walked through the pages of its history that client.py reads.

GitHub's history holds every ancestor, newest first, and has no way to ask for first parents alone: what a merge brought
stands between the moves of the branch and is passed over here. Must not send anything.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.facts import Step
from bot.core.model import PullNumber, Sha
from bot.core.redaction import without_secrets
from bot.github.readings import GHOST, moment

Json = Mapping[str, Any]

MOST_PAGES = 10  # of a history; further back nobody looks


class Course:
    """The first parents from `tip` back to `since`, as far as the pages taken so far show them."""

    def __init__(self, tip: Sha, since: Sha) -> None:
        self._since = since
        self._next: Sha | None = tip  # the commit to find next; None = the root is passed
        self._nodes: dict[Sha, Json] = {}
        self._newest_first: list[Step] = []

    @property
    def ended(self) -> bool:
        """Whether no further page can tell more."""
        return self._next is None or self._next == self._since

    def take(self, nodes: Iterable[Json]) -> None:
        """Take the commits of one more page and go on as far as they lead. KeyError or TypeError for another shape."""
        self._nodes |= {Sha(node["oid"]): node for node in nodes}
        while not self.ended and self._next in self._nodes:
            node = self._nodes.pop(self._next)
            parents = node["parents"]["nodes"]
            if parents:
                self._newest_first.append(_step(node, parents[0]))
            self._next = Sha(parents[0]["oid"]) if parents else None

    @property
    def steps(self) -> tuple[Step, ...] | None:
        """The steps after `since`, oldest first; None if it was not met."""
        return tuple(reversed(self._newest_first)) if self._next == self._since else None


def _step(node: Json, parent: Json) -> Step:
    author = node["author"] or {"user": None, "name": None}
    return Step(
        sha=Sha(node["oid"]),
        tree=Sha(node["tree"]["oid"]),
        before=Sha(parent["oid"]),
        tree_before=Sha(parent["tree"]["oid"]),
        headline=without_secrets(node["messageHeadline"]),
        author=author["user"]["login"] if author["user"] else without_secrets(author["name"] or GHOST),
        at=moment(node["committedDate"]),
        pulls=tuple(
            PullNumber(pull["number"])
            for pull in (node["associatedPullRequests"] or {"nodes": ()})["nodes"]
            if pull["mergedAt"] is not None
        ),
    )
