"""Tokens reach no further than what they are for: one repository, and the permissions that are used."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from structlog.testing import capture_logs

from bot.core.model import Branch, Login, Role
from bot.errors import NotFound, NotInstalled
from bot.github.client import Client
from bot.github.permissions import LISTING, NEEDED, lacking, usable
from bot.github.port import RepositoryRef
from sandbox.actor import Actor
from sandbox.genesis import PERMISSIONS, add_tenant
from sandbox.model import Repository, Token
from sandbox.operations.repositories import create_repository
from sandbox.server import start
from sandbox.world import World
from tests.github.story import client_of

ROOT = Path(__file__).parents[2]


@dataclass
class Ground:
    """A sandbox in which the App is installed on two accounts, and Signalbox's client for it."""

    world: World
    client: Client
    mine: RepositoryRef  # octo/demo
    other: RepositoryRef  # umbra/demo, of another installation

    @property
    def tokens(self) -> list[Token]:
        """Every token that was minted for Signalbox."""
        return [token for token in self.world.state.tokens.values() if token.installation_id and token.expires_at]

    def grant(self, **permissions: str) -> None:
        """Have the first account's administrator grant just these."""
        self.world.state.installations[self.mine.installation_id].permissions = {"metadata": "read", **permissions}

    def record(self, repository: RepositoryRef) -> Repository:
        """What the sandbox keeps of a repository."""
        assert repository.repository_id is not None
        return self.world.state.repositories[repository.repository_id]

    async def read(self, repository: RepositoryRef) -> None:
        await self.client.open_pulls(repository, first_page_only=True)


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(start(port=0, data=tmp_path))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        world, info = sandbox.world, sandbox.info
        installation, repository = await add_tenant(world, "umbra", "demo")
        repository.private = True
        demo = world.repository("octo", "demo")
        assert demo is not None
        mine = RepositoryRef(installation_id=info["installation_id"], full_name="octo/demo", repository_id=demo.id)
        other = RepositoryRef(
            installation_id=installation.id, full_name="umbra/demo", repository_id=repository.id
        )  # fmt: skip
        yield Ground(world, client_of(info, session), mine, other)


def test_one_list_of_permissions_is_asked_for_everywhere() -> None:
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "app.yml").read_text(encoding="utf-8"))
    assert manifest["default_permissions"] == NEEDED
    assert PERMISSIONS["signalbox"] == NEEDED  # the sandbox grants what the manifest says
    assert set(LISTING.items()) <= set(NEEDED.items())


@pytest.mark.parametrize(
    ("granted", "asked", "missing"),
    [
        (NEEDED, NEEDED, ()),
        ({**NEEDED, "administration": "write", "secrets": "write"}, NEEDED, ()),
        ({**NEEDED, "workflows": "write"}, {**NEEDED, "workflows": "write"}, ()),
        ({**NEEDED, "checks": "read"}, {**NEEDED, "checks": "read"}, ("Checks: write",)),
        ({"metadata": "read", "merge_queues": "write"}, {"metadata": "read", "merge_queues": "read"}, None),
        ({"metadata": "owner"}, {}, None),
    ],
    ids=["just that", "more", "workflows too", "less", "much less", "a level that nobody knows"],
)
def test_what_is_asked_for_is_what_is_used_and_granted(
    granted: dict[str, str], asked: dict[str, str], missing: tuple[str, ...] | None
) -> None:
    assert usable(granted) == asked
    assert missing is None or lacking(granted) == missing


async def test_each_token_is_for_one_repository_and_for_what_is_used(ground: Ground) -> None:
    ground.grant(**NEEDED, administration="write")
    await ground.read(ground.mine)
    await ground.read(ground.other)
    await ground.client.role(ground.mine, Login("ada"))
    minted = {tuple(token.repository_ids or ()): token for token in ground.tokens}
    assert set(minted) == {(ground.mine.repository_id,), (ground.other.repository_id,)}
    assert len(ground.tokens) == 2
    assert all(token.permissions == NEEDED for token in ground.tokens)


async def test_a_token_that_lists_repositories_may_do_nothing_else(ground: Ground) -> None:
    listed = await ground.client.installed_repositories()
    assert {number for number, _, _ in listed.repositories} == {
        ground.mine.installation_id,
        ground.other.installation_id,
    }
    assert [token.permissions for token in ground.tokens] == [dict(LISTING)] * 2


async def test_a_repository_known_by_name_alone_has_a_token_of_its_own_too(ground: Ground) -> None:
    await ground.read(replace(ground.mine, repository_id=None))
    assert [token.repository_ids for token in ground.tokens] == [[ground.mine.repository_id]]


async def test_a_new_repository_under_an_old_name_is_not_taken_for_the_old_one(ground: Ground) -> None:
    """Until the news of the renaming has come, a plan's repository is asked for by a name that is another's now."""
    old, owner, ada = ground.record(ground.mine), ground.world.user("octo"), ground.world.user("ada")
    assert owner is not None
    new = await create_repository(ground.world, Actor(user=ada), owner, name="second", auto_init=True)
    old.name, new.name, new.private = "renamed", "demo", True
    with pytest.raises(NotFound):
        await ground.read(ground.mine)
    assert [token.repository_ids for token in ground.tokens] == [[old.id]]


async def test_a_transferred_repository_is_out_of_reach_for_the_installation_it_left(ground: Ground) -> None:
    moved = ground.record(ground.mine)
    moved.owner_id, moved.name, moved.private = ground.record(ground.other).owner_id, "moved", True
    with pytest.raises(NotFound, match="not accessible to the parent installation"):
        await ground.read(ground.mine)
    arrived = replace(ground.other, full_name="umbra/moved", repository_id=moved.id)
    await ground.read(arrived)


async def test_an_installation_names_nothing_of_another(ground: Ground) -> None:
    """What a delivery would have to say falsely to make one tenant's rights act on another's repository."""
    crossed = replace(ground.mine, full_name="umbra/demo", repository_id=ground.other.repository_id)
    with pytest.raises(NotFound):
        await ground.read(crossed)
    named = replace(ground.mine, full_name="umbra/demo")
    with pytest.raises(NotFound):
        await ground.read(named)
    assert await ground.client.role(named, Login("ada")) is Role.NONE


async def test_permissions_that_are_not_granted_are_named_once_and_the_rest_works(ground: Ground) -> None:
    ground.grant(**{area: level for area, level in NEEDED.items() if area not in {"merge_queues", "actions"}})
    with capture_logs() as logs:
        await ground.read(ground.mine)
    said = [line for line in logs if line["event"] == "installation.lacks_permissions"]
    assert [line["missing"] for line in said] == [("Actions: write", "Merge queues: read")]
    assert "actions" not in ground.tokens[0].permissions


async def test_permissions_taken_away_within_the_hour_are_noticed(ground: Ground) -> None:
    await ground.read(ground.mine)
    ground.world.state.tokens.clear()  # as GitHub revokes them
    ground.grant(**{**NEEDED, "contents": "read"})
    await ground.read(ground.mine)
    assert [token.permissions["contents"] for token in ground.tokens] == ["read"]


async def test_an_installation_that_is_gone_has_no_token(ground: Ground) -> None:
    del ground.world.state.installations[ground.mine.installation_id]
    with pytest.raises(NotInstalled, match=f"installation {ground.mine.installation_id}"):
        await ground.read(ground.mine)


@pytest.mark.parametrize("login", ["..", "."])
async def test_a_name_cannot_lead_out_of_its_place_in_an_address(ground: Ground, login: str) -> None:
    assert await ground.client.role(ground.mine, Login(login)) is Role.NONE
    assert ground.tokens == []  # nothing was asked


async def test_a_branch_with_a_hostile_name_is_asked_for_by_just_that_name(ground: Ground) -> None:
    for name in ("x/../../../admin", "a?b=c#d", "%2e%2e", "a b\n", "\u202e"):
        assert await ground.client.merge_queue(ground.mine, Branch(name)) == ()
        assert await ground.client.role(ground.mine, Login(name)) is Role.NONE
