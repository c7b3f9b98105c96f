"""Every committed cycle in plain values: what `history`, `versions` and `compare` tell, read without pandas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, RowMapping, Select, Table, func, select

from pulse_kedro.adapters.stores import transitions
from pulse_kedro.adapters.stores.summary import main_line
from pulse_kedro.adapters.stores.tables import SLOT, attempts, champion, cycles, forecasts, metrics, outcomes
from pulse_kedro.adapters.stores.transitions import Transition

Standing = Literal["main", "superseded", "replay"]
_COMBINATION, _CHAMPION = "combination", "champion"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCycle:
    """One committed cycle.

    `line` says where it stands today: on the main line, superseded by a cycle of the same period, or a replay beside
    it. `version` numbers the cycles that moved the head, in order of commit; `None` for a replay.
    """

    key: str
    as_of: datetime
    parent: str | None
    line: Standing
    recipe: str
    bundle: str
    revision: int
    since: str
    decision: Mapping[str, object]
    snapshot: str
    code_version: str
    committed_at: datetime
    version: int | None

    @property
    def period(self) -> str:
        """`as_of` as a run takes it: a date, with the time of day only where there is one."""
        return spell_period(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All committed cycles, the last committed first; the head, what serves, what one step back would serve.

    `bundle` is that of the head unless a person put another one in charge. `challengers` are bundles that a cycle made
    and did not put in charge, with the key of that cycle; `transitions` says who served when, the oldest first.
    `epoch` counts how often the champion row moved.
    """

    cycles: tuple[PastCycle, ...] = ()
    head: str | None = None
    bundle: str | None = None
    previous_bundle: str | None = None
    epoch: int = 0
    challengers: tuple[PastCycle, ...] = ()
    transitions: tuple[Transition, ...] = ()

    @property
    def serving(self) -> PastCycle | None:
        """What serves, as the cycle that it comes from."""
        return self.version(self.bundle)

    @property
    def previous(self) -> PastCycle | None:
        """What one step back would serve, as the cycle that it comes from."""
        return self.version(self.previous_bundle)

    @property
    def chosen(self) -> Transition | None:
        """The transition by which a person put in charge what serves; `None` while the head's own bundle serves."""
        own = next((cycle.bundle for cycle in self.cycles if cycle.key == self.head), None)
        return None if self.bundle == own or not self.transitions else self.transitions[-1]

    def version(self, bundle: str | None) -> PastCycle | None:
        """The cycle that a bundle comes from: one that it served, on the main line if it did there."""
        found = [cycle for cycle in (*self.cycles, *self.challengers) if bundle is not None and cycle.bundle == bundle]
        return next((cycle for cycle in found if cycle.line == "main"), next(iter(found), None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one cycle took and left.

    `seconds` is the length of the run that committed it, `forecasts` and `outcomes` count rows of the ledger,
    `backtest` and `live` are MASE of the champion; each may be `None`.
    """

    seconds: float | None = None
    forecasts: int = 0
    outcomes: int = 0
    backtest: float | None = None
    live: float | None = None


def spell_period(when: datetime) -> str:
    """A period as a run takes it: a date, with the time of day only where there is one.

    Example:
        >>> spell_period(datetime(2019, 1, 1)), spell_period(datetime(2019, 1, 1, 5))
        ('2019-01-01', '2019-01-01T05:00')
    """
    return when.isoformat(timespec="minutes").removesuffix("T00:00")


def role_of(version: PastCycle) -> str:
    """As what a cycle made a bundle: `champion`, `challenger` or `predecessor`, as its decision has it.

    Args:
        version: The cycle, with the bundle in question.
    """
    made = version.decision.get("candidates")
    roles = made.items() if isinstance(made, Mapping) else ()
    return next((role for role, one in roles if one["bundle"] == version.bundle), _CHAMPION)


def read_past(engine: Engine | None) -> Past:
    """Everything that was committed.

    Args:
        engine: What `open_for_reading` gave; `None` where nothing was ever started.
    """
    if engine is None:
        return Past()
    with engine.connect() as connection:
        row = connection.execute(_head()).one()
        on_line = set(connection.execute(main_line()).scalars())
        rows = connection.execute(_ordered()).mappings().all()
    moved = [row["key"] for row in rows if row["line"] == "main"]
    versions = {key: number for number, key in enumerate(moved, start=1)}
    found = tuple(_to_cycle(row, on_line, versions) for row in reversed(rows))
    return Past(
        cycles=found,
        head=row.cycle,
        bundle=row.bundle,
        previous_bundle=row.previous_bundle,
        epoch=row.epoch,
        challengers=tuple(one for cycle in found for one in _challengers(cycle)),
        transitions=transitions.read(engine),
    )


def measure(engine: Engine, chosen: Sequence[PastCycle]) -> dict[str, Measured]:
    """What some cycles took and left.

    Args:
        engine: Any engine on the stores.
        chosen: The cycles.

    Returns:
        One entry per cycle, under its key.
    """
    keys = [cycle.key for cycle in chosen]
    with engine.connect() as connection:
        issued, known = _count(connection, forecasts, keys), _count(connection, outcomes, keys)
        started, scores = _attempts(connection, keys), _scores(connection, keys)
    return {
        cycle.key: Measured(
            seconds=_seconds(cycle, started),
            forecasts=issued.get(cycle.key, 0),
            outcomes=known.get(cycle.key, 0),
            backtest=_score(scores, cycle, "backtest", _COMBINATION),
            live=_score(scores, cycle, "live", _CHAMPION),
        )
        for cycle in chosen
    }


def _to_cycle(row: RowMapping, on_line: set[str], versions: Mapping[str, int]) -> PastCycle:
    main: Standing = "main" if row["key"] in on_line else "superseded"
    own = {name: row[name] for name in PastCycle.__slots__ if name not in ("line", "version")}
    return PastCycle(**own, line=main if row["line"] == "main" else "replay", version=versions.get(row["key"]))


def _challengers(cycle: PastCycle) -> list[PastCycle]:
    """Bundles that a cycle made and did not put in charge."""
    made = cycle.decision.get("candidates")
    others = [one for one in (made.values() if isinstance(made, Mapping) else ()) if one["bundle"] != cycle.bundle]
    first = replace(cycle, revision=1, since=cycle.period[:10], version=None)
    return [replace(first, bundle=one["bundle"], recipe=one["recipe"]) for one in others]


def _head() -> Select[*tuple[object, ...]]:
    columns = (champion.c.cycle, champion.c.bundle, champion.c.previous_bundle, champion.c.epoch)
    return select(*columns).where(champion.c.slot == SLOT)


def _ordered() -> Select[*tuple[object, ...]]:
    columns = [cycles.c[name] for name in PastCycle.__slots__ if name != "version"]
    return select(*columns).order_by(cycles.c.committed_at, cycles.c.as_of, cycles.c.key)


def _count(connection: Connection, table: Table, keys: Sequence[str]) -> dict[str, int]:
    query = select(table.c.cycle, func.count()).where(table.c.cycle.in_(keys)).group_by(table.c.cycle)
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def _attempts(connection: Connection, keys: Sequence[str]) -> list[RowMapping]:
    """Starts and ends of runs of these cycles, the newest first."""
    columns = (attempts.c.cycle, attempts.c.started, attempts.c.ended)
    query = select(*columns).where(attempts.c.cycle.in_(keys)).order_by(attempts.c.id.desc())
    return list(connection.execute(query).mappings())


def _seconds(cycle: PastCycle, started: Sequence[RowMapping]) -> float | None:
    """Length of the newest attempt that began before the cycle was committed."""
    when = cycle.committed_at
    during = (row for row in started if row["cycle"] == cycle.key and row["started"] <= when)
    row = next(during, None)
    return None if row is None else ((row["ended"] or when) - row["started"]).total_seconds()


def _scores(connection: Connection, keys: Sequence[str]) -> list[RowMapping]:
    columns = (metrics.c.cycle, metrics.c.kind, metrics.c.recipe, metrics.c.model, metrics.c.value)
    overall = (metrics.c.level == "overall", metrics.c.metric == "mase")
    served = metrics.c.model.in_((_COMBINATION, _CHAMPION))
    query = select(*columns).where(metrics.c.cycle.in_(keys), *overall, served)
    return list(connection.execute(query).mappings())


def _score(scores: Sequence[RowMapping], cycle: PastCycle, kind: str, model: str) -> float | None:
    wanted = (cycle.key, kind, model)
    own = (row for row in scores if (row["cycle"], row["kind"], row["model"]) == wanted)
    value = next((row["value"] for row in own if cycle.recipe.startswith(row["recipe"])), None)
    return None if value is None else float(value)
