"""The webhook that is sent by the thousand: a comment on an issue that is no plan, as large as GitHub's example of it."""

import json
import random
from string import ascii_lowercase
from typing import Any

from bench.paired import SECRET, Webhook
from tests.ports import free_port
from tests.scenarios.play import Play, connect

BYTES = 13_993  # of GitHub's example of `issue_comment.created`, which lz4 compresses to 0.22
ISSUE = {"title": "Sort by date", "labels": ["bug", "search", "1.2"], "assignees": ["ada", "mia", "wim"]}


async def comment(play: Play, secret: str = SECRET) -> Webhook:
    """Return one as the stand-in sends it. Most of it is addresses, as of GitHub's, and it compresses nearly as well."""
    connect(play.world, f"http://127.0.0.1:{free_port()}/webhook")  # where nobody listens
    written = await play.do("ada", "POST", "/issues", ISSUE)
    await play.say("mia", "Yes.", written["number"])
    sent = next(each for each in play.world.state.deliveries.values() if each.event == "issue_comment")
    return Webhook(event=sent.event, body=_filled(sent.payload), secret=secret)


def prose() -> Webhook:
    """Return one in which nearly all is what somebody wrote, so that it compresses to more than half."""
    return Webhook(event="issue_comment", body=_filled({"action": "created", "comment": {"id": 1}}))


def _filled(payload: dict[str, Any]) -> bytes:
    dice = random.Random(1)  # noqa: S311 - every run gets the same text
    words = ["".join(dice.choices(ascii_lowercase, k=dice.randint(2, 9))) for _ in range(500)]
    text = " ".join(dice.choices(words, k=BYTES))

    def saying(what: str) -> bytes:
        return json.dumps(payload | {"comment": payload["comment"] | {"body": what}}, separators=(",", ":")).encode()

    return saying(text[: BYTES - len(saying(""))])
