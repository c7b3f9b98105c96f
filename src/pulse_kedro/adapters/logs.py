"""How log lines look, wherever a command was typed, and what no line may show: secrets, whoever wrote them."""

import logging
import os

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


def adopt_logging(conf_source: str) -> None:
    """Log as `logging.yml` of a configuration says, unless there is none or KEDRO_LOGGING_CONFIG names another file.

    Args:
        conf_source: Folder, archive or URL.
    """
    if os.environ.get("KEDRO_LOGGING_CONFIG"):
        return
    from kedro.framework.project import configure_logging
    from omegaconf import OmegaConf

    from pulse_kedro.adapters.configuration import open_tree

    tree, root = open_tree(conf_source)
    path = f"{root}/logging.yml"
    if tree.exists(path):
        settings = OmegaConf.create(tree.cat_file(path).decode())
        configure_logging(dict(OmegaConf.to_container(settings)))  # type: ignore[arg-type]  # a mapping, or Kedro says so
