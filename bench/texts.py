"""Bodies that are hard to read: every construct repeated to GitHub's largest body. Shared by the benchmark and the tests."""

from bot.core.plan.problems import MAX_BODY

TWO = "### W1: a\nBranch: `b`\n### W2: b\nBranch: `c`\n\n"


def filled(piece: str, head: str = "") -> str:
    """Return a body of GitHub's largest size: the head, then the piece again and again."""
    return (head + piece * (MAX_BODY // len(piece) + 1))[:MAX_BODY]


def sparse_tables(columns: int, rows: int, tables: int) -> str:
    """Return tables with a header and rows of one cell, which a parser fills up: few characters, many cells."""
    return ("|" + "a|" * columns + "\n|" + "-|" * columns + "\n" + "a\n" * rows + "\n") * tables


#: Name -> body of 65,536 characters.
NASTY = {
    "brackets": filled("["),
    "images": filled("!["),
    "links": filled("[a]("),
    "quotes": filled("> "),
    "stars": filled("*a "),
    "ticks": filled("` `` "),
    "rising ticks": filled("".join("`" * n + " " for n in range(1, 300))),
    "nested list": filled("".join("  " * n + "- a\n" for n in range(180))),
    "checkboxes": filled("- [ ] a\n"),
    "keyed": filled("- [ ] **W1: a** (needs W2)\n"),
    "headings": filled("### W1: a\nBranch: `b`\n"),
    "many keys": filled(
        "".join(f"### W{n}: a\nDepends on: W{n - 1}, W{n + 1}\nFiles: `a/*`\n" for n in range(1, 1200))
    ),
    "needs": filled("W1, ", "### W1: a\nBranch: `b`\n### W2: b\nDepends on: "),
    "unknown": filled(
        "".join(f"### W{n}: a\nDepends on: {', '.join(f'X{n}{m}' for m in range(80))}\n" for n in range(100))
    ),
    "after": filled("after W1 ", TWO + ""),
    "marks": filled("W1 and ", TWO + "## Merge order\n"),
    "arrows": filled("W1 → W2 ", TWO + "## Merge order\n"),
    "comments": filled("<!--"),
    "tags": filled("<a"),
    "details": filled("<details>\n"),
    "parentheses": filled("(", "### W1: "),
    "colons": filled("a:", "### W1: a\n"),
    "wide table": filled("| W1 ", "| ID " * 500 + "|\n" + "|---" * 500 + "|\n"),
    "table": filled("| W1 | #2 | x |\n", "| ID | PR | Needs |\n|---|---|---|\n"),
    "one word": filled("a"),
    "dots": filled("1.", "### "),
    "paths": filled("a/", "### W1: a\nFiles: "),
    "path list": filled("- `a/*/b/**`\n", "### W1: a\nFiles:\n"),
    "tree": filled("│   ├── a/\n", "### W1: a\nFiles:\n```\n"),
    "spaces": filled(" \t"),
    "emphasis": filled("**a** "),
    "open": filled("**"),
    "labels": filled("**a:** b\n"),
    "globs": filled("- `a*b*c*d*e*f*.py`\n", "### W1: a\nFiles:\n- `a*b*.py`\n### W2: b\nFiles:\n"),
    "merges": filled("git merge a\n", "### W1: a\nBranch: `a`\n### W2: b\nBranch: `b`\n```\n"),
    "deep quotes": filled(">" * 200 + " a\n"),
    "entities": filled("&amp;"),
    "hash": filled("#1 "),
    "front matter": filled("---\n"),
    "urls": filled("https://a/b/c/issues/1 "),
    "definitions": filled("[a]: b\n"),
    "garbled": filled("â†’ Ã© â€œaâ€\x9d "),
    "garbled lines": filled("- W1 â†’ W2 Ã©\n", TWO),
    "drawing": filled("│ W1 ├──► │ W2 │ ▼ └─┘\n", TWO + "```\n"),
    "heads": filled("▼", TWO + "```\n"),
    "drawn boxes": filled("┌────┐\n│ W1 │\n└─▼──┘\n", TWO + "```\n"),
    "waves": filled("- Wave 1: W1\n- Wave 2: W2\n", TWO),
    "waits": filled("- [ ] a\n\nThen all:\n\n", "## Blocking\n\n"),
    "not before": filled("not before W1 until ", TWO),
    "groups": filled("## Phase 1 (after phase 2)\n### T1: a\n## Phase 2\n### T2: b\n"),
    "ranges": filled("W1-", TWO + "Depends on: "),
    "headings of a letter": filled("# a\n"),
    "lettered headings": filled("# A - a\n"),
    "underlined headings": filled("a\n=\n"),
    "blank lines": filled("\n", TWO),
    "blanks": filled(" ", TWO + "a"),
}

#: The same, where the parser alone takes minutes and gigabytes: it fills up rows, and bounds that for each table only.
SPARSE = {
    "sparse tables": filled(sparse_tables(181, 364, 1)),
    "small sparse tables": filled(sparse_tables(20, 5, 1), TWO),
    "tables in HTML": filled(f"<div>\n{sparse_tables(30, 60, 1)}"),
}
