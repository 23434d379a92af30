"""Openings that many stories share: the first story of a process plays one, the others begin from a copy of its end.

A copy holds all there is: the sandbox's state, its git repositories and Signalbox's database. So a story with a copied
opening begins as if Signalbox had been stopped at the end of it and started again.
"""

import contextlib
import random
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec

import pytest

from tests import databases
from tests.scenarios.base_ci import Verdict
from tests.scenarios.play import Play, stage

P = ParamSpec("P")

PORTS = range(20_000, 32_000)  # below those that the system gives away by itself: one is to be had again later
LAST_OF_START = "/app/hook/deliveries"  # what Signalbox asks GitHub for when it has looked at all that it knows


@dataclass(frozen=True, slots=True)
class Opening:
    """What is done first, and how it is known."""

    play: Callable[[Play], Awaitable[None]]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The end of an opening, with what the play knows of it."""

    port: int  # of the sandbox, which is named in much of what was written
    folder: Path
    issue: int
    pulls: Mapping[str, int]
    count: int
    verified: Set[str]
    base_ci: Verdict


_kept: dict[str, Kept] = {}


def opening(
    act: Callable[Concatenate[Play, P], Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> pytest.MarkDecorator:
    """Have a test's `play` begin with that: `@opening(Play.start_plain, {"W1": []})`."""

    async def played(play: Play) -> None:
        await act(play, *args, **kwargs)

    return pytest.mark.opening(Opening(played, f"{act.__module__}.{act.__qualname__} {args} {kwargs}"))


@contextlib.asynccontextmanager
async def opened(folder: Path, kept_in: pytest.TempPathFactory, first: Opening) -> AsyncIterator[Play]:
    """Set a stage on which an opening was played and all has come to rest."""
    kept = _kept.get(first.key)
    if kept is None or not _is_free(kept.port):
        async with stage(folder, port=_free_port()) as play:
            await first.play(play)
            await play.settled()
            _kept[first.key] = _keep(play, kept_in.mktemp("opening"))
            yield play
        return
    shutil.copytree(kept.folder, folder, dirs_exist_ok=True)
    async with stage(folder, port=kept.port) as play:
        play.issue, play.pulls, play.count = kept.issue, dict(kept.pulls), kept.count
        play.verified, play.base_ci = set(kept.verified), kept.base_ci

        async def looked() -> bool:
            async with play.session.get(f"{play.info['api_url']}/_sandbox/requests") as response:
                return any(each["path"] == LAST_OF_START for each in (await response.json())["requests"])

        await play.until(looked)
        await play.settled()
        await play.forget_requests()
        yield play


def _keep(play: Play, folder: Path) -> Kept:
    assert getattr(play.base_ci, "__closure__", None) is None, "the CI of an opening may not know of its own play"
    play.world.save()
    shutil.copytree(play.folder / "github", folder / "github")
    with (
        contextlib.closing(sqlite3.connect(play.folder / databases.SQLITE_FILE)) as there,
        contextlib.closing(sqlite3.connect(folder / databases.SQLITE_FILE)) as here,
    ):
        there.backup(here)
    return Kept(
        port=int(play.world.base_url.rpartition(":")[2]),
        folder=folder,
        issue=play.issue,
        pulls=dict(play.pulls),
        count=play.count,
        verified=frozenset(play.verified),
        base_ci=play.base_ci,
    )


def _free_port() -> int:
    return next(port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
