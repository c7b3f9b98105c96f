"""Where the report is, and whose it is."""

from pathlib import Path

from past_samples import HEAD, PAST, REPLAY
from pulse_kedro.adapters.reports import ReportOnDisk
from pulse_kedro.adapters.stores.past import Past
from pulse_kedro.cli.report import report_of

PAGE = Path("/data/cycle_report.html")


def on_disk(cycle: str | None, *, exists: bool = True) -> ReportOnDisk:
    return ReportOnDisk(path=PAGE, exists=exists, cycle=cycle)


def test_a_report_of_the_head_needs_no_words() -> None:
    found = report_of(on_disk(HEAD.key), PAST)

    assert {
        "path": str(PAGE),
        "cycle": HEAD.key,
        "as_of": "2019-02-01",
        "head": HEAD.key,
        "of_head": True,
        "problem": "",
        "next_step": "",
    } == found


def test_a_report_of_another_cycle_is_named_with_the_run_that_mends_it() -> None:
    found = report_of(on_disk(REPLAY.key), PAST)

    assert "This report is of cycle ce5555 (as of 2018-06-01, replay), not of the head cd4444." == found["problem"]
    assert "Next: `kedro run --params as_of=2019-02-01` writes it." == found["next_step"]
    assert not found["of_head"]


def test_a_report_of_a_run_that_was_never_committed_is_named() -> None:
    assert "of cycle c0, which was never committed" in str(report_of(on_disk("c0"), PAST)["problem"])
    assert "of an unknown cycle" in str(report_of(on_disk(None), PAST)["problem"])


def test_a_missing_report_names_the_run_that_writes_it() -> None:
    found = report_of(on_disk(None, exists=False), PAST)

    assert found["path"] is None
    assert "as_of=2019-02-01" in str(found["next_step"])


def test_before_the_first_cycle_the_next_step_is_to_begin() -> None:
    found = report_of(on_disk(None, exists=False), Past())

    assert [None, "No report was written yet."] == [found["path"], found["problem"]]
    assert "make run" in str(found["next_step"])
