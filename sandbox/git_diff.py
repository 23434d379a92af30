"""Turns git's raw-and-patch output into the file changes that GitHub lists; runs nothing."""

import re
from dataclasses import dataclass

STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
RAW = re.compile(r":\d+ \d+ (?P<old>\w+) (?P<new>\w+) (?P<status>[A-Z])\d*\t(?P<paths>.*)")
OCTAL = re.compile(rb"\\([0-7]{3}|.)")
ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


@dataclass(frozen=True)
class FileChange:
    """One changed file; `status` in GitHub's words, `patch` None for a binary or an unchanged (renamed) file."""

    path: str
    previous: str | None
    status: str
    additions: int
    deletions: int
    patch: str | None
    sha: str  # of the blob after the change; of the one before it if the file was removed


def unquote(path: str) -> str:
    """Return a path as it is, from the quoted form that git prints for unusual names."""
    if not path.startswith('"'):
        return path
    raw = path[1:-1].encode("utf-8", "surrogateescape")

    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return ESCAPES.get(code, code) if len(code) == 1 else bytes([int(code, 8)])

    return OCTAL.sub(plain, raw).decode("utf-8", "surrogateescape")


def parse_changes(output: str) -> list[FileChange]:
    """Return the changes from `git diff-tree -r -M --raw -p` (raw lines first, then the patches in the same order).

    A change of type (a file that became a link) is one raw line and two patches: one takes the old away, one adds.
    """
    head, *patches = re.split(r"^diff --git .*\n", output, flags=re.MULTILINE)
    raws = [found for line in head.splitlines() if (found := RAW.fullmatch(line))]
    following = iter(patches)
    changes = [_change(raw, [next(following) for _ in range(2 if raw["status"] == "T" else 1)]) for raw in raws]
    assert next(following, None) is None
    return changes


def _change(raw: re.Match[str], patches: list[str]) -> FileChange:
    paths = [unquote(path) for path in raw["paths"].split("\t")]
    hunks = "\n".join(found for patch in patches if (found := _hunks(patch)))
    lines = hunks.split("\n") if hunks else []
    return FileChange(
        path=paths[-1],
        previous=paths[0] if len(paths) > 1 else None,
        status=STATUS.get(raw["status"], "changed"),
        additions=sum(line.startswith("+") for line in lines),
        deletions=sum(line.startswith("-") for line in lines),
        patch=hunks or None,
        sha=raw["old"] if raw["status"] == "D" else raw["new"],
    )


def _hunks(patch: str) -> str:
    start = patch.find("@@")
    return patch[start:].rstrip("\n") if start >= 0 and "\n@@" in f"\n{patch}" else ""
