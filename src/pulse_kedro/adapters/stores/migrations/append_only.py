"""Tables whose rows are only ever added: triggers refuse UPDATE and DELETE, on PostgreSQL TRUNCATE as well.

A migration that drops or changes such a table lifts the triggers first.
"""

from alembic import op

VERBS = ("UPDATE", "DELETE")
TRUNCATE = "TRUNCATE"


def protect(table: str) -> None:
    """Refuse from now on to change or delete rows of a table.

    Args:
        table: Its name.
    """
    if op.get_bind().dialect.name == "postgresql":
        _protect_postgresql(table)
        return
    for verb in VERBS:
        words = f"Changing {table} failed: rows are added, never changed"
        op.execute(
            f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def lift(table: str) -> None:
    """Let the rows be changed again.

    Args:
        table: Its name; it was protected.
    """
    postgresql = op.get_bind().dialect.name == "postgresql"
    for verb in (*VERBS, TRUNCATE) if postgresql else VERBS:
        op.execute(f"DROP TRIGGER {_name(table, verb)}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute(f"DROP FUNCTION {table}_append_only()")


def _protect_postgresql(table: str) -> None:
    words = f"Changing {table} failed: rows are added, never changed"
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
    )
    for verb in (*VERBS, TRUNCATE):
        op.execute(
            f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table} "
            f"FOR EACH {'STATEMENT' if verb == TRUNCATE else 'ROW'} EXECUTE FUNCTION {table}_append_only()"
        )


def _name(table: str, verb: str) -> str:
    return f"{table}_no_{verb.lower()}"
