"""What a person may type as a job's data."""

import pytest

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.data import data_path


def test_a_folder_with_a_file_is_data_by_its_absolute_path(tmp_path, monkeypatch):
    (tmp_path / "digits/train").mkdir(parents=True)
    (tmp_path / "digits/train/a.csv").write_text("1,2")
    monkeypatch.chdir(tmp_path)

    assert data_path("digits") == str(tmp_path / "digits")


def test_a_folder_without_any_file_is_refused(tmp_path):
    (tmp_path / "digits/train").mkdir(parents=True)

    with pytest.raises(WorkspaceError, match=r"digits: the folder is empty; give azureml:NAME:VERSION"):
        data_path(str(tmp_path / "digits"))
