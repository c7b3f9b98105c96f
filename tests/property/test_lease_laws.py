"""Laws of the lease on the champion, whatever several processes do in whatever order, pauses included."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from databases import fresh_database
from pulse_kedro.adapters.stores import leases, transitions
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.leases import TTL, Contender, LeaseHeld
from pulse_kedro.adapters.stores.transitions import Change, Fenced
from records import NOW

PROCESSES = 3
WHO = st.integers(0, PROCESSES - 1)


class Leases(RuleBasedStateMachine):
    """Processes of three hosts want the lease, beat, pause, release it, and try to put a bundle in charge."""

    def __init__(self) -> None:
        """Nobody has it; the clock stands at zero."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = open_for_writing(fresh_database(Path(self.folder.name)))
        self.now = 0.0
        self.contenders = [self.contender(number) for number in range(PROCESSES)]
        self.tokens: dict[int, int] = {}
        self.current = self.epoch = 0
        self.holder: int | None = None
        self.alive_at = 0.0

    def contender(self, number: int) -> Contender:
        """A process that has not looked yet."""
        return Contender(self.engine, f"host{number}|1|then|1", clock=lambda: self.now)

    @rule(who=WHO)
    def attempt(self, who: int) -> None:
        """Who takes the lease finds it free, or saw no beat for a whole TTL."""
        held, since = self.holder, self.alive_at
        try:
            token = self.contenders[who].attempt()
        except LeaseHeld:
            assert held is not None
            self.contenders[who] = self.contender(who)  # starts again, later
            return
        if token is None:
            assert held is not None
            return
        assert held is None or self.now - since >= TTL
        assert token == self.current + 1
        self.tokens[who], self.current, self.holder, self.alive_at = token, token, who, self.now
        self.contenders[who] = self.contender(who)

    @rule(who=WHO)
    def beat(self, who: int) -> None:
        """A beat tells whether the lease is still one's own."""
        token = self.tokens.get(who, -1)

        assert leases.beat(self.engine, token) == (token == self.current)

        if token == self.current:
            self.alive_at = self.now

    @precondition(lambda self: self.holder is not None)
    @rule()
    def release(self) -> None:
        """The holder lets go; its token stays the newest."""
        with writing(self.engine) as connection:
            connection.execute(leases.freed(self.current))
        self.holder = None

    @rule(seconds=st.sampled_from([20.0, TTL / 2, TTL]))
    def wait(self, seconds: float) -> None:
        """Time passes; whoever does not beat meanwhile is paused."""
        self.now += seconds

    @rule()
    def command(self) -> None:
        """A command takes the lease for one transaction, and only where nobody has it."""
        try:
            with writing(self.engine) as connection:
                token = leases.take_within(connection)
        except LeaseHeld:
            assert self.holder is not None
        else:
            assert self.holder is None
            assert token == self.current + 1
            self.current = token

    @rule(who=WHO)
    def swap(self, who: int) -> None:
        """Only the newest token moves the champion; who slept through its lease changes nothing."""
        if who not in self.tokens:
            return
        token = self.tokens[who]
        change = Change(kind="promote", bundle=f"b{self.epoch}", recipe="r", cycle=None, actor="a", reason="r")
        if token == self.current:
            with writing(self.engine) as connection:
                seen = transitions.read_head(connection)
                self.epoch = transitions.swap(connection, seen, change, token=token, now=NOW)
            return
        with pytest.raises(Fenced), writing(self.engine) as connection:
            transitions.swap(connection, transitions.read_head(connection), change, token=token, now=NOW)

    @invariant()
    def every_move_is_on_record(self) -> None:
        """Epochs count the moves, tokens never fall."""
        log = transitions.read(self.engine)
        assert list(range(1, self.epoch + 1)) == [one.epoch for one in log]
        assert [one.token for one in log] == sorted(one.token for one in log)

    def teardown(self) -> None:
        """Remove the database."""
        self.folder.cleanup()


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
