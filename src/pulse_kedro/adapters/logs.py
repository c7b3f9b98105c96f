"""Log lines of everybody, on their way out: secrets are hidden, whoever wrote them."""

import logging

from pulse_kedro.domain.recovery.redaction import redact


class Redaction(logging.Filter):
    """Hides secrets in messages; Kedro logs the text of every error as it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, redacted."""
        text = record.getMessage()
        hidden = redact(text)
        if hidden != text:
            record.msg, record.args = hidden, None
        return True


def redact_logs() -> None:
    """Hide secrets in what the root handlers write; doing it twice changes nothing."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, Redaction) for known in handler.filters):
            handler.addFilter(Redaction())
