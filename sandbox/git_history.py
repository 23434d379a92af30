"""Short histories, read from the loose commits themselves: for these a process of git's costs far more than its answer.

Each answer is None where git is to be asked: the history is long or packed, or more than one answer would do.
"""

from pathlib import Path

from sandbox.git_objects import SHA, parse_commit, read_loose

SHORT = 300  # commits


class ShortHistory:
    """The commits of one repository, by the folder of its objects. They never change, so all that was read is remembered."""

    def __init__(self, objects: Path) -> None:
        self._objects = objects
        self._parents: dict[str, tuple[str, ...]] = {}
        self._reached: dict[str, frozenset[str]] = {}

    def reach(self, sha: str) -> frozenset[str] | None:
        """Return a commit with all its ancestors."""
        if sha in self._reached:
            return self._reached[sha]
        found: set[str] = set()
        todo = [sha]
        while todo:
            one = todo.pop()
            if one in found:
                continue
            parents = self._parents_of(one)
            if parents is None or len(found) >= SHORT:
                return None
            found |= self._reached.get(one, {one})
            todo += parents
        return self._reached.setdefault(sha, frozenset(found))

    def beyond(self, base: str, head: str) -> frozenset[str] | None:
        """Return the commits of `head` that `base` lacks."""
        there, here = self.reach(base), self.reach(head)
        return None if there is None or here is None else here - there

    def chain(self, head: str, among: frozenset[str] | None) -> list[str] | None:
        """Return these commits, newest first, if they hang one on the other below `head`."""
        if among is None:
            return None
        chain: list[str] = []
        following = [head] if head in among else []
        while following:
            if len(following) > 1:
                return None
            chain += following
            following = [parent for parent in self._parents[chain[-1]] if parent in among]
        return chain

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the one best common ancestor, "" for unrelated histories."""
        ours, theirs = self.reach(one), self.reach(other)
        if ours is None or theirs is None:
            return None
        common = ours & theirs
        best = common.difference(*(self._parents[sha] for sha in common))
        return next(iter(best), "") if len(best) <= 1 else None

    def _parents_of(self, sha: str) -> tuple[str, ...] | None:
        if sha not in self._parents:
            found = read_loose(self._objects, sha) if SHA.fullmatch(sha) else None
            if found is None or found[0] != "commit":
                return None
            self._parents[sha] = parse_commit(sha, found[1]).parents
        return self._parents[sha]
