"""The backend's answer, checked and wrapped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.answer import relayed
from services.gateway.errors import UpstreamRubbish
from services.statuses import BODYLESS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.booleans())
def test_any_json_is_wrapped_as_it_is(value: object, ascii_only: bool) -> None:
    """The client reads under `res` exactly what the backend wrote."""
    answer = relayed(200, json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass").strip())
    assert json.loads(bytes(answer.body)) == {"res": value}
    assert answer.headers["content-type"] == "application/json"


@given(st.binary())
def test_what_is_wrapped_is_json(body: bytes) -> None:
    """Whatever bytes a backend sends: they are refused, or the answer is JSON that any parser takes."""
    try:
        answer = relayed(200, body)
    except UpstreamRubbish:
        return
    assert json.loads(bytes(answer.body).decode(), parse_constant=pytest.fail).keys() == {"res"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"-Infinity", b"\xff", b"\xef\xbb\xbf1", b"1 2", b'1}{"x":2', b"[" * 99999]
)
def test_rubbish_is_refused(body: bytes) -> None:
    """Nothing that would make the gateway's own answer something else than JSON."""
    with pytest.raises(UpstreamRubbish):
        relayed(200, body)


@given(st.integers(-1, 1100), st.binary(max_size=9))
def test_a_status_is_passed_on_or_refused(status: int, body: bytes) -> None:
    """Final statuses pass: errors as problems that hold nothing of the backend's, bodyless ones without body."""
    if not 200 <= status <= 599:
        with pytest.raises(UpstreamRubbish):
            relayed(status, b"1")
        return
    answer = relayed(status, body if status >= 400 else b"1")
    assert answer.status_code == status
    if status >= 400:
        problem = json.loads(bytes(answer.body))
        assert (problem["status"], problem["detail"]) == (status, f"the backend answered {status}")
    else:
        assert answer.body == (b"" if status in BODYLESS else b'{"res":1}')
