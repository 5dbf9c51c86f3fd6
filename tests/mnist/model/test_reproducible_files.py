"""The same model is the same folder, byte for byte."""

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.model.model_folder import save_model
from mnist_pipeline.mnist.model.reproducible_files import remove_dates

EVERY_NETWORK = """
import json, sys
from pathlib import Path
import numpy
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import save_model
from mnist_pipeline.mnist.training.isolation import built_alone
from mnist_pipeline.mnist.training.networks import for_use
from mnist_pipeline.mnist.training.recipes import RECIPES
folder, step = Path(sys.argv[1]), int(sys.argv[2])
example = numpy.arange(18 * 18, dtype="uint8").reshape(1, 18, 18)
for name, mirrored in [(name, mirrored) for name in RECIPES for mirrored in (False, True)][::step]:
    trained = built_alone(lambda: RECIPES[name].build(18, 18, 3), seed=1)
    network = built_alone(lambda: for_use(trained, mirrored), seed=1)
    save_model(TrainedModel(network), folder / f"{name} {mirrored}", example)
"""


@pytest.mark.slow
def test_every_network_has_the_same_files_whatever_its_process_did_before(tmp_path):
    """One process saves the networks in the reverse order; the hashes of texts, which order sets, differ too."""
    for seed, step in ((1, 1), (2, -1)):
        subprocess.run(
            [sys.executable, "-c", EVERY_NETWORK, tmp_path / str(seed), str(step)],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            check=True,
        )

    first, second = (
        {file.relative_to(tmp_path / seed).as_posix(): sha256_of(file) for file in (tmp_path / seed).rglob("*.*")}
        for seed in ("1", "2")
    )
    assert len(first) > 8
    assert first == second
    assert sha256_of(tmp_path / "1") == sha256_of(tmp_path / "2")


def test_a_model_saved_again_is_the_same_folder_and_another_one_is_not(pixel_model, pixel_folder, tmp_path):
    black, white = np.zeros((1, 2, 2), np.uint8), np.full((1, 2, 2), 255, np.uint8)

    save_model(pixel_model, tmp_path / "again", black)
    save_model(pixel_model, tmp_path / "other", white)

    assert sha256_of(tmp_path / "again") == sha256_of(pixel_folder)
    assert sha256_of(tmp_path / "other") != sha256_of(pixel_folder)


def test_a_keras_file_without_its_date_keeps_everything_else(pixel_model, tmp_path):
    file = tmp_path / "model.keras"
    pixel_model.network.save(file)
    with zipfile.ZipFile(file) as archive:
        before = {name: archive.read(name) for name in archive.namelist()}

    remove_dates(file)

    with zipfile.ZipFile(file) as archive:
        after = {name: archive.read(name) for name in archive.namelist()}
        dates = {member.date_time for member in archive.infolist()}
    was, now = (json.loads(members.pop("metadata.json")) for members in (before, after))
    assert after == before
    assert (now.pop("date_saved"), was.pop("date_saved") > "2020") == ("1980-01-01@00:00:00", True)
    assert now == was
    assert dates == {(1980, 1, 1, 0, 0, 0)}
