"""What failed check runs say for themselves, asked by their node ids.

Below client.py. Must not hold up a turn for what is only shown: a run that is gone or too heavy to read says nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.facts import AnnotationFacts, FailureFacts
from bot.core.model import NodeId
from bot.core.redaction import linked, without_secrets
from bot.github import queries
from bot.github.answers import GraphQLError, ResourceLimits, documented_shapes
from bot.github.port import RepositoryRef
from bot.github.transport import Transport


async def failures(
    transport: Transport, repository: RepositoryRef, runs: Sequence[NodeId]
) -> dict[NodeId, FailureFacts]:
    """Return what each run says, one request per 10 of them; none if there are none. Raises ReadFailed, NotInstalled."""
    found: dict[NodeId, FailureFacts] = {}
    for start in range(0, len(runs), queries.RUNS_PER_REQUEST):
        found |= await _page(transport, repository, runs[start : start + queries.RUNS_PER_REQUEST])
    return found


async def _page(transport: Transport, repository: RepositoryRef, runs: Sequence[NodeId]) -> dict[NodeId, FailureFacts]:
    """Read some runs; where GitHub finds that too heavy, each alone."""
    variables = {"runs": list(runs)}
    try:
        data = await transport.query(
            repository, "Failures", queries.FAILURES, variables, forgive=_run_is_gone, splits=len(runs) > 1
        )
    except ResourceLimits:
        if len(runs) == 1:
            return {runs[0]: FailureFacts()}
        alone = [await _page(transport, repository, [run]) for run in runs]
        return {run: facts for page in alone for run, facts in page.items()}
    with documented_shapes("failed check runs"):
        return {run: _said(node) for run, node in zip(runs, data["nodes"], strict=True)}


def _said(run: Mapping[str, Any] | None) -> FailureFacts:
    """Read one run; nothing for one that GitHub does not show any more."""
    if not run:
        return FailureFacts()
    notes = run["annotations"] or {"nodes": (), "totalCount": 0}
    return FailureFacts(
        title=without_secrets(run["title"] or ""),
        summary=without_secrets(run["summary"] or ""),
        text=without_secrets(run["text"] or ""),
        annotations=tuple(
            AnnotationFacts(
                path=without_secrets(note["path"]),
                line=note["location"]["start"]["line"],
                level=(note["annotationLevel"] or "").lower(),
                message=without_secrets(note["message"]),
                title=without_secrets(note["title"] or ""),
            )
            for note in notes["nodes"]
        ),
        annotation_count=notes["totalCount"],
        details_url=linked(run["detailsUrl"] or ""),
    )


def _run_is_gone(error: GraphQLError) -> bool:
    """Say whether an error only means that one of the runs was deleted: `nodes` then holds null at its place."""
    return error.kind == "NOT_FOUND" and error.path[:1] == ("nodes",)
