from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.core.model import IssueNumber, NodeId
from bot.github import transport
from bot.github.port import RepositoryRef
from sandbox.server import start
from tests.github.fake import Clock, Fake, Stack, build
from tests.github.story import Story, client_of


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def private_key(rsa_key: rsa.RSAPrivateKey) -> str:
    """A key in the form that GitHub hands out (PKCS#1)."""
    return rsa_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    fake = Fake(Clock())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    # Handlers that never answer are cut off when their client goes away, so that the server can close.
    async with TestServer(app, handler_cancellation=True) as server:
        fake.url = str(server.make_url("/")).rstrip("/")
        yield fake


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def stack(fake: Fake, session: aiohttp.ClientSession, private_key: str) -> Stack:
    return build(fake, session, private_key)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs and pauses small enough for tests."""
    monkeypatch.setattr(transport, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(transport, "WRITE_TIMEOUT", 0.2)
    monkeypatch.setattr(transport, "READ_PAUSES", (0.01, 0.01))


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with (
        start(port=0, data=tmp_path, webhook_url="http://127.0.0.1:9/nobody-listens") as sandbox,
        aiohttp.ClientSession() as session,
    ):
        info = sandbox.info
        client = client_of(info, session)
        repository = RepositoryRef(installation_id=info["installation_id"], full_name=info["repository"])
        story = Story(info, session, client, repository, IssueNumber(0), NodeId(""))
        issue = await story.call("POST", f"/repos/{info['repository']}/issues", {"title": "Plan", "body": "- [ ] W1"})
        yield replace(story, issue=IssueNumber(issue["number"]), issue_id=NodeId(issue["node_id"]))
