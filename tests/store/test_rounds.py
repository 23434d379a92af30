"""Looks without news: all that is open as soon as its installation can afford, and never beyond that."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.rounds import A_POINT, PACE, POINTS_PER_HOUR, SHORTEST, Open, looks

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
HOUR = timedelta(hours=1)


def a_lane(number: int, *, installation: int = 5, at: datetime | None = None, workstreams: int | None = 5) -> Open:
    return Open(lane_id=number, installation_id=installation, look_at=at, workstreams=workstreams)


class Clock:
    """A resync every `period`, and a turn at once for every look that comes due."""

    def __init__(self, lanes: list[Open], period: timedelta = PERIOD) -> None:
        self.lanes = {each.lane_id: each for each in lanes}
        self.period = period
        self.now = NOW
        self.seen: list[tuple[datetime, int]] = []  # every look

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            times = looks(list(self.lanes.values()), self.now, self.period)
            self.seen += [(at, lane_id) for lane_id, at in times.items()]
            for lane_id, at in times.items():
                self.had(lane_id, at)
            self.now += self.period

    def had(self, lane_id: int, at: datetime) -> None:
        """It has had a turn, whatever for."""
        old = self.lanes[lane_id]
        self.lanes[lane_id] = a_lane(lane_id, installation=old.installation_id, at=at, workstreams=old.workstreams)

    def points(self, installation: int, since: datetime) -> float:
        """What the looks of an installation cost in the hour after `since`."""
        of_it = [lane_id for at, lane_id in self.seen if since <= at < since + HOUR]
        return sum(
            self.lanes[each].takes / A_POINT for each in of_it if self.lanes[each].installation_id == installation
        )


@pytest.mark.parametrize(("workstreams", "points"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 3), (20, 5), (None, 2)])
def test_a_look_takes_the_time_in_which_its_points_may_be_spent(workstreams: int | None, points: int) -> None:
    assert a_lane(1, workstreams=workstreams).takes == points * HOUR / POINTS_PER_HOUR


def test_few_lanes_are_all_looked_at_every_time_one_soon_after_the_other() -> None:
    few = [a_lane(number, at=NOW - timedelta(seconds=1)) for number in range(1, 101)]
    assert looks(few, NOW, PERIOD) == {each.lane_id: NOW + number * PACE for number, each in enumerate(few)}


def test_few_lanes_of_many_installations_share_the_time() -> None:
    many = [a_lane(number, installation=number % 100) for number in range(5000)]
    found = looks(many, NOW, PERIOD)
    assert len(found) == 5000
    assert max(found.values()) < NOW + PERIOD


def test_a_short_time_of_a_round_does_not_make_many_of_few() -> None:
    lanes = [a_lane(1), a_lane(2, workstreams=50)]
    assert looks(lanes, NOW, timedelta(seconds=1)).keys() == {1, 2}
    many = [a_lane(number) for number in range(1000)]
    assert len(looks(many, NOW, timedelta(seconds=1))) == 1


def test_many_lanes_are_looked_at_in_turn_and_each_before_any_a_second_time() -> None:
    clock = Clock([a_lane(number) for number in range(1000)])
    clock.run(9)
    assert len({lane_id for _, lane_id in clock.seen}) == len(clock.seen) < 1000
    clock.run(1)  # 1,000 points at 1,250 an hour are 48 minutes
    assert len({lane_id for _, lane_id in clock.seen}) == 1000


def test_many_lanes_spend_no_more_than_the_share_in_any_hour() -> None:
    big = [a_lane(number, workstreams=number % 40) for number in range(2000)]
    clock = Clock([*big, *(a_lane(number, installation=6) for number in range(2000, 2010))])
    clock.run(60)
    dearest = max(each.takes / A_POINT for each in big)
    for minutes in range(0, 240, 7):
        spent = clock.points(5, NOW + timedelta(minutes=minutes))
        assert POINTS_PER_HOUR - dearest <= spent <= POINTS_PER_HOUR + dearest
    assert clock.points(6, NOW) == 10 * 12


def test_those_whose_turn_is_longest_ago_come_first_and_new_ones_before_them() -> None:
    lanes = [a_lane(number, at=NOW - timedelta(minutes=number)) for number in range(1, 200)]
    found = looks([*lanes, a_lane(300)], NOW, PERIOD)
    assert sorted(found, key=found.__getitem__)[:4] == [300, 199, 198, 197]
    assert len(found) == -(-PERIOD // A_POINT)


def test_a_restart_goes_on_where_the_process_before_it_was() -> None:
    clock = Clock([a_lane(number) for number in range(1000)])
    clock.run(1)
    again = looks(list(clock.lanes.values()), NOW + timedelta(minutes=1), PERIOD)
    assert not set(again) & {lane_id for _, lane_id in clock.seen}
    assert min(again.values()) >= max(at for at, _ in clock.seen)
    assert max(again.values()) < NOW + timedelta(minutes=6)


def test_a_time_that_a_clock_set_wrong_has_left_stops_nothing() -> None:
    far = [a_lane(number, at=NOW + timedelta(days=300)) for number in range(150)]
    assert len(looks([*far, a_lane(300, at=NOW - HOUR)], NOW, PERIOD)) == -(-PERIOD // A_POINT)


@given(
    workstreams=st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=150),
    turns=st.lists(st.integers(0, 149), max_size=30),
    minutes=st.integers(1, 30),
)
def test_every_lane_is_looked_at_and_none_is_forgotten_for_another(
    workstreams: list[int | None], turns: list[int], minutes: int
) -> None:
    """Also while events bring others of them turns; in twice the time that one round takes."""
    period = timedelta(minutes=minutes)
    clock = Clock([a_lane(number, workstreams=each) for number, each in enumerate(workstreams)], period)
    takes = sum((each.takes for each in clock.lanes.values()), timedelta())
    waits: Counter[int] = Counter(dict.fromkeys(clock.lanes, 0))
    longest = 2 * max(-(-takes // period), -(-SHORTEST // period)) + 2
    for number in range(3 * longest):
        before = len(clock.seen)
        clock.run(1)
        waits.update(clock.lanes.keys())
        for _, lane_id in clock.seen[before:]:
            waits[lane_id] = 0
        if turns and (busy := turns[number % len(turns)]) in clock.lanes:
            clock.had(busy, clock.now)
            waits[busy] = 0
        assert max(waits.values()) <= longest
