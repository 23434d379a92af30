"""Mutations on check runs; the input is put into REST's words, which the operations speak."""

from typing import Any

from sandbox.graphql.context import Context
from sandbox.graphql.lookup import expect
from sandbox.graphql.registry import snake_case
from sandbox.operations import checks
from sandbox.reports import CheckRun

from .mutation import Payload, mutation, the_repository

PLAIN = ("name", "externalId", "detailsUrl", "startedAt", "completedAt", "actions")


@mutation("createCheckRun")
async def create_check_run(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    details = _details(given)
    details.pop("name")
    run = await checks.create_check_run(
        context.world, context.actor, repo, name=given["name"], head_sha=given["headSha"], details=details
    )
    return {"checkRun": run}


@mutation("updateCheckRun")
async def update_check_run(context: Context, given: dict[str, Any]) -> Payload:
    repo = await the_repository(context, given["repositoryId"])
    run = await expect(context, given["checkRunId"], CheckRun, "CheckRun")
    return {"checkRun": await checks.update_check_run(context.world, context.actor, repo, run, _details(given))}


def _details(given: dict[str, Any]) -> dict[str, Any]:
    """Return the body that REST would take for the same check run."""
    details = {snake_case(name): given[name] for name in PLAIN if name in given}
    details |= {name: given[name].lower() for name in ("status", "conclusion") if name in given}
    if "output" in given:
        output = {key: value for key, value in given["output"].items() if value is not None and key != "images"}
        output["annotations"] = [_annotation(one) for one in output.get("annotations", [])]
        details["output"] = output
    return details


def _annotation(given: dict[str, Any]) -> dict[str, Any]:
    location = {snake_case(key): value for key, value in given["location"].items() if value is not None}
    rest = {snake_case(key): value for key, value in given.items() if key != "location" and value is not None}
    return rest | location | {"annotation_level": given["annotationLevel"].lower()}
