"""The documentation names only what is there: pictures, files, headings and make targets."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PAGES = sorted(
    path
    for place in (".", "docs", "examples", ".github")
    for path in (ROOT / place).glob("*.md" if place == "." else "**/*.md")
)
MAKE = re.compile(r"(?:^|&&)\s*make((?:\s+[A-Za-z_]+(?:=\S*)?)*)", re.MULTILINE)
PNG_HEADER = b"\x89PNG\r\n\x1a\n"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def tokens_of(page: Path) -> Iterator[Token]:
    """Yield every token of a page, those inside of lines too."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def addresses(page: Path) -> list[str]:
    """Return the addresses of all links and pictures of a page that lead into the repository."""
    found = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in tokens_of(page)]
    return [each for each in found if each and not re.match(r"[a-z]+:", each)]


def pictures_of(page: Path) -> set[Path]:
    return {
        (page.parent / str(token.attrs["src"])).resolve()
        for token in tokens_of(page)
        if token.type == "image" and not str(token.attrs["src"]).startswith("http")
    }


def headings(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page, as far as our headings need it."""
    tokens = list(tokens_of(page))
    titles = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def make_targets(page: Path) -> set[str]:
    """Return the targets that a page says to make: in code, but not inside of an example of a plan."""
    code = [
        token.content
        for token in tokens_of(page)
        if token.type in {"code_inline", "fence", "code_block"} and "markdown" not in token.info
    ]
    words = [word for text in code for match in MAKE.findall(text) for word in match.split()]
    return {word for word in words if "=" not in word}


def targets_of_the_makefile() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for address in addresses(page):
        path, _, anchor = unquote(address).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{address} is not there"
        assert target.is_relative_to(ROOT), f"{address} leads out of the repository"
        if anchor:
            assert anchor in headings(target), f"{address}: no such heading"


def test_every_picture_is_named_by_a_page() -> None:
    named = set().union(*(pictures_of(page) for page in PAGES))
    assert set(PICTURES.glob("*")) == {each for each in named if each.parent == PICTURES}


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*")), ids=name_of)
def test_a_picture_is_a_small_png_without_notes(picture: Path) -> None:
    data = picture.read_bytes()
    assert data.startswith(PNG_HEADER)
    assert data[24] == 8, "not 8 bit"
    assert len(data) < 400_000
    assert b"tEXt" not in data
    assert b"eXIf" not in data


def test_every_picture_says_in_words_what_it_shows() -> None:
    for page in PAGES:
        assert all(token.content for token in tokens_of(page) if token.type == "image"), name_of(page)


@pytest.mark.parametrize("page", [page for page in PAGES if "examples" not in page.parts], ids=name_of)
def test_every_make_target_that_a_page_names_is_in_the_makefile(page: Path) -> None:
    assert make_targets(page) <= targets_of_the_makefile()
