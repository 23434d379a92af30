"""What users typed, shown: nobody is mentioned, nothing is closed, no markup gets through."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.core.text import JOINER, code, cut, login, name, plain, printed, quiet, when

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MENTION = re.compile(r"@[a-zA-Z0-9_-]")
REFERENCE = re.compile(r"#\d|\bGH-\d|https?://", re.IGNORECASE)

SPECIAL = [*"@#`*_[]()<>!|~$&;:/\\-+=.1a \n\r\t\x00\u2028\u202e\u200d\ud800", "GH-", "<!--", "-->", "https://"]
NASTY = st.lists(st.sampled_from(SPECIAL), max_size=30).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("    at  x  ", "    at  x"),
        ("\x1b[31;1mred\x1b[0m\x1b[K", "red"),
        ("\x1b]8;;https://x.example\x07link\x1b]8;;\x07", "link"),
        ("a\tb", "a   b"),
        ("\u202eabc\u2066\x00\x07\ud800", "abc"),
        ("a\u061cb\u200ec\u200fd", "abcd"),
        ("\x1b", ""),
    ],
)
def test_a_line_of_output_keeps_its_spaces_and_loses_what_is_not_seen(line: str, shown: str) -> None:
    assert printed(line) == shown


@given(NASTY)
def test_plain_shows_the_words_and_nothing_else(text: str) -> None:
    tokens = MARKDOWN.parse(plain(text))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    children = tokens[1].children or () if tokens else ()
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == quiet(text)


@given(NASTY)
def test_plain_stays_what_it_is_inside_a_line_and_a_table(text: str) -> None:
    tokens = MARKDOWN.parse(f"| a | b |\n|---|---|\n| x {plain(text)} | y |\n")
    cells = [token for token in tokens if token.type == "inline"][2:]
    assert len(cells) == 2
    assert "".join(child.content for child in cells[0].children or ()).strip() == f"x {quiet(text)}".strip()


@given(NASTY)
def test_quiet_mentions_nobody_and_refers_to_nothing(text: str) -> None:
    for shown in (quiet(text), plain(text)):
        assert MENTION.search(shown) is None
        assert REFERENCE.search(shown) is None
        assert shown.splitlines() in ([], [shown])
        shown.encode()


@given(NASTY)
def test_code_is_one_code_span(text: str) -> None:
    shown = code(text)
    (_, inline, _) = MARKDOWN.parse(shown)
    assert [child.type for child in inline.children or ()] == ["code_inline"]
    assert shown.splitlines() == [shown]
    assert "<!--" not in shown
    assert "|" not in shown
    shown.encode()


@given(NASTY)
def test_a_name_is_safe_in_markdown(text: str) -> None:
    shown = name(text)
    (_, inline, _) = MARKDOWN.parse(shown)
    assert [child.type for child in inline.children or ()] in (["text"], ["code_inline"])
    assert MENTION.search(shown) is None or shown.startswith("`")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("W1", "W1", id="short key"),
        pytest.param("Agent A", "Agent A", id="key of two words"),
        pytest.param("P2A.1", "P2A.1", id="key with a dot"),
        pytest.param("api_core", "`api_core`", id="underscore"),
        pytest.param("#12", "`#12`", id="looks like an issue"),
        pytest.param("GH-12", "`GH-12`", id="refers to an issue"),
        pytest.param("", "` `", id="empty"),
    ],
)
def test_a_name_is_code_only_where_it_must_be(typed: str, shown: str) -> None:
    assert name(typed) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("ask @ada", f"ask @{JOINER}ada", id="mention"),
        pytest.param("fixes #12", rf"fixes \#{JOINER}12", id="closing keyword"),
        pytest.param("closes octo/demo#12", rf"closes octo/demo\#{JOINER}12", id="closing keyword, other repository"),
        pytest.param("resolves GH-7", f"resolves GH-{JOINER}7", id="closing keyword, old form"),
        pytest.param("https://x.test/1", f"https:{JOINER}//x.test/1", id="address"),
        pytest.param("<img src=x>", "&lt;img src=x&gt;", id="HTML"),
        pytest.param("a\n\n# b", r"a \# b", id="line breaks"),
        pytest.param("- one", r"\- one", id="list"),
        pytest.param("1. one", r"1\. one", id="numbered list"),
        pytest.param("**bold** [x](y)", r"\*\*bold\*\* \[x\](y)", id="markup"),
    ],
)
def test_plain_by_example(typed: str, shown: str) -> None:
    assert plain(typed) == shown


@pytest.mark.parametrize(
    ("typed", "limit", "shown"),
    [
        pytest.param("short", 5, "short", id="fits"),
        pytest.param("longer", 5, "long…", id="cut"),
        pytest.param("one two", 5, "one…", id="no space before the ellipsis"),
        pytest.param("x", 1, "x", id="one"),
        pytest.param("xy", 1, "…", id="nothing fits"),
    ],
)
def test_cut(typed: str, limit: int, shown: str) -> None:
    assert cut(typed, limit) == shown


@given(st.text(), st.integers(1, 50))
def test_cut_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit


@pytest.mark.parametrize(
    "piece",
    ["\n", " ", "\t", "|", "-", "#", "*", "_", "[", "(", "`", "<", ">", "\\", "✅", "1", "a,", "a -> ", "@", "#1", "GH-1", "www.",
     "://", "\x1b[", "\x1b]", "\x1b[0", "<!--", "eyJ", "-----BEGIN ", "ghp_"],
)  # fmt: skip
def test_long_runs_are_shown_in_time(piece: str) -> None:
    text = f"a{piece * (65_000 // len(piece))}b"
    started = time.thread_time()
    assert all(show(text) for show in (code, plain, quiet, name, printed, lambda each: cut(each, 60_000)))
    assert time.thread_time() - started < 1


def test_a_login_is_shown_without_a_mention() -> None:
    assert login("renovate[bot]") == "`renovate[bot]`"


def test_a_time_is_shown_in_utc_to_the_minute() -> None:
    berlin = timezone(timedelta(hours=1))
    assert when(datetime(2026, 11, 20, 20, 5, 59, tzinfo=berlin)) == "2026-11-20 19:05 UTC"
    assert when(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02 03:04 UTC"
    with pytest.raises(ValueError, match="no time zone"):
        when(datetime(2026, 1, 2, 3, 4))
