"""A limit on wall-clock time: it interrupts what takes too long, and leaves alone what does not."""

import threading
from contextlib import suppress

import pytest

from pulse_kedro.forecasting.deadline import OutOfTime, time_limit


def forever() -> None:
    while True:
        pass


def test_work_without_end_is_interrupted() -> None:
    with pytest.raises(OutOfTime), time_limit(0.01):
        forever()


def test_work_in_another_thread_is_interrupted() -> None:
    told: list[str] = []

    def work() -> None:
        try:
            with time_limit(0.01):
                forever()
        except OutOfTime:
            told.append("out of time")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert ["out of time"] == told


def test_work_that_takes_the_interruption_for_its_own_is_interrupted_again() -> None:
    def stubborn() -> None:
        with suppress(BaseException):
            forever()
        forever()

    with pytest.raises(OutOfTime), time_limit(0.01):
        stubborn()


def test_work_that_ends_is_left_alone() -> None:
    with time_limit(60):
        done = sum(range(10))

    assert 45 == done


def test_an_error_of_the_work_comes_through() -> None:
    with pytest.raises(ValueError, match="own"), time_limit(60):
        raise ValueError("own")  # noqa: EM101  # the error is the example


def test_no_watch_outlives_its_work() -> None:
    before = threading.active_count()

    for _ in range(5):
        with time_limit(60):
            pass

    assert before == threading.active_count()


def test_a_limit_of_nothing_interrupts_nothing_but_its_own_block() -> None:
    before = threading.active_count()

    for _ in range(50):
        with pytest.raises(OutOfTime), time_limit(0.0):
            forever()

    assert before == threading.active_count()
