"""Gate: enough people approved, and nobody asks for changes.

Must not judge who may review: the facts hold only those who may.
"""

from bot.core.facts import PullFacts, ReviewFacts, ReviewState
from bot.core.gates import OWNER, Case, Gate
from bot.core.model import Approval, Login
from bot.core.text import login
from bot.core.views import GateResult, GateVerdict


def check(case: Case) -> GateResult:
    """Count distinct people: their latest review, and approvals given by command for this very head."""
    commanded = tuple(each for each in case.intent.approvals.get(case.key, ()) if each.head == case.pull.head_sha)
    against = [
        review
        for review in case.pull.reviews
        if review.state is ReviewState.CHANGES_REQUESTED and not _changed_their_mind(review, commanded)
    ]
    if against:
        who = _people([review.author for review in against])
        return GateResult(
            gate=GATE.name,
            verdict=GateVerdict.NEEDS_HUMAN,
            reason=f"{who} asked for changes",
            url=against[0].url,
            next_actor=OWNER,
        )
    people = _approvers(case.pull, commanded, fresh=case.config.fresh_approvals)
    needed = case.config.approvals
    if len(people) >= needed:
        reason = f"Approved by {_people(people)}" if people else "No approval asked for"
        return GateResult(gate=GATE.name, verdict=GateVerdict.PASS, reason=reason, url=case.pull.url)
    return GateResult(
        gate=GATE.name,
        verdict=GateVerdict.NEEDS_HUMAN,
        reason=_lacking(case, people),
        url=case.pull.url,
        next_actor="a reviewer",
    )


def _changed_their_mind(review: ReviewFacts, commanded: tuple[Approval, ...]) -> bool:
    """Whether the reviewer approved by command after asking for changes: the latest opinion counts."""
    return review.at is not None and any(
        each.by.lower() == review.author.lower() and each.at > review.at for each in commanded
    )


def _approvers(pull: PullFacts, commanded: tuple[Approval, ...], *, fresh: bool) -> list[Login]:
    reviewed = [
        review.author
        for review in pull.reviews
        if review.state is ReviewState.APPROVED and (review.commit == pull.head_sha or not fresh)
    ]
    people = {who.lower(): who for who in (*reviewed, *(each.by for each in commanded))}
    people.pop(pull.author.lower(), None)  # nobody approves their own
    return list(people.values())


def _lacking(case: Case, people: list[Login]) -> str:
    needed = case.config.approvals
    count = "1 approval" if needed == 1 else f"{needed} approvals"
    so_far = f", has {_people(people)}" if people else ""
    stale = any(review.state is ReviewState.APPROVED for review in case.pull.reviews) and case.config.fresh_approvals
    earlier = "; approvals of an earlier head do not count" if stale else ""
    gone = [review.author for review in case.pull.reviews if review.state is ReviewState.DISMISSED]
    if gone and not stale:
        earlier = f"; the review of {_people(gone)} was dismissed, as GitHub does when the head moves"
    return f"Needs {count}{so_far}{earlier}"


def _people(logins: list[Login]) -> str:
    shown = [login(each) for each in logins[:3]]
    if len(logins) > 3:
        return f"{', '.join(shown)} and {len(logins) - 3} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


GATE = Gate(name="review", title="Review", position=60, check=check)
