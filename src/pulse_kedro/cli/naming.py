"""Which cycle a person means: by key, by period, by version, by bundle, or by its part."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar

import click

from pulse_kedro.adapters.stores import inventory
from pulse_kedro.adapters.stores.past import Past, PastCycle, role_of
from pulse_kedro.domain.errors import PulseError

CHAMPION, PREVIOUS, CHALLENGER, PREDECESSOR = "champion", "previous", "challenger", "predecessor"
FORECAST_OF = "forecast:"
NEAREST, LEAST_DIGITS = 3, 4
ABSENT = {
    CHAMPION: "nothing serves yet",
    PREVIOUS: "nothing served before",
    CHALLENGER: "the newest cycle made none, or put it in charge",
    PREDECESSOR: "nobody is on probation",
}
"""Why there is nothing behind a name that stands for a part."""


class UnknownName(PulseError):
    """No committed cycle goes by this name."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        """Keep the name and the nearest there are."""
        super().__init__(name, candidates)
        self.name, self.candidates = name, candidates

    def __str__(self) -> str:
        """Say what names there are, the nearest ones first."""
        if self.name in ABSENT:
            return (
                f"Choosing a cycle failed: got {self.name!r}, expected a part that somebody plays, but "
                f"{ABSENT[self.name]}. `kedro pulse history` lists what there is."
            )
        near = f" Nearest: {', '.join(self.candidates)}." if self.candidates else ""
        return (
            f"Choosing a cycle failed: got {self.name!r}, expected the beginning of a cycle key or of a bundle digest, "
            f"a period such as 2019-01-01, a version such as v3, `{CHAMPION}` or `{PREVIOUS}`.{near} `kedro pulse "
            "history` lists them."
        )


class AmbiguousName(PulseError):
    """Several committed cycles go by this name."""

    code: ClassVar[str] = "data.invalid_input"

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        """Keep the name and whom it may mean."""
        super().__init__(name, candidates)
        self.name, self.candidates = name, candidates

    def __str__(self) -> str:
        """Name those it may mean."""
        return (
            f"Choosing a cycle failed: got {self.name!r}, expected the name of one cycle. "
            f"It may mean {', '.join(self.candidates)}: give more of the key."
        )


def find(past: Past, name: str) -> PastCycle:
    """The committed cycle that a name means.

    Args:
        past: All committed cycles, the last committed first.
        name: `champion`, `previous`, a version such as `v3`, a period or the beginning of a key or of a bundle digest.
            Where several cycles share a period or a bundle, the one on the main line is meant.

    Raises:
        UnknownName: There is none.
        AmbiguousName: There are several.
    """
    for rule in (_by_part, _by_number, _by_period, _by_digits):
        if found := rule(past, name):
            return _only(name, found)
    raise UnknownName(name, _nearest(past, name))


def find_version(past: Past, name: str) -> PastCycle:
    """The version that a name means: as `find`, and challengers that no cycle put in charge.

    Args:
        past: All committed cycles.
        name: As of `find`; `challenger` for that of the head, `predecessor` for the former champion that the head keeps
            beside one on probation, or the beginning of such a digest.

    Raises:
        UnknownName: There is none.
        AmbiguousName: There are several.
    """
    of_head = [one for one in past.challengers if one.key == past.head and role_of(one) == name]
    digests = {one.bundle: one for one in past.challengers if len(name) >= LEAST_DIGITS and one.bundle.startswith(name)}
    found = of_head if name in (CHALLENGER, PREDECESSOR) else list(digests.values())
    if len(found) > 1:
        raise AmbiguousName(name, [f"challenger {one.bundle[:12]} of {_introduce(one)}" for one in found])
    return found[0] if found else find(past, name)


def choose(past: Past, name: str) -> PastCycle:
    """As `find`, for a name that was typed: a wrong one is wrong usage of the command.

    Raises:
        click.UsageError: There is none, or there are several.
    """
    return _typed(find, past, name)


def choose_version(past: Past, name: str) -> PastCycle:
    """As `find_version`, for a name that was typed: a wrong one is wrong usage of the command.

    Raises:
        click.UsageError: There is none, or there are several.
    """
    return _typed(find_version, past, name)


def _typed(rule: Callable[[Past, str], PastCycle], past: Past, name: str) -> PastCycle:
    try:
        return rule(past, name)
    except (AmbiguousName, UnknownName) as error:
        raise click.UsageError(str(error)) from error


def find_node(past: Past, names: Sequence[str], name: str) -> str | tuple[PastCycle, str]:
    """The name in lineage that a person means, or a cycle and the series whose forecasts are meant.

    Args:
        past: All committed cycles.
        names: Every name in lineage.
        name: One of `names`, with or without its kind, or the beginning of an id; `champion`, `previous`, `challenger`,
            `predecessor` and versions such as `v3` mean bundles, a period means its cycle, `forecast:CYCLE/SERIES` one
            forecast, where CYCLE is whatever `find` takes.

    Raises:
        UnknownName: No such cycle.
        AmbiguousName: Several cycles.
        UnknownId: Nothing goes by this name.
        AmbiguousId: Several things do.
    """
    if name.startswith(FORECAST_OF) and name not in names:
        cycle, _, series = name.removeprefix(FORECAST_OF).partition("/")
        return find(past, cycle), series
    if name not in names:
        if name in (CHAMPION, PREVIOUS, CHALLENGER, PREDECESSOR) or _by_number(past, name):
            return f"{inventory.BUNDLE}:{find_version(past, name).bundle}"
        if by_period := _by_period(past, name):
            return f"{inventory.CYCLE}:{_only(name, by_period).key}"
    asked = name.partition(":")[0]
    return inventory.resolve(name, [one for one in names if one.partition(":")[0] in (*inventory.KINDS, asked)])


def _only(name: str, found: Sequence[PastCycle]) -> PastCycle:
    if len(found) > 1:
        raise AmbiguousName(name, [_introduce(cycle) for cycle in found])
    return found[0]


def _by_part(past: Past, name: str) -> list[PastCycle]:
    version = {CHAMPION: past.serving, PREVIOUS: past.previous}.get(name)
    return [] if version is None else [version]


def _by_number(past: Past, name: str) -> list[PastCycle]:
    return [cycle for cycle in past.cycles if cycle.version is not None and name == f"v{cycle.version}"]


def _by_period(past: Past, name: str) -> list[PastCycle]:
    """Cycles of exactly this period, else of periods that begin so."""
    exact = [cycle for cycle in past.cycles if cycle.period == name]
    begun = [cycle for cycle in past.cycles if len(name) >= len("2019") and cycle.period.startswith(name)]
    return _prefer_main(exact or begun)


def _by_digits(past: Past, name: str) -> list[PastCycle]:
    by_key = [cycle for cycle in past.cycles if name and cycle.key.startswith(name)]
    by_bundle = [cycle for cycle in past.cycles if name and cycle.bundle.startswith(name)]
    digests = {cycle.bundle for cycle in by_bundle}
    found = {cycle.key: cycle for cycle in [*by_key, *(_prefer_main(by_bundle) if len(digests) == 1 else by_bundle)]}
    return list(found.values())


def _prefer_main(found: list[PastCycle]) -> list[PastCycle]:
    return [cycle for cycle in found if cycle.line == "main"] or found


def _nearest(past: Past, name: str) -> list[str]:
    """Introductions of the cycles whose names are most alike."""
    ways: Sequence[Callable[[PastCycle], str]] = (
        lambda cycle: cycle.period,
        lambda cycle: cycle.key,
        lambda cycle: cycle.key[: len(name)],
        lambda cycle: cycle.bundle[: len(name)],
        lambda cycle: f"v{cycle.version}",
    )
    words = {way(cycle): cycle for cycle in reversed(past.cycles) for way in ways}
    parts = [part for part in get_close_matches(name, (CHAMPION, PREVIOUS), n=1) if _by_part(past, part)]
    near = (words[word] for word in get_close_matches(name, list(words), n=NEAREST, cutoff=0.4))
    return _unique([*(f"`{part}`" for part in parts), *map(_introduce, near)])[:NEAREST]


def _introduce(cycle: PastCycle) -> str:
    beside = "" if cycle.line == "main" else f", {cycle.line}"
    return f"{cycle.key} (as of {cycle.period}{beside})"


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
