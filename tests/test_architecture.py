"""The import arrow and the purity of the core, read from the source. A broken rule is named with its file and line."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: What each part of `bot` may import from `bot`, besides itself. `errors < core < github, store < worker, web < app < __main__`.
MAY_IMPORT = {
    "errors": set(),
    "core": {"errors"},
    "github": {"errors", "core"},
    "store": {"errors", "core"},
    "metrics": {"errors", "core"},
    "worker": {"errors", "core", "github", "store", "metrics"},
    "web": {"errors", "core", "store", "metrics"},
    "settings": {"errors"},
    "log": {"errors", "core"},
    "app": {"errors", "core", "github", "store", "worker", "web", "metrics", "settings", "log"},
    "console": {"errors", "core", "store"},
    "__main__": {"errors", "core", "app", "console", "settings", "log"},
    "__init__": set[str](),
}
PROGRAMS = {"bot": {"sandbox", "demo", "tests", "scripts"}, "sandbox": {"bot", "demo", "tests", "scripts"}}

#: What the core cannot use: anything that differs from one run to the next, or that reaches outside.
IMPURE_MODULES = {
    "asyncio", "os", "time", "random", "secrets", "uuid", "logging", "io", "shutil", "subprocess", "socket", "sqlite3",
    "threading", "tempfile", "urllib.request", "aiohttp", "gidgethub", "sqlalchemy", "alembic", "structlog",
}  # fmt: skip
IMPURE_FUNCTIONS = {"open", "input", "print", "exec", "eval", "__import__"}
IMPURE_METHODS = {"now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "exists"}


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and its syntax tree."""

    name: str  # "bot.core.model"
    file: str  # relative to the root
    tree: ast.Module

    @property
    def part(self) -> str:
        """The part of the program that it belongs to: "core", or "app" for a file at the top."""
        names = self.name.split(".")
        return names[1] if len(names) > 1 else "__init__"

    @property
    def program(self) -> str:
        return self.name.split(".")[0]


def module(name: str, source: str, file: str = "sample.py") -> Module:
    return Module(name=name, file=file, tree=ast.parse(source))


@cache
def modules(program: str) -> list[Module]:
    found = []
    for path in sorted((ROOT / program).rglob("*.py")):
        relative = path.relative_to(ROOT)
        name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        found.append(module(name, path.read_text(encoding="utf-8"), str(relative)))
    return found


def imports(of: Module) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything imported, wherever it stands in the file."""
    for node in ast.walk(of.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                package = of.name.split(".")
                package = package[: len(package) - node.level + of.file.endswith("__init__.py")]
                source = ".".join([*package, *([source] if source else [])])
            # `from bot import x` imports bot.x
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def arrow(of: Module) -> Iterator[tuple[int, str]]:
    """No part imports what does not lie below it; siblings, settings and log included."""
    if of.program != "bot":
        return
    allowed = MAY_IMPORT.get(of.part)
    if allowed is None:
        yield 1, f"the part {of.part!r} is not in the arrow"
        return
    for line, name in imports(of):
        if is_in(name, "bot"):
            other = name.split(".")[1]
            if other != of.part and other not in allowed:
                yield line, f"{of.part} must not import {other}"


def programs(of: Module) -> Iterator[tuple[int, str]]:
    """The program and its stand-in for GitHub know nothing of each other, of the demo or of the tests."""
    for line, name in imports(of):
        if name.split(".")[0] in PROGRAMS[of.program]:
            yield line, f"{of.program} must not import {name.split('.')[0]}"


def gidgethub(of: Module) -> Iterator[tuple[int, str]]:
    """Only bot/github speaks to GitHub."""
    if of.program == "bot" and of.part != "github":
        yield from (
            (line, "only bot/github may import gidgethub") for line, name in imports(of) if is_in(name, "gidgethub")
        )


def purity(of: Module) -> Iterator[tuple[int, str]]:
    """The core is values and functions: no coroutine, no clock, no chance, no input or output."""
    if not is_in(of.name, "bot.core"):
        return
    for line, name in imports(of):
        yield from ((line, f"core must not import {impure}") for impure in IMPURE_MODULES if is_in(name, impure))
    for node in ast.walk(of.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node.lineno, "core must not be asynchronous"
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
                yield node.lineno, f"core must not call {called.attr}"
            if isinstance(called, ast.Name) and called.id in IMPURE_FUNCTIONS:
                yield node.lineno, f"core must not call {called.id}"


#: What has the webhook until it is acknowledged: bytes all the way.
UNREAD = {"bot.web.hook", "bot.web.body", "bot.store.inbox"}
PARSERS = {"json", "orjson", "pydantic", "bot.core.events"}


def unread(of: Module) -> Iterator[tuple[int, str]]:
    """Nothing is parsed before a webhook is acknowledged."""
    if of.name in UNREAD:
        yield from (
            (line, f"{of.name} must not parse: it imports {parser}")
            for line, name in imports(of) for parser in sorted(PARSERS) if is_in(name, parser)
        )  # fmt: skip
    for node in ast.walk(of.tree) if of.name in UNREAD else ():
        if isinstance(node, ast.Attribute) and node.attr in {"json", "loads"}:
            yield node.lineno, f"{of.name} must not parse: it calls {node.attr}"


Rule = Callable[[Module], Iterator[tuple[int, str]]]
RULES: list[Rule] = [arrow, programs, gidgethub, purity, unread]


def broken(rule: Rule, found: list[Module]) -> list[str]:
    return [f"{each.file}:{line}: {what}" for each in found for line, what in rule(each)]


@pytest.mark.parametrize("program", list(PROGRAMS))
@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_the_rules(rule: Rule, program: str) -> None:
    found = modules(program)
    assert len(found) > 5
    assert broken(rule, found) == []


@pytest.mark.parametrize(
    ("rule", "name", "source", "what"),
    [
        (arrow, "bot.core.model", "from bot.store import inbox", "core must not import store"),
        (arrow, "bot.core.model", "import bot.store.inbox", "core must not import store"),
        (arrow, "bot.core.model", "def f():\n    from bot.worker.loop import run", "core must not import worker"),
        (arrow, "bot.core.model", "from ..github.port import GitHub", "core must not import github"),
        (arrow, "bot.core.plan.graph", "from ...web import hook", "core must not import web"),
        (arrow, "bot.core.model", "from bot import errors, web", "core must not import web"),
        (arrow, "bot.store.inbox", "from bot.github.port import GitHub", "store must not import github"),
        (arrow, "bot.github.client", "from bot.store import inbox", "github must not import store"),
        (arrow, "bot.web.hook", "from bot.worker import loop", "web must not import worker"),
        (arrow, "bot.web.hook", "from bot.github.port import GitHub", "web must not import github"),
        (arrow, "bot.worker.loop", "from bot.web import hook", "worker must not import web"),
        (arrow, "bot.worker.loop", "from bot.settings import Settings", "worker must not import settings"),
        (arrow, "bot.web.hook", "from bot.log import configure", "web must not import log"),
        (arrow, "bot.errors", "from bot.core.model import Sha", "errors must not import core"),
        (arrow, "bot.app", "import bot.__main__", "app must not import __main__"),
        (arrow, "bot", "from bot.errors import LeaseLost", "__init__ must not import errors"),
        (arrow, "bot.helpers", "", "the part 'helpers' is not in the arrow"),
        (programs, "bot.app", "from sandbox.world import World", "bot must not import sandbox"),
        (programs, "bot.app", "import demo.story", "bot must not import demo"),
        (programs, "sandbox.world", "from bot.core.model import Sha", "sandbox must not import bot"),
        (gidgethub, "bot.web.hook", "from gidgethub import sansio", "only bot/github may import gidgethub"),
        (purity, "bot.core.model", "import asyncio", "core must not import asyncio"),
        (purity, "bot.core.model", "import os.path", "core must not import os"),
        (purity, "bot.core.model", "from random import choice", "core must not import random"),
        (purity, "bot.core.model", "from sqlalchemy.orm import Session", "core must not import sqlalchemy"),
        (purity, "bot.core.model", "if True:\n    import structlog", "core must not import structlog"),
        (purity, "bot.core.model", "async def f(): ...", "core must not be asynchronous"),
        (purity, "bot.core.model", "x = datetime.now(UTC)", "core must not call now"),
        (purity, "bot.core.model", "x = datetime.datetime.utcnow()", "core must not call utcnow"),
        (purity, "bot.core.model", "x = Path('x').read_text()", "core must not call read_text"),
        (purity, "bot.core.model", "x = open('x')", "core must not call open"),
        (unread, "bot.web.hook", "import json", "bot.web.hook must not parse: it imports json"),
        (unread, "bot.store.inbox", "from json import loads", "bot.store.inbox must not parse: it imports json"),
        (unread, "bot.web.hook", "from bot.core.events import read_event",
         "bot.web.hook must not parse: it imports bot.core.events"),
        (unread, "bot.web.body", "async def f(request): await request.json()", "bot.web.body must not parse: it calls json"),
    ],
)  # fmt: skip
def test_a_breach_is_found_and_named_with_its_line(rule: Rule, name: str, source: str, what: str) -> None:
    found = broken(rule, [module(name, f"'''A sample.'''\n{source}")])
    line = 1 if not source else 1 + len(source.splitlines())
    assert found == [f"sample.py:{line}: {what}"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "bot.core.model",
            "from datetime import datetime\nfrom bot.errors import PayloadError\nfrom bot.core.facts import Facts",
        ),
        ("bot.core.model", "from pathlib import PurePosixPath\nnow = 3\nlater = facts.now"),
        ("bot.worker.loop", "import asyncio\nfrom bot.github.port import GitHub\nfrom bot.store import inbox"),
        ("bot.github.client", "import gidgethub\nasync def f(): ..."),
        ("bot.app", "from bot.settings import Settings\nfrom bot.worker import loop\nfrom bot import log"),
        ("sandbox.world", "from sandbox.git import Repository"),
        ("bot.web.hook", "from aiohttp import web\nanswer = web.json_response({})"),
    ],
)
def test_what_is_allowed_is_not_held_up(name: str, source: str) -> None:
    assert [each for rule in RULES for each in broken(rule, [module(name, source)])] == []
