"""Kill the register step at its n-th trace in the store, run it again, and print what the registry holds then.

    python killed_registration.py FOLDER

FOLDER has the two models `first` and `second`, with their results in `first-result` and `second-result`. The first is
the champion already when the second is registered. A trace is a commit to the database or a file opened to be written.
Each attempt is a fork of this process, which has imported everything, so that an attempt takes less than a second.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import mlflow
import mlflow.store.model_registry.sqlalchemy_store  # what the step imports, imported once for all attempts
import mlflow.store.tracking.sqlalchemy_store
import scipy.stats  # noqa: F401 - likewise
import sqlalchemy
from sqlalchemy.engine import Engine
from sqlalchemy.orm import configure_mappers

from mnist_pipeline.mnist.registry.champion import read_history
from mnist_pipeline.mnist.registry.client import RegisteredModel
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register

POLICY = Policy(min_accuracy=0.1, champion="better")


def main(folder: Path) -> None:
    """Print a JSON list: the state without a kill, then the one after each kill and repetition."""
    configure_mappers()
    store, saved = folder / "store", folder / "saved"
    in_a_fork(lambda: register_model(folder, "first"))
    shutil.copytree(store, saved)
    in_a_fork(lambda: register_model(folder, "second"))
    states = [state(folder)]
    killed = True
    while killed:
        shutil.rmtree(store)
        shutil.copytree(saved, store)
        shutil.rmtree(folder / "registration")
        count = len(states)
        killed = in_a_fork(lambda n=count: (kill_at(n, store), register_model(folder, "second"))) == signal.SIGKILL
        if killed:
            states.append(state(folder, register_first=True))
    print(json.dumps(states))


def in_a_fork(work) -> int:
    """Do the work in a copy of this process; return its exit status, the signal's number where one ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        work()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def kill_at(n: int, store: Path) -> None:
    """Let this process die at its n-th trace in the store."""
    left = n

    def trace() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_audit(event: str, arguments: tuple) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            inside = arguments[0].startswith(str(store)) or "registration" in arguments[0]
            if inside and not arguments[0].endswith((".db", "-journal")):
                trace()

    sys.addaudithook(on_audit)
    sqlalchemy.event.listen(Engine, "commit", lambda _: trace())


def register_model(folder: Path, name: str) -> None:
    """Register a model as the step does."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/store/mlflow.db")
    mlflow.set_experiment(experiment_id=os.environ["MLFLOW_EXPERIMENT_ID"])
    register(folder / name, folder / f"{name}-result", folder / "registration", "digits", POLICY)
    assert "tensorflow" not in sys.modules, "which takes seconds, and nothing was to be scored"


def state(folder: Path, *, register_first: bool = False) -> dict:
    """What the registry holds and the record says, but for times and the ids of runs; asked for in a fork too."""
    answer = folder / "state.json"

    def ask() -> None:
        if register_first:
            register_model(folder, "second")
        model = RegisteredModel("digits", mlflow.MlflowClient(f"sqlite:///{folder}/store/mlflow.db"))
        unlike = ("pipeline_run", "evidence", "champion.")
        content = {
            "versions": {
                number: {
                    "tags": {name: value for name, value in version.tags.items() if not name.startswith(unlike)},
                    "description": version.description,
                    "moves": sum(name.startswith("champion.") for name in version.tags),
                    "files": sorted(path.name for path in Path(version.source.removeprefix("file://")).rglob("*")),
                }
                for number, version in model.versions().items()
            },
            "aliases": model.client.get_registered_model("digits").aliases,
            "history": [(reign.version, reign.previous, reign.reason) for reign in read_history(model)],
            "record": json.loads((folder / "registration/registration.json").read_text()),
        }
        answer.write_text(json.dumps(content))

    assert in_a_fork(ask) == 0
    return json.loads(answer.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
