import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import log
from bot.core.redaction import REMOVED

SECRET = "open sesame"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure("info", secrets=[SECRET, ""], stream=stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = before
    root.setLevel(level)


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_what_the_context_has_bound(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(guid="g1"):
        structlog.get_logger().info("delivery.done", action="é\nopened", number=3)
    [line] = read(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "delivery.done", "level": "info", "guid": "g1", "action": "é\nopened", "number": 3}


def test_events_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("quiet")
    assert read(lines) == []


def test_a_library_s_warning_looks_the_same(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("odd %s", "thing")
    logging.getLogger("some.library").info("chatter")
    [line] = read(lines)
    assert (line["event"], line["level"], line["logger"]) == ("odd thing", "warning", "some.library")


SECRETS = [
    pytest.param(SECRET, id="given"),
    pytest.param("ghs_16C7e42F292c6912E7710c838347Ae178B4a", id="installation token"),
    pytest.param("ghp_16C7e42F292c6912E7710c838347Ae178B4a", id="personal token"),
    pytest.param("github_pat_11ABCDEFG0123456789_abcdefghij", id="fine-grained token"),
    pytest.param("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMiJ9.c2ln-bmF0dXJl", id="JWT"),
    pytest.param(KEY, id="PEM"),
    pytest.param(KEY[:60], id="PEM cut off"),
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_written_wherever_it_stands(lines: io.StringIO, secret: str) -> None:
    logger = structlog.get_logger()
    logger.info(f"event {secret} end")
    logger.info(
        "field", text=f"token {secret}", deep={"list": [secret, {"key": secret}], secret: 1}, raw=secret.encode()
    )
    logger.info("object", error=ValueError(secret))
    logging.getLogger("library").warning("refused: %s", secret)
    try:
        int(secret)  # its error quotes what it was given
    except ValueError:
        logger.exception("crash")
        logging.getLogger("library").exception("crash")
    written = lines.getvalue()
    assert len(read(lines)) == 6
    assert secret not in written
    assert secret.encode("unicode_escape").decode() not in written
    assert "MIIEabc" not in written
    assert written.count(REMOVED) >= 6


def test_a_password_in_an_address_is_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().info(
        "connect", url="postgresql://bob:pass-word@host/db", page="https://github.com/octo/demo"
    )
    [line] = read(lines)
    assert (line["url"], line["page"]) == (f"postgresql://{REMOVED}@host/db", "https://github.com/octo/demo")


def test_what_is_no_secret_stays(lines: io.StringIO) -> None:
    fields = {
        "sha": "a" * 40,
        "number": 12,
        "share": 0.5,
        "flag": True,
        "nothing": None,
        "names": ["eyJ", "ghost_story"],
    }
    structlog.get_logger().info("plain", **fields)
    [line] = read(lines)
    assert {name: line[name] for name in fields} == fields
