"""Column types that mean the same on SQLite and PostgreSQL, and plain values for JSON; nothing here needs pandas."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


class Utc(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database, whatever the database can express."""

    impl = DateTime(timezone=True)
    cache_ok = True
    """SQLAlchemy may keep the compiled form of a statement that uses this type."""

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, without a zone where the database has none."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone, always UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


def plain(value: object) -> object:
    """The same facts in types that JSON knows; `nan` and infinities become `None`.

    Args:
        value: Mappings, sequences, scalars of Python, numpy or pandas, nested.

    Returns:
        Dictionaries, lists, text, numbers, booleans and `None` only.

    Example:
        >>> plain({"gain": 0.5, "since": date(2019, 1, 1), "p": float("nan"), "names": {"b", "a"}})
        {'gain': 0.5, 'since': '2019-01-01', 'p': None, 'names': ['a', 'b']}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    as_python = getattr(value, "tolist", None)  # of numpy: arrays and their scalars
    return _scalar(value) if as_python is None or isinstance(value, float) else plain(as_python())


def _scalar(value: object) -> str | int | float | None:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or value != value:  # noqa: PLR0124  # the missing date of pandas is a date that equals nothing
        return None
    if isinstance(value, date):  # a datetime and a pandas timestamp are dates, too
        return value.isoformat()
    return value if isinstance(value, bool | int | str) else str(value)


def to_json(value: object) -> str:
    """Compact JSON text of anything that `plain` understands."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
