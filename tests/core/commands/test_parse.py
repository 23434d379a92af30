"""Which lines of a comment are commands."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.texts import sparse_tables
from bot.core.commands.parse import MAX_COMMANDS, MAX_TEXT, TypedCommand, commands_in

START = (1, "start")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("/signalbox start", [START], id="long name"),
        pytest.param("/sb start", [START], id="short name"),
        pytest.param("/SignalBox START", [START], id="any case"),
        pytest.param("   /sb start", [START], id="three spaces"),
        pytest.param("/sb\tstart", [START], id="tab"),
        pytest.param("/sb", [(1, "help")], id="alone"),
        pytest.param("Thanks!\n/sb start\nBye", [(2, "start")], id="between lines"),
        pytest.param("Thanks!\n\n/sb start\n\nBye", [(3, "start")], id="own paragraph"),
        pytest.param("/sb start\r\n/sb why\r\n", [(1, "start"), (2, "why")], id="line ends of Windows"),
        pytest.param("/sb start  \n/sb why\\\n/sb help", [(1, "start"), (2, "why\\"), (3, "help")], id="hard breaks"),
        pytest.param("/sb start\n--\nAda", [START], id="above a signature"),
        pytest.param("- list\n\n/sb start", [(3, "start")], id="after a list"),
        pytest.param("> quote\n\n/sb start", [(3, "start")], id="after a quote"),
        pytest.param("<!-- note -->\n/sb start", [(2, "start")], id="after a comment of HTML"),
        pytest.param("<details>\n\nlog\n\n</details>\n\n/sb start", [(7, "start")], id="after details"),
        pytest.param("[a]: https://x.test\n/sb start", [(2, "start")], id="after a definition"),
        pytest.param("a `b` <i>\n/sb start", [(2, "start")], id="after closed code"),
        pytest.param("a ` b\n/sb start", [(2, "start")], id="after a lone backtick"),
        pytest.param("a <!-- b\n/sb start", [(2, "start")], id="after a comment that never ends"),
        pytest.param("\ue0001\ue001/sb start\n/sb why", [(2, "why")], id="private characters"),
        pytest.param("", [], id="empty"),
        pytest.param("Say /sb start", [], id="inside a line"),
        pytest.param("/sbstart /signalboxes", [], id="other words"),
        pytest.param("//sb start", [], id="two slashes"),
        pytest.param("`/sb start`", [], id="code span"),
        pytest.param("**/sb start**", [], id="bold"),
        pytest.param("```\n/sb start\n```", [], id="fence"),
        pytest.param("~~~\n/sb start", [], id="fence that never ends"),
        pytest.param("    /sb start", [], id="indented code"),
        pytest.param("\t/sb start", [], id="code indented by a tab"),
        pytest.param("> /sb start", [], id="quote"),
        pytest.param("> quote\n/sb start", [], id="a quote's last line"),
        pytest.param("- /sb start", [], id="item"),
        pytest.param("- item\n\n  /sb start", [], id="item's second paragraph"),
        pytest.param("- item\n/sb start", [], id="an item's last line"),
        pytest.param("a | b\n--|--\n/sb start | x", [], id="table"),
        pytest.param("# /sb start", [], id="heading"),
        pytest.param("<!--\n/sb start\n-->", [], id="comment of HTML"),
        pytest.param("<div>\n/sb start\n</div>", [], id="block of HTML"),
        pytest.param("<details>\n\n/sb start\n\n</details>", [], id="details"),
        pytest.param("a <!--\n/sb start\n-->", [], id="comment of HTML inside a paragraph"),
        pytest.param("a `\n/sb start\n` b", [], id="code span over lines"),
        pytest.param('a <b title="\n/sb start\n">', [], id="inside a tag"),
        pytest.param("[a]: https://x.test '\n/sb start\n'", [], id="inside a definition"),
    ],
)
def test_commands(body: str, found: list[tuple[int, str]]) -> None:
    assert [(each.line, each.verb) for each in commands_in(body)] == found


def test_a_command_keeps_its_words_and_its_line() -> None:
    assert commands_in("Hi\n /sb  Hold  W1 until @mia is back ") == (
        TypedCommand(
            line=2,
            verb="hold",
            words=("W1", "until", "@mia", "is", "back"),
            text="/sb  Hold  W1 until @mia is back",
        ),
    )


def test_at_most_ten_commands_count() -> None:
    found = commands_in("\n".join(f"/sb hold W{index}" for index in range(30)))
    assert [each.words for each in found] == [(f"W{index}",) for index in range(MAX_COMMANDS)]


def test_a_long_line_is_cut() -> None:
    (found,) = commands_in(f"/sb {'x' * 400} {'y' * 400}")
    assert (len(found.text), len(found.verb)) == (MAX_TEXT, 50)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("/sb x\n" * 10_000, id="commands"),
        pytest.param("/sb x\na" + "a``b" * 16_000, id="backticks"),
        pytest.param("/sb x\n" + " ".join("`" * size for size in range(1, 350)), id="runs of backticks"),
        pytest.param("/sb x\na" + "<!--" * 16_000, id="comments"),
        pytest.param("/sb x\na" + "<a b='" * 10_000, id="tags"),
        pytest.param("/sb x\na" + "<?" * 30_000, id="instructions"),
        pytest.param("/sb x\n" + "[a](" * 16_000, id="links"),
        pytest.param("/sb x\n" + "*a_" * 20_000, id="emphasis"),
        pytest.param("/sb x\n" + ">" * 60_000, id="quotes"),
        pytest.param("/sb x\n\n" + "- " * 30_000, id="items"),
        pytest.param("/sb x\n\n" + "|a" * 300 + "\n" + "|-" * 300 + "\n" + "|\n" * 30_000, id="table"),
        pytest.param("/sb x\n\n" + sparse_tables(181, 364, 45), id="tables"),
        pytest.param("/sb x\n\n" + sparse_tables(20, 5, 450), id="small tables"),
        pytest.param("/sb x\n\n" + "- |a|b|c|d|\n  |-|-|-|-|\n  a\n  a\n" * 2_200, id="tables in items"),
        pytest.param("/sb x\n\n" + "> |a|b|c|d|\n> |-|-|-|-|\n> a\n> a\n\n" * 2_000, id="tables in quotes"),
        pytest.param("/sb x\n\n" + "|a\n|-\n|a\n\n" * 6_000, id="tables of one cell"),
        pytest.param("/sb x" + "\n" * 65_000 + "b", id="ends of lines"),
        pytest.param("/sb x\na" + " " * 65_000 + "b", id="spaces"),
        pytest.param("/sb x\na" + " \t" * 32_000 + "b", id="tabs"),
        pytest.param("/sb x\n\n" + "a\n\n" * 21_000, id="paragraphs"),
        pytest.param("/sb x\n\n" + "# a\n" * 16_000, id="headings"),
        pytest.param("/sb x\n\n" + "```\na\n```\n" * 6_000, id="fences"),
        pytest.param("/sb x\n\n" + "[a]: b\n" * 9_000, id="definitions"),
    ],
)
def test_a_hostile_comment_takes_no_long_time(body: str) -> None:
    started = time.thread_time()
    assert commands_in(body)[0].verb == "x"
    assert time.thread_time() - started < 2


@given(
    st.lists(st.sampled_from(["/sb start", "\n", " ", "`", "<!--", "-->", "<b>", "> ", "- ", "|", "    ", "```", "x"]))
)
def test_any_comment_gives_commands_that_stand_first_on_their_line(pieces: list[str]) -> None:
    body = "".join(pieces)
    for found in commands_in(body):
        assert body.split("\n")[found.line - 1].lstrip(" ").startswith("/sb")
