"""Secrets to be fed to Signalbox, each with the name of the place where it is fed, and the search for them in what comes out."""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web

from sandbox import middleware, server

SIGN = "Hushhush"  # in every secret; its place follows in small letters, then a digit
_FOUND = re.compile(rf"{SIGN}([a-z]*)", re.IGNORECASE)
_UNSEEN = str.maketrans("", "", "\\\u200d")  # what is put between letters so that a text does nothing
_KEEPSAKE = re.compile(r"<!-- signalbox-keepsake 1 (\S+) ")
_TICKS = re.compile(r"\[[x ]\]| ✅")


def token(place: str, kind: str = "ghp") -> str:
    """A token as GitHub makes them; it may stand in the name of a branch or a file."""
    return f"{kind}_{SIGN}{place}".ljust(40, "0")


def key(place: str) -> str:
    """A private key of five lines."""
    lines = "\n".join(f"MII{number}{SIGN}{place}0123456789abcdef" for number in range(3))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


def few(place: str) -> str:
    """A line with two secrets, short enough for a title."""
    return f"{token(place)} postgresql://bob:{SIGN}{place}0@db.example/x"


def words(place: str) -> str:
    """A line with a secret of every kind."""
    joined = key(place).replace("\n", " ")
    jwt = f"eyJ{SIGN}{place}0.eyJpc3MiOiIxMiJ9.c2ln"
    return f"{few(place)} {token(place, 'ghs')} github_pat_{SIGN}{place}0 {jwt} {joined} end"


def told(text: str) -> set[str]:
    """The places whose secrets a text tells, escaped and cut ones too. Sealed payloads are left out: see `kept_in`."""
    bare = _KEEPSAKE.sub("", text)
    return {place for each in (bare, bare.translate(_UNSEEN), unquote(bare)) for place in _FOUND.findall(each)}


def kept_in(comment: str) -> bytes | None:
    """What a status comment keeps sealed, as JSON; None = nothing."""
    found = _KEEPSAKE.search(comment)
    return zlib.decompress(base64.b64decode(found[1])) if found else None


def own_secrets(play: Any) -> list[str]:
    """Signalbox's own: the webhook's secret, every line of the key, every token that the stand-in gave to anybody."""
    pem = Path(play.info["private_key_file"]).read_text(encoding="utf-8")
    tokens = [each.token for each in play.world.state.tokens.values()]
    assert tokens
    return [play.info["webhook_secret"], *(line for line in pem.splitlines() if not line.startswith("-")), *tokens]


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value, names of fields too."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, each in value.items():
                yield name
                yield from texts_in(each)
        case list():
            for each in value:
                yield from texts_in(each)


@dataclass
class Recorder:
    """Every text that Signalbox sent to the stand-in, in addresses, headers and bodies, whatever became of it later."""

    texts: list[str] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have each stand-in that starts from now on write down what comes. Tokens by which it is asked are no text."""
        answer = middleware.api_middleware

        @web.middleware
        async def record(request: web.Request, handler: middleware.Handler) -> web.StreamResponse:
            if request.headers.get("User-Agent") == "signalbox":
                headers = {name: value for name, value in request.headers.items() if name != "Authorization"}
                self.texts += [request.raw_path, *texts_in(headers)]
                if await request.read():
                    self.texts += texts_in(await request.json())
            return await answer(request, handler)

        monkeypatch.setattr(server, "api_middleware", record)


def without_names(texts: Iterable[str], places: Set[str]) -> str:
    """All of the texts but bare names, of things at these places: by them GitHub and Signalbox know branches and files."""
    return "\n".join(each for each in texts if len(each.split()) > 1 or not told(each) <= places)


def untick(plan: str) -> str:
    """A plan's text without its ticks, which are all that Signalbox may change of it."""
    return _TICKS.sub("", plan)
