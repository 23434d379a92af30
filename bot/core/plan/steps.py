"""Reads a merge order that is told in words: "first W1, then W2 and W3, W4 last", and steps that name titles, not keys.

Used by order.py inside sections about the order only, where a bare title can mean nothing else. What can be read in two
ways is not read. Must not look at needs.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from bot.core.model import Key
from bot.core.plan.draft import Draft
from bot.core.plan.inline import plain
from bot.core.plan.references import Names
from bot.core.plan.relations import ARROW

MIN_TITLE = 3  # characters; "A" or "2" is no beginning of a title
MAX_SENTENCE = 2000  # characters; a longer text is no sentence that states an order

_WORD = re.compile(r"\w+")
_REMARK = re.compile(r"\([^()]{0,300}\)")
_BETWEEN = re.compile(r"\s*(?:[,;/+&]|(?<!\w)(?:and|und|y|e|et)(?!\w))\s*", re.IGNORECASE)
_FILLER = re.compile(
    r"(?<!\w)(?:first(?:ly)?|last(?:ly)?|finally|merges?|lands?|start with|begin with|comes?|goes|both|together|in any order"
    r"|any order|in parallel|the|at the (?:very )?end)(?!\w)",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"(?:[.;]\s+|(?:[,;]\s*)?(?:and\s+)?(?<!\w)(?:then|after that|afterwards|next|followed by|finally|lastly)(?!\w)[,:]?)\s*"
    r"|,\s*(?:and\s+)?(?=[^,.;]{1,80}(?<!\w)last(?!\w))",
    re.IGNORECASE,
)
_SAYS_ORDER = re.compile(
    r"(?<!\w)(?:first|then|after that|afterwards|followed by|finally|lastly|last)(?!\w)", re.IGNORECASE
)
_BESIDE = re.compile(r"(?<!\w)(?:in parallel with|alongside|together with)(?!\w)", re.IGNORECASE)
_UNCLEAR = re.compile(
    r"(?<!\w)(?:not|no|never|before|after|unless|except|until|without|either|or|if|once|when|depends?|needs?|blocks?|blocked"
    r"|waits?|optional(?:ly)?|maybe|could|should)(?!\w)|n't",
    re.IGNORECASE,
)
_FIRST = re.compile(r"(?<!\w)first(?:ly)?(?!\w)", re.IGNORECASE)
_LAST = re.compile(r"(?<!\w)last(?:ly)?(?!\w)", re.IGNORECASE)
_MARK = "[\ue000-\uf8ff]"
_LIST = re.compile(rf"{_MARK}(?:\s*(?:[/,+&]|,?\s?(?:and|und|y|e|et)(?!\w))\s*{_MARK}){{0,100}}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


class Titles:
    """The titles of a plan's workstreams, and keys that are a mere word, for texts that name nothing else."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._exact: dict[tuple[str, ...], list[Key]] = {}
        self._begun: dict[tuple[str, ...], list[Key]] = {}
        for each in drafts:
            words = _words(each.title)
            self._exact.setdefault(words, []).append(each.key)
            for count in range(1, len(words) + 1):
                self._begun.setdefault(words[:count], []).append(each.key)
        self._lone = {each.key: each.key for each in drafts if each.key.isalpha()}  # "A", "Backend": no word before it

    def key(self, text: str) -> Key | None:
        """Return whose title the text is, or whose title alone begins with it; None if there is no one or several."""
        if key := self._lone.get(Key(text.strip(" .:*"))):
            return key
        words = _words(text)
        if len("".join(words)) < MIN_TITLE:
            return None
        keys = self._exact.get(words) or self._begun.get(words, [])
        return keys[0] if len(keys) == 1 else None

    def keys(self, raw: str) -> tuple[Key, ...]:
        """Return the workstreams of a step that is nothing but titles: "Discounts, Shipping"."""
        return tuple(dict.fromkeys(key for each in self._pieces(raw) if (key := self.key(each)) is not None))

    def only(self, raw: str) -> tuple[Key, ...]:
        """Return the same, () unless every piece of the step is a title."""
        keys = [self.key(each) for each in self._pieces(raw)]
        return tuple(dict.fromkeys(each for each in keys if each)) if all(keys) else ()

    def _pieces(self, raw: str) -> tuple[str, ...]:
        text = plain(raw)
        if self.key(text) is not None:  # a title may hold "and" itself
            return (text,)
        text = " ".join(_FILLER.sub(" ", _REMARK.sub(" ", text)).split()).strip(" .:*")
        return (text,) if self.key(text) is not None else tuple(_BETWEEN.split(text))

    def chain(self, raw: str) -> tuple[tuple[Key, ...], ...]:
        """Return the links of "Basket → Discounts, Shipping → Page"; () unless every link is nothing but titles."""
        links = tuple(self.only(each) for each in ARROW.split(plain(raw)))
        return links if len(links) > 1 and all(links) else ()

    def misspelt(self, raw: str) -> list[tuple[str, Key]]:
        """Return the pieces of a step that are nearly a title, each with the key that was meant."""
        found = []
        by_title = {" ".join(title): keys[0] for title, keys in self._exact.items() if title}
        for piece in self._pieces(raw)[:5]:
            words = " ".join(_words(piece))
            if MIN_TITLE <= len(words) <= 80 and self.key(piece) is None:
                near = get_close_matches(words, by_title, n=1, cutoff=0.8)
                found += [(piece, by_title[each]) for each in near]
        return found


def told(raw: str, names: Names, titles: Titles) -> tuple[tuple[Key, ...], ...]:
    """Return the waves of "first W1, then W2 and W3, finally W4"; () where nothing, or more than one thing, is said."""
    if len(raw) > MAX_SENTENCE or not _SAYS_ORDER.search(raw):
        return ()
    marked, mentions = names.marked(raw)
    parts = [each for each in _THEN.split(_BESIDE.sub(" and ", _REMARK.sub(" ", marked)).strip(" .")) if each.strip()]
    if any(_FIRST.search(each) for each in parts[1:]) or any(_LAST.search(each) for each in parts[:-1]):
        return ()
    waves = []
    for part in parts:
        lists = _LIST.findall(part)
        keys = Names.keys_of(part, mentions) if lists else titles.keys(part)
        if not keys:
            continue
        if len(lists) > 1 or _UNCLEAR.search(part) or (_LAST.search(part) and len(keys) > 1 and len(parts) == 1):
            return ()
        waves.append(keys)
    return (
        tuple(waves) if len(waves) > 1 and len({key for each in waves for key in each}) == sum(map(len, waves)) else ()
    )
