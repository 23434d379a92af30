"""Names that strangers choose, where a reader of paths, a line of the log or a URL could take them for more than a name."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import log
from bot.core.plan.globs import overlap
from bot.github.answers import Reply, clean, graphql_answer

HOSTILE = (
    "a\nb", "a\r\n{\"event\": \"forged\"}", "\x1b[2J\x1b[31mred", "\x9b31m", "a\u2028b\u2029c", "a\x85b",
    "\u202egnp.exe", "\x00", "\x7f",
    "\ud800", '"}\n{"level": "info"', "\u2066hidden\u2069", "\\u000a", "é", "漢字", "🚦",
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("src/../secrets/x.py", "secrets/x.py", True),
        ("src/../**", "secrets/x.py", True),
        ("./src/./x.py", "src/x.py", True),
        ("src//x.py", "src/x.py", True),
        ("a/b/../../c/*.py", "c/x.py", True),
        ("../x.py", "x.py", False),
        ("a/../../x.py", "x.py", False),
        ("../../etc/passwd", "etc/passwd", False),
        ("**/../x.py", "x.py", False),
        ("caf\u00e9.py", "cafe\u0301.py", True),
        ("src/caf\u00e9/**", "src/cafe\u0301/x.py", True),
        ("\u0455rc/x.py", "src/x.py", False),
        ("SRC/x.py", "src/x.py", False),
        ("src\\x.py", "src/x.py", False),
        ("src/x.py\u202e", "src/x.py", False),
    ],
    ids=["up and down", "a glob behind it", "here", "two slashes", "up twice", "out of the repository", "out by steps",
         "out and down", "up from anywhere", "one accent written twice", "a folder with an accent", "a letter that looks alike",
         "another case", "a backslash", "a mark that turns the text"],
)  # fmt: skip
def test_a_path_is_what_a_checkout_makes_of_it(one: str, other: str, same: bool) -> None:
    """Case counts, as it does for git. What leads out of the repository is nobody's, so it owns nothing inside."""
    assert overlap(one, other) is same
    assert overlap(other, one) is same


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before: dict[str, Any] = structlog.get_config()
    log.configure("info", stream=stream)
    yield stream
    structlog.configure(**before)
    log.configure("warning")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_inside_its_line_of_the_log(lines: io.StringIO, name: str) -> None:
    structlog.get_logger().info("delivery.done", action=name, **{"key of theirs": [name, {"deep": name}]})
    written = lines.getvalue()
    assert written.splitlines() == [written.rstrip("\n")]
    assert all(char.isprintable() for char in written.rstrip("\n"))
    assert json.loads(written)["action"] == name
    written.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_of_githubs_is_one_line_in_an_error(name: str) -> None:
    assert len(clean(f"Not Found: {name}").splitlines()) == 1


def test_half_a_letter_in_an_answer_of_githubs_becomes_a_whole_one() -> None:
    """It could be hashed, stored and sent no more: JSON can say it and nothing else can."""
    body = b'{"data": {"\\uD83D\\uDEA6": "a\\ud800b", "pair": ["\\ud83d\\udea6", "\\udea6\\ud83d"], "number": 7}}'
    answer = graphql_answer(Reply(status=200, body=body))
    assert answer.data == {"🚦": "a\ufffdb", "pair": ["🚦", "\ufffd\ufffd"], "number": 7}
