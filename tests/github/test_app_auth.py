import asyncio
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.errors import NotInstalled, ReadFailed, SettingsError
from bot.github.app_auth import AppAuth, InstallationToken, Reach
from bot.github.clock import Clocks
from tests.github.fake import APP_ID, INSTALLATION, Clock, Stack, reply

REACH = Reach(1, 77)
MINT = f"POST /app/installations/{INSTALLATION}/access_tokens"


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_the_jwt_says_who_the_app_is_and_ends_within_ten_minutes(
    rsa_key: rsa.RSAPrivateKey, form: PrivateFormat
) -> None:
    clock = Clock()
    auth = AppAuth(APP_ID, rsa_key.private_bytes(Encoding.PEM, form, NoEncryption()).decode(), Clocks(clock))
    claims = jwt.decode(
        auth.jwt(), rsa_key.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    now = int(clock().timestamp())
    assert claims == {"iss": str(APP_ID), "iat": now - 60, "exp": now + 540}


def test_a_jwt_is_used_again_until_it_grows_old(private_key: str) -> None:
    clock = Clock()
    auth = AppAuth(APP_ID, private_key, Clocks(clock))
    first = auth.jwt()
    clock.forward(minutes=6)
    assert auth.jwt() == first
    clock.forward(minutes=2)
    assert auth.jwt() != first


def test_a_key_that_is_none_is_named_as_a_setting_and_not_shown(rsa_key: rsa.RSAPrivateKey) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
    for text in ("", "secret-text", public, elliptic.decode()):
        with pytest.raises(SettingsError) as raised:
            AppAuth(APP_ID, text)
        assert "GITHUB_PRIVATE_KEY" in str(raised.value)
        assert raised.value.__cause__ is None
        assert "secret" not in str(raised.value)


async def test_fifty_callers_share_one_mint(stack: Stack) -> None:
    stack.fake.answers("GET /thing", reply({"ok": True}))
    pages = await asyncio.gather(*(stack.transport.get(INSTALLATION, "/thing") for _ in range(50)))
    assert len(pages) == 50
    assert stack.fake.minted == 1


async def test_each_installation_has_its_own_token(stack: Stack) -> None:
    stack.fake.answers("GET /thing", reply({}))
    await asyncio.gather(stack.transport.get(1, "/thing"), stack.transport.get(2, "/thing"))
    assert stack.fake.minted == 2
    sent = {seen.headers["authorization"].split("_")[1] for seen in stack.fake.of("GET /thing")}
    assert sent == {"1", "2"}


async def test_a_token_is_minted_anew_five_minutes_before_it_ends(stack: Stack) -> None:
    stack.fake.answers("GET /thing", reply({}))
    await stack.transport.get(INSTALLATION, "/thing")
    stack.fake.clock.forward(minutes=54)
    await stack.transport.get(INSTALLATION, "/thing")
    assert stack.fake.minted == 1
    stack.fake.clock.forward(minutes=1, seconds=1)
    await stack.transport.get(INSTALLATION, "/thing")
    assert stack.fake.minted == 2


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one(private_key: str) -> None:
    clock = Clock()
    auth = AppAuth(APP_ID, private_key, Clocks(clock))
    minted = iter(("old", "new"))

    async def mint() -> InstallationToken:
        return InstallationToken(next(minted), clock() + timedelta(hours=1))

    assert await auth.token(REACH, mint) == "old"
    auth.drop(REACH, "old")
    assert await auth.token(REACH, mint) == "new"
    auth.drop(REACH, "old")
    assert await auth.token(REACH, mint) == "new"


async def test_a_caller_that_gives_up_takes_the_token_from_nobody(private_key: str) -> None:
    clock = Clock()
    auth = AppAuth(APP_ID, private_key, Clocks(clock))
    go = asyncio.Event()

    async def mint() -> InstallationToken:
        await go.wait()
        return InstallationToken("token", clock() + timedelta(hours=1))

    impatient, patient = asyncio.create_task(auth.token(REACH, mint)), asyncio.create_task(auth.token(REACH, mint))
    await asyncio.sleep(0)
    impatient.cancel()
    go.set()
    assert await patient == "token"


async def test_a_suspended_installation_is_not_installed(stack: Stack) -> None:
    stack.fake.answers(MINT, reply({"message": "This installation has been suspended"}, status=403))
    with pytest.raises(NotInstalled, match="suspended"):
        await stack.transport.get(INSTALLATION, "/thing")


async def test_a_refused_jwt_points_at_id_key_and_clock(stack: Stack) -> None:
    stack.fake.answers(MINT, reply({"message": "A JSON web token could not be decoded"}, status=401))
    with pytest.raises(ReadFailed, match="key and the clock"):
        await stack.transport.get(INSTALLATION, "/thing")


async def test_an_answer_that_is_no_token_is_not_quoted(stack: Stack) -> None:
    stack.fake.answers(MINT, reply({"token": "ghs_secret", "expires_at": "never"}, status=201))
    with pytest.raises(ReadFailed) as raised:
        await stack.transport.get(INSTALLATION, "/thing")
    assert "ghs_secret" not in repr(raised.value)
    assert "ghs_secret" not in repr(InstallationToken("ghs_secret", stack.fake.clock()))
