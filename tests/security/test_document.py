"""docs/security.md names for each threat the tests that show what is done about it, and names none that is not there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def written_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_every_threat_names_its_tests() -> None:
    threats = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert len(threats) >= 30
    without = [text.splitlines()[0] for text in threats if NAMED.search(text) is None]
    assert without == []


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(PAGE)
    assert [
        f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in written_in(path)
    ] == []
    assert len(set(named)) == len(named), "a test shows one threat"
    assert PAGE.count("::test_") == len(named)


def test_every_test_of_this_folder_is_named() -> None:
    """A test that is about a threat belongs to one; those that are about other tests do not."""
    named = {name for path, name in NAMED.findall(PAGE) if path.startswith("tests/security/")}
    about_tests = {
        "test_the_payloads_that_are_spoiled_are_good_ones",
        "test_no_example_takes_long_to_read",
    }
    here = {
        name for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)
        for name in written_in(str(path.relative_to(ROOT)))
    }  # fmt: skip
    assert here - named - about_tests == set()
