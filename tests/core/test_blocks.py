"""The parser of blocks: what a text may grow into."""

import tracemalloc

import pytest

from bench.texts import sparse_tables
from bot.core.blocks import MOST_TOKENS, block_parser

PARSER = block_parser(20)
BYTES_EACH = 1500  # bytes of memory for each character at the most


@pytest.mark.parametrize("tables", [1, 8, 45])
def test_empty_cells_grow_with_the_text_and_not_with_the_number_of_its_tables(tables: int) -> None:
    text = sparse_tables(181, 364, tables)
    tracemalloc.start()
    tokens = PARSER.parse(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tokens) < (MOST_TOKENS + 1) * len(text)  # headers are written out and come on top
    assert most < BYTES_EACH * len(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("|a|b|c|d|e|f|\n|-|-|-|-|-|-|\n| W1 | x |\n| W2 | y |\n", id="two cells of six"),
        pytest.param("|a|b|\n|-|-|\n" + "|x|y|\n" * 5_000, id="cells of one letter"),
        pytest.param("|A|B|C|D|\n|-|-|-|-|\n| **Part 1** |\n|1|2|3|4|\n| **Part 2** |\n|5|6|7|8|\n", id="rows that head others"),
    ],
)  # fmt: skip
def test_a_table_that_somebody_wrote_is_read_to_its_end(text: str) -> None:
    tokens = PARSER.parse(text)
    rows = sum(each.type == "tr_open" for each in tokens)
    assert rows == text.count("\n") - 1
    assert tokens[-1].type == "table_close"


def test_what_follows_a_table_that_grew_too_much_is_read_as_text() -> None:
    tokens = PARSER.parse(sparse_tables(181, 364, 1) + "\nlast words")
    assert tokens[-2].content == "last words"
