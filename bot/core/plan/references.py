"""Finds the workstreams that a text speaks of: by key, short key, branch, title, range ("W1-W3") or group ("Phase 2").

Must not decide what the text says about them; relations.py and order.py do.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.model import Key
from bot.core.plan.draft import Draft
from bot.core.plan.inline import plain
from bot.core.plan.keys import name_of

_TOKEN = re.compile(r"#?\w+(?:\.\w+)*")
_LIST_GAP = re.compile(r"^\s*(?:\([^()]{0,80}\)\s*)?(?:[/,+&]|,?\s*(?:and|or|und|y|e|et)\b)?\s*(?:[*`(]*)\s*$")
_RANGE_GAP = re.compile(r"^\s*(?:-|–|—|\bto\b|\bthrough\b|\bbis\b|\.\.)\s*$")
_LEADS = frozenset(
    ["after", "with", "on", "before", "by", "from", "until", "needs", "requires", "nach", "und", "and", "or"]
)
_LISTED = re.compile(
    r"^[\s`*(]*[\ue000-\uf8ff](?:(?:\s*[/,+&]\s*|\s+(?:and|und|y|e|et)\s+)[\ue000-\uf8ff]){0,100}[\s`*).]*$"
)
_PARENT = re.compile(r"(?<!\w)(?:task|story|epic|issue)\s(?:id:?\s)?#?(?P<id>\d{1,4})(?![\w.])", re.IGNORECASE)
_STEM = re.compile(r"^.*?(?=\d+$)")
_LETTERED = re.compile(r"^(?P<group>[A-Za-z]{1,6}\d{1,4})[a-z]$")  # P1a and P1b are the group P1
MAX_WORDS = 14  # of a name
MARKS = 6000  # of one text
MARK_BASE = 0xE000  # private use: one character stands for one workstream in a marked text
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names workstreams: one, or all of a range or group."""

    keys: tuple[Key, ...]
    start: int
    end: int
    kind: str = ""  # the word before its id: "phase" of "Phase 4", so that "+ 5" behind it is a phase too


def _tokens(text: str) -> list[re.Match[str]]:
    return list(_TOKEN.finditer(text))


def _words(name: str) -> tuple[str, ...]:
    return tuple(each[0].lower() for each in _tokens(name))


class Names:
    """Every name of every workstream of one plan, and of the groups they stand in."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.keys = tuple(each.key for each in drafts)
        self._places = {key: n for n, key in enumerate(self.keys)}
        self._full: dict[tuple[str, ...], tuple[Key, ...]] = {}
        self._short: dict[str, tuple[Key, ...]] = {}
        self.lettered = bool(drafts) and all(each.shape == "A" for each in drafts)  # keys such as "Epic A" alone
        for draft in drafts:
            self._learn_key(draft)
            self._learn_child(draft)
        for draft in drafts:
            self._learn_others(draft)
        self._learn_branches(drafts)
        self._learn_groups(drafts)
        self._longest: dict[str, int] = {}  # how many words the longest name has that begins with this one
        for words in self._full:
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
        self._plurals = {f"{each.word}s" for each in drafts if each.word and not each.word.endswith("s")}
        self._kinds = {words[0] for words in self._full if len(words) == 2}  # "phase", "track": what an id may follow

    def _learn_key(self, draft: Draft) -> None:
        self._add(draft.key, (draft.key,))
        named = name_of(draft.key)
        if named is not None and draft.word:
            identifier = draft.key.split()[-1]
            self._add(f"{draft.word} {identifier}", (draft.key,))
            if draft.shape in {"A", "1"}:
                self._short.setdefault(identifier, (draft.key,))
            else:
                self._add(identifier, (draft.key,))

    def _learn_child(self, draft: Draft) -> None:
        """Learn "7.2" for the subtask 2 below a heading "Task 7"."""
        section = draft.candidate.section
        around = list(section.ancestors()) if section is not None and draft.key.isdecimal() else []
        for each in [*around, *(around[-1].children[:5] if around else [])]:  # the task's own heading may stand beside
            if (parent := _PARENT.search(each.title.plain)) is not None:
                self._add(f"{parent['id']}.{draft.key}", (draft.key,))
                return

    def _learn_others(self, draft: Draft) -> None:
        """Learn a branch, an alias or a title of several words; a title that speaks of other workstreams is no name."""
        known = {words[0] for words in self._full if len(words) == 1}
        for alias in (draft.title, *draft.aliases, draft.branch.value if draft.branch else ""):
            words = _words(alias)
            if len(words) > 1 and known.isdisjoint(words):
                self._add(alias, (draft.key,))

    def _learn_groups(self, drafts: Sequence[Draft]) -> None:
        members: dict[str, list[Key]] = {}
        for draft in drafts:
            for group in draft.groups:
                members.setdefault(group, []).append(draft.key)
            if "." in draft.key:
                members.setdefault(draft.key.rsplit(".", 1)[0], []).append(draft.key)
            if lettered := _LETTERED.match(draft.key):
                members.setdefault(lettered["group"], []).append(draft.key)
        for group, keys in members.items():
            if len(group) > 1 and not group.isdecimal():
                self._add(group, tuple(dict.fromkeys(keys)))

    def _learn_branches(self, drafts: Sequence[Draft]) -> None:
        """Learn "infra branch" where one branch alone has that part."""
        owners: dict[str, set[Key]] = {}
        for draft in drafts:
            for part in draft.branch.value.split("/") if draft.branch else ():
                owners.setdefault(part, set()).add(draft.key)
        for part, keys in owners.items():
            if len(keys) == 1:
                self._add(f"{part} branch", tuple(keys))

    def _add(self, name: str, keys: tuple[Key, ...]) -> None:
        words = _words(name)
        if not words or len(words) > MAX_WORDS:
            return
        if len(words) == 1 and len(name) == 1:
            self._short.setdefault(name, keys)
        else:
            self._full.setdefault(words, keys)

    def find(self, raw: str, *, bare: bool = False, kind: str = "") -> tuple[str, list[Mention]]:
        """Return the plain text and the mentions in it, in order.

        A key of one letter or a bare number is found beside another mention or a word such as "after" only, unless
        `bare` says that the text is nothing but references; `kind` is the word that is meant before such an id then.
        """
        text = _PRIVATE.sub(" ", plain(raw))
        tokens = _tokens(text)
        words = tuple(each[0].lower() for each in tokens)
        found: list[Mention] = []
        at = 0
        while at < len(tokens):
            mention, used = self._match(text, tokens, words, at, found, bare=bare, kind=kind)
            if mention is not None:
                self._append(text, found, mention)
            at += used
        return text, found

    def _match(
        self,
        text: str,
        tokens: list[re.Match[str]],
        words: tuple[str, ...],
        at: int,
        found: list[Mention],
        *,
        bare: bool,
        kind: str,
    ) -> tuple[Mention | None, int]:
        token, word = tokens[at], words[at]
        for count in range(min(self._longest.get(word, 0), len(tokens) - at), 0, -1):
            keys = self._full.get(words[at : at + count])
            if keys:
                return Mention(keys, token.start(), tokens[at + count - 1].end(), word if count == 2 else ""), count
        if word.endswith("s") and word[:-1] in self._kinds and at + 1 < len(tokens):  # "Phases 4 and 5"
            keys = self._full.get((word[:-1], words[at + 1]))
            if keys:
                return Mention(keys, token.start(), tokens[at + 1].end(), word[:-1]), 2
        gap = text[found[-1].end : token.start()] if found else ""
        beside = bool(found) and bool(_LIST_GAP.match(gap) or _RANGE_GAP.match(gap))
        keys = self._of_short(token[0], found[-1] if beside else None, gap, bare=bare)
        if keys is None and bare and kind:
            keys = self._full.get((kind, word))
        if keys:
            led = at > 0 and self._leads(words[at - 1]) and token[0] != "I"
            if bare or beside or led:
                return Mention(keys, token.start(), token.end(), found[-1].kind if beside else kind), 1
        return None, 1

    def _of_short(self, token: str, before: Mention | None, gap: str, *, bare: bool) -> tuple[Key, ...] | None:
        """Return what a bare letter or number stands for: after "Phase 4 +" a phase, after "W1-" a key like W1."""
        if before is not None and before.kind and (keys := self._full.get((before.kind, token.lower()))):
            return keys
        if keys := self._short.get(token):
            return keys
        if before is not None and token.isdecimal() and (bare or _RANGE_GAP.match(gap)):
            stem = _STEM.match(before.keys[-1])
            return self._full.get(_words(f"{stem[0]}{token}")) if stem else None
        return None

    def _leads(self, word: str) -> bool:
        """Say whether a short key may follow the word: "after B", or the group word of this plan, "Tracks 2 & 3"."""
        return word in _LEADS or word in self._plurals

    def _append(self, text: str, found: list[Mention], mention: Mention) -> None:
        if found and _RANGE_GAP.match(text[found[-1].end : mention.start]):
            first, last = self._places[found[-1].keys[-1]], self._places[mention.keys[0]]
            same = name_of(self.keys[first]), name_of(self.keys[last])
            if first < last and same[0] and same[1] and same[0].shape == same[1].shape:
                before = found.pop()
                between = self.keys[first + 1 : last]
                found.append(Mention((*before.keys, *between, *mention.keys), before.start, mention.end))
                return
        found.append(mention)

    def keys_in(self, raw: str, *, bare: bool = False, kind: str = "") -> tuple[Key, ...]:
        """Return the workstreams a text mentions, each once, in the order of the text."""
        _, found = self.find(raw, bare=bare, kind=kind)
        return tuple(dict.fromkeys(key for each in found for key in each.keys))

    def marked(self, raw: str, *, bare: bool = False) -> tuple[str, tuple[Mention, ...]]:
        """Return the text with every mention replaced by one private character, and what the characters stand for.

        Character `MARK_BASE + n` stands for what the n-th mention names, so that a sentence can be read by its shape
        alone. There are a few thousand such characters, so one that names the same again gets the same.
        """
        text, found = self.find(raw, bare=bare)
        pieces, position = [], 0
        first: dict[tuple[Key, ...], int] = {}
        for n, each in enumerate(found):
            mark = first.setdefault(each.keys, n)
            if mark < MARKS:
                pieces += [text[position : each.start], chr(MARK_BASE + mark)]
                position = each.end
        return "".join([*pieces, text[position:]]), tuple(found)

    def only(self, raw: str) -> tuple[Key, ...]:
        """Return the workstreams of a text that is nothing but references: "2, 3 and 5"; () for any other text."""
        marked, mentions = self.marked(raw, bare=True)
        return self.keys_of(marked, mentions) if _LISTED.match(marked) else ()

    @staticmethod
    def keys_of(marked: str, mentions: Sequence[Mention]) -> tuple[Key, ...]:
        """Return what the marks of a piece of a marked text stand for, each key once."""
        places = (ord(char) - MARK_BASE for char in marked if "\ue000" <= char <= "\uf8ff")
        return tuple(dict.fromkeys(key for at in places for key in mentions[at].keys))

    def in_plan_order(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Return the keys once each, in the order of the plan."""
        return tuple(sorted(set(keys), key=self._places.__getitem__))
