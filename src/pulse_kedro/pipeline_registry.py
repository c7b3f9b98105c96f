"""Table of contents: the rooms and the named runs that `kedro run --pipelines` knows.

Explicit instead of discovered: a run that is only registered could not be started by name, and the import contracts
see plain imports.
"""

from kedro.pipeline import Pipeline

from pulse_kedro.pipelines import data_management, inference, metrics, recovery, reporting, rules, training

ROOMS = {
    "data_management": data_management,
    "training": training,
    "metrics": metrics,
    "rules": rules,
    "inference": inference,
    "recovery": recovery,
    "reporting": reporting,
}

RUNS = {
    "cycle": ("data_management", "training", "metrics", "rules", "inference", "recovery", "reporting"),
    "retrain": ("data_management", "retraining", "metrics", "rules", "inference", "recovery", "reporting"),
}
"""Named runs, by the rooms they are made of; `retraining` is the training room where networks learn."""


def register_pipelines() -> dict[str, Pipeline]:
    """Every room, every named run, and the cycle as the default.

    Returns:
        Pipelines by the name that `--pipelines` takes; `__default__` is the run `cycle`. The name of its room is also
        the tag of every node, so that `--tags` narrows down any of them.
    """
    rooms = {name: Pipeline(room.create_pipeline(), tags=name) for name, room in ROOMS.items()}
    parts = rooms | {"retraining": Pipeline(training.create_retraining_pipeline(), tags="training")}
    runs = {name: sum((parts[room] for room in made_of), start=Pipeline([])) for name, made_of in RUNS.items()}
    return rooms | runs | {"__default__": runs["cycle"]}
