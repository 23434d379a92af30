"""The arithmetic of the benchmarks: a wrong ratio would be believed."""

import time

import pytest

from bench.crowd import Copy
from bench.load import GUID, Slice, length_of
from bench.paired import Measured, Pair, Webhook, ratios
from bench.result import Result
from bot.web.hook import signed
from sandbox.model import encode_node_id


def test_a_slice_is_compared_with_the_two_beside_it() -> None:
    assert ratios([100, 200, 400], [75, 150]) == [0.5, 0.5]


def test_a_pair_s_ratio_is_the_median_so_one_disturbed_slice_does_not_count() -> None:
    pair = Pair(Measured(rates=[100, 100, 100, 100]), Measured(rates=[60, 1, 62]))
    assert pair.ratio == 0.6


def test_a_percentile_is_one_of_the_times() -> None:
    measured = Measured(milliseconds=[float(n) for n in range(100, 0, -1)])
    assert [measured.percentile(share) for share in (0, 0.5, 0.99, 1)] == [1, 51, 100, 100]


def test_a_request_is_signed_over_its_body_and_every_one_has_another_guid() -> None:
    webhook = Webhook(event="push", body=b'{"n": "1"}')
    head, _, body = webhook.request().partition("\r\n\r\n")
    signature = head.partition("X-Hub-Signature-256: ")[2].split()[0]
    assert signed(webhook.secret, body.encode(), signature)
    work = Slice(request=webhook.request().encode(), prefix="p", until=time.perf_counter() + 60, limit=2)
    sent = [work.next(time.perf_counter()) for _ in range(3)]
    assert [b"Delivery: p-0\r\n" in (sent[0] or b""), b"Delivery: p-1\r\n" in (sent[1] or b""), sent[2]] == [
        True,
        True,
        None,
    ]
    assert GUID not in b"".join(each or b"" for each in sent)


@pytest.mark.parametrize(("head", "length"), [(b"HTTP/1.1 202\r\nContent-Length: 16", 16), (b"HTTP/1.1 204 No", 0)])
def test_an_answer_ends_where_its_head_says(head: bytes, length: int) -> None:
    assert length_of(head) == length


def test_a_copy_speaks_of_itself_and_of_what_both_share() -> None:
    made = Copy(ids=frozenset({5, 7}), distance=100, old="octo/demo", new="octo/copy")
    text = f"see octo/demo, {encode_node_id('PR', 7)}, {encode_node_id('REF', 5, 'main')}, {encode_node_id('U', 3)}"
    assert made.words(text) == (
        f"see octo/copy, {encode_node_id('PR', 107)}, {encode_node_id('REF', 105, 'main')}, {encode_node_id('U', 3)}"
    )


def test_a_page_shows_the_table_and_what_it_exceeds() -> None:
    result = Result(title="Reading: milliseconds.", columns=("text", "ms"), rows=[["a|b", "1"]], exceeded="too slow")
    assert result.as_markdown().splitlines() == [
        "## Reading", "", "Milliseconds.", "", "| text | ms |", "| --- | --: |", "| a&#124;b | 1 |", "", "**Exceeded: too slow**",
    ]  # fmt: skip
