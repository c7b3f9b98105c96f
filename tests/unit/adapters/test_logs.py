"""Secrets on their way into the log."""

import logging

from pulse_kedro.adapters.logs import Redaction


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("kedro", logging.ERROR, "x.py", 1, text, args, None)


def test_a_secret_in_the_arguments_of_a_record_is_hidden() -> None:
    line = record("Node %s failed: %s", "work", "cannot reach mysql://me:canary@db")

    assert Redaction().filter(line)
    assert "Node work failed: cannot reach mysql://me:***@db" == line.getMessage()


def test_a_harmless_record_keeps_its_arguments() -> None:
    line = record("loaded %d rows", 7)

    assert Redaction().filter(line)
    assert (7,) == line.args
