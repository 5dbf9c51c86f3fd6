import pytest

from mnist_pipeline.run_marker import MARKER, files_of_runs


@pytest.fixture
def folder(tmp_path):
    """A function that writes empty files to a folder and returns it."""

    def write(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return write


def test_a_file_below_a_marked_folder_belongs_to_the_outermost_one(folder):
    root = folder(f"runs/one/{MARKER}", f"runs/one/nodes/step/code/runs/old/{MARKER}", "step.py")
    files = ["step.py", "runs/one/plan.json", "runs/one/nodes/step/code/runs/old/plan.json"]

    assert files_of_runs(root, files) == {files[1]: "runs/one", files[2]: "runs/one"}


@pytest.mark.parametrize("name", ["mlflow.db", "mlflow.db-wal", ".mlflow.db.lock", "runs/mlflow.db"])
def test_a_database_belongs_to_the_store_if_the_artifacts_beside_it_are_marked(name, folder):
    root = folder(f"mlartifacts/{MARKER}", f"runs/mlartifacts/{MARKER}")

    assert files_of_runs(root, [name]) == {name: name}


@pytest.mark.parametrize("name", ["mlflow.db", "mlartifacts/1/model", "plan.json", "20260101-120000-abcdef/plan.json"])
def test_a_name_alone_makes_no_file_one_of_a_run(name, folder):
    assert files_of_runs(folder(name), [name]) == {}


@pytest.mark.parametrize("name", ["mlflow.db.py", "my-mlflow.db", "mlflow.database", "lib/mlflow.db"])
def test_another_file_beside_the_store_is_not_part_of_it(name, folder):
    assert files_of_runs(folder(f"mlartifacts/{MARKER}"), [name]) == {}


def test_the_folder_itself_may_be_the_folder_of_a_run(folder):
    assert files_of_runs(folder(MARKER, "nodes/step/code/step.py"), ["nodes/step/code/step.py"]) == {}


def test_a_run_is_found_below_a_link(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "one").mkdir()
    (elsewhere / "one" / MARKER).touch()
    root = folder("step.py")
    (root / "runs").symlink_to(elsewhere)

    assert files_of_runs(root, ["step.py", "runs/one/plan.json"]) == {"runs/one/plan.json": "runs/one"}
