"""What a task's request may say."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from services.serving.parameters import Delay, Status, Task

TASK: TypeAdapter[str] = TypeAdapter(Task)
DELAY: TypeAdapter[float | None] = TypeAdapter(Delay)
STATUS: TypeAdapter[int | None] = TypeAdapter(Status)


@pytest.mark.parametrize("task", ["task1", "a", "A_b-9", "-", "x" * 64])
def test_a_task_is_1_to_64_plain_characters(task: str) -> None:
    """Letters, digits, underscore and hyphen, 1 to 64 of them."""
    assert TASK.validate_python(task) == task


@pytest.mark.parametrize(
    "task", ["", "x" * 65, "a.b", "..", "a/b", "a b", "task1\n", "\ntask1", "täsk", "%61", "a\0", "٣"]
)  # fmt: skip
def test_nothing_else_is_a_task(task: str) -> None:
    """No dot, no slash, no line end in the last place, no digit of another script."""
    with pytest.raises(ValidationError):
        TASK.validate_python(task)


@pytest.mark.parametrize(("text", "delay"), [("0", 0), ("60", 60), ("1e-3", 0.001), (None, None)])
def test_a_delay_is_0_to_60_seconds(text: str | None, delay: float | None) -> None:
    """Both ends are in."""
    assert DELAY.validate_python(text) == delay


@pytest.mark.parametrize("text", ["-1", "-0.001", "60.001", "1e9", "nan", "NaN", "inf", "-inf", "1e400", "abc", ""])
def test_no_other_delay_is_taken(text: str) -> None:
    """Neither out of range nor not a number."""
    with pytest.raises(ValidationError):
        DELAY.validate_python(text)


@pytest.mark.parametrize(("text", "status"), [("200", 200), ("599", 599), (None, None)])
def test_a_status_is_a_final_one(text: str | None, status: int | None) -> None:
    """From 200 to 599."""
    assert STATUS.validate_python(text) == status


@pytest.mark.parametrize("text", ["199", "600", "99", "-200", "200.5", "abc", "", "9" * 5000])
def test_no_other_status_is_taken(text: str) -> None:
    """No interim status, none beyond HTTP's, nothing but a whole number."""
    with pytest.raises(ValidationError):
        STATUS.validate_python(text)
