"""The task list of a pull's body."""

import time

import pytest

from bench.texts import sparse_tables
from bot.core.tasks import all_tasks, open_tasks


@pytest.mark.parametrize(
    ("body", "total", "missing"),
    [
        pytest.param("", 0, (), id="empty"),
        pytest.param("- one\n- two", 0, (), id="no boxes"),
        pytest.param("- [x] one\n- [X] two", 2, (), id="all ticked"),
        pytest.param("- [x] one\n- [ ] two\n* [ ] three", 3, ("two", "three"), id="some open"),
        pytest.param("1. [ ] first\n2. [x] second", 2, ("first",), id="numbered"),
        pytest.param("- [ ] outer\n  - [ ] inner\n    - [x] deep", 3, ("outer", "inner"), id="nested"),
        pytest.param("```\n- [ ] code\n```\n\n    - [ ] indented", 0, (), id="code"),
        pytest.param("<!--\n- [ ] template\n-->", 0, (), id="HTML comment"),
        pytest.param("> - [ ] quoted", 0, (), id="quote"),
        pytest.param("- [ ]no space\n- [y] other\n- [] empty", 0, (), id="no box"),
        pytest.param("[ ] no item\n\nText [ ] here", 0, (), id="outside a list"),
        pytest.param("- one\n\n  [ ] second paragraph", 0, (), id="not at the item's start"),
        pytest.param("- [ ] **bold** `code` [link](x) <b>x</b>\n  more", 1, ("bold code link x more",), id="markup"),
        pytest.param("- [ ] one\r\n- [x] two\r\n", 2, ("one",), id="line ends of Windows"),
        pytest.param("- " * 20 + "[ ] deep", 1, ("deep",), id="twenty deep"),
    ],
)
def test_tasks(body: str, total: int, missing: tuple[str, ...]) -> None:
    assert len(all_tasks(body)) == total
    assert open_tasks(body) == missing


@pytest.mark.parametrize(
    "piece",
    ["- [ ] x\n", "- [ ] " + "[" * 1000 + "\n", "[", "- ", "> ", "`", "<!--", "\n", " ", "a\n", "# a\n",
     sparse_tables(181, 364, 1)],
)  # fmt: skip
def test_a_body_at_the_limit_is_read_in_time(piece: str) -> None:
    started = time.thread_time()
    all_tasks(piece * (65_536 // len(piece)))
    assert time.thread_time() - started < 2
