"""The twelve fault types: how severe each is, what a person does next, and which evidence points to it.

Data only; `faults` reads these tables. A *detail* refines a type without adding to the public vocabulary.
"""

import errno
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A fault type of the public vocabulary, and the detail that refines it (empty when nothing does)."""

    code: str
    detail: str = ""


# Base severities follow formula 4.9: 1 note, 2 degraded, 3 run lost, 4 data or state at risk, 5 integrity hit.
SEVERITY = {
    "data.invalid_input": 2,
    "data.schema_mismatch": 3,
    "data.missing_features": 3,
    "model.initialization_failed": 3,
    "model.training_diverged": 3,
    "model.gpu_out_of_memory": 2,
    "storage.permission_denied": 4,
    "storage.not_found": 3,
    "network.connection_failed": 2,
    "network.timeout": 2,
    "system.resource_exhausted": 4,
    "unknown": 3,
}
DETAIL_SEVERITY = {"integrity": 5, "interrupted": 1}

UNKNOWN = Kind(code="unknown")
_CONFIG = Kind(code="model.initialization_failed", detail="config_invalid")
_PACKAGE = Kind(code="model.initialization_failed", detail="missing_package")
_SCHEMA = Kind(code="data.schema_mismatch")
_INPUT = Kind(code="data.invalid_input")
_FEATURES = Kind(code="data.missing_features")
_DIVERGED = Kind(code="model.training_diverged")
_GPU = Kind(code="model.gpu_out_of_memory")
_DENIED = Kind(code="storage.permission_denied")
_ABSENT = Kind(code="storage.not_found")
_CORRUPT = Kind(code="storage.not_found", detail="corrupt")
_CONNECTION = Kind(code="network.connection_failed")
_BUSY = Kind(code="network.connection_failed", detail="rate_limited")
_TIMEOUT = Kind(code="network.timeout")
_LOCKED = Kind(code="network.timeout", detail="db_locked")
_MEMORY = Kind(code="system.resource_exhausted", detail="memory")
_SPACE = Kind(code="system.resource_exhausted", detail="no_space")
_HANDLES = Kind(code="system.resource_exhausted", detail="handles")
_INTERRUPTED = Kind(code="unknown", detail="interrupted")

NEXT_STEP = {
    "data.invalid_input": "Correct or remove the rows that the message names in the source, then run the cycle again.",
    "data.schema_mismatch": "Compare the columns of the source with the parameters under `source`, correct the one "
    "that differs, then run the cycle again.",
    "data.missing_features": "Add the missing column to the source or take it out of the parameters under `source`, "
    "then run the cycle again.",
    "model.initialization_failed": "Correct the setting that the message names under `conf/`, then run the cycle "
    "again.",
    "missing_package": "Install what is missing with `make install`, then run the cycle again.",
    "model.training_diverged": "Look for extreme values in the newest rows, correct them at the source, then run the "
    "cycle again.",
    "model.gpu_out_of_memory": "Free the accelerator or halve the batch size, then run the cycle again.",
    "storage.permission_denied": "Give this user the right to read and write the path that the message names, then "
    "run the cycle again.",
    "storage.not_found": "Restore the file that the message names or correct its path under `conf/`, then run the "
    "cycle again.",
    "corrupt": "Restore the damaged file that the message names, or delete it where a run writes it, then run the "
    "cycle again.",
    "network.connection_failed": "Check that the address in the message answers, then run the cycle again.",
    "network.timeout": "Wait until the service in the message answers again, then run the cycle again.",
    "db_locked": "Wait until the other process that writes to the database has ended, then run the cycle again.",
    "system.resource_exhausted": "Close what else runs on this machine, then run the cycle again.",
    "no_space": "Free some space on the disk that holds `data_root`, then run the cycle again.",
    "memory": "Close what else needs memory or configure fewer series, then run the cycle again.",
    "integrity": "Stop and compare the stored bundle with its manifest before anything is served from it.",
    "interrupted": "Nothing was lost: run the cycle again.",
    "unknown": "Read the traceback in the log from its last line upwards, correct the cause, then run the cycle again.",
}

# Qualified names, so that no framework has to be imported; the most derived class in the resolution order wins.
BY_TYPE = {
    "builtins.KeyboardInterrupt": _INTERRUPTED,
    "builtins.MemoryError": _MEMORY,
    "builtins.ImportError": _PACKAGE,
    "builtins.EOFError": _CORRUPT,
    "builtins.UnicodeError": _INPUT,
    "builtins.FileNotFoundError": _ABSENT,
    "builtins.NotADirectoryError": _ABSENT,
    "builtins.IsADirectoryError": _ABSENT,
    "builtins.PermissionError": _DENIED,
    "builtins.TimeoutError": _TIMEOUT,
    "builtins.ConnectionError": _CONNECTION,
    "socket.gaierror": _CONNECTION,
    "ssl.SSLError": _CONNECTION,
    "urllib.error.URLError": _CONNECTION,
    "http.client.HTTPException": _CONNECTION,
    "requests.exceptions.Timeout": _TIMEOUT,
    "requests.exceptions.ConnectionError": _CONNECTION,
    "urllib3.exceptions.TimeoutError": _TIMEOUT,
    "urllib3.exceptions.HTTPError": _CONNECTION,
    "httpx.TimeoutException": _TIMEOUT,
    "httpx.TransportError": _CONNECTION,
    "botocore.exceptions.ConnectTimeoutError": _TIMEOUT,
    "botocore.exceptions.ReadTimeoutError": _TIMEOUT,
    "botocore.exceptions.ConnectionError": _CONNECTION,
    "botocore.exceptions.NoCredentialsError": _DENIED,
    "torch.OutOfMemoryError": _GPU,
    "torch.cuda.OutOfMemoryError": _GPU,
    "pickle.UnpicklingError": _CORRUPT,
    "_pickle.UnpicklingError": _CORRUPT,
    "zlib.error": _CORRUPT,
    "zipfile.BadZipFile": _CORRUPT,
    "gzip.BadGzipFile": _CORRUPT,
    "pyarrow.lib.ArrowInvalid": _CORRUPT,
    "safetensors._safetensors_rust.SafetensorError": _CORRUPT,
    "json.decoder.JSONDecodeError": _CORRUPT,
    "pandas.errors.EmptyDataError": _INPUT,
    "pandas.errors.ParserError": _INPUT,
    "pandas._libs.tslibs.np_datetime.OutOfBoundsDatetime": _INPUT,
    "pandas._libs.tslibs.parsing.DateParseError": _INPUT,
    "pandera.errors.SchemaError": _SCHEMA,
    "pandera.errors.SchemaErrors": _SCHEMA,
    "pydantic_core._pydantic_core.ValidationError": _SCHEMA,
    "kedro.validation.exceptions.DataValidationError": _SCHEMA,
    "kedro.validation.exceptions.ParameterValidationError": _CONFIG,
    "kedro.validation.exceptions.ValidationConfigurationError": _CONFIG,
    "kedro.io.core.DatasetNotFoundError": _CONFIG,
    "omegaconf.errors.OmegaConfBaseException": _CONFIG,
    "yaml.error.YAMLError": _CONFIG,
    "click.exceptions.UsageError": _CONFIG,
}

BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _SPACE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _DENIED),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), _ABSENT),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.EAGAIN), _HANDLES),
    **dict.fromkeys((errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EPIPE), _CONNECTION),
    **dict.fromkeys((errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED), _CONNECTION),
    errno.ETIMEDOUT: _TIMEOUT,
    errno.ENOMEM: _MEMORY,
}

BY_HTTP_STATUS = {
    **dict.fromkeys((401, 403), _DENIED),
    **dict.fromkeys((404, 410), _ABSENT),
    **dict.fromkeys((408, 504), _TIMEOUT),
    **dict.fromkeys((502, 503), _CONNECTION),
    429: _BUSY,
}

# SQLite names its primary codes, PostgreSQL gives a SQLSTATE whose first two characters are the class.
BY_DATABASE = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _SPACE,
    "SQLITE_NOMEM": _MEMORY,
    "SQLITE_READONLY": _DENIED,
    "SQLITE_PERM": _DENIED,
    "SQLITE_CANTOPEN": _ABSENT,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _CORRUPT,
    "55P03": _LOCKED,
    "57014": _TIMEOUT,
    "53100": _SPACE,
    "53200": _MEMORY,
    "42501": _DENIED,
    "08": Kind(code="network.connection_failed", detail="db_connection_lost"),
    "28": _DENIED,
    "53": Kind(code="system.resource_exhausted"),
    "57": Kind(code="network.connection_failed", detail="db_connection_lost"),
}


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


# Last resort, whole words only: a word inside another word has never been evidence.
BY_TEXT = (
    (_pattern(r"\bCUDA (?:error: )?out of memory\b|\bCUDNN_STATUS_ALLOC_FAILED\b"), _GPU),
    (_pattern(r"\bDefaultCPUAllocator\b.*\bnot enough memory\b|\bcannot allocate memory\b"), _MEMORY),
    (_pattern(r"\b(?:loss|training) (?:has )?diverged\b"), _DIVERGED),
    (_pattern(r"\bloss (?:is|became|was) (?:nan|inf|infinite|not finite|non-finite)\b"), _DIVERGED),
    (_pattern(r"\brequired (?:field|column|feature)s? .{1,80} (?:is |are )?missing\b"), _FEATURES),
    (_pattern(r"\bmissing (?:required )?(?:field|column|feature)s?\b"), _FEATURES),
    (_pattern(r"\] not (?:found )?in (?:index|axis)\b|^\W*None of \[.*\bare in the \["), _FEATURES),
    (_pattern(r"\b(?:contains?|contain(?:ed|ing)) (?:any )?(?:nan|nans|inf|infs|infinity)\b"), _INPUT),
    (_pattern(r"\bseries (?:is |are )?too short\b"), _INPUT),
    (_pattern(r"\bno space left on device\b|\bdisk quota exceeded\b|\bdatabase or disk is full\b"), _SPACE),
    (_pattern(r"\bdatabase (?:table )?is locked\b"), _LOCKED),
    (_pattern(r"\bpermission denied\b|\bread-only file system\b"), _DENIED),
    (_pattern(r"\bno such file or directory\b"), _ABSENT),
    (_pattern(r"\bconnection (?:refused|reset|aborted)\b|\bname or service not known\b"), _CONNECTION),
    (_pattern(r"\b(?:connection|request|read|operation|query) timed out\b"), _TIMEOUT),
)
