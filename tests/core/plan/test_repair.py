"""Garbled characters are undone line by line; sound text stays byte for byte, and lines stay where they are."""

import pytest

from bot.core.plan.reader import read_plan
from bot.core.plan.repair import repaired


def garbled(text: str) -> str:
    """Return what a text looks like that was written as UTF-8 and read as Windows-1252."""
    return text.encode("utf-8").decode("cp1252")


@pytest.mark.parametrize("text", ["W1 → W2", "state – it’s done", "état, naïve", "├── a", "✅ done"])
def test_mojibake_is_undone(text: str) -> None:
    assert repaired(f"sound\n{garbled(text)}") == (f"sound\n{text}", 2)


@pytest.mark.parametrize(
    "text", ["", "W1 → W2", "état", "日本語", "Âge", "√ 2 ≈ 1,41", "🚀 Ω", "\u202e", "```\né\n```"]
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert repaired(text) == (text, 0)


def test_line_ends_and_control_characters() -> None:
    assert repaired("\ufeffa\r\nb\rc\x00d\n") == ("a\nb\nc d\n", 0)


def test_a_garbled_plan_is_read_and_said_so() -> None:
    text = "# Plan\n\n## Workstreams\n\n### W1: One\n\n### W2: Two\n\n## Merge order\n\n" + garbled("W1 → W2") + "\n"
    plan = read_plan(text)
    assert plan.merge_order == (("W1",), ("W2",))
    assert [(each.code, each.line) for each in plan.problems if each.code == "garbled-text"] == [("garbled-text", 11)]
