"""Secrets that must never reach a log or the journal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.recovery.redaction import redact

_SECRETS = st.text(alphabet="abcdefghijkmnopqrstuvwxyz0123456789_%.", min_size=8, max_size=24).map("canary".__add__)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("postgresql+psycopg://me:***@db:5432/pulse", "postgresql+psycopg://me:hunter2@db:5432/pulse"),
        ("redis://:***@cache", "redis://:p@ss@cache"),
        ("password=*** user=me", "password=hunter2 user=me"),
        ('"api_key": ***, "n": 3', '"api_key": "abc def", "n": 3'),
        ("Authorization: Bearer ***", "Authorization: Bearer eyJhbGciOi.J9.x-y"),
        ("aws_secret_access_key=***", "aws_secret_access_key=abc/def+ghi"),
        ("key ***", "key AKIAIOSFODNN7EXAMPLE"),
        ("X-Amz-Signature=***&x=1", "X-Amz-Signature=deadbeef&x=1"),
    ],
)
def test_secrets_are_replaced_and_the_rest_stays(expected: str, text: str) -> None:
    assert expected == redact(text)


@pytest.mark.parametrize("text", ["as_of=2018-12-01", "http://localhost:5000/a", "3 tokens of text", "passed: all"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert text == redact(text)


@given(secret=_SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_planted_url_password_never_survives(secret: str, before: str, after: str) -> None:
    assert secret not in redact(f"{before} sqlite://user:{secret}@host/{after}")


@given(text=st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)

    assert once == redact(once)
