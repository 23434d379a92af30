from datetime import UTC, datetime

import pytest

from bot.core.config import read_config
from bot.core.facts import CheckState, Mergeable, PullState, RequiredCheck, ReviewState
from bot.core.marker import mark, read_marker
from bot.core.model import Branch, MergeMethod
from bot.errors import ReadFailed
from bot.github import readings
from tests.github import answers
from tests.github.answers import BASE, HEAD, TREE, Json, nodes
from tests.github.fake import APP_ID

MAIN = Branch("main")


def test_a_bot_has_one_login_everywhere() -> None:
    assert readings.login(answers.bot("signalbox")) == "signalbox[bot]"
    assert readings.login(answers.bot("signalbox[bot]")) == "signalbox[bot]"
    assert readings.login(answers.user("ada")) == "ada"
    assert readings.login(None) == "ghost"


def test_a_repository_allows_what_it_allows() -> None:
    facts = readings.repository(answers.repository())
    assert facts.merge_methods == {MergeMethod.MERGE, MergeMethod.SQUASH}
    assert facts.labels == {"signalbox:ready": "L1"}
    assert (facts.id, facts.node_id, facts.default_branch) == (42, "R1", "main")


def test_an_empty_repository_has_a_base_without_a_sha() -> None:
    data = answers.repository(defaultBranchRef=None, base=None)
    assert readings.default_branch(data) == "main"
    assert readings.base(MAIN, data["base"]).sha is None


@pytest.mark.parametrize(
    ("rules", "classic", "expected"),
    [
        ([], None, []),
        ([answers.rule(("tests", 9), ("lint", None))], None, [("lint", None), ("tests", 9)]),
        ([], ["tests", None, "lint"], [("lint", None), ("tests", None)]),
        ([answers.rule(("tests", 9))], ["tests", "docs"], [("docs", None), ("tests", 9)]),
        ([answers.rule(("tests", 9)), answers.rule(("tests", 8))], None, [("tests", 8), ("tests", 9)]),
        ([{"parameters": {}}, {"parameters": None}], [], []),
    ],
    ids=["none", "ruleset", "classic", "both", "two apps", "other rules"],
)
def test_required_checks_are_those_of_rulesets_and_of_classic_protection(
    rules: list[Json], classic: list[str | None] | None, expected: list[tuple[str, int | None]]
) -> None:
    update_rule = None if classic is None else {"requiredStatusCheckContexts": classic}
    facts = readings.base(MAIN, answers.base(rules=nodes(*rules), refUpdateRule=update_rule))
    assert (facts.sha, facts.tree) == (BASE, TREE)
    assert facts.required_checks == tuple(RequiredCheck(name=name, app_id=app) for name, app in expected)


def test_rules_that_were_not_all_shown_are_no_reading() -> None:
    with pytest.raises(ReadFailed):
        readings.base(MAIN, answers.base(rules=nodes(more=True)))


def test_tags_have_their_full_name_and_point_at_commits() -> None:
    found = readings.tags(
        [
            answers.tag("signalbox/7/cp-0", HEAD),
            {**answers.tag("cp-1", BASE, annotated=True), "prefix": "refs/tags/signalbox/7/"},
        ]
    )
    assert found == {"signalbox/7/cp-0": HEAD, "signalbox/7/cp-1": BASE}


def test_a_config_that_is_no_text_is_not_a_missing_one() -> None:
    assert readings.config(None) is None
    assert readings.config({"text": "mode: auto", "isBinary": False}) == "mode: auto"
    shown = readings.config({"text": None, "isBinary": True})
    assert shown is not None
    assert read_config(shown)[0] is None, "the defaults must not take the place of what nobody can read"


def test_our_comment_carries_its_digest() -> None:
    body = mark("Hello", "status")
    found = readings.comment({"id": "C", "url": "u", "body": body})
    marker = read_marker(body)
    assert found is not None
    assert marker is not None
    assert found.digest == marker.digest
    assert readings.comment({"id": "C", "url": "u", "body": "edited away"}) is not None
    assert readings.comment(None) is None
    assert readings.comment({}) is None  # a node that is no comment


def test_a_pull_is_read_whole() -> None:
    review = {"state": "APPROVED", "url": "r", "submittedAt": answers.TIME, "author": answers.user("rita")}
    facts = readings.pull(
        answers.pull(
            latestOpinionatedReviews=nodes({**review, "commit": {"oid": HEAD}}, {**review, "commit": None}),
            head_commit=answers.commit(
                own=(answers.own_run(1), answers.own_run(2, status="COMPLETED", conclusion="SUCCESS"))
            ),
        ),
        APP_ID,
    )
    assert facts.state is PullState.OPEN
    assert facts.mergeable is Mergeable.YES
    assert facts.author == "signalbox[bot]"
    assert facts.head_message == "Open W1\n\nbody"
    assert facts.head_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert facts.labels == {"signalbox:ready": "L1", "other": "L2"}
    assert [(each.author, each.state, each.commit) for each in facts.reviews] == [
        ("rita", ReviewState.APPROVED, HEAD),
        ("rita", ReviewState.APPROVED, None),
    ]
    assert [(own.node_id, own.status, own.conclusion) for own in facts.own_checks] == [
        ("CR2", "completed", "success"),
        ("CR1", "in_progress", None),
    ]


def test_closed_is_not_merged() -> None:
    closed = readings.pull(answers.pull(state="CLOSED", closedAt=answers.TIME, mergeCommit={"oid": BASE}), APP_ID)
    assert (closed.state, closed.merge_sha) == (PullState.CLOSED, None)
    merged = readings.pull(
        answers.pull(state="MERGED", mergedAt=answers.TIME, mergeCommit={"oid": BASE}, mergedBy=answers.user("mia")),
        APP_ID,
    )
    assert (merged.state, merged.merge_sha, merged.merged_by) == (PullState.MERGED, BASE, "mia")


@pytest.mark.parametrize(
    ("node", "state", "word"),
    [
        (answers.run(), CheckState.PASSED, "success"),
        (answers.run(conclusion="NEUTRAL"), CheckState.PASSED, "neutral"),
        (answers.run(conclusion="SKIPPED"), CheckState.PASSED, "skipped"),
        (answers.run(conclusion="STALE"), CheckState.FAILED, "stale"),
        (answers.run(conclusion="TIMED_OUT"), CheckState.FAILED, "timed_out"),
        (answers.run(conclusion="ACTION_REQUIRED"), CheckState.FAILED, "action_required"),
        (answers.run(status="QUEUED", conclusion=None), CheckState.PENDING, "queued"),
        (answers.run(status="IN_PROGRESS", conclusion="SUCCESS"), CheckState.PENDING, "in_progress"),
        (answers.run(status="COMPLETED", conclusion=None), CheckState.PENDING, "completed"),
        (answers.status(), CheckState.PASSED, "success"),
        (answers.status(state="ERROR"), CheckState.FAILED, "error"),
        (answers.status(state="FAILURE"), CheckState.FAILED, "failure"),
        (answers.status(state="PENDING"), CheckState.PENDING, "pending"),
        (answers.status(state="EXPECTED"), CheckState.PENDING, "expected"),
    ],
)
def test_a_check_has_passed_failed_or_not_ended(node: Json, state: CheckState, word: str) -> None:
    (check,) = readings.checks([node], APP_ID)
    assert (check.state, check.conclusion) == (state, word)


def test_a_check_that_was_started_again_counts_as_it_is_now() -> None:
    found = readings.checks(
        [
            answers.run(databaseId=5),
            answers.run(databaseId=9, status="QUEUED", conclusion=None),
            answers.run(databaseId=7, conclusion="FAILURE"),
            answers.status(createdAt="2026-05-01T11:00:00Z", state="FAILURE"),
            answers.status(),
        ],
        APP_ID,
    )
    assert [(check.name, check.state) for check in found] == [
        ("tests", CheckState.PENDING),
        ("lint", CheckState.FAILED),
    ]


def test_one_name_by_two_reporters_is_two_checks() -> None:
    found = readings.checks(
        [answers.run(), answers.run(app={"databaseId": 8, "name": "B", "slug": "b"}), answers.status("tests")], APP_ID
    )
    assert [check.app_id for check in found] == [9, 8, None]
    assert [check.app_name for check in found] == ["CI", "B", "ci"]


def test_a_status_is_told_without_secrets() -> None:
    secret = {"description": "ghp_secret1234 expired", "targetUrl": "https://ci.example/?key=ghp_secret1234"}
    (found,) = readings.checks([answers.status(**secret)], APP_ID)
    assert (found.words, found.url) == ("[removed] expired", "")


def test_only_our_own_signalbox_is_left_out() -> None:
    ours = answers.run("signalbox", app={"databaseId": APP_ID, "name": "Signalbox", "slug": "signalbox"})
    forged = answers.run("signalbox", app={"databaseId": 666, "name": "Forger", "slug": "forger"})
    found = readings.checks([ours, forged, answers.status("signalbox"), answers.run(app=None)], APP_ID)
    assert [(check.name, check.app_id) for check in found] == [
        ("signalbox", 666),
        ("signalbox", None),
        ("tests", None),
    ]


def test_more_checks_than_were_read_are_admitted() -> None:
    def complete(head_commit: Json) -> bool:
        return readings.pull(answers.pull(head_commit=head_commit), APP_ID).checks_complete

    assert complete(answers.commit())
    assert complete(answers.commit(checks=(answers.run(),)))
    assert not complete(answers.commit(checks=(answers.run(),), more=True))


def test_nothing_is_known_of_a_head_whose_commit_has_not_come_yet() -> None:
    """After a push GitHub can name the new head and still list the old commit."""
    old = answers.commit(oid="c" * 40, checks=(answers.run(),), own=(answers.own_run(),))
    facts = readings.pull(answers.pull(head_commit=old), APP_ID)
    assert (facts.checks, facts.own_checks, facts.checks_complete) == ((), (), False)
    assert (facts.head_message, facts.head_at) == ("", None)
    assert not readings.pull(answers.pull(commits=nodes()), APP_ID).checks_complete


def test_githubs_trial_merge_is_told_where_there_is_one() -> None:
    trial = {"tree": {"oid": TREE}, "parents": nodes({"oid": BASE}, {"oid": HEAD})}
    facts = readings.pull(answers.pull(potentialMergeCommit=trial), APP_ID)
    assert (facts.trial_tree, facts.trial_parents) == (TREE, (BASE, HEAD))
    facts = readings.pull(answers.pull(), APP_ID)
    assert (facts.trial_tree, facts.trial_parents) == (None, ())


def test_a_commits_checks_are_read_as_those_of_a_head() -> None:
    own = answers.run("signalbox", app={"databaseId": APP_ID, "name": "Signalbox", "slug": "signalbox"})
    runs = (answers.run(databaseId=1, conclusion="FAILURE"), answers.run(databaseId=2), own)
    facts = readings.commit(answers.judged(BASE, HEAD, checks=runs), APP_ID)
    assert (facts.sha, facts.tree, facts.parents, facts.checks_complete) == (BASE, TREE, (HEAD,), True)
    assert [(check.name, check.state) for check in facts.checks] == [("tests", CheckState.PASSED)]
    assert not readings.commit(answers.judged(checks=runs, more=True), APP_ID).checks_complete
    facts = readings.commit(answers.judged(), APP_ID)
    assert (facts.checks, facts.checks_complete) == ((), True)
