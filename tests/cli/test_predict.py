"""`mnist-pipeline predict` as a person types it, in a process of its own.

The model finds the brightest of four pixels.
"""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import ExifTags, Image

NAMES = ("north-west", "north-east", "south-west", "south-east")


def predict(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "mnist_pipeline", "predict", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def draw(path, brightest):
    """Write an image of 2 x 2 pixels whose class is `brightest`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full(4, 20, np.uint8)
    image[brightest] = 240
    Image.fromarray(image.reshape(2, 2)).save(path)


@pytest.fixture
def photos(tmp_path):
    """Four images, one of each class, and a text that calls itself an image."""
    draw(tmp_path / "photos/a.png", 0)
    draw(tmp_path / "photos/b.png", 1)
    draw(tmp_path / "photos/more/c.png", 2)
    draw(tmp_path / "photos/more/d, e.png", 3)
    (tmp_path / "photos/bad.png").write_text("no image")
    return tmp_path / "photos"


@pytest.fixture
def good_photos(photos):
    """The four images alone."""
    (photos / "bad.png").unlink()
    return photos


def classes_of(text):
    """Return the class of each image in the output as text."""
    return {
        line.rpartition(": ")[0]: line.rpartition(": ")[2].split("%")[0].rsplit(maxsplit=1)[0]
        for line in text.splitlines()
    }


EXPECTED = {
    "photos/a.png": "north-west",
    "photos/b.png": "north-east",
    "photos/more/c.png": "south-west",
    "photos/more/d, e.png": "south-east",
}


@pytest.mark.usefixtures("good_photos")
def test_a_folder_is_classified_with_the_folders_in_it(pixel_folder, tmp_path):
    result = predict(pixel_folder, "photos", cwd=tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert list(classes_of(result.stdout).items()) == list(EXPECTED.items())


@pytest.mark.usefixtures("good_photos")
def test_a_quoted_pattern_is_resolved(pixel_folder, tmp_path):
    result = predict(pixel_folder, "photos/?.png", "photos/m*", "--top", "1", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert list(classes_of(result.stdout).items()) == list(EXPECTED.items())


def test_each_bad_image_is_one_sentence_and_the_others_are_classified(photos, pixel_folder, tmp_path):
    (photos / "empty.png").touch()

    result = predict(pixel_folder, "photos", cwd=tmp_path)

    assert result.returncode == 1
    assert classes_of(result.stdout) == EXPECTED
    assert result.stderr.splitlines() == [
        f"Error: photos/{name}: cannot be read as an image; give a PNG or JPEG image."
        for name in ("bad.png", "empty.png")
    ]


@pytest.mark.usefixtures("good_photos")
def test_csv_has_a_row_for_each_image(pixel_folder, tmp_path):
    result = predict(pixel_folder, "photos", "--format", "csv", "--top", "2", cwd=tmp_path)

    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert result.stdout.splitlines()[0] == "image,label,class,probability,label_2,class_2,probability_2"
    assert {row["image"]: row["class"] for row in rows} == EXPECTED
    assert [row["label"] for row in rows] == ["0", "1", "2", "3"]
    for row in rows:
        assert row["class_2"] != row["class"]
        assert 0.25 < float(row["probability"]) < 1
        assert float(row["probability_2"]) < float(row["probability"])


@pytest.mark.usefixtures("good_photos")
def test_json_is_a_list_of_all_images_with_at_most_all_classes(pixel_folder, tmp_path):
    result = predict(pixel_folder, "photos", "--format", "json", "--top", "9", cwd=tmp_path)

    images = json.loads(result.stdout)
    assert {image["image"]: image["classes"][0]["class"] for image in images} == EXPECTED
    for image in images:
        assert sorted(one["class"] for one in image["classes"]) == sorted(NAMES)
        assert all(NAMES[one["label"]] == one["class"] for one in image["classes"])
        assert sum(one["probability"] for one in image["classes"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("form", ["text", "csv", "json"])
def test_a_file_holds_what_would_be_printed(pixel_folder, tmp_path, form):
    printed = predict(pixel_folder, "photos", "--format", form, cwd=tmp_path)

    result = predict(pixel_folder, "photos", "--format", form, "--output", "new/classes", cwd=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert (tmp_path / "new/classes").read_text() == printed.stdout
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["classes"]


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize(
    ("model", "image", "part"),
    [
        ("model", "photos/bad.png", "photos/bad.png: cannot be read as an image"),
        ("model", "nowhere", "nowhere: no such file or folder"),
        ("nowhere", "photos", "nowhere: no such folder"),
    ],
)
def test_what_cannot_be_done_leaves_the_file_as_it_was(pixel_folder, tmp_path, model, image, part):
    (tmp_path / "classes.csv").write_text("old")
    (tmp_path / "model").symlink_to(pixel_folder)

    result = predict(model, image, "--format", "csv", "--output", "classes.csv", cwd=tmp_path)

    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {part}")
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "classes.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.csv", "model", "photos"]


@pytest.mark.usefixtures("good_photos")
def test_a_folder_in_the_place_of_the_file_is_refused(pixel_folder, tmp_path):
    result = predict(pixel_folder, "photos", "--output", "photos", cwd=tmp_path)

    assert result.returncode == 1
    assert result.stderr == (
        "Error: photos: a folder stands where the file should be; remove it or name another folder.\n"
    )


def test_a_photo_is_classified_as_its_camera_was_held(pixel_folder, tmp_path):
    draw(tmp_path / "upright.png", 1)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    with Image.open(tmp_path / "upright.png") as upright:
        upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photo.png", exif=exif)

    result = predict(pixel_folder, "photo.png", cwd=tmp_path)

    assert classes_of(result.stdout) == {"photo.png": "north-east"}


def test_a_name_that_is_no_text_does_not_stop_the_others(good_photos, pixel_folder, tmp_path):
    (good_photos / "a.png").rename(tmp_path / "photos" / b"\xff.png".decode(errors="surrogateescape"))

    result = predict(pixel_folder, "photos", "--format", "json", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout)) == 4


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_images(pixel_folder, tmp_path):
    draw(tmp_path / "few/0.png", 0)
    big = Image.fromarray(np.zeros((300, 300), np.uint8))
    (tmp_path / "many").mkdir()
    big.save(tmp_path / "many/0.png")
    for number in range(1, 3000):
        (tmp_path / f"many/{number}.png").hardlink_to(tmp_path / "many/0.png")

    peaks = {}
    for folder in ("few", "many"):
        program = (
            "import resource, sys\nfrom mnist_pipeline.cli.main import main\n"
            "try:\n    main()\nfinally:\n"
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "predict", pixel_folder, folder, "--output", f"{folder}.txt"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[folder] = int(done.stderr.split()[-1]) * 1024

    assert len((tmp_path / "many.txt").read_text().splitlines()) == 3000
    assert peaks["many"] - peaks["few"] < 20e6
