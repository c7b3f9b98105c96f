"""A short past in plain values: three cycles on the main line, one that a correction replaced, one replay."""

from datetime import UTC, datetime

from pulse_kedro.adapters.stores.past import Past, PastCycle, Standing


def a_cycle(key: str, as_of: datetime, *, line: Standing = "main", version: int | None = None) -> PastCycle:
    return PastCycle(
        key=key,
        as_of=as_of,
        parent=None,
        line=line,
        recipe="f" * 64,
        bundle=f"b{key[1:]}" + "0" * 48,
        revision=version or 1,
        since="2018-12-01",
        decision={"verdict": "REVISION", "reason": f"Reason of {key}."},
        snapshot=f"s{as_of:%Y%m}",
        code_version="1",
        committed_at=datetime(2026, 1, 1, tzinfo=UTC),
        version=version,
    )


FIRST = a_cycle("ca1111", datetime(2018, 12, 1), version=1)  # noqa: DTZ001  # a period has no zone
REPLACED = a_cycle("cb2222", datetime(2019, 1, 1), line="superseded", version=2)  # noqa: DTZ001
SECOND = a_cycle("cb3333", datetime(2019, 1, 1), version=3)  # noqa: DTZ001
HEAD = a_cycle("cd4444", datetime(2019, 2, 1), version=4)  # noqa: DTZ001
REPLAY = a_cycle("ce5555", datetime(2018, 6, 1), line="replay")  # noqa: DTZ001
PAST = Past(
    cycles=(REPLAY, HEAD, SECOND, REPLACED, FIRST), head="cd4444", bundle=HEAD.bundle, previous_bundle=SECOND.bundle
)
