"""What is asked of GitHub Actions: run a job again, start a workflow. With client.py a file that knows URLs.

Below client.py. Both need the App's permission Actions: read and write, which it may lack: a refusal is a value.
"""

from datetime import timedelta

from bot.core.actions import Outcome, OutcomeKind, RerunJob, StartWorkflow
from bot.github import outcomes
from bot.github.answers import Reply
from bot.github.port import RepositoryRef
from bot.github.transport import Transport

STILL_RUNNING_WAIT = timedelta(seconds=30)  # GitHub names no time; an event comes when the rest has run
PERMISSION = "Actions: read and write"


async def rerun_job(transport: Transport, repository: RepositoryRef, action: RerunJob) -> Outcome:
    """Run a job and what depends on it again. Repeating is safe: see RerunJob.

    https://docs.github.com/en/rest/actions/workflow-runs#re-run-a-job-from-a-workflow-run
    """
    route = "/repos/{owner}/{name}/actions/jobs/{job}/rerun"
    names = {**_names(repository), "job": str(action.job)}
    reply = await transport.write(repository, "POST", route, names, {})
    return reply if isinstance(reply, Outcome) else rerun_outcome(reply)


async def start_workflow(transport: Transport, repository: RepositoryRef, action: StartWorkflow) -> Outcome:
    """Start a workflow on the tip of a branch; repeating starts it twice.

    https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
    """
    route = "/repos/{owner}/{name}/actions/workflows/{workflow}/dispatches"
    names = {**_names(repository), "workflow": action.workflow}
    reply = await transport.write(repository, "POST", route, names, {"ref": action.ref})
    return reply if isinstance(reply, Outcome) else start_outcome(reply, action)


def rerun_outcome(reply: Reply) -> Outcome:
    """Return what the reply to a re-run means; GitHub has one status for "never" and "not yet"."""
    words = reply.message.lower()
    if 200 <= reply.status < 300:
        return Outcome(kind=OutcomeKind.DONE)
    if reply.status == 403 and "already running" in words:
        # As long as any job of the workflow run runs. https://github.com/apache/tvm/issues/12847
        return Outcome(kind=OutcomeKind.LATER, detail=reply.message, retry_after=STILL_RUNNING_WAIT)
    if reply.status == 403 and outcomes.NO_PERMISSION in words:
        return Outcome(kind=OutcomeKind.REFUSED, detail=f"the App lacks the permission {PERMISSION}")
    if reply.status in {404, 410}:
        # A check that a step of a workflow reports comes from the same App and is no job.
        return Outcome(kind=OutcomeKind.REFUSED, detail="it is no job of GitHub Actions")
    # "... created over a month ago", "... cannot be retried". https://github.com/cli/cli/issues/9989
    return Outcome(kind=OutcomeKind.REFUSED, detail=reply.message)


def start_outcome(reply: Reply, action: StartWorkflow) -> Outcome:
    """Return what the reply to a dispatch means. 200 instead of 204 comes with details of the run."""
    if reply.status == 404:
        detail = f"GitHub knows no workflow {action.workflow}: it must be on the default branch, too"
        return Outcome(kind=OutcomeKind.REFUSED, detail=detail)
    return outcomes.rest_outcome(reply, PERMISSION)


def _names(repository: RepositoryRef) -> dict[str, str]:
    owner, _, name = repository.full_name.partition("/")
    return {"owner": owner, "name": name}
