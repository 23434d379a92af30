"""When each lane has its look without news: in rounds over all that is open, as slow as GitHub's limits ask for.

Pure. lanes.py reads what is open and writes down what is said here. Must not know what a look does.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

PACE = timedelta(seconds=0.25)  # between lanes that are woken without news, where there is the time

#: An installation has 5,000 points an hour (https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api),
#: more only if its organization is large; a quarter of them is for looks without news.
POINTS_PER_HOUR = 1250
A_POINT = timedelta(hours=1) / POINTS_PER_HOUR  # 2.88 s
SHORTEST = timedelta(minutes=5)  # so much may be spent at once, however short the time of a round should be

# What a look costs by GitHub's formula, a hundred connections a point; github/queries.py counts them.
HEAD = 4  # connections of a plan's read
WORKSTREAM = 25  # connections more for each
REPOSITORY = 2  # points of its newest page of open pulls


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A lane that is to be looked at once in a round."""

    lane_id: int
    installation_id: int
    look_at: datetime | None  # its newest turn, or the look that it still waits for; None = it had none
    workstreams: int | None  # None = it is a repository's
    resting: bool = False  # it is due only when woken

    @property
    def takes(self) -> timedelta:
        """The time in which its installation may spend what the look costs."""
        points = REPOSITORY if self.workstreams is None else round((HEAD + WORKSTREAM * self.workstreams) / 100)
        return max(points, 1) * A_POINT


def looks(lanes: Sequence[Open], now: datetime, period: timedelta) -> dict[int, datetime]:
    """Return which lanes to wake and when each comes due, all before `now + period`, when this is asked again.

    Where the looks at all lanes of an installation cost no more than it may spend in the period, all come, PACE apart.
    Where they cost more, those whose turn is longest ago come, as far apart as they cost; the others in later periods.
    """
    by_installation: dict[int, list[Open]] = defaultdict(list)
    for lane in lanes:
        by_installation[lane.installation_id].append(lane)
    few: list[Open] = []
    found: dict[int, datetime] = {}
    for each in by_installation.values():
        if sum((lane.takes for lane in each), timedelta()) <= max(period, SHORTEST):
            few += each
        else:
            found |= _part_of_a_round(each, now, now + period)
    apart = min(PACE, period / max(len(few), 1))
    few.sort(key=lambda lane: lane.lane_id)
    return found | {lane.lane_id: now + number * apart for number, lane in enumerate(few)}


def _part_of_a_round(lanes: Sequence[Open], now: datetime, end: datetime) -> dict[int, datetime]:
    """The looks of one installation that come before `end`, after those that an earlier part left in front of us."""
    known = [(lane.look_at, lane) for lane in lanes if lane.look_at is not None and lane.look_at < end]
    at = max([now, *(look_at + lane.takes for look_at, lane in known)])
    found: dict[int, datetime] = {}
    for lane in sorted(lanes, key=lambda lane: (lane.look_at is not None, lane.look_at or now, lane.lane_id)):
        if at >= end or (lane.look_at is not None and now < lane.look_at < end):
            break
        found[lane.lane_id] = at
        at += lane.takes
    return found
