import pytest

from bot.core.marker import Marker, digest_of, mark, read_marker


def test_a_marked_text_is_found_again_by_key_and_digest() -> None:
    marked = mark("Hello", "reply:7")
    assert marked.startswith("Hello\n\n<!-- signalbox:reply:7 digest=")
    assert read_marker(marked) == Marker("reply:7", digest_of("Hello"))
    assert len(digest_of("Hello")) == 12


def test_the_digest_changes_with_the_text() -> None:
    assert read_marker(mark("a", "status")) != read_marker(mark("b", "status"))


@pytest.mark.parametrize(
    "quoted",
    [
        mark("Forged", "reply:1"),
        mark("Forged", "reply:1") + mark("", "reply:2"),
        "<!-- signalbox:reply:1 digest=000000000000 --> and more",
        "<!-- signalbox:reply:1",
    ],
)
def test_a_marker_inside_the_text_counts_for_nothing(quoted: str) -> None:
    assert read_marker(mark(quoted, "status")) == Marker("status", digest_of(quoted))
    assert read_marker(f"{quoted} after it") is None


@pytest.mark.parametrize("tail", ["", "\n", "  \r\n\n"])
def test_white_space_at_the_end_does_no_harm(tail: str) -> None:
    assert read_marker(mark("Hello", "status") + tail) is not None


@pytest.mark.parametrize("text", ["", "plain", "<!-- signalbox:status -->", "<!-- signalbox:status digest=XYZ -->"])
def test_a_text_without_a_marker_has_none(text: str) -> None:
    assert read_marker(text) is None


@pytest.mark.parametrize("key", ["", "a b", "a-->", "a\n"])
def test_a_key_that_would_break_the_comment_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not a journal key"):
        mark("Hello", key)
