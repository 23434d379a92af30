"""`.github/signalbox.yml`: what a repository may set, read with the line of every mistake.

Must not fall back in silence: a mistake is a Problem, and the caller keeps the last good config in force.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.core.model import LABEL_PREFIX, OWN_CHECK, MergeMethod, Mode, OnRed, Problem, Severity, Update
from bot.core.text import code, cut, plain

MAX_BYTES = 65_536  # of the file; a longer one is refused unread
MAX_NESTING = 20  # of brackets and braces: no setting needs more than two
MAX_GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckName:
    """A check that must pass. app None = whichever App or status reports it."""

    name: str
    app: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A repository's settings. The defaults are what holds without a file."""

    label: str = "plan"  # issues with it are plans
    mode: Mode = Mode.AUTO
    merge_method: MergeMethod | None = None  # None = the first the repository allows of merge, squash, rebase
    approvals: int = 1  # how many people must approve; 0 = no review needed
    fresh_approvals: bool = False  # True = an approval counts only for the head it was given for
    acceptance: bool = True  # the task list in the pull's body must be ticked
    checks: tuple[CheckName, ...] | None = None  # None = every check that reports on the head; () = none
    checks_grace: timedelta = timedelta(minutes=10)  # how long a check may take to report for the first time
    verify: tuple[CheckName, ...] | None = None  # on the base after a merge; as `checks` if the file does not say
    verify_timeout: timedelta = timedelta(hours=1)  # how long the base's checks may take after a merge
    retries: int = 1  # how often a failed job of GitHub Actions on the base is run again before it counts
    verify_workflow: str | None = None  # file name of a workflow to start on the base after a merge; None = none
    on_red: OnRed = OnRed.ROLLBACK_PULL
    already_red: bool = False  # True = a check that was red before the merge too counts against it
    freeze_base: bool = False  # True = other pulls into the base wait too while a merge is verified
    update: Update = Update.NEVER
    checkpoint_every: timedelta | None = None  # how often the base is kept as a checkpoint besides after merges
    trial: bool = False  # have CI test all green heads together before they land
    forecast: bool = True  # try merges of open workstreams with each other, to know conflicts before their turn
    forecast_delay: timedelta = timedelta(seconds=30)  # how long a head must have been there for that
    failure_comments: bool = True  # False = no comment on a pull whose checks failed or whose merge broke the base
    branch_prefix: str = "signalbox/"  # for workstreams whose plan names no branch
    remove_branches: bool = False  # remove the created branches when the plan is complete
    bots: tuple[str, ...] = ()  # logins of bots whose commands are obeyed


def read_config(text: str) -> tuple[Config | None, tuple[Problem, ...]]:
    """Return the settings of a file's text, or None and every mistake with its line. Never raises."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        return None, (_problem(0, "too-large", f"The file is larger than {MAX_BYTES} bytes", "Shorten it"),)
    source = _Source()
    try:
        node = yaml.compose(text, Loader=_Loader)
        values = source.settings(node) if node is not None else {}
    except RecursionError:
        return None, (_problem(0, "too-deep", "The file is nested too deeply", "No setting needs that"),)
    except yaml.YAMLError as error:
        return None, (_unreadable(text, error),)
    parsed: _File | None = None
    try:
        parsed = _File.model_validate(values)
    except ValidationError as error:
        source.problems.extend(source.explain(found["loc"], found["type"]) for found in error.errors())
    if parsed is None or source.problems:
        return None, tuple(sorted(dict.fromkeys(source.problems), key=lambda problem: problem.line))
    return parsed.config(), ()


def _problem(line: int, code_: str, message: str, hint: str) -> Problem:
    return Problem(line=line, severity=Severity.ERROR, code=f"config-{code_}", message=message, hint=hint)


def _unreadable(text: str, error: yaml.YAMLError) -> Problem:
    """A text that is no YAML. https://yaml.org/spec/1.1/"""
    if isinstance(error, _Alias):
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        return _problem(line, "alias", "Aliases (`*name`) are not read", "Write the value out")
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, what = (mark.line + 1 if mark is not None else 0), error.problem or "it cannot be read"
    else:  # a character that YAML forbids; its place is an index into the text
        place = getattr(error, "position", 0)
        line, what = text.count("\n", 0, place) + 1, "it holds a character that is not allowed"
    return _problem(line, "syntax", f"This is not YAML: {plain(cut(what, 120))}", "Mend the line, or the one before it")


class _Alias(yaml.MarkedYAMLError):
    """An alias: a short text could stand for a huge one."""


class _Loader(yaml.SafeLoader):
    """Composes nodes with their lines, without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _Alias(problem="alias", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - its name in PyYAML
        if self.flow_level >= MAX_NESTING:
            raise RecursionError  # before it is one: at each bracket all that are open are looked at again
        super().fetch_flow_collection_start(TokenClass)


_Path = tuple[str | int, ...]


@dataclass(slots=True)
class _Source:
    """Turns nodes into plain values and remembers the line of each."""

    lines: dict[_Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def settings(self, node: yaml.Node) -> dict[str, Any]:
        """The file's settings: a mapping at the top."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, ())
        hint = "Write one setting a line: `approvals: 1`"
        self.problems.append(_problem(_line(node), "value", "The file is not a list of settings", hint))
        return {}

    def _value(self, node: yaml.Node, path: _Path) -> Any:
        self.lines[path] = _line(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, (*path, index)) for index, each in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in values:
                first = self.lines[*path, key]
                message = f"{code(cut(key, 60))} is set twice, first in line {first}"
                self.problems.append(_problem(_line(key_node), "duplicate-key", message, "Remove one of the two"))
                continue
            values[key] = self._value(value_node, (*path, key))
            self.lines[*path, key] = _line(key_node)
        return values

    def explain(self, loc: _Path, kind: str) -> Problem:
        """Put a mistake into words: an unknown setting, or one with a value it cannot have."""
        line = next((self.lines[loc[:end]] for end in range(len(loc), 0, -1) if loc[:end] in self.lines), 0)
        name = str(loc[-1])
        if kind == "extra_forbidden":
            known = sorted(_EXPECTED) if len(loc) == 1 else ["app", "name"]
            near = get_close_matches(name.lower().replace("-", "_"), known, n=1)
            hint = f"Did you mean {code(near[0])}?" if near else f"Known are {', '.join(code(each) for each in known)}"
            return _problem(line, "unknown-key", f"There is no setting {code(cut(name, 60))}", hint)
        setting = str(loc[0])
        return _problem(line, "value", f"{code(setting)} has a value it cannot have", f"Give it {_EXPECTED[setting]}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _scalar(node: yaml.Node) -> str | int | bool | None:
    """A scalar as YAML 1.1 means it; what is neither text, number nor switch stays text and fails where it is used."""
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "bool":
        return yaml.SafeLoader.bool_values[node.value.lower()]
    if kind == "int" and re.fullmatch(r"[+-]?\d{1,18}", node.value):  # not 0x1f, 1_000 or 1:30
        return int(node.value)
    if kind == "null":
        return None
    return str(node.value)


def _duration(value: object) -> timedelta:
    """Whole minutes, or a number with its unit: "90s", "10m", "1h"."""
    found = re.fullmatch(r"(\d{1,5})\s*([smh])", value) if isinstance(value, str) else None
    if found is not None:
        length = timedelta(seconds=int(found.group(1)) * {"s": 1, "m": 60, "h": 3600}[found.group(2)])
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1440:
        length = timedelta(minutes=value)
    else:
        raise ValueError("not a duration")
    if length > MAX_GRACE:
        raise ValueError("too long")
    return length


def _checks(value: object) -> object:
    """Names and mappings mixed become mappings; "all" becomes None."""
    if value == "all":
        return None
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004 - pydantic collects ValueError, not TypeError
    return [{"name": each} if isinstance(each, str) else each for each in value]


def _foreign(name: str) -> str:
    if name == OWN_CHECK:
        raise ValueError("waiting for it would be waiting for ourselves")
    return name


def _free_label(name: str) -> str:
    if name != name.strip() or name.lower().startswith(LABEL_PREFIX):
        raise ValueError("kept for stages")
    return name


def _ref(prefix: str) -> str:
    """What may begin a branch's name. https://git-scm.com/docs/git-check-ref-format"""
    parts = prefix.split("/")
    whole, last = parts[:-1], parts[-1]  # the last part goes on with the workstream's key
    if (
        re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", prefix)
        or prefix.startswith("-")
        or any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in whole)
        or last.startswith(".")
    ):
        raise ValueError("git would refuse the branch")
    return prefix


_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?$")]


class _Check(BaseModel):
    model_config = _STRICT
    name: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_foreign)]
    app: Annotated[int, Field(gt=0)] | None = None


class _File(BaseModel):
    """The file's shape. Field for field the names of Config."""

    model_config = _STRICT
    label: Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_free_label)] = "plan"
    mode: Annotated[Mode, Field(strict=False)] = Mode.AUTO
    merge_method: Annotated[MergeMethod, Field(strict=False)] | None = None
    approvals: Annotated[int, Field(ge=0, le=10)] = 1
    fresh_approvals: bool = False
    acceptance: bool = True
    checks: Annotated[tuple[_Check, ...] | None, Field(strict=False), BeforeValidator(_checks)] = None
    checks_grace: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(minutes=10)
    branch_prefix: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_ref)] = "signalbox/"
    verify: Annotated[tuple[_Check, ...] | None, Field(strict=False), BeforeValidator(_checks)] = None
    verify_timeout: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(hours=1)
    retries: Annotated[int, Field(ge=0, le=3)] = 1
    verify_workflow: Annotated[str | None, Field(pattern=r"^[\w.-]{1,100}\.ya?ml$")] = None
    on_red: Annotated[OnRed, Field(strict=False)] = OnRed.ROLLBACK_PULL
    already_red: bool = False
    freeze_base: bool = False
    update: Annotated[Update, Field(strict=False)] = Update.NEVER
    checkpoint_every: Annotated[timedelta | None, BeforeValidator(_duration)] = None
    trial: bool = False
    forecast: bool = True
    forecast_delay: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(seconds=30)
    failure_comments: bool = True
    remove_branches: bool = False
    bots: Annotated[tuple[_Login, ...], Field(strict=False)] = ()

    def config(self) -> Config:
        """The settings as the rest of the core knows them."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        for name in ("checks", "verify"):
            wanted: tuple[_Check, ...] | None = getattr(self, name)
            if wanted is not None:
                given[name] = tuple(CheckName(name=each.name, app=each.app) for each in wanted)
        if "verify" not in given:
            given["verify"] = given.get("checks")
        return Config(**given)


_EXPECTED: Mapping[str, str] = {
    "label": "a label's name of 1 to 50 characters that does not begin with `signalbox:`",
    "mode": "`auto` or `manual`",
    "merge_method": "`merge`, `squash` or `rebase`",
    "approvals": "a whole number from 0 to 10",
    "fresh_approvals": "`true` or `false`",
    "acceptance": "`true` or `false`",
    "checks": "`all`, or a list of names of checks (or `{name: unit, app: 15368}`), without `signalbox` itself",
    "checks_grace": "whole minutes, or a length like `90s`, `10m` or `1h`, a day at most",
    "verify": "`all`, or a list of names of checks as `checks` takes it, or `[]` for none",
    "verify_timeout": "whole minutes, or a length like `90s`, `10m` or `1h`, a day at most",
    "retries": "a whole number from 0 to 3",
    "verify_workflow": "the file name of a workflow in `.github/workflows`, like `ci.yml`",
    "on_red": "`rollback_pull`, `rollback` or `hold`",
    "already_red": "`true` or `false`",
    "freeze_base": "`true` or `false`",
    "update": "`never`, `before_merge` or `always_current`",
    "checkpoint_every": "whole minutes, or a length like `30m` or `6h`, a day at most",
    "trial": "`true` or `false`",
    "forecast": "`true` or `false`",
    "forecast_delay": "whole minutes, or a length like `30s`, `10m` or `1h`, a day at most",
    "failure_comments": "`true` or `false`",
    "branch_prefix": "text that may begin a branch's name, like `signalbox/`",
    "remove_branches": "`true` or `false`",
    "bots": "a list of bots' logins, like `renovate[bot]`",
}
