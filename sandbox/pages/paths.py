"""The path of every page, as on github.com; used by the pages and by GraphQL's `resourcePath` and `url`."""

from urllib.parse import quote

from sandbox.model import App, Comment, Issue, Label, Pull, Repository, Review, User
from sandbox.reports import CheckRun, CheckSuite
from sandbox.world import World

from .slug import without_bot


def of_user(user: User) -> str:
    """Return the page of a person, an organization or a bot's App."""
    return f"/apps/{without_bot(user.login)}" if user.type == "Bot" else f"/{user.login}"


def of_app(app: App) -> str:
    return f"/apps/{app.slug}"


def of_repository(world: World, repo: Repository) -> str:
    return f"/{world.full_name(repo)}"


def of_thread(world: World, thread: Issue) -> str:
    """Return the page of an issue or pull."""
    kind = "pull" if isinstance(thread, Pull) else "issues"
    return f"{of_repository(world, world.repository_of(thread))}/{kind}/{thread.number}"


def of_comment(world: World, comment: Comment) -> str:
    return f"{of_thread(world, world.thread_by_id(comment.thread_id))}#issuecomment-{comment.id}"


def of_review(world: World, review: Review) -> str:
    return f"{of_thread(world, world.state.pulls[review.pull_id])}#pullrequestreview-{review.id}"


def of_label(world: World, label: Label) -> str:
    return f"{of_repository(world, world.repository_of(label))}/labels/{quote(label.name, safe='')}"


def of_run(world: World, run: CheckRun) -> str:
    return f"{of_repository(world, world.repository_of(run))}/runs/{run.id}"


def of_suite(world: World, suite: CheckSuite) -> str:
    return (
        f"{of_repository(world, world.repository_of(suite))}/commit/{suite.head_sha}/checks?check_suite_id={suite.id}"
    )


def of_commit(world: World, repo: Repository, sha: str) -> str:
    return f"{of_repository(world, repo)}/commit/{sha}"


def of_tree(world: World, repo: Repository, ref: str) -> str:
    return f"{of_repository(world, repo)}/tree/{quote(ref)}"
