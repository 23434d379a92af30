"""Reading and writing single git objects: the binary forms of trees and commits and the loose object store; no refs.

Writing loose objects here instead of by `git hash-object` saves a process per object; git reads them as its own.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SHA = re.compile(r"[0-9a-f]{40}")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
SIGNATURE = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<seconds>-?\d+) [+-]\d{4}")
TYPE_OF_MODE = {"40000": "tree", "160000": "commit"}


@dataclass(frozen=True)
class Signature:
    """Who wrote or committed, and when (UTC, to the second)."""

    name: str
    email: str
    date: datetime


@dataclass(frozen=True)
class CommitObject:
    """A commit; `parents` in git's order, `message` as stored."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Signature
    committer: Signature

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class TagObject:
    """An annotated tag and the object that it names (`type` is that object's)."""

    sha: str
    object: str
    type: str
    name: str
    message: str
    tagger: Signature | None


@dataclass(frozen=True)
class TreeEntry:
    """One line of a tree; `mode` has six digits as in GitHub's API, `path` may have slashes in a recursive listing."""

    mode: str
    type: str
    sha: str
    path: str


def parse_tree(data: bytes) -> list[TreeEntry]:
    """Return a tree's own entries in git's order."""
    entries = []
    position = 0
    while position < len(data):
        zero = data.index(b"\0", position)
        mode, _, name = data[position:zero].decode("utf-8", "surrogateescape").partition(" ")
        sha = data[zero + 1 : zero + 21].hex()
        entries.append(TreeEntry(mode.rjust(6, "0"), TYPE_OF_MODE.get(mode, "blob"), sha, name))
        position = zero + 21
    return entries


def format_tree(entries: Iterable[TreeEntry]) -> bytes:
    """Return the bytes of a tree; git sorts a folder as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda one: (one.path + "/" * (one.type == "tree")).encode())
    return b"".join(
        f"{one.mode.lstrip('0')} {one.path}".encode("utf-8", "surrogateescape") + b"\0" + bytes.fromhex(one.sha)
        for one in ordered
    )


def parse_signature(text: str) -> Signature:
    """Return a `Name <email> seconds zone` line in its parts."""
    found = SIGNATURE.fullmatch(text)
    if found is None:
        return Signature(text, "", datetime.fromtimestamp(0, UTC))
    return Signature(found["name"], found["email"], datetime.fromtimestamp(int(found["seconds"]), UTC))


def format_signature(signature: Signature) -> str:
    """Return the line that git stores; GitHub's web commits carry UTC."""
    name = re.sub(r"[<>\n]", "", signature.name)
    return f"{name} <{signature.email}> {int(signature.date.timestamp())} +0000"


def _headers(data: bytes) -> tuple[list[tuple[str, str]], str]:
    head, _, message = data.decode("utf-8", "replace").partition("\n\n")
    lines = [line.partition(" ") for line in head.split("\n") if not line.startswith(" ")]
    return [(key, value) for key, _, value in lines], message


def parse_commit(sha: str, data: bytes) -> CommitObject:
    """Return a commit from its stored bytes."""
    headers, message = _headers(data)
    first = dict(reversed(headers))
    return CommitObject(
        sha,
        first["tree"],
        tuple(value for key, value in headers if key == "parent"),
        message,
        parse_signature(first["author"]),
        parse_signature(first["committer"]),
    )


def format_commit(tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature) -> bytes:
    """Return the bytes of a commit."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {format_signature(author)}", f"committer {format_signature(committer)}"]
    return ("\n".join(lines) + "\n\n" + message).encode()


def parse_tag(sha: str, data: bytes) -> TagObject:
    """Return an annotated tag from its stored bytes."""
    headers, message = _headers(data)
    first = dict(headers)
    tagger = parse_signature(first["tagger"]) if "tagger" in first else None
    return TagObject(sha, first["object"], first["type"], first["tag"], message, tagger)


def write_loose(directory: Path, kind: str, data: bytes) -> str:
    """Store an object under `directory` (the repository's `objects`) and return its sha; repeating it is safe."""
    store = f"{kind} {len(data)}\0".encode() + data
    sha = hashlib.sha1(store, usedforsecurity=False).hexdigest()
    file = directory / sha[:2] / sha[2:]
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_suffix(".tmp")
        temporary.write_bytes(zlib.compress(store, 1))
        temporary.replace(file)
    return sha


def read_loose(directory: Path, sha: str) -> tuple[str, bytes] | None:
    """Return kind and bytes of a loose object, or None if it is absent or packed."""
    try:
        store = zlib.decompress((directory / sha[:2] / sha[2:]).read_bytes())
    except FileNotFoundError:
        return None
    head, _, data = store.partition(b"\0")
    return head.split(b" ")[0].decode(), data
