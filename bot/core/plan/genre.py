"""Tells what kind of text it is by its headings and bold lines: a bug report, minutes, a README, a report of work done.

Used by choice.py, which asks more of such a text, and by refusal.py, which says so. Must not look at the candidates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from bot.core.plan import vocabulary
from bot.core.plan.inline import Text, plain
from bot.core.plan.markdown import Paragraph, Section
from bot.core.plan.vocabulary import is_about

LIKELY = 2  # signs of other texts that make a plan unlikely
_LONGEST_LABEL = 60  # characters of a bold line that heads something


class Genre(Enum):
    """A kind of text that is no plan."""

    BUG = "a bug report"
    MINUTES = "meeting notes"
    README = "a README"
    REPORT = "a report of work already done"
    TEMPLATE = "a template to be filled in"


_HEADINGS: Mapping[Genre, tuple[str, ...]] = {
    Genre.BUG: vocabulary.BUG_TEXTS,
    Genre.MINUTES: vocabulary.MINUTES_TEXTS,
    Genre.README: vocabulary.README_TEXTS,
    Genre.REPORT: vocabulary.REPORT_TEXTS,
    Genre.TEMPLATE: vocabulary.TEMPLATE_TEXTS,
}
_TITLES: Mapping[Genre, tuple[str, ...]] = {
    Genre.BUG: vocabulary.BUG_TITLES,
    Genre.MINUTES: vocabulary.MINUTES_TITLES,
    Genre.README: vocabulary.README_TITLES,
    Genre.REPORT: vocabulary.REPORT_TITLES,
    Genre.TEMPLATE: vocabulary.TEMPLATE_TITLES,
}


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for each kind: how often, and the lines."""

    lines: Mapping[Genre, tuple[int, ...]]

    @property
    def count(self) -> int:
        """How many signs there are, of whatever kind."""
        return sum(len(each) for each in self.lines.values())

    @property
    def genre(self) -> Genre | None:
        """The kind that most signs speak for, None below what makes it likely."""
        if self.count < LIKELY:
            return None
        return max(self.lines, key=lambda each: len(self.lines[each]))


def signs_of(root: Section, title: str) -> Signs:
    """Return the signs that a text is no plan; its title counts as one sign, with line 0."""
    found: dict[Genre, list[int]] = {each: [] for each in Genre}
    for genre, words in _TITLES.items():
        if is_about(title, words):
            found[genre] += [0] * (LIKELY if genre is Genre.TEMPLATE else 1)  # a template says so nowhere else
            break
    for text in _headings(root):
        genre_of = next((each for each, words in _HEADINGS.items() if is_about(plain(text.raw), words)), None)
        if genre_of is not None:
            found[genre_of].append(text.line)
    return Signs({each: tuple(lines) for each, lines in found.items()})


def _headings(root: Section) -> Iterator[Text]:
    """Yield headings, and bold lines that stand for them: "**Attendees:** a, b"."""
    for section in root.walk():
        if section.level:
            yield section.title
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield from (Text(label, line.line) for line in block.lines if (label := _bold(line.raw)))


def _bold(raw: str) -> str:
    end = raw.find("**", 2) if raw.startswith("**") else -1
    label = raw[2:end] if end > 0 else ""
    return label if len(label) <= _LONGEST_LABEL and (not raw[end + 2 :].strip() or ":" in raw[: end + 3]) else ""
