"""Signalbox as the processes of stories run it: each is forked from one that has loaded this file and no other of the tests."""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import sqlalchemy.dialects.postgresql.asyncpg
import sqlalchemy.dialects.sqlite.aiosqlite  # noqa: F401 - loaded once, as asyncpg's is

import bot.app  # noqa: F401 - loaded once
from bot.__main__ import main
from bot.worker import apply

Prepare = Callable[[], None]  # what a process does before it is Signalbox


def unprepared() -> None:
    """Be as in production."""


def serve(command: str, environment: Mapping[str, str], log: Path, prepare: Prepare) -> None:
    """Be `python -m bot` with this command from here on."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.chdir(log.parent)  # no `.env` of a checkout
    apply.LATEST = timedelta(0)  # what the stand-in does it does at once
    prepare()
    sys.exit(main([command]))
