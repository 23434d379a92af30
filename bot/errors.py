"""The one tree of exceptions; an exception means "this turn cannot go on", expected refusals are values.

SignalboxError
├── SettingsError          operator: a setting is missing or wrong; the program does not start
├── PayloadError           sender: a webhook body is not what GitHub sends; it is parked
├── InboxFull              sender: more waits to be stored than there is room for; answered with 503
├── LeaseLost              nobody: another worker owns the plan now; the turn stops without a trace
└── GitHubError            operator: GitHub could not be asked or did not answer as documented
├── ReadFailed         later differs: a read failed or was partial, so nothing may be decided from it
│   └── RateLimited    later differs: try again at `retry_at`
├── NotInstalled       later differs only if somebody acts: the App has no access to the repository
└── NotFound           the thing that was asked for does not exist (or is hidden, which GitHub answers alike)
"""

from datetime import datetime


class SignalboxError(Exception):
    """Base of everything that Signalbox raises on purpose."""


class SettingsError(SignalboxError):
    """One or more settings are missing or wrong.

    `problems` has one line per setting, each naming the setting and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class PayloadError(SignalboxError):
    """A webhook body that GitHub would not send."""


class InboxFull(SignalboxError):
    """The database takes in less than what comes; whoever sends may send it again later."""


class LeaseLost(SignalboxError):
    """The lane was taken by another after its lease had run out; whoever holds it now looks at the world anew."""


class GitHubError(SignalboxError):
    """GitHub could not be asked, or answered in a way that its documentation does not describe."""


class ReadFailed(GitHubError):
    """A read failed or came back partial. Nothing is decided from half the facts."""


class RateLimited(ReadFailed):
    """GitHub asked us to wait. `retry_at` is UTC."""

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class NotInstalled(GitHubError):
    """The App is not installed on the repository, is suspended, or lost a permission that the call needs."""


class NotFound(GitHubError):
    """GitHub answered 404, which also stands for "you may not see it"."""
