"""What a machine allows, put into words."""

import pytest

from bench.limits import what_limits


@pytest.mark.parametrize(
    ("descriptors", "somaxconn", "said"),
    [
        (20000, 4096, None),
        (20000, None, None),
        (8199, 4096, "ulimit -Hn"),
        (8200, 4096, None),
        (20000, 3999, "net.core.somaxconn is 3,999"),
    ],
)
def test_the_limit_that_stands_in_the_way_is_named(descriptors: int, somaxconn: int | None, said: str | None) -> None:
    """Two descriptors a request and some to spare; a place in the queue for each."""
    limit = what_limits(4000, descriptors, somaxconn)
    assert limit is None if said is None else said in (limit or "")
