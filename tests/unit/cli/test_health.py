"""What `doctor` says: every finding, no secrets, and no check that hides the others."""

import pytest

from pulse_kedro.adapters.checks.findings import failure, ok, warning
from pulse_kedro.cli.health import answer_of, ask
from pulse_kedro.cli.health_wording import lines, print_health
from pulse_kedro.domain.errors import InvalidConfiguration

FINDINGS = [
    ok("python", "3.11.7"),
    warning("disk", "0.5 GB free", "Make room."),
    failure("database", "postgresql://me:canary@db/pulse: no answer", "Start it with password=canary."),
]


def test_findings_are_counted_and_a_failure_is_not_ok() -> None:
    answer = answer_of(FINDINGS)

    assert [False, {"ok": 1, "warning": 1, "failure": 1}] == [answer["ok"], answer["counts"]]
    assert answer_of(FINDINGS[:2])["ok"]
    assert ["python", "disk", "database"] == [check["name"] for check in answer["checks"]]


def test_no_finding_tells_a_secret() -> None:
    answer = answer_of(FINDINGS)

    assert "canary" not in repr(answer)
    assert "postgresql://me:***@db/pulse: no answer" == answer["checks"][2]["found"]


def test_a_check_that_fails_itself_is_a_finding_with_a_next_step() -> None:
    def look() -> None:
        raise FileNotFoundError(2, "No such file or directory", "x.csv")

    (found,) = ask("source", look)

    assert ("source", "failure") == (found.name, found.level)
    assert "x.csv" in found.found
    assert found.next_step.startswith("Restore the file")


def test_our_own_errors_say_the_next_step_themselves() -> None:
    class Refused(InvalidConfiguration):
        def __str__(self) -> str:
            return "Opening the door failed: got no key, expected one. Look under the mat."

    def look() -> None:
        raise Refused

    (found,) = ask("door", look)

    assert "got no key, expected one." in found.found
    assert "Look under the mat." in found.found + found.next_step


def test_a_check_may_find_several_things() -> None:
    assert FINDINGS == list(ask("all", lambda: FINDINGS))


def test_what_is_to_be_done_stands_below_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_of(FINDINGS)

    assert [("ok", "python: 3.11.7"), ("warning", "disk: 0.5 GB free"), ("", "→ Make room.")] == list(lines(answer))[:3]
    print_health(answer)
    assert capsys.readouterr().out.endswith("\n3 checks: 1 failed, 1 warning.\n")
