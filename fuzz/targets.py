"""Everything that reads what strangers write, each as a function of bytes that may not raise: what fuzzers call.

Pure parts only, so that a hundred thousand runs take a minute. Must not catch what it does not expect.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from bot.core.commands.parse import MAX_COMMANDS, commands_in
from bot.core.config import read_config
from bot.core.events import Event, read_event
from bot.core.marker import mark, read_marker
from bot.core.model import Key, Login
from bot.core.plan.lint import lint
from bot.core.plan.tick import tick
from bot.core.render.brief import read_workstream_marker
from bot.core.tasks import all_tasks
from bot.errors import PayloadError
from bot.web.hook import signed
from bot.worker.intake import Own
from fuzz.choices import Choices
from fuzz.payloads import EVENTS, spoiled

SECRET = "a secret of the fuzzer"  # noqa: S105 - it guards nothing
OWN = Own(app_id=1001, login=Login("signalbox[bot]"))

KEYS = (Key("W1"), Key("Agent A"))

Target = Callable[[bytes], None]


def webhook(data: bytes) -> None:
    """Prove and read a delivery: a spoiled payload of any event, or any bytes at all."""
    choices = Choices(data)
    event = choices.one_of(EVENTS)
    well_formed = choices.byte() % 8 != 0
    body = json.dumps(spoiled(event, choices)).encode() if well_formed else choices.rest()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert signed(SECRET, body, f"sha256={digest}")
    assert not signed(SECRET, body + b" ", f"sha256={digest}")
    assert not signed(SECRET, body, choices.rest().decode("utf-8", "surrogateescape"))
    with suppress(PayloadError):
        _understood(read_event(event, _object(body)))


def _object(body: bytes) -> Mapping[str, object]:
    """Read JSON as intake does."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("not JSON") from error
    if not isinstance(payload, dict):
        raise PayloadError("not an object")
    return payload


def _understood(event: Event) -> None:
    """Check what the store and the log rely on: every text can be written down, every number fits its column."""
    for call in event.commands:
        stored = (
            call.verb,
            *call.words,
            call.text,
            call.author,
            call.subject or "",
            call.comment or "",
            call.comment_url,
        )
        assert all(fits_a_column(each) for each in stored), stored
        assert len(call.author) <= 100, call.author
        assert max(len(call.subject or ""), len(call.comment or "")) <= 200
    assert event.full_name is None or (fits_a_column(event.full_name) and len(event.full_name) <= 200)
    numbers = (event.repository_id, event.installation_id, *(number for number, _ in event.installed))
    assert all(each is None or 0 < each < 2**63 for each in numbers)
    assert all(OWN.echo(event, wake) in {True, False} for wake in event.wakes)


def fits_a_column(text: str) -> bool:
    """Say whether PostgreSQL can keep a text: it has no way to write a zero, nor half of a pair."""
    return "\0" not in text and text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") == text


def commands(data: bytes) -> None:
    """Find the commands of a comment."""
    text = _text(data)
    found = commands_in(text)
    lines = text.count("\n") + text.count("\r") + 1
    assert len(found) <= MAX_COMMANDS
    assert all(1 <= each.line <= lines for each in found)
    assert all(each.verb and each.verb == each.verb.lower() for each in found)


def markers(data: bytes) -> None:
    """Read the hidden marks and the lists of a body, and find a mark again that was put below it.

    Of texts as answers.py reads them: half of a pair is none.
    """
    text = data.decode("utf-8", "replace")
    read_marker(text)
    read_workstream_marker(text)
    found = read_marker(mark(text, "reply:1"))
    assert found is not None
    assert found.key == "reply:1"
    all_tasks(text)


def config(data: bytes) -> None:
    """Read a config."""
    read, mistakes = read_config(_text(data))
    assert (read is None) == bool(mistakes)


def plan(data: bytes) -> None:
    """Read a plan and show what was read; tick some of it."""
    text = _text(data)
    report = lint(text)
    report.to_json()
    report.to_mermaid()
    report.to_text()
    keys = [each.key for each in report.plan.workstreams]
    assert len(set(keys)) == len(keys)
    once = tick(text, KEYS)
    assert tick(once, KEYS) == once


def _text(data: bytes) -> str:
    """Return any text that can come out of JSON, which may hold halves of pairs."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


TARGETS: Mapping[str, Target] = {
    "webhook": webhook,
    "commands": commands,
    "markers": markers,
    "config": config,
    "plan": plan,
}
