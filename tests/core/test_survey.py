"""Which plan is in force: the approved text as it was read then, whatever a later reader makes of it."""

import time
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from bot.core.memory import Memory
from bot.core.model import Key
from bot.core.plan.reader import read_plan
from bot.core.plan.tick import tick
from bot.core.survey import same_plan, survey, text_of

BODY = "# Pages\n\nBase: `main`\n\n### W1: Cache\n- Files: `cache.py`\n\n### W2: Views\n- Depends on: W1\n"


def test_a_running_plan_stays_as_it_was_read() -> None:
    read = read_plan(BODY, "Pages")
    otherwise = replace(read, workstreams=read.workstreams[:1])  # as if an older reader had seen only one
    found = survey(
        body=BODY, title="Pages", config_source=None, memory=Memory(approved_body=BODY, approved_plan=otherwise)
    )
    assert [each.key for each in found.plan.workstreams] == [Key("W1")]
    assert found.pending is None


def test_a_plan_from_before_the_reading_was_kept_is_read_anew() -> None:
    found = survey(body=BODY, title="Pages", config_source=None, memory=Memory(approved_body=BODY))
    assert [each.key for each in found.plan.workstreams] == [Key("W1"), Key("W2")]


def test_the_reading_comes_back_from_the_store_whole() -> None:
    kept = TypeAdapter(Memory)
    memory = Memory(approved_body=BODY, approved_plan=read_plan(BODY, "Pages"))
    again = kept.validate_json(kept.dump_json(memory))
    assert again == memory
    assert again.approved_plan is not None
    assert memory.approved_plan is not None
    assert again.approved_plan.origins == memory.approved_plan.origins


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("- [ ] a\n", "- [x] a\n", True, id="a tick"),
        pytest.param("\n\n  1. [X] a\r\n", "\n\n  1. [ ] a\n", True, id="numbered, below blank lines"),
        pytest.param("### W1: a ✅\n\nb", "### W1: a\n\nb", True, id="a mark"),
        pytest.param("### W1: a \t✅ \nb", "### W1: a\nb", True, id="a mark between spaces"),
        pytest.param("a ✅ ✅\nb", "a ✅\nb", False, id="one of two marks"),
        pytest.param("a ✅ b", "a b", False, id="a mark inside a line"),
        pytest.param("- [x]a", "- [ ]a", False, id="no box"),
        pytest.param("- [ ] a\n\n- b", "- [x] a\n- b", False, id="a blank line less"),
    ],
)
def test_ticks_make_no_other_plan(one: str, other: str, same: bool) -> None:
    assert same_plan(one, other) is same
    assert (text_of(one) == text_of(other)) is same


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize(
    "first",
    [
        "### W1: One", "### W1: One ###", "### W1: One  ", "### [ ] W1: One", "- [ ] W1: One", "> - [ ] W1: One",
        "1. [ ] W1: One",
    ],
)  # fmt: skip
def test_what_signalbox_ticks_is_no_edit(first: str, end: str) -> None:
    body = "\n".join(["# Plan", "", "## Workstreams", "", first, first.replace("W1: One", "W2: Two"), ""]).replace(
        "\n", end
    )
    ticked = tick(body, [Key("W1")])
    assert ticked != body
    assert same_plan(body, ticked)
    assert same_plan(body, tick(ticked, [Key("W2")]))


@pytest.mark.parametrize(
    "piece",
    [
        ">",
        "> ",
        "✅ #",
        "✅#",
        "\n",
        " ",
        "\t",
        " \n",
        "\r\n",
        "✅",
        " ✅",
        "✅ ",
        "- [x] ",
        "1",
        "1. ",
        "#",
        "- ",
        "\u00a0",
        "\x0b",
        "a\n",
    ],
)
def test_two_texts_are_compared_in_time(piece: str) -> None:
    """At GitHub's greatest length; what looked at each run of blanks anew took a minute."""
    text = f"a{piece * (65_000 // len(piece))}b"
    started = time.thread_time()
    assert not same_plan(text, f"{text}c")
    assert time.thread_time() - started < 1
