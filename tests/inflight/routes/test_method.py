"""Method labels that no client can make grow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inflight.routes.method import METHODS, OTHER, method_label


@given(st.text())
def test_a_made_up_method_is_other(method: str) -> None:
    """Whatever a client calls its method, the label has one of ten values."""
    assert method_label({"method": method}) in METHODS | {OTHER}


def test_known_methods_keep_their_names() -> None:
    """HTTP's own methods are told apart."""
    assert {method_label({"method": method}) for method in METHODS} == METHODS
    assert method_label({}) == OTHER
