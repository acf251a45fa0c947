"""Versions: entity tags, dates, conditions and ranges, as RFC 9110 has them."""

from __future__ import annotations

import pytest

from mixdyn.tools.mock import MockRequest, MockResponse
from mixdyn.tools.mock.delivery import Version, deliver
from mixdyn.tools.mock.refusal import RefusedError

CONTENT = b"0123456789"
MODIFIED = 1_700_000_000.7  # 22:13:20 and a bit
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
LATER = "Tue, 14 Nov 2023 22:13:21 GMT"
EARLIER = "Tue, 14 Nov 2023 22:13:19 GMT"
VERSION = Version(CONTENT, "text/plain", MODIFIED, MODIFIED + 60)


def get(headers: dict[str, str], version: Version = VERSION, method: str = "GET") -> MockResponse:
    """Ask for a version."""
    return deliver(version, MockRequest(method, "/x", tuple(headers.items())))


def refuse(headers: dict[str, str]) -> RefusedError:
    """Ask for what is refused."""
    with pytest.raises(RefusedError) as caught:
        get(headers)
    return caught.value


def test_a_version_is_sent_with_what_tells_it_apart() -> None:
    """Tag, date and the unit of ranges go with the whole."""
    answer = get({})
    assert (answer.status, answer.body) == (200, CONTENT)
    assert dict(answer.headers) == {
        "content-type": "text/plain",
        "etag": VERSION.etag,
        "last-modified": DATE,
        "accept-ranges": "bytes",
    }


def test_a_tag_is_strong_and_that_of_the_bytes_and_the_type() -> None:
    """Equal bytes have equal tags, other bytes and other types have others."""
    tags = {
        Version(b"a", "text/plain").etag,
        Version(b"a", "text/html").etag,
        Version(b"b", "text/plain").etag,
    }
    assert len(tags) == 3
    assert all(tag[0] == tag[-1] == '"' for tag in tags)
    assert Version(b"a", "text/plain", MODIFIED, MODIFIED).etag in tags


@pytest.mark.parametrize("version", [Version(b"", "x"), Version(b"", "x", MODIFIED, MODIFIED)])
def test_a_date_that_may_still_stand_for_another_version_is_not_stated(version: Version) -> None:
    """Within its own second a date does not tell versions apart, so it is kept back."""
    assert version.last_modified is None
    assert version.validators == (("etag", version.etag),)


OTHER = '"other"'
TAG = VERSION.etag
CONDITIONS = [
    ({"if-none-match": TAG}, 304),
    ({"if-none-match": f"W/{TAG}"}, 304),
    ({"if-none-match": f"{OTHER}, {TAG}"}, 304),
    ({"if-none-match": "*"}, 304),
    ({"if-none-match": OTHER}, 200),
    ({"if-none-match": "nonsense"}, 200),
    ({"if-none-match": OTHER, "if-modified-since": LATER}, 200),  # the tag decides
    ({"if-modified-since": DATE}, 304),
    ({"if-modified-since": LATER}, 304),
    ({"if-modified-since": EARLIER}, 200),
    ({"if-modified-since": DATE.replace("GMT", "-0000")}, 304),
    ({"if-modified-since": "yesterday"}, 200),
    ({"if-modified-since": "Tue, 14 Nov 99999 22:13:20 GMT"}, 200),
    ({"if-modified-since": DATE + " " * 99}, 200),
    ({"if-match": TAG}, 200),
    ({"if-match": "*"}, 200),
    ({"if-match": TAG, "if-unmodified-since": EARLIER}, 200),  # the tag decides
    ({"if-unmodified-since": DATE}, 200),
    ({"if-unmodified-since": "never"}, 200),
    ({"if-match": TAG, "if-none-match": TAG}, 304),
]


@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(headers: dict[str, str], status: int, method: str) -> None:
    """Each condition counts as RFC 9110, 13.2.2 orders them; 304 has no body and no type."""
    answer = get(headers, method=method)
    assert answer.status == status
    if status == 304:
        assert answer.body == b""
        assert answer.content_type == ""
        assert ("etag", TAG) in answer.headers


@pytest.mark.parametrize(
    "headers", [{"if-match": OTHER}, {"if-match": f"W/{TAG}"}, {"if-unmodified-since": EARLIER}]
)
def test_a_condition_that_does_not_hold_is_412(headers: dict[str, str]) -> None:
    """Who wants a version that is no more is told so; weak tags never match here."""
    assert refuse(headers).status == 412


def test_a_date_says_nothing_of_what_has_none() -> None:
    """Where no date was stated, none is compared."""
    undated = Version(CONTENT, "text/plain")
    for name in ("if-modified-since", "if-unmodified-since"):
        assert get({name: LATER}, undated).status == 200


RANGES = [
    ("bytes=0-3", b"0123", "bytes 0-3/10"),
    ("bytes=6-", b"6789", "bytes 6-9/10"),
    ("bytes=-2", b"89", "bytes 8-9/10"),
    ("bytes=-99", CONTENT, "bytes 0-9/10"),
    ("bytes=8-99", b"89", "bytes 8-9/10"),
    ("Bytes = 0 - 0", b"0", "bytes 0-0/10"),
]


@pytest.mark.parametrize(("wanted", "content", "placed"), RANGES)
def test_a_range_is_cut_out(wanted: str, content: bytes, placed: str) -> None:
    """A part comes with 206, its place, and the tag of the whole."""
    answer = get({"range": wanted})
    assert (answer.status, answer.body) == (206, content)
    assert ("content-range", placed) in answer.headers
    assert ("etag", TAG) in answer.headers


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=5-2", "x"])
def test_other_ranges_give_all(wanted: str) -> None:
    """Several ranges, other units and what is no range are ignored, as a server may."""
    assert get({"range": wanted}).status == 200


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_behind_the_end_is_416(wanted: str) -> None:
    """A part that is not there is refused, with the size."""
    error = refuse({"range": wanted})
    assert (error.status, error.headers) == (416, (("content-range", "bytes */10"),))


def test_only_get_has_ranges() -> None:
    """HEAD tells of the whole (RFC 9110, 14.2), and what is empty has no parts."""
    assert get({"range": "bytes=0-3"}, method="HEAD").status == 200
    assert get({"range": "bytes=-5"}, Version(b"", "text/plain")).status == 200


@pytest.mark.parametrize(
    ("condition", "status"),
    [(TAG, 206), (DATE, 206), (OTHER, 200), (f"W/{TAG}", 200), (EARLIER, 200), (LATER, 200)],
)
def test_a_range_counts_only_for_the_same_version(condition: str, status: int) -> None:
    """`If-Range` must name this very version, else all of the other one comes."""
    assert get({"range": "bytes=5-", "if-range": condition}).status == status


def test_a_known_version_is_not_sent_in_parts_either() -> None:
    """Conditions come before ranges."""
    assert get({"range": "bytes=5-", "if-none-match": TAG}).status == 304
