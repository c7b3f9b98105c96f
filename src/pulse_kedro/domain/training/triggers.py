"""What has to be trained in this cycle, and what caused it."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import TIME, content_hash

Role = Literal["champion", "challenger", "predecessor"]
Mode = Literal["bootstrap", "update", "recompute", "nothing", "retrain"]


class FrequencyChanged(InvalidConfiguration):
    """The source has another frequency than the champion was trained on."""

    def __init__(self, found: str, champion: str) -> None:
        """Keep both frequencies."""
        super().__init__(found, champion)
        self.found, self.champion = found, champion

    def __str__(self) -> str:
        """Name both and the two ways out."""
        return (
            f"Updating the champion failed: got data of frequency {self.found!r}, expected {self.champion!r}, on which "
            "it was trained. Correct `source.frequency` in conf/, or start afresh with a PULSE_DATA_ROOT of its own."
        )


class OtherSeries(InvalidConfiguration):
    """Not one series of the source is known to the champion: the data of somebody else."""

    def __init__(self, found: str, champion: str) -> None:
        """Keep one series of each."""
        super().__init__(found, champion)
        self.found, self.champion = found, champion

    def __str__(self) -> str:
        """Name one series of each, and how sources are kept apart."""
        return (
            f"Updating the champion failed: got other series only, such as {self.found!r}, expected some that it was "
            f"trained on, such as {self.champion!r}. Keep each source apart: set `data_root` in globals.yml of an "
            "environment (`kedro pulse init-data` does), or PULSE_DATA_ROOT."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionFacts:
    """What is asked of the champion before it is touched: its digest, its recipe, and the data it has seen.

    `plain_digest` is that of its recipe without the members that only a retraining brings; `since_lesson` counts the
    periods between the last time such members learned and `known_until`, `None` where it has none.
    """

    digest: str
    recipe_digest: str
    plain_digest: str
    known_until: pd.Timestamp
    panel_digest: str
    since_lesson: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """One bundle to make: for whom, from which recipe, how, and why.

    `basis` is the digest of the bundle that it continues; `None` where it begins from nothing.
    """

    role: Role
    recipe_digest: str
    mode: Mode
    cause: str
    basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """All jobs of one cycle; the champion's comes first."""

    jobs: tuple[TrainingJob, ...]

    @property
    def action(self) -> Literal["bootstrap", "update", "nothing"]:
        """The plan in one word."""
        modes = {job.mode for job in self.jobs}
        if modes == {"nothing"}:
            return "nothing"
        return "bootstrap" if self.jobs[0].role == "challenger" else "update"

    @property
    def cause(self) -> str:
        """The causes of all jobs in one sentence."""
        return "; ".join(job.cause for job in self.jobs)


def plan_jobs(
    champion: ChampionFacts | None,
    recipe_digest: str,
    panel: pd.DataFrame,
    *,
    learn_every: int | None = None,
    lesson: str | None = None,
) -> TrainingPlan:
    """Jobs that a cycle needs.

    Args:
        champion: What served the parent cycle; `None` in the first cycle.
        recipe_digest: The recipe that `conf/` asks for.
        panel: Everything the cycle knows.
        learn_every: Periods after which members that learn rarely learn once more; `None` never asks for it.
        lesson: Why drift asks for a retraining now; `None` where it does not.

    Returns:
        A bootstrap when nothing served before. Otherwise the champion is updated with the new periods, recomputed when
        a value it has seen changed, or left alone when nothing is new; another recipe in `conf/` adds a challenger.
        Members that only a retraining brings make no difference; they learn anew when they are due, or when drift asks
        for it. Where there are none, a retraining reads everything again.
    """
    if champion is None:
        cause = "no champion serves yet: everything is learned from the beginning"
        return TrainingPlan(
            jobs=(TrainingJob(role="challenger", recipe_digest=recipe_digest, mode="bootstrap", cause=cause),)
        )
    mode, cause = _asked(champion, lesson) or _due(champion, panel, learn_every) or _champion_job(champion, panel)
    jobs = [_continued(champion, mode, cause)]
    if recipe_digest not in (champion.recipe_digest, champion.plain_digest):
        cause = f"recipe {recipe_digest[:12]} of conf/ differs from the champion's {champion.recipe_digest[:12]}"
        jobs.append(TrainingJob(role="challenger", recipe_digest=recipe_digest, mode="bootstrap", cause=cause))
    return TrainingPlan(jobs=tuple(jobs))


def plan_retraining(champion: ChampionFacts | None, recipe_digest: str, panel: pd.DataFrame) -> TrainingPlan:
    """Jobs of a retraining, in which slow members learn.

    Args:
        champion: What served the parent cycle; `None` in the first cycle.
        recipe_digest: The recipe of `conf/` with the members that learn.
        panel: Everything the cycle knows.

    Returns:
        Where the champion has this recipe already, its next revision learns once more from all data; otherwise it is
        updated as in a plain cycle, and a challenger with this recipe learns beside it.
    """
    if champion is None:
        cause = "no champion serves yet: everything is learned from the beginning, slow members included"
        return TrainingPlan(
            jobs=(TrainingJob(role="challenger", recipe_digest=recipe_digest, mode="retrain", cause=cause),)
        )
    mode, cause = _champion_job(champion, panel)
    if recipe_digest == champion.recipe_digest:
        cause = f"a retraining was asked for: slow members learn from all data ({cause})"
        return TrainingPlan(jobs=(_continued(champion, "retrain", cause),))
    learned = f"a retraining was asked for: recipe {recipe_digest[:12]} has slow members that learn"
    return TrainingPlan(
        jobs=(
            _continued(champion, mode, cause),
            TrainingJob(role="challenger", recipe_digest=recipe_digest, mode="retrain", cause=learned),
        )
    )


def keep_warm(plan: TrainingPlan, predecessor: ChampionFacts, panel: pd.DataFrame) -> TrainingPlan:
    """The plan, with the next revision of the former champion while the new one is on probation.

    Args:
        plan: Jobs of champion and challenger.
        predecessor: What the new champion replaced.
        panel: Everything the cycle knows.

    Returns:
        The same plan where another job makes a bundle of that recipe anyway.
    """
    if predecessor.recipe_digest in {job.recipe_digest for job in plan.jobs}:
        return plan
    mode, cause = _champion_job(predecessor, panel)
    cause = f"the former champion is kept up to date while its successor is on probation ({cause})"
    return TrainingPlan(jobs=(*plan.jobs, _continued(predecessor, mode, cause, role="predecessor")))


def _continued(facts: ChampionFacts, mode: Mode, cause: str, *, role: Role = "champion") -> TrainingJob:
    return TrainingJob(role=role, recipe_digest=facts.recipe_digest, mode=mode, cause=cause, basis=facts.digest)


def _asked(champion: ChampionFacts, lesson: str | None) -> tuple[Mode, str] | None:
    """Mode and cause where drift asks for a retraining."""
    if lesson is None:
        return None
    return "recompute" if champion.since_lesson is None else "retrain", f"drift: {lesson}"


def _due(champion: ChampionFacts, panel: pd.DataFrame, learn_every: int | None) -> tuple[Mode, str] | None:
    """Mode and cause where the champion's rarely learned members have waited long enough."""
    new = panel.loc[panel[TIME] > champion.known_until, TIME].nunique()
    if learn_every is None or champion.since_lesson is None or new == 0:
        return None
    waited = champion.since_lesson + new
    if waited < learn_every:
        return None
    return (
        "retrain",
        f"members that learn rarely are due: {waited} periods since their last lesson, {learn_every} allowed",
    )


def _champion_job(champion: ChampionFacts, panel: pd.DataFrame) -> tuple[Mode, str]:
    """Mode and cause for the champion."""
    new = panel[TIME] > champion.known_until
    if content_hash(panel[~new]) != champion.panel_digest:
        return "recompute", f"revision: values up to {champion.known_until.date()} changed since the champion saw them"
    if not new.any():
        return "nothing", f"no observation after {champion.known_until.date()}"
    periods = panel.loc[new, TIME].nunique()
    return "update", f"{periods} new period{'s' * (periods > 1)} with {int(new.sum())} observations"
