"""Every GraphQL text is checked against the sandbox's schema, which names types as GitHub names them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from bot.core.actions import ClosePull, EditComment, MarkReady, Mutation, RemoveLabels, ReopenPull, UpdateBranch
from bot.core.model import Branch, IssueNumber, Key, NodeId, PullNumber, Sha
from bot.github import mutations, queries
from sandbox.graphql.cost import Count, count
from sandbox.graphql.schema import load_schema
from tests.github import test_mutations as written

REPOSITORY = {"owner": "octo", "name": "demo", "app": 71}
BRANCHES = [Branch(f"signalbox/w{number}") for number in range(queries.BRANCHES_PER_REQUEST)]
COMMITS = [Sha(f"{number:040x}") for number in range(queries.COMMITS_PER_REQUEST)]
ISSUE = IssueNumber(7)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return load_schema()


def problems(schema: GraphQLSchema, document: str, variables: dict[str, Any]) -> list[str]:
    tree = parse(document)
    found = [error.message for error in validate(schema, tree)]
    operation = next(node for node in tree.definitions if isinstance(node, OperationDefinitionNode))
    values = get_variable_values(schema, operation.variable_definitions or (), variables)
    return found + ([error.message for error in values] if isinstance(values, list) else [])


def reads() -> Iterator[tuple[str, dict[str, Any]]]:
    for base in (None, Branch("main")):
        for comment in (None, NodeId("C")):
            for branches in ([], BRANCHES[:1], BRANCHES):
                for commits in ([], COMMITS):
                    request = queries.plan_request(
                        issue=ISSUE, base=base, comment=comment, branches=branches, commits=commits
                    )
                    yield request.document, request.variables
    for request in (
        queries.branches_request(BRANCHES),
        queries.compare_request(Branch("main"), BRANCHES),
        queries.commits_request(COMMITS),
        queries.pulls_request([PullNumber(3), PullNumber(4)]),
    ):
        yield request.document, request.variables
    yield queries.TAGS, {"tags": queries.tag_prefix(ISSUE), "after": None}
    yield queries.OPEN_PULLS, {"after": None}
    yield queries.FAILURES, {"runs": ["CR_1"]}
    yield queries.HISTORY, {"tip": COMMITS[0], "after": None}
    yield queries.ISSUE_BODY, {"issue": ISSUE}
    yield queries.REPOSITORY_ID, {}


@pytest.mark.parametrize(("document", "variables"), list(reads()))
def test_every_read_is_what_the_schema_knows(schema: GraphQLSchema, document: str, variables: dict[str, Any]) -> None:
    assert problems(schema, document, {**REPOSITORY, **variables}) == []


@pytest.mark.parametrize(
    "action",
    [
        written.LABEL,
        written.REFS,
        written.DELETE,
        written.COMMIT,
        written.COMMENT,
        written.ADD,
        written.REACT,
        written.open_pull(),
        written.put_check(),
        written.put_check(run=NodeId("C"), status="completed", conclusion="success"),
        ReopenPull(pull=NodeId("P")),
        ClosePull(pull=NodeId("P")),
        MarkReady(pull=NodeId("P")),
        RemoveLabels(subject=NodeId("P"), labels=(NodeId("L"),)),
        EditComment(comment=NodeId("C"), body="b"),
        UpdateBranch(key=Key("W1"), pull=NodeId("P"), expected=COMMITS[0], rebase=True),
    ],
    ids=lambda action: type(action).__name__,
)
def test_every_mutation_is_what_the_schema_knows(schema: GraphQLSchema, action: Mutation) -> None:
    batch = mutations.batch([action], NodeId("R"), "octo/demo")
    assert problems(schema, batch.document, batch.variables) == []


def cost(schema: GraphQLSchema, request: queries.Request) -> Count:
    tree = parse(request.document)
    operation = next(node for node in tree.definitions if isinstance(node, OperationDefinitionNode))
    return count(schema, tree, operation, {**REPOSITORY, **request.variables})


def rows() -> list[list[int]]:
    """The table in the docstring of queries.py."""
    lines = re.findall(r"^\| (\d.*) \|$", queries.__doc__ or "", flags=re.MULTILINE)
    return [[int(cell.replace(",", "")) for cell in line.split(" | ")] for line in lines]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} workstreams and {row[1]} commits")
def test_a_plan_read_costs_what_the_docstring_says(schema: GraphQLSchema, row: list[int]) -> None:
    workstreams, commits, *expected = row
    size = queries.BRANCHES_PER_REQUEST
    names = [Branch(f"signalbox/w{number}") for number in range(workstreams)]
    first = queries.plan_request(
        issue=ISSUE, base=None, comment=NodeId("C"), branches=names[:size], commits=COMMITS[:commits]
    )
    further = [queries.branches_request(names[start : start + size]) for start in range(size, workstreams, size)]
    costs = [cost(schema, request) for request in (first, *further)]
    sums = [sum(one.requests for one in costs), sum(one.points for one in costs), sum(one.nodes for one in costs)]
    assert [len(costs), *sums] == expected


def test_names_of_branches_go_through_variables() -> None:
    branch = Branch('x"){id}}#')
    request = queries.plan_request(issue=ISSUE, base=branch, comment=NodeId(branch), branches=[branch])
    assert branch not in request.document
    assert branch not in queries.branches_request([branch]).document
    assert branch not in queries.compare_request(branch, [branch]).document
    assert request.variables["r0"] == f"refs/heads/{branch}"
    assert request.variables["h0"] == branch


def test_the_config_is_read_from_the_base() -> None:
    def config(base: Branch | None) -> object:
        return queries.plan_request(issue=ISSUE, base=base, comment=None, branches=[]).variables["config"]

    assert config(None) == "HEAD:.github/signalbox.yml"
    assert config(Branch("release/1")) == "refs/heads/release/1:.github/signalbox.yml"
