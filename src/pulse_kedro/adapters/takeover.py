"""A person puts another version in charge: verified first, then one compare-and-swap, then MLflow is told."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from sqlalchemy import Engine

from pulse_kedro.adapters.bundles import facts_of
from pulse_kedro.adapters.failpoints import failpoint
from pulse_kedro.adapters.stores import leases, transitions
from pulse_kedro.adapters.stores.certainty import settle
from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.past import Past, PastCycle
from pulse_kedro.adapters.stores.transitions import Change
from pulse_kedro.domain.errors import InvalidInput, PulseError

logger = logging.getLogger(__name__)

Kind = Literal["promote", "rollback"]


class NoPreviousVersion(InvalidInput):
    """There is nothing to go back to."""

    def __init__(self, bundle: str) -> None:
        """Keep what serves."""
        super().__init__(bundle)
        self.bundle = bundle

    def __str__(self) -> str:
        """Say that there is none, and how to name any other version."""
        return (
            f"Rolling back failed: got none, expected a version before bundle {self.bundle[:12]}, which is the only "
            "one. `kedro pulse versions` lists what there is; `--to NAME` takes any of them."
        )


class UnfitVersion(PulseError):
    """A version cannot be put in charge: its files are damaged, or it does not answer as it did."""

    code: ClassVar[str] = "storage.not_found"
    detail: ClassVar[str] = "corrupt"

    def __init__(self, bundle: str, problems: tuple[str, ...], as_of: str) -> None:
        """Keep the bundle, what was found, and the period of its cycle."""
        super().__init__(bundle, problems, as_of)
        self.bundle, self.problems, self.as_of = bundle, problems, as_of

    def __str__(self) -> str:
        """Say what was found, that nothing changed, and where to go."""
        return (
            f"Verifying bundle {self.bundle[:12]} failed: got {'; '.join(self.problems)}, expected whole files that "
            f"answer as when they were made. What served still serves. Run its cycle again, `kedro run --params "
            f"as_of={self.as_of}`, or name another version; `kedro pulse versions` lists them."
        )


class IncomparableVersion(InvalidInput):
    """A version forecasts something else than the champion does."""

    def __init__(self, bundle: str, differences: tuple[str, ...]) -> None:
        """Keep the bundle and how it differs, in words."""
        super().__init__(bundle, differences)
        self.bundle, self.differences = bundle, differences

    def __str__(self) -> str:
        """Name the differences and the way to insist."""
        return (
            f"Putting bundle {self.bundle[:12]} in charge failed: got {'; '.join(self.differences)}, expected what the "
            "champion forecasts. Name another version, or insist with `promote --force`."
        )


class AlreadyInCharge(InvalidInput):
    """The version that was named serves already."""

    def __init__(self, bundle: str) -> None:
        """Keep the bundle."""
        super().__init__(bundle)
        self.bundle = bundle

    def __str__(self) -> str:
        """Say that there is nothing to do."""
        return (
            f"Putting bundle {self.bundle[:12]} in charge failed: got the version that serves already, expected "
            "another one. `kedro pulse versions` lists them."
        )


def put_in_charge(
    engine: Engine,
    past: Past,
    version: PastCycle,
    *,
    kind: Kind,
    reason: str,
    now: datetime,
    check: Callable[[str], Mapping[str, Any]],
) -> None:
    """Let a version serve from now on. The next cycle builds on it.

    Args:
        engine: Opened for writing.
        past: What was read when the version was chosen.
        version: What shall serve.
        kind: `rollback` takes away what it undoes, `promote` puts a version on top.
        reason: Of the person, kept for ever.
        now: Moment of the change, aware.
        check: Verifies a bundle in a new process, by digest.

    Raises:
        AlreadyInCharge: It serves already.
        UnfitVersion: It failed its check.
        ChampionMoved: Something else was put in charge meanwhile.
        LeaseHeld: A run is at work.
        LostConnection: The database went away, twice; nothing was changed.
        UnknownOutcome: The database went away while it committed, and does not answer.
    """
    if version.bundle == past.bundle:
        raise AlreadyInCharge(version.bundle)
    said = check(version.bundle)
    if said.get("ok") is not True:
        problems = tuple(map(str, said.get("problems") or ("no answer from its check",)))
        raise UnfitVersion(version.bundle, problems, version.period)
    failpoint(f"{kind}.verified")
    change = Change(
        kind=kind,
        bundle=version.bundle,
        recipe=version.recipe,
        cycle=version.key,
        actor=transitions.actor(),
        reason=reason,
    )
    settle(
        engine,
        lambda: _swap(engine, past, change, now=now),
        lambda connection: transitions.made(connection, change, epoch=past.epoch, now=now),
        doing=f"Putting bundle {version.bundle[:12]} in charge",
    )
    failpoint(f"{kind}.done")
    logger.info("%s: bundle %s serves from now on", kind, version.bundle)


def _swap(engine: Engine, past: Past, change: Change, *, now: datetime) -> int:
    """The one transaction of a promotion; returns the new epoch."""
    kind = change.kind
    with writing(engine) as connection:
        held = leases.take_within(connection)
        seen = transitions.read_head(connection)
        if seen.bundle != past.bundle or seen.epoch != past.epoch:
            raise transitions.ChampionMoved(kind.capitalize(), f"epoch {past.epoch}", f"epoch {seen.epoch}")
        failpoint(f"{kind}.before_cas")
        epoch = transitions.swap(connection, seen, change, token=held, now=now)
        failpoint(f"{kind}.after_cas")
    return epoch


def require_comparable(bundles: Path, champion: str, other: str) -> None:
    """Refuse a bundle that forecasts something else: another horizon, frequency, season, or other series.

    Args:
        bundles: Folder of all bundles.
        champion: Digest of what serves; where its manifest is gone nothing can be compared.
        other: Digest of what shall serve.

    Raises:
        IncomparableVersion: It differs.
    """
    differences = tuple(_differences(facts_of(bundles, champion), facts_of(bundles, other)))
    if differences:
        raise IncomparableVersion(other, differences)


def _differences(champion: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    for name in ("frequency", "horizon", "season_length"):
        mine, yours = champion.get(name), other.get(name)
        if None not in (mine, yours) and mine != yours:
            yield f"{name.replace('_', ' ')} {yours} instead of {mine}"
    missing = sorted(set(champion.get("ids") or ()) - set(other.get("ids") or ()))
    if missing and other:
        yield f"no forecasts for {len(missing)} of its series, such as {missing[0]}"


def project(engine: Engine, bundles: Path, uri: str) -> bool:
    """Point the MLflow alias at what serves; a failure is a warning, and the next run or `doctor --repair` mends it.

    Args:
        engine: Any engine on the stores.
        bundles: Folder of all bundles.
        uri: The tracking URI.

    Returns:
        Whether the alias points at what serves now.
    """
    from pulse_kedro.adapters import registry, tracking
    from pulse_kedro.adapters.projection import serving

    champion = serving(engine, bundles)
    if champion is None:
        return True
    done: list[str] = []  # a failure inside is swallowed with a warning
    with tracking.harmless("Moving the MLflow alias"), registry.patient():
        import mlflow

        failpoint("projection.start")
        mlflow.set_tracking_uri(uri)
        tracking.point(champion)
        failpoint("projection.done")
        done.append(champion.bundle)
    return bool(done)
