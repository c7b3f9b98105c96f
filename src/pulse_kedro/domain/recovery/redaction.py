"""Takes secrets out of text before it is stored, logged or shown."""

import re
from collections.abc import Mapping

HIDDEN = "***"
_SENSITIVE = (
    r"[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|credential|signature|authorization)"
)
_RULES = (
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/]*@", re.IGNORECASE), rf"\g<keep>{HIDDEN}@"),
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE), rf"\g<keep>{HIDDEN}"),
    (
        re.compile(
            rf"(?P<keep>\b{_SENSITIVE}[\"']?\s*[=:]\s*)"
            rf"(?!(?:bearer|basic)\s)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"')\]}}]+)",
            re.IGNORECASE,
        ),
        rf"\g<keep>{HIDDEN}",
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), HIDDEN),
    (re.compile(r"\b(?:sk|pk|ghp|gho|ghs|glpat|xox[abpr])[-_][\w-]{16,}\b"), HIDDEN),
)

_SENSITIVE_KEY = re.compile(rf"{_SENSITIVE}\Z", re.IGNORECASE)


def redact(text: str) -> str:
    """The same text with passwords, tokens and keys replaced by `***`.

    Args:
        text: Anything a person or an error wrote.

    Returns:
        Text in which the password of a URL, the value of a setting named like a secret, bearer tokens and keys of a
        known form are hidden. Names and hosts stay: they are needed to find the fault.

    Source:
        Ours: a deny-list of shapes. It lowers the risk of a leak, it does not replace keeping secrets out of messages.

    Example:
        >>> redact("cannot reach postgresql://pulse:hunter2@db/pulse?password=hunter2")
        'cannot reach postgresql://pulse:***@db/pulse?password=***'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact_mapping(values: Mapping[str, object]) -> dict[str, object]:
    """The same facts with every text in them redacted, however deep.

    Args:
        values: Anything; mappings, lists and tuples are searched, other values than text stay as they are.

    Returns:
        A dictionary of the same shape, tuples as lists. What stands under a key named like a secret is hidden whole.

    Example:
        >>> redact_mapping({"as_of": "2018-12-01", "login": {"password": "hunter2"}})
        {'as_of': '2018-12-01', 'login': {'password': '***'}}
    """
    return {key: HIDDEN if _SENSITIVE_KEY.match(str(key)) else _redacted(value) for key, value in values.items()}


def _redacted(value: object) -> object:
    if isinstance(value, Mapping):
        return redact_mapping(value)
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return redact(value) if isinstance(value, str) else value
