"""What GraphQL shows and the world does not store as records: refs, git objects, roll-ups; values only, no look-ups."""

from dataclasses import dataclass
from typing import ClassVar

from sandbox.model import Pull, Repository, User, encode_node_id


@dataclass(frozen=True)
class _OfRepository:
    repo: Repository
    sha: str
    kind: ClassVar[str] = ""

    @property
    def node_id(self) -> str:
        """The global id, readable by `lookup.find`."""
        return encode_node_id(self.kind, self.repo.id, self.sha)


class CommitNode(_OfRepository):
    """A commit."""

    kind = "C"


class TreeNode(_OfRepository):
    """A tree."""

    kind = "T"


class BlobNode(_OfRepository):
    """A blob."""

    kind = "B"


class TagNode(_OfRepository):
    """An annotated tag object."""

    kind = "TA"


class RollupNode(_OfRepository):
    """The roll-up of all checks and statuses of a commit."""

    kind = "SCR"


class StatusNode(_OfRepository):
    """The combined status of a commit."""

    kind = "S"


GIT_KINDS: dict[str, type[_OfRepository]] = {
    one.kind: one for one in (CommitNode, TreeNode, BlobNode, TagNode, RollupNode, StatusNode)
}
GIT_OBJECTS: dict[str, type[_OfRepository]] = {
    "commit": CommitNode,
    "tree": TreeNode,
    "blob": BlobNode,
    "tag": TagNode,
}
RepositoryNode = _OfRepository


@dataclass
class RefNode:
    """A ref by its full name (`refs/heads/main`) and where it pointed when it was read."""

    repo: Repository
    full_name: str
    sha: str

    @property
    def node_id(self) -> str:
        """The global id, readable by `lookup.find`."""
        return encode_node_id("REF", self.repo.id, self.full_name)

    @property
    def prefix(self) -> str:
        """`refs/heads/` of `refs/heads/feat/x`."""
        return "/".join(self.full_name.split("/")[:2]) + "/"

    @property
    def name(self) -> str:
        """`feat/x` of `refs/heads/feat/x`."""
        return self.full_name.removeprefix(self.prefix)


@dataclass
class MergeQueueNode:
    """The merge queue of a branch."""

    repo: Repository
    branch: str

    @property
    def node_id(self) -> str:
        """The global id."""
        return encode_node_id("MQ", self.repo.id, self.branch)


@dataclass
class ComparisonNode:
    """Two commits beside each other; the counts are of commits."""

    repo: Repository
    base: str
    head: str
    ahead_by: int
    behind_by: int

    @property
    def node_id(self) -> str:
        """The global id; GitHub's cannot be looked up either."""
        return encode_node_id("CMP", self.repo.id, self.base, self.head)


@dataclass
class PullCommitNode:
    """A commit as part of a pull."""

    pull: Pull
    repo: Repository
    sha: str

    @property
    def node_id(self) -> str:
        """The global id."""
        return encode_node_id("PURC", self.pull.id, self.sha)


@dataclass
class ReviewRequestNode:
    """A person who was asked to review a pull."""

    pull: Pull
    user: User

    @property
    def id(self) -> int:
        """A number that tells requests of one pull apart."""
        return self.user.id

    @property
    def node_id(self) -> str:
        """The global id."""
        return encode_node_id("RR", self.pull.id, self.user.id)
