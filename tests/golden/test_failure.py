"""The comment on failed CI, as files to be read, and with whatever a check may say. Files in `files/failure/`."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.core.facts import AnnotationFacts, CheckFacts, CheckState, FailureFacts
from bot.core.ledger import Checkpoint, Landing
from bot.core.marker import mark, read_marker
from bot.core.model import Branch, Key, Login, NodeId, OnRed, PullNumber, Sha
from bot.core.render.failure import failure_comment, mended, mended_base, newer, undone
from bot.core.render.parts import size
from bot.core.reported import failures
from bot.core.views import Failure, PlanView
from tests.draws import drawn
from tests.golden import scenes
from tests.golden.test_hostile import HOSTILE, MENTION, REFERENCE, inline_tokens, seen, texts
from tests.golden.test_texts import FILES, compare

LIMIT = 20_000  # bytes
GREEN, HEAD, MERGE = Sha("9" * 40), Sha("f00" + "1" * 37), Sha("0beef" + "2" * 35)
RUN = NodeId("CR_1")
TESTS = replace(scenes.RED, node_id=RUN)
LINT = replace(scenes.RED, name="lint", url=f"{scenes.URL}/runs/2", conclusion="timed_out", node_id=NodeId("CR_2"))
CLA = CheckFacts(
    name="cla", app_id=None, app_name="lawyer", state=CheckState.FAILED, conclusion="failure",
    url="https://cla.example/sign?pull=11", words="Not signed by @wim",
)  # fmt: skip

PYTEST = """\
## pytest

```
tests/test_settings.py::test_names_are_named FAILED
```
"""
LOG = "\n".join(
    [*(f"tests/test_{number}.py .\x1b[32m.\x1b[0m" for number in range(40)), "", "E   assert 3 == 4", "1 failed", ""]
)
SAID = FailureFacts(
    title="1 failed, 79 passed",
    summary=PYTEST,
    text=LOG,
    annotations=(
        AnnotationFacts(
            path="tests/test_settings.py", line=12, level="failure", title="test_names_are_named",
            message="assert 3 == 4\n  where 3 = len(names)",
        ),
        AnnotationFacts(path="src/settings.py", line=40, level="warning", message="`names` is never closed"),
    ),
    annotation_count=14,
    details_url="https://ci.example/builds/77",
)  # fmt: skip


def on_head(*checks: CheckFacts, green: Sha | None = GREEN) -> tuple[PlanView, Failure]:
    """W1 of the shop, whose head failed."""
    view = scenes.started({"W1": replace(scenes.handed_in("W1", 11, *checks), head_sha=HEAD)})
    pull = view.stream(Key("W1")).pull
    assert pull is not None
    failure = Failure(key=Key("W1"), pull=pull, sha=HEAD, checks=checks, reason=failures(checks), green=green)
    return view, failure


def landing(**more: object) -> Landing:
    fields = {
        "key": Key("W1"), "pull": PullNumber(11), "branch": Branch("settings"), "head": HEAD, "before": GREEN,
        "tree_before": Sha("3" * 40), "sha": MERGE, "tree": Sha("4" * 40), "at": scenes.NOW,
        "by": Login("signalbox[bot]"), "decided": True,
    }  # fmt: skip
    return Landing(**{**fields, **more})  # type: ignore[arg-type]  # fields of many types


def on_base(on_red: OnRed = OnRed.ROLLBACK_PULL, **more: object) -> tuple[PlanView, Failure]:
    """The base of the shop after W1's merge."""
    view = scenes.started({"W1": scenes.merged("W1", 11, 60)})
    view = replace(view, config=replace(view.config, on_red=on_red))
    pull = view.stream(Key("W1")).pull
    assert pull is not None
    point = Checkpoint(
        name="cp-0", sha=GREEN, tree=Sha("3" * 40), revision=view.revision, at=scenes.STARTED, landed=(), evidence=(),
    )  # fmt: skip
    failure = Failure(
        key=Key("W1"), pull=pull, sha=MERGE, checks=(TESTS,), reason=failures((TESTS,)), landing=landing(**more),
        checkpoint=point,
    )  # fmt: skip
    return view, failure


def comment(shown: tuple[PlanView, Failure], **said: FailureFacts) -> str:
    return failure_comment(*shown, {NodeId(run): facts for run, facts in said.items()})


COMMENTS: dict[str, Callable[[], str]] = {
    "head": lambda: comment(on_head(TESTS, CLA), CR_1=SAID),
    "head_summary_only": lambda: comment(on_head(TESTS, green=None), CR_1=FailureFacts(title="Failed", summary=PYTEST)),
    "head_says_nothing": lambda: comment(on_head(TESTS, LINT, green=HEAD), CR_1=FailureFacts(), CR_2=FailureFacts()),
    "base": lambda: comment(on_base(), CR_1=SAID),
    "base_rollback": lambda: comment(on_base(OnRed.ROLLBACK), CR_1=FailureFacts()),
    "base_hold": lambda: comment(on_base(OnRed.HOLD), CR_1=FailureFacts()),
    "base_timed_out": lambda: comment(timed_out()),
    "mended": lambda: mended(scenes.started(), HEAD, GREEN),
    "mended_again": lambda: mended(scenes.started(), HEAD, HEAD),
    "newer": lambda: newer(scenes.started(), HEAD, GREEN),
    "mended_base": lambda: mended_base(on_base()[0], landing(evidence=("Green on `0beef22`: `tests`",)), MERGE),
    "rolled_back": lambda: undone(on_base()[0], landing(undone=1), MERGE),
    "taken_back_by_hand": lambda: undone(on_base()[0], landing(undone=0), MERGE),
    "hostile": lambda: comment(hostile(" ".join(HOSTILE)), CR_1=hostile_words(" ".join(HOSTILE))),
}


def test_a_base_that_is_called_like_a_secret_is_not_told_by_a_link() -> None:
    view, failure = on_head(TESTS, green=None)
    shown = failure_comment(replace(view, base=replace(view.base, name=Branch("ghp_secret1234"))), failure, {})
    assert "all it brings: `[removed]" in shown
    assert "ghp_" not in shown
    assert "/compare/main..." in failure_comment(view, failure, {})


def timed_out() -> tuple[PlanView, Failure]:
    """A base on which a check still runs when the time is up."""
    view, failure = on_base()
    running = replace(TESTS, state=CheckState.PENDING, conclusion="in_progress")
    return view, replace(failure, checks=(running,), reason="Timed out with 1 check running: `tests`", checkpoint=None)


def hostile(text: str) -> tuple[PlanView, Failure]:
    """A failure of checks that carry those words wherever they can."""
    named = replace(TESTS, name=text, app_name=text, url=f"https://evil.example/{text}")
    status = replace(CLA, name=text, app_name=text, words=text, url=text)
    view, failure = on_head(named, status)
    return view, replace(failure, key=Key(text or "W1"), pull=replace(failure.pull, head=Branch(text)))


def hostile_words(text: str, count: int = 12) -> FailureFacts:
    """Words of a check run that are the same nasty ones everywhere."""
    note = AnnotationFacts(path=text, line=1, level=text, title=text, message=text)
    return FailureFacts(
        title=text, summary=text, text="\n".join([text] * 30), annotations=(note,) * count, annotation_count=count,
        details_url=text,
    )  # fmt: skip


@pytest.mark.parametrize("name", COMMENTS)
def test_comment_on_failed_ci(name: str) -> None:
    (FILES / "failure").mkdir(parents=True, exist_ok=True)
    compare(f"failure/{name}", COMMENTS[name]())


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in (FILES / "failure").glob("*.md")} == set(COMMENTS)


@given(texts)
@settings(max_examples=drawn(15), deadline=None)
def test_whatever_checks_say_mentions_nobody_closes_nothing_and_stays_in_its_place(text: str) -> None:
    view, failure = hostile(text)
    body = comment((view, failure), CR_1=hostile_words(text))
    assert not MENTION.search(seen(body))
    named = {found[1] for found in REFERENCE.finditer(seen(body)) if found[1] is not None}
    assert named <= {"7", "11"}
    assert all(token.type not in {"html_block", "html_inline", "image"} for token in inline_tokens(body))
    headings = [token for token in inline_tokens(body) if token.type == "heading_open"]
    assert len(headings) == 1
    targets = [str(token.attrs["href"]) for token in inline_tokens(body) if token.type == "link_open"]
    assert all(re.match(r"https://(github\.example/octo/shop|evil\.example)/", each) for each in targets), targets
    assert "Who acts next:" in seen(body)
    marker = read_marker(mark(body, "failure:11"))
    assert marker is not None
    assert marker.key == "failure:11"


@pytest.mark.parametrize(
    "text", ["w" * 70_000, "`" * 70_000, "<&" * 30_000, "🙂" * 30_000, "|\n" * 30_000, "\\" * 9_000]
)
@pytest.mark.parametrize("checks", [1, 100])
def test_a_comment_stays_below_its_limit_and_in_its_fences(text: str, checks: int) -> None:
    view, failure = hostile(text)
    many = tuple(replace(failure.checks[0], node_id=NodeId(f"CR_{number}")) for number in range(checks))
    said = {NodeId(f"CR_{number}"): hostile_words(text) for number in range(10)}
    body = failure_comment(view, replace(failure, checks=many), said)
    assert size(mark(body, "failure:11")) < LIMIT
    assert "Who acts next:" in seen(body)


def test_only_the_last_lines_are_shown_without_colours() -> None:
    lines = comment(on_head(TESTS), CR_1=SAID).splitlines()
    shown = lines[lines.index("```text") + 1 :]
    shown = shown[: shown.index("```")]
    assert shown[-3:] == ["", "E   assert 3 == 4", "1 failed"]
    assert shown[0] == "tests/test_23.py .."
    assert len(shown) == 20


@pytest.mark.parametrize(
    "path",
    ["../../../evil/repo", "/etc/passwd", "a//b", ".", "a/../b", "..\\..\\x", "x" * 200],
    ids=lambda path: path[:9],
)
def test_a_path_that_leads_out_of_the_repository_is_no_link(path: str) -> None:
    note = AnnotationFacts(path=path, line=1, level="failure", message="m")
    body = comment(on_head(TESTS), CR_1=FailureFacts(annotations=(note,), annotation_count=1))
    assert "/blob/" not in body
    assert ":1`" in body


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://x.example/a) [b](https://evil.example", "https://x example", "//x", "", "http:"],
)
def test_an_address_that_could_end_a_link_is_none(url: str) -> None:
    body = comment(on_head(replace(CLA, url=url)))
    assert "**`cla` by lawyer failed**: Not signed" in body
