"""The markdown parser for every text that people wrote: blocks with their lines, in time and room that grow with the text.

Must not know what anybody looks for in a text.
"""

from functools import partial

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

MOST_TOKENS = 1.5  # for each character of a text: people write less than one, also in tables of cells of one letter


def block_parser(max_nesting: int, *, html: bool = True, most_tokens: float = MOST_TOKENS) -> MarkdownIt:
    """Return a parser of CommonMark with tables, and of blocks of HTML unless told otherwise. Threads may share it.

    It leaves what stands inside a line as it is, in tokens "inline".
    """
    parser = MarkdownIt("commonmark", {"maxNesting": max_nesting}).enable("table").disable("inline")
    parser.block.ruler.push("long_table", partial(_too_long, most_tokens), {"alt": ["blockquote"]})
    if not html:
        parser.disable("html_block")
    parser.parse("-")  # makes its lists of rules, which two threads at once could find half made
    return parser


def _too_long(most_tokens: float, state: StateBlock, _line: int, _end: int, silent: bool) -> bool:
    """End a table where the text has grown out of proportion; what follows is read as if it stood below the table.

    A row of two characters gets as many cells as the header has. The parser bounds those for each table, at 65,536, and
    a comment holds fifty such tables, which took it seven seconds and half a gigabyte. Before each row it asks the rules
    that may end a quote ("blockquote") whether one of them ends the table: so a rule of our own can, in this parser alone.
    """
    return silent and state.parentType == "table" and len(state.tokens) > most_tokens * len(state.src)
