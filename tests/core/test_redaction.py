"""What looks like a secret is taken out, in linear time; what only begins like one stays."""

import time

import pytest

from bot.core.commands.parse import commands_in
from bot.core.model import Key, Workstream
from bot.core.redaction import REMOVED, linked, without_secrets
from bot.core.render.graph import draw
from bot.core.render.parts import fence, inline
from bot.core.text import code, cut, name, plain, quiet

TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMiJ9.c2ln-bmF0dXJl"
SECRETS = [
    TOKEN,
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    f"ghs_1234_{JWT}",
    "github_pat_11ABCDEFG0123456789_abcdefghij",
    JWT,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEabc",
    "AKIAIOSFODNN7EXAMPLE",
    "glpat-0123456789abcdefghij",
    "xoxb-123456789012-abcdef",
    f"npm_{'a1' * 18}",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_taken_out_and_the_rest_stays(secret: str) -> None:
    assert without_secrets(f"before ({secret}") == f"before ({REMOVED}"


@pytest.mark.parametrize("before", ["\x1b[31m", "\x1b[0m", "TOKEN_", repr("a\n")[1:-1], repr("a\x1b[31m")[1:-1]])
@pytest.mark.parametrize("secret", SECRETS[:4])
def test_whatever_stands_before_a_secret_it_is_taken_out(before: str, secret: str) -> None:
    assert secret not in without_secrets(f"{before}{secret}")
    assert secret[-8:] not in plain(f"{before}{secret}")


@pytest.mark.parametrize("before", ["\x1b[31m", "\x1b[0m", repr("a\n")[1:-1]])
def test_so_is_a_jwt(before: str) -> None:
    assert without_secrets(f"{before}{JWT} and more") == f"{before}{REMOVED} and more"


@pytest.mark.parametrize(
    "login",
    ["bob:p4ss:w%40rd", ":s3cretpw", "bob:p@ss@word", "ghost", "x-access-token:abc", "a:b@c"],
)
def test_the_password_of_an_address_is_taken_out(login: str) -> None:
    assert without_secrets(f"redis://{login}@db.example:5432/x?a@b") == f"redis://{REMOVED}@db.example:5432/x?a@b"


@pytest.mark.parametrize(
    "text",
    [
        "ghost_story",
        "eyJ",
        "a sigh_of relief",
        "https://github.com/octo/demo",
        "see http://x:80/a@b",
        "-----",
        "test_highs_and_lows_of_all_the_prices",
        "ssh://git@github.com/octo/demo",
        "https://x.example/@mia",
        "npm_config_x",
        "https://x.example?to=a@b.example",
        "git@github.com:octo/demo",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("show", [code, plain, quiet, name, inline, lambda text: fence([text])])
def test_nothing_that_is_shown_holds_a_secret(show: object) -> None:
    assert callable(show)
    shown = show(f"use {TOKEN} here")
    assert TOKEN not in shown
    assert "removed" in shown


@pytest.mark.parametrize(("secret", "part"), [("https://bob:open-sesame@ci.example", "open"), (JWT, "eyJhbG")])
def test_a_secret_that_would_be_cut_in_two_is_taken_out_first(secret: str, part: str) -> None:
    for limit in range(1, 10 + len(secret)):
        shown = cut(f"use {secret} here, or not", limit)
        assert len(shown) <= limit
        assert part not in without_secrets(shown)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ci.example/1?tab=2#L3", "https://ci.example/1?tab=2#L3"),
        ("", ""),
        (f"https://ci.example/{TOKEN}", ""),
        (f"https://ci.example/1?key={JWT}", ""),
        ("https://bob:open-sesame@ci.example/1", ""),
        ("https://ci.example/1) and [more](https://evil.example", ""),
        ("https://ci.example/<b>", ""),
        ("https://ci.example/a b", ""),
        ("javascript:alert(1)", ""),
        ("https://ci.example/" + "a" * 500, ""),
    ],
)
def test_an_address_that_would_do_harm_is_no_link(address: str, shown: str) -> None:
    assert linked(address) == shown


def test_a_box_of_the_graph_holds_no_secret() -> None:
    shown = draw([Workstream(key=Key("W1"), title="Use ghp_secret1234", line=1)], {}, {}, 1000)
    assert "Use" in shown
    assert "secret1234" not in shown


def test_a_command_is_read_without_the_secrets_in_it() -> None:
    [call] = commands_in(f"/signalbox hold W1 the key is {TOKEN}")
    assert call.words == ("W1", "the", "key", "is", REMOVED)
    assert TOKEN not in call.text


@pytest.mark.parametrize(
    "piece", ["eyJ-", "eyJaaaaa.", "gha_", "://a:b", "-----BEGIN A", "-----BEGIN A-----", "github_pat_"]
)
def test_a_long_text_takes_a_moment_only(piece: str) -> None:
    text = piece * (500_000 // len(piece))
    start = time.process_time()
    without_secrets(text)
    assert time.process_time() - start < 1
