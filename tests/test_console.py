"""What an operator types about deliveries and the audit trail, and what is printed."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from bot.__main__ import STATES, UNFINISHED, main
from bot.store import inbox
from tests.test_settings import GOOD

ERROR = "IntegrityError: \x1b[31mbroken\n  row ghs_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a set-up installation, whose database is migrated and has some deliveries."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**GOOD, "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}", "LOG_LEVEL": "error"}.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    assert main(["migrate"]) == 0
    with closing(sqlite3.connect(tmp_path / "x.sqlite3")) as database, database:
        for guid, state, attempts, error in (
            ("g-1", "new", 0, None),
            ("g-2", "parked", 8, ERROR),
            ("g-3", "done", 0, None),
        ):
            row = (guid, "push", "2026-11-20 12:00:00.000000", b"{}", state, attempts, error)
            database.execute("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", row)
        lane = "INSERT INTO lanes (id, kind, installation_id, repository_id, full_name, number) VALUES "
        database.execute(f"{lane} (1, 'plan', 1, 1, 'Octo/Demo', 5)")
        what = ("/sb hold W1 \x1b[2J\nnow", "write", "done", "guid-7")
        entry = "INSERT INTO audit (lane_id, turn, at, kind, actor, what, why, outcome, delivery) VALUES "
        database.execute(f"{entry} (1, '0a1b2c3d', '2026-11-20 12:00:00.000000', 'command', 'wim', ?, ?, ?, ?)", what)
    yield tmp_path
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def test_deliveries_are_listed_and_replayed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deliveries"]) == 0
    one, two = capsys.readouterr().out.splitlines()
    assert one == "g-1  push  2026-11-20 12:00 UTC  new"
    assert two.startswith(
        "g-2  push  2026-11-20 12:00 UTC  parked, failed 8 times: IntegrityError: broken row [removed]"
    )
    assert main(["deliveries", "--state", "done", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["guid"], found["received_at"]) == ("g-3", "2026-11-20T12:00:00+00:00")
    assert main(["deliveries", "replay"]) == 2
    assert main(["deliveries", "replay", "g-3"]) == 1
    assert main(["deliveries", "replay", "--all-parked"]) == 0
    assert capsys.readouterr().out == "g-2: new again\n"
    assert main(["deliveries", "--state", "parked"]) == 0
    assert capsys.readouterr().out == ""


def test_the_trail_is_printed_for_people_and_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "octo/demo#5"]) == 0
    assert capsys.readouterr().out == "2026-11-20 12:00 UTC  wim  /sb hold W1  now (write): done\n"
    assert main(["log", "octo/demo#5", "--json"]) == 0
    line = capsys.readouterr().out
    assert line.isascii()
    entry = json.loads(line)
    assert (entry["turn"], entry["delivery"], entry["kind"]) == ("0a1b2c3d", "guid-7", "command")
    assert main(["log", "octo/demo"]) == 1
    assert capsys.readouterr().err == "Nothing is written down about octo/demo.\n"
    for wrong in ("octo", "octo/demo#x", "/demo#1"):
        with pytest.raises(SystemExit):
            main(["log", wrong])


def test_a_database_that_cannot_be_used_is_named_without_its_password(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://bob:open-sesame-99@127.0.0.1:1/x")
    for command in (["deliveries"], ["deliveries", "replay", "g-1"], ["log", "octo/demo#5"]):
        assert main(command) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("The database cannot be used: ")
        assert "open-sesame-99" not in said.err


def test_the_states_are_those_of_the_store() -> None:
    assert (STATES, UNFINISHED) == (inbox.STATES, inbox.UNFINISHED)
