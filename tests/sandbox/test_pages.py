"""What a person reads on the pages: markdown made safe, flowcharts drawn, and every address leading somewhere."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.pages.layout import draw
from sandbox.pages.markdown import plain, render
from tests.sandbox.stand_in import StandIn, stand_in

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
    '<a href="//evil.example">x</a>',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<iframe src=https://evil.example></iframe>",
    '<details ontoggle="alert(1)"><summary>x</summary></details>',
    '<p style="position:fixed">x</p>',
    "<!-- <script>alert(1)</script> -->",
    '```mermaid\ngraph LR\n a["<script>alert(1)</script>"]\n```',
    "```mermaid\ngraph LR\n a:::x\n classDef x fill:url(javascript:alert(1))\n```",
    '<pre lang=mermaid>graph LR\n a["&lt;/svg&gt;&lt;script&gt;"]</pre>',
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_nothing_in_a_comment_can_run(text: str) -> None:
    html = str(render(text)).lower()
    for forbidden in (
        "<script",
        '"javascript:',
        "onerror",
        "onclick",
        "onload",
        "ontoggle",
        "<iframe",
        "style=",
        "evil",
    ):
        assert forbidden not in html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~~gone~~", "<s>gone</s>"),
        ("- [x] done", '<input type="checkbox" checked="" disabled=""> done'),
        ("- [ ] open", '<input type="checkbox" disabled=""> open'),
        ("|a|b|\n|-|:-:|\n|1|2|", '<td align="center">2</td>'),
        ("<details><summary>more</summary>\n\n**x**\n\n</details>", "<summary>more</summary>"),
        ("```python\nx < 1\n```", '<pre lang="python"><code>x &lt; 1\n</code></pre>'),
        ("see #12", '<a href="http://h/o/r/issues/12" rel="nofollow">#12</a>'),
        ("hello @ada", '<strong class="mention">@ada</strong>'),
        ("at https://x.example/a.", '<a href="https://x.example/a" rel="nofollow">https://x.example/a</a>.'),
        ("`#12 @ada`", "<code>#12 @ada</code>"),
        ("> [!WARNING]\n> careful", '<strong class="alert-title">Warning</strong>'),
        ("H<sub>2</sub>O<br>x <kbd>K</kbd>", "<sub>2</sub>O<br>"),
    ],
)
def test_github_flavoured_markdown_is_shown(text: str, expected: str) -> None:
    assert expected in render(text, "http://h/o/r")


def test_elements_that_a_comment_leaves_open_end_with_it() -> None:
    assert str(render("<b>x")).strip().endswith("</b></p>")
    assert "</div>" not in str(render("</div></main>x"))


def test_plain_text_has_no_markup() -> None:
    assert plain("**a** `b < c`") == "a b < c"


def test_a_flowchart_becomes_a_picture_with_its_labels_and_colours() -> None:
    picture = draw(
        'flowchart LR\n a["One<br/>two"]:::done --> b(B) & c{C}\n b -->|why| d\n c -.-> d\n classDef done fill:#aceebb'
    )
    assert picture is not None
    assert picture.count("<rect") == 4
    assert picture.count("<path") == 4
    for text in (">One<", ">two<", ">why<", "#aceebb", "stroke-dasharray"):
        assert text in picture


@pytest.mark.parametrize(
    ("written", "shown"), [("#35;12", "#12"), ("#quot;", "&quot;"), ("&#35;", "#"), ("#amp;", "&amp;")]
)
def test_entities_of_a_label_are_shown_as_what_they_stand_for(written: str, shown: str) -> None:
    assert f">a{shown}b<" in (draw(f'graph LR\n n["a{written}b"]') or "")


def test_a_cycle_is_drawn_too() -> None:
    picture = draw("graph TD\n a --> b --> c --> a")
    assert picture is not None
    assert picture.count("<path") == 3


@pytest.mark.parametrize(
    "text", ["", "sequenceDiagram\n a->>b: x", "graph LR", "graph LR\n a[open", "graph LR\n a --> ?"]
)
def test_what_is_not_a_flowchart_is_left_as_code(text: str) -> None:
    assert draw(text) is None
    assert "<svg" not in render(f"```mermaid\n{text}\n```")


def test_nodes_of_one_layer_do_not_overlap() -> None:
    picture = draw("graph LR\n" + "\n".join(f" root --> leaf{number}" for number in range(5)))
    assert picture is not None
    tops = [float(y) for y in re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', picture)][1:]
    assert len({round(y) for y in tops}) == 5


# ---- the pages of a running sandbox ----


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path) as one:
        yield one


async def test_an_issue_is_shown_as_a_person_reads_it(github: StandIn) -> None:
    body = "- [ ] one\n\n```mermaid\ngraph LR\n a --> b\n```\n<script>alert(1)</script>"
    issue = await github.rest("POST", "/issues", {"title": "Plan <b>", "body": body, "labels": ["plan"]})
    await github.rest("POST", f"/issues/{issue['number']}/comments", {"body": "see #1"}, who="app")
    status, html = await github.page(issue["html_url"])
    assert status == 200
    for text in ("Plan &lt;b&gt;", 'type="checkbox"', '<svg class="mermaid"', ">plan<", "signalbox", "/issues/1"):
        assert text in html
    assert "<script" not in html


async def test_a_pull_says_what_it_waits_for(github: StandIn) -> None:
    pull = await github.pull("feat", draft=True)
    protection = {
        "required_status_checks": {
            "strict": False,
            "checks": [{"context": "signalbox", "app_id": github.info["app_id"]}],
        },
        "enforce_admins": True,
        "required_pull_request_reviews": {"required_approving_review_count": 1},
        "restrictions": None,
    }
    await github.rest("PUT", "/branches/main/protection", protection)
    _, html = await github.page(pull["html_url"])
    for text in ("Draft", "still a draft", "At least 1 approving review", "Expected — Waiting for status", "Required"):
        assert text in html
    ready = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
    await github.graphql(ready, id=pull["node_id"])
    await github.rest("DELETE", "/branches/main/protection")
    assert "can be merged" in (await github.page(pull["html_url"]))[1]
    await github.rest("PUT", f"/pulls/{pull['number']}/merge", {})
    assert "Merged into main by ada" in (await github.page(pull["html_url"]))[1]


async def test_a_check_run_shows_its_text_remarks_and_buttons(github: StandIn) -> None:
    note = {"path": "a.py", "start_line": 3, "end_line": 4, "annotation_level": "failure", "message": "not owned"}
    body = {
        "name": "signalbox",
        "head_sha": await github.head(),
        "status": "completed",
        "conclusion": "action_required",
        "output": {"title": "Outside", "summary": "| a |\n|-|\n| 1 |", "annotations": [note]},
        "actions": [{"label": "Allow", "description": "Let it in", "identifier": "allow"}],
    }
    run = await github.rest("POST", "/check-runs", body, who="app")
    status, html = await github.page(run["html_url"])
    assert status == 200
    for text in ("Outside", "Action required", "<td>1</td>", "a.py:3–4", "not owned", ">Allow</button>"):
        assert text in html


def addresses(answer: Any) -> set[str]:
    """Return every `html_url` in an answer."""
    if isinstance(answer, dict):
        found = {answer["html_url"]} if isinstance(answer.get("html_url"), str) else set()
        return found.union(*(addresses(value) for value in answer.values()))
    return set().union(*map(addresses, answer)) if isinstance(answer, list) else set()


async def test_every_address_in_an_answer_leads_to_a_page(github: StandIn) -> None:
    pull = await github.pull("feat")
    issue = await github.rest("POST", "/issues", {"title": "One", "labels": ["plan"]})
    await github.rest("POST", f"/issues/{issue['number']}/comments", {"body": "hi"}, who="app")
    review = f"/pulls/{pull['number']}/reviews"
    await github.rest("POST", review, {"event": "COMMENT", "body": "x"}, who="mia")
    done = {"name": "test", "head_sha": pull["head"]["sha"], "status": "completed", "conclusion": "success"}
    await github.rest("POST", "/check-runs", done, who="ci")
    asked = ["", "/commits/feat", "/contents/feat.txt?ref=feat", "/compare/main...feat", review, "/branches/feat"]
    asked += [f"/issues/{issue['number']}/comments", f"/commits/{pull['head']['sha']}/check-runs"]
    answers = [pull, issue, *[await github.rest("GET", path) for path in asked]]
    answers.append((await github.call("GET", "/app/installations", bearer=github.app_jwt()))[1])
    found = addresses(answers)
    assert len(found) > 10
    missing = [address for address in sorted(found) if (await github.page(address))[0] != 200]
    assert missing == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/octo/demo",
        "/octo/demo/issues",
        "/octo/demo/pulls",
        "/octo/demo/labels",
        "/octo/demo/commits/main",
        "/octo/demo/tree/main",
        "/octo",
    ],
)
async def test_the_lists_are_there_without_login(github: StandIn, path: str) -> None:
    await github.pull("feat")
    status, html = await github.page(path)
    assert status == 200
    assert "octo" in html


async def test_a_tag_is_shown_on_its_commit(github: StandIn) -> None:
    _, main, _ = await github.call("GET", "/repos/octo/demo/git/ref/heads/main")
    tag = {"ref": "refs/tags/signalbox/1/cp-0", "sha": main["object"]["sha"]}
    await github.call("POST", "/repos/octo/demo/git/refs", tag)
    link = '<a class="ref" href="/octo/demo/tree/signalbox/1/cp-0">signalbox/1/cp-0</a>'
    for path in ("/octo/demo/commits/main", f"/octo/demo/commit/{tag['sha']}"):
        assert link in (await github.page(path))[1]


@pytest.mark.parametrize(
    "path", ["/nobody", "/octo/none", "/octo/demo/issues/99", "/octo/demo/tree/none", "/octo/demo/runs/1"]
)
async def test_what_is_not_there_says_so(github: StandIn, path: str) -> None:
    status, html = await github.page(path)
    assert status == 404
    assert "Not found" in html
