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
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_taken_out_and_the_rest_stays(secret: str) -> None:
    assert without_secrets(f"before ({secret}") == f"before ({REMOVED}"


def test_the_password_of_an_address_is_taken_out() -> None:
    assert (
        without_secrets("postgresql://bob:p4ss:w%40rd@db.example:5432/x") == f"postgresql://{REMOVED}@db.example:5432/x"
    )


@pytest.mark.parametrize(
    "text", ["ghost_story", "eyJ", "a sigh_of relief", "https://github.com/octo/demo", "see http://x:80/a@b", "-----"]
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
    ],
)
def test_an_address_with_a_secret_is_no_link(address: str, shown: str) -> None:
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
