"""Reads from a sentence who waits for whom: "B and C after A", "merge W1 first", "W2 is blocked by W1".

Works on a text whose mentions are single marks (references.py). Must not know where the sentence stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.model import Key
from bot.core.plan.references import Mention, Names
from bot.core.plan.vocabulary import AFTER_WORDS, BEFORE_WORDS, BESIDE_WORDS

_ONE = "[\ue000-\uf8ff]"
_SEPARATOR = r"(?:[/,+&]|,?\s?(?:and|or|und|y|e|et)\b)"
_MANY = rf"{_ONE}(?:[*`)]{{0,3}}\s?(?:\([^()]{{0,80}}\)\s?)?{_SEPARATOR}\s?[*`(]{{0,3}}{_ONE}){{0,100}}"


def _any(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(each) for each in words)


_AFTER = re.compile(rf"(?<!\w)(?:{_any(AFTER_WORDS)})(?!\w)[^\ue000-\uf8ff.;]{{0,25}}?(?P<on>{_MANY})", re.IGNORECASE)
_BEFORE = re.compile(rf"(?<!\w)(?:{_any(BEFORE_WORDS)})(?!\w)[^\ue000-\uf8ff.;]{{0,20}}?(?P<of>{_MANY})", re.IGNORECASE)
_BESIDE = re.compile(
    rf"(?<!\w)(?:{_any(BESIDE_WORDS)})(?!\w)[^\ue000-\uf8ff.;]{{0,20}}?(?P<with>{_MANY})", re.IGNORECASE
)
_FIRST = re.compile(
    rf"(?<!\w)(?:merge|land|ship|finish|complete)\s(?:the\s)?(?P<on>{_ONE})\sfirst(?!\w)", re.IGNORECASE
)
_MERGES_FIRST = re.compile(
    rf"(?P<on>{_ONE})[^\ue000-\uf8ff.;]{{0,40}}?(?<!\w)(?:first|blocks everything|blocks all)(?!\w)", re.IGNORECASE
)
_HEDGE = re.compile(
    r"(?<!\w)(?:not|no|out of order|for example|e\.g|without|either order|should|benefits?|ideally|preferably"
    r"|optional(?:ly)?|if|could|can)(?!\w)"
    r"[^.;]{0,30}$",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    rf"(?<!\w)(?:not|never|n't|no)\s(?:\w+\s){{0,3}}?[*`]{{0,3}}(?P<of>{_MANY})[^\ue000-\uf8ff.;]{{0,25}}?"
    rf"(?<!\w)(?:before|until)(?!\w)[^\ue000-\uf8ff.;]{{0,20}}?(?P<on>{_MANY})",
    re.IGNORECASE,
)
_HELD_BACK = re.compile(
    rf"(?<!\w)(?:not|never|cannot)\s(?:\w+\s){{0,3}}?(?:before|until)(?!\w)[^\ue000-\uf8ff.;]{{0,20}}?(?P<on>{_MANY})",
    re.IGNORECASE,
)
_LAST = re.compile(rf"(?P<of>{_MANY})[^\ue000-\uf8ff.;]{{0,20}}$")
_REACH = 120  # characters before "not" in which its subject is looked for
_NEXT = re.compile(
    rf"^[^\ue000-\uf8ff,.;]{{0,40}},\s?(?:then\s)?(?:(?:re)?start|begin|launch|merge|land|rebase|run|ship|do|work on|continue"
    rf"|proceed|the|[*`]{{0,3}}(?={_ONE}))[^\ue000-\uf8ff,.;]{{0,20}}?(?P<of>{_MANY})",
    re.IGNORECASE,
)
_MARK = re.compile(_ONE)
_SUBJECT = re.compile(_MANY)
_PARENTHESES = re.compile(r"\([^()]{0,300}\)")
_GROUPED = re.compile(
    rf"\((\s?{_ONE}(?:\s?(?:[/,+&|‖]|\|\||and|und|y|e|et)\s?{_ONE}){{1,30}}\s?)\)"
)  # "A → (B ‖ C) → D"
_NAMED_IN_REMARK = re.compile(rf"(?<![\ue000-\uf8ff]\s)\(({_MANY})\)")  # "Setup (T1, T2) before T3"
_BEFORE_ALL = re.compile(
    r"(?<!\w)(?:before|blocks|block)\s(?:everything|everyone|all)(?:\s(?:else|others?|other\s\w+|the\s(?:others|rest)))?"
    r"\s?[.!]?\s?$",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")
_STOP = re.compile(r"(?<=[.;!?])\s+|\n")


_SIGN = r"(?:→|⟶|➜|➔|=>|->|-->)"
_HAS_ARROW = re.compile(_SIGN)  # without spaces around: those of an unfolded line may be many
ARROW = re.compile(rf"\s*{_SIGN}\s*")


def _after_colon(link: str) -> str:
    """Drop what announces a chain: "Phase 1 order: W1" begins with W1 and not with all of phase 1."""
    _, colon, behind = link.rpartition(":")
    return behind if colon and _MARK.search(behind) else link


def chain(raw: str, names: Names) -> tuple[tuple[Key, ...], ...]:
    """Return the links of `W1 → W2, W3 → W4`: what stands between the arrows; () if the text has no two links."""
    if not _HAS_ARROW.search(raw):
        return ()
    marked, mentions = names.marked(raw)
    for sentence in _STOP.split(_PARENTHESES.sub("", _GROUPED.sub(r" \1 ", marked))):
        first, *rest = ARROW.split(sentence)
        links = (names.keys_of(part, mentions) for part in (_after_colon(first), *rest))
        found = tuple(each for each in links if each)
        if len(found) > 1:
            return found
    return ()


@dataclass(frozen=True, slots=True)
class Clause:
    """What one sentence says: `subjects` come after, before or beside others; everything comes after `first`."""

    subjects: tuple[Key, ...]
    after: tuple[Key, ...]
    before: tuple[Key, ...]
    beside: tuple[Key, ...]
    first: tuple[Key, ...]


def clauses(raw: str, names: Names, *, remarks: bool = False) -> Iterator[Clause]:
    """Yield what each sentence of a text says about the order of workstreams; `remarks` = read parentheses too."""
    text, mentions = names.marked(raw)
    for sentence in _STOP.split(_NAMED_IN_REMARK.sub(r" \1 ", text)):
        if mentions and _MARK.search(sentence):
            if (ahead := _ahead_of_all(sentence, mentions)) is not None:
                yield Clause(ahead, (), tuple(each for each in names.keys if each not in ahead), (), ())
                continue
            yield _clause(sentence if remarks else _SPACES.sub(" ", _PARENTHESES.sub("", sentence)), mentions)


def _ahead_of_all(sentence: str, mentions: tuple[Mention, ...]) -> tuple[Key, ...] | None:
    """Return who comes "before everything else", None if the sentence does not say that of anybody."""
    said = _BEFORE_ALL.search(sentence)
    who = _LAST.search(sentence[max(0, said.start() - _REACH) : said.start()]) if said else None
    return Names.keys_of(who["of"], mentions) if who else None


def _clause(sentence: str, mentions: tuple[Mention, ...]) -> Clause:
    if late := _NOT_BEFORE.search(sentence):  # "never merge C before A"
        return Clause(Names.keys_of(late["of"], mentions), Names.keys_of(late["on"], mentions), (), (), ())
    if late := _HELD_BACK.search(sentence):  # "C must not land before A"
        who = _LAST.search(sentence[max(0, late.start() - _REACH) : late.start()])
        return Clause(
            Names.keys_of(who["of"], mentions) if who else (), Names.keys_of(late["on"], mentions), (), (), ()
        )
    taken: list[tuple[int, int]] = []
    parts: dict[str, tuple[Key, ...]] = {}
    for name, pattern, group in (
        ("after", _AFTER, "on"),
        ("before", _BEFORE, "of"),
        ("beside", _BESIDE, "with"),
        ("first", _FIRST, "on"),
    ):
        keys: list[Key] = []
        for match in pattern.finditer(sentence):
            if name in {"after", "before"} and _HEDGE.search(sentence, max(0, match.start() - 60), match.start()):
                taken.append(match.span(group))
                continue
            keys += Names.keys_of(match[group], mentions)
            taken.append(match.span(group))
        parts[name] = tuple(dict.fromkeys(keys))
    start = min((span[0] for span in taken), default=len(sentence))
    subject = _SUBJECT.search(sentence, 0, start)
    subjects = Names.keys_of(subject[0], mentions) if subject else ()
    if not subjects and parts["after"] and (later := _NEXT.match(sentence[taken[0][1] :])):  # "After A merges, start B"
        subjects = Names.keys_of(later["of"], mentions)
    if not parts["first"] and not parts["after"] and (early := _MERGES_FIRST.search(sentence)):
        parts["first"] = Names.keys_of(early["on"], mentions)
    return Clause(subjects, parts["after"], parts["before"], parts["beside"], parts["first"])
