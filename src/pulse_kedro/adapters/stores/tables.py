"""The tables of every store. The migrations build them; a test compares the two.

Series, cycles and digests are text, moments are UTC, period starts are datetimes without zone, and what has no fixed
shape is JSON. Tables that only grow carry the cycle that wrote them, so a reader follows the main line.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from pulse_kedro.adapters.stores.columns import Utc

metadata = MetaData()

SLOT = "main"
"""The only champion there is; a second one would be a second slot."""
_LEVELS = ("025", "050", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950", "975")
QUANTILES = tuple(f"{kind}_q{level}" for kind in ("raw", "ruled") for level in _LEVELS)
"""Written out, because a column changes with a migration and in no other way; a test compares them with the ledger."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("series", Integer, nullable=False),
    Column("checksum", String(64), nullable=False),  # of the checksums of its parts; of the file where it is one
    Column("kept_at", Utc, nullable=False),
    Column("sequence", Integer, nullable=False, server_default="0"),  # the order of keeping, whatever the clock says
    Column("bytes", BigInteger, nullable=True),  # null where a version before 0002 kept it
    Column("late", Boolean, nullable=False, server_default="0"),  # the clock was behind that of an earlier snapshot
    Column("doomed_at", Utc, nullable=True),  # its objects are being deleted; readers do not see it any more
    Index("snapshots_by_sequence", "sequence"),
)

BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases compare as Python does: by code points."""

parts = Table(  # the objects of a snapshot, each with the range of its keys; null where a range is not known
    "parts",
    metadata,
    Column("snapshot", String(64), ForeignKey("snapshots.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=True),
    Column("checksum", String(64), nullable=False),
    Column("first_id", BYTEWISE, nullable=True),
    Column("last_id", BYTEWISE, nullable=True),
    Column("first_ds", DateTime, nullable=True),
    Column("last_ds", DateTime, nullable=True),
    Column("first_available", Utc, nullable=True),
    Column("last_available", Utc, nullable=True),
)

vintages = Table(  # what each source consists of: the snapshots that were appended to it, in order
    "vintages",
    metadata,
    Column("source", String(255), primary_key=True),
    Column("snapshot", String(64), ForeignKey("snapshots.id"), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("revisions", Integer, nullable=False),
    Column("static", Text, nullable=False),  # names of its static columns, as JSON
    Column("contract", String(64), nullable=True),
    Column("first_ds", DateTime, nullable=False),
    Column("last_ds", DateTime, nullable=False),
    Column("kept_at", Utc, nullable=False),
    Index("vintages_by_period", "source", "last_ds"),
    Index("vintages_by_snapshot", "snapshot"),
)

payloads = Table(  # what was offered, by its content: the same payload again is answered with the same snapshot
    "payloads",
    metadata,
    Column("source", String(255), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("snapshot", String(64), ForeignKey("snapshots.id"), nullable=False),
)

pins = Table(  # what retention keeps for a person: names as in `lineage`
    "pins",
    metadata,
    Column("node", String(160), primary_key=True),
    Column("pinned_at", Utc, nullable=False),
)

lineage = Table(  # names carry their kind: source:…, snapshot:…, cycle:…, bundle:…, rulebook:…
    "lineage",
    metadata,
    Column("parent", String(160), primary_key=True),
    Column("child", String(160), primary_key=True),
)

rulebooks = Table(
    "rulebooks",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("recipe", String(64), nullable=False),
    Column("rules", JSON, nullable=False),
    Column("content", JSON, nullable=True),  # the whole record; null where a version before 0008 wrote: no rules then
)

cycles = Table(
    "cycles",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("as_of", DateTime, nullable=False),
    Column("parent", String(64), ForeignKey("cycles.key"), nullable=True),
    Column("line", String(8), nullable=False),
    Column("snapshot", String(64), nullable=False),
    Column("configured_recipe", String(64), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("recipe", String(64), nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("since", String(32), nullable=False),
    Column("decision", JSON, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("rulebook", String(64), ForeignKey("rulebooks.hash"), nullable=False),
    Column("ended", JSON, nullable=False),
    Column("committed_at", Utc, nullable=False),
    Column("regime", JSON, nullable=True),  # filtered regime vector at `as_of`; null where a version before 0006 wrote
    Column("seeds", JSON, nullable=True),  # what was drawn with which seed; null likewise
)

champion = Table(
    "champion",
    metadata,
    Column("slot", String(32), primary_key=True),
    Column("epoch", Integer, nullable=False),  # counts the moves of the head; compared and swapped
    Column("cycle", String(64), ForeignKey("cycles.key"), nullable=True),
    Column("previous_cycle", String(64), ForeignKey("cycles.key"), nullable=True),
    Column("moved_at", Utc, nullable=True),
    Column("bundle", String(64), nullable=True),  # what serves; the head's own, unless a person chose another
    Column("recipe", String(64), nullable=True),
    Column("previous_bundle", String(64), nullable=True),  # what one step back puts in charge
    Column("token", Integer, nullable=False, server_default="0"),  # of the lease under which the row moved last
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("cycle", String(64), ForeignKey("cycles.key"), primary_key=True),
    Column("unique_id", String(255), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("cutoff", DateTime, nullable=False),
    Column("ds", DateTime, nullable=False),
    Column("y_hat", Double, nullable=False),
    *(Column(name, Double, nullable=True) for name in QUANTILES),
    sqlite_with_rowid=False,
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("cycle", String(64), ForeignKey("cycles.key"), primary_key=True),
    Column("unique_id", String(255), primary_key=True),
    Column("ds", DateTime, primary_key=True),
    Column("y", Double, nullable=False),
    Column("available_at", Utc, nullable=False),
    Column("snapshot", String(64), nullable=False),
    sqlite_with_rowid=False,
)

metrics = Table(
    "metrics",
    metadata,
    Column("cycle", String(64), ForeignKey("cycles.key"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # backtest: what would have been; live: came due; trust: see there
    Column("recipe", String(64), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("level", String(16), primary_key=True),
    Column("unique_id", String(255), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("metric", String(32), primary_key=True),
    Column("value", Double, nullable=True),
    Column("n", Integer, nullable=False),
    Column("low", Double, nullable=True),  # interval of the value, where one is known
    Column("high", Double, nullable=True),
    Index("metrics_by_name", "metric", "kind", "level", "unique_id", "cycle"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(64), nullable=False),
    Column("command", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process", String(128), nullable=False),  # start of the process: a number is used again, this is not
    Column("status", String(16), nullable=False),
    Column("cycle", String(64), nullable=True),  # set once it is known; the cycle may never be committed
    Column("started", Utc, nullable=False),
    Column("ended", Utc, nullable=True),
    Index("attempts_by_status", "status"),
)

faults = Table(
    "faults",
    metadata,
    Column("error_id", String(64), primary_key=True),
    Column("attempt", Integer, ForeignKey("attempts.id"), nullable=True),
    Column("cycle", String(64), nullable=True),
    Column("code", String(64), nullable=False),
    Column("detail", String(64), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("node", String(128), nullable=False),
    Column("error", String(128), nullable=False),
    Column("message", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("context", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    Column("resolved_at", Utc, nullable=True),
    Column("resolved_by", String(64), nullable=True),  # the cycle whose commit showed that it works again
    Index("faults_by_fingerprint", "fingerprint", "at"),
)

ingests = Table(  # one row for each time that a source was ingested; the order of ids is the order of starts
    "ingests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("snapshot", String(64), nullable=True),
    Column("contract", String(255), nullable=True),
    Column("rows_in", Integer, nullable=False),  # = stored + duplicates + quarantined
    Column("stored", Integer, nullable=False),
    Column("revisions", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("facts", JSON, nullable=False),  # what was asked for, rows by rule, drift of the schema, what hooks did
    Column("error", Text, nullable=True),
    Column("started", Utc, nullable=False),
    Column("ended", Utc, nullable=False),
    Index("ingests_by_source", "source"),
)

quarantined = Table(  # rows that were set aside, as they came; the id is the hash of source, column and row
    "quarantined",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("source", String(255), nullable=False),
    Column("ingest", Integer, ForeignKey("ingests.id"), nullable=False),
    Column("row", Integer, nullable=False),  # of the delivery, counted from 1
    Column("column", String(255), nullable=False),
    Column("series", Text, nullable=True),
    Column("rule", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("original", Text, nullable=False),  # JSON
    Index("quarantined_by_source", "source", "rule"),
    Index("quarantined_by_ingest", "ingest"),
)

verdicts = Table(  # what people decided about rows that were set aside; nothing is ever changed or taken away here
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("row", String(32), ForeignKey("quarantined.id"), nullable=False),
    Column("action", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("closes", Boolean, nullable=False),  # whether the row waits no longer
    Column("reason", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("snapshot", String(64), nullable=True),
    Column("actor", String(255), nullable=False),
    Column("at", Utc, nullable=False),
    Index("verdicts_by_row", "row"),
)

watermarks = Table(  # the newest period of each source that was ever stored; the next fetch may begin there
    "watermarks",
    metadata,
    Column("source", String(255), primary_key=True),
    Column("ds", DateTime, nullable=False),
    Column("ingest", Integer, ForeignKey("ingests.id"), nullable=False),
)

events = Table(  # rows are added, never changed
    "events",
    metadata,
    Column("sequence", Integer, primary_key=True),  # order in which they were handed out
    Column("id", String(80), nullable=False, unique=True),  # hash of what the event says: the same one is kept once
    Column("kind", String(32), nullable=False),
    Column("at", Utc, nullable=False),  # when it happened
    Column("source", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("kept_at", Utc, nullable=False),  # when it arrived here
    Index("events_by_time", "at"),
)

transitions = Table(  # each change of the bundle that serves; rows are added, never changed, which triggers see to
    "transitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("slot", String(32), nullable=False),
    Column("epoch", Integer, nullable=False),  # of the champion row after it
    Column("token", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("from_bundle", String(64), nullable=True),
    Column("to_bundle", String(64), nullable=False),
    Column("from_recipe", String(64), nullable=True),
    Column("to_recipe", String(64), nullable=False),
    Column("cycle", String(64), ForeignKey("cycles.key"), nullable=True),  # the cycle that `to_bundle` comes from
    Column("gate", JSON, nullable=True),
    Column("hash", String(64), nullable=False),  # of the row and the hash before it (`chain`)
    Index("transitions_by_epoch", "slot", "epoch", unique=True),
)

leases = Table(  # who may move the champion row; the token rises with each taking
    "leases",
    metadata,
    Column("role", String(32), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("holder", String(255), nullable=True),  # null where nobody has it
    Column("beat", Integer, nullable=False),
)
