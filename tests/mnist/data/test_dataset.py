import numpy as np
import pytest
from idx_data import patterned, write_csv_of, write_idx
from PIL import Image

from mnist_pipeline.errors import CsvError, DataError, IdxError, ImageError
from mnist_pipeline.mnist.data.dataset import Dataset, find_image_size, read_batches, read_csv_dataset, read_dataset

IMAGES, LABELS = patterned(6, 4, 4, 3)
OBLONG, OBLONG_LABELS = patterned(6, 2, 5, 3)


def assert_same(dataset, images, labels):
    assert np.array_equal(dataset.images, images)
    assert np.array_equal(dataset.labels, labels)
    assert (dataset.images.dtype, dataset.labels.dtype) == (np.uint8, np.uint8)


@pytest.mark.parametrize("path", ["data/some.csv", "data"], ids=["file", "folder with one CSV"])
def test_a_csv_is_read_from_the_file_or_its_folder(tmp_path, path):
    write_csv_of(tmp_path / "data/some.csv", IMAGES, LABELS)
    (tmp_path / "data/readme.txt").touch()

    assert_same(read_csv_dataset(tmp_path / path), IMAGES, LABELS)
    assert_same(read_csv_dataset(str(tmp_path / path)), IMAGES, LABELS)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,0,255\n2,3,4", [[1, 0, 255], [2, 3, 4]]),
        ("1,0,255\r\n2,3,4\r\n", [[1, 0, 255], [2, 3, 4]]),
        ("1,0,255\n\n2,3,4\n\n", [[1, 0, 255], [2, 3, 4]]),
        ("1, 0, 255\n", [[1, 0, 255]]),
    ],
    ids=["no newline at the end", "Windows line ends", "blank lines between", "spaces after the commas"],
)
def test_a_csv_may_have_been_through_other_tools(tmp_path, text, rows):
    (tmp_path / "data.csv").write_bytes(text.encode())

    dataset = read_csv_dataset(tmp_path, image_size=(1, 2))

    assert np.column_stack([dataset.labels, dataset.images[:, 0]]).tolist() == rows


def test_the_number_of_classes_is_that_of_the_names_or_reaches_to_the_largest_label(tmp_path):
    write_csv_of(tmp_path / "data.csv", IMAGES, LABELS)

    assert read_csv_dataset(tmp_path).n_classes == 3
    assert read_csv_dataset(tmp_path, class_names=("a", "b", "c", "d")).n_classes == 4


def test_images_that_are_not_square_are_arranged_by_the_size_of_their_idx_files(tmp_path):
    write_idx(tmp_path / "idx", "train", OBLONG, OBLONG_LABELS)
    csv = write_csv_of(tmp_path / "data.csv", OBLONG, OBLONG_LABELS)

    size = find_image_size(tmp_path / "idx")

    assert size == (2, 5)
    assert_same(read_csv_dataset(csv, size), OBLONG, OBLONG_LABELS)


def test_images_that_are_not_square_need_to_be_told_how_they_are_arranged(tmp_path):
    write_csv_of(tmp_path / "data.csv", OBLONG, OBLONG_LABELS)

    with pytest.raises(CsvError, match=r"data\.csv: 10 pixels per line do not make a square image; .*\(idx_data\)\.$"):
        read_csv_dataset(tmp_path)


def test_an_image_size_that_does_not_fit_the_lines_is_refused(tmp_path):
    write_csv_of(tmp_path / "data.csv", OBLONG, OBLONG_LABELS)

    with pytest.raises(CsvError, match=r"data\.csv: a line has 10 pixels, but an image of 3 x 4 has 12"):
        read_csv_dataset(tmp_path, (3, 4))


def test_idx_data_without_idx_files_are_refused(tmp_path):
    with pytest.raises(IdxError, match="train-images-idx3-ubyte is missing"):
        find_image_size(tmp_path)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        pytest.param("1,2,3\n4,,6\n", "line 2, column 2 is empty", id="missing value"),
        pytest.param("1,2,3\n4,5,\n", "line 2, column 3 is empty", id="missing last value"),
        pytest.param("1,2,3\n4,five,6\n", "line 2, column 2 is 'five'", id="word"),
        pytest.param("label,p1,p2\n1,2,3\n", "line 1, column 1 is 'label'", id="header"),
        pytest.param("1,2,3\n4,5,300\n", "line 2, column 3 is '300'", id="above 255"),
        pytest.param("256,2,3\n", "line 1, column 1 is '256'", id="label above 255"),
        pytest.param("1,2,3\n4,-1,6\n", "line 2, column 2 is '-1'", id="below 0"),
        pytest.param("1,2,3\n4,5,2.5\n", "line 2, column 3 is '2.5'", id="fraction"),
        pytest.param("1,2,nan\n", "line 1, column 3 is 'nan'", id="nan"),
        pytest.param("1;2;3\n", "line 1, column 1 is '1;2;3'", id="semicolons"),
        pytest.param("1,2,3\n#4,5,6\n", "line 2, column 1 is '#4'", id="comment"),
        pytest.param("1,2,3\n4,5\n", "line 2 has 2 values where the lines before have 3", id="shorter line"),
        pytest.param("1,2,3\n4,5,6,7\n", "line 2 has 4 values where the lines before have 3", id="longer line"),
        pytest.param("1,2,3\n\n4,5\n", "line 3 has 2 values", id="blank lines count"),
        pytest.param(f"1,2,{'9' * 5000}\n", "line 1, column 3 is '99999999999999999999'", id="endless number"),
        pytest.param("", "no lines in it", id="no lines"),
        pytest.param("\n\n", "no lines in it", id="blank lines only"),
        pytest.param("1\n2\n", "only one value", id="labels only"),
        pytest.param("\0\1\2\3\n", "line 1, column 1 is", id="control characters"),
    ],
)
def test_a_malformed_csv_is_named_with_line_and_column(tmp_path, content, finding):
    (tmp_path / "data.csv").write_text(content)

    with pytest.raises(CsvError, match=rf"data\.csv: .*{finding}") as raised:
        read_csv_dataset(tmp_path, (1, 2))

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0", b"1,2,3\n" * 5000 + b"4,5,\xff\n", b"1,x,\xc3\xa9\n"])
def test_a_binary_file_is_no_csv(tmp_path, content):
    (tmp_path / "data.csv").write_bytes(content)

    with pytest.raises(CsvError, match=r"data\.csv: not a text file of numbers; give a CSV") as raised:
        read_csv_dataset(tmp_path, (1, 2))

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("names", "finding"),
    [
        (["b.csv", "a.csv"], r"holds 2 CSV files \(a\.csv, b\.csv\) where exactly one is needed"),
        (["readme.txt"], "holds 0 CSV files where exactly one is needed"),
    ],
    ids=["two", "none"],
)
def test_a_folder_needs_exactly_one_csv(tmp_path, names, finding):
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(CsvError, match=finding):
        read_csv_dataset(tmp_path)


def test_a_csv_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(CsvError, match=r"nowhere\.csv: no such file or folder; give a CSV"):
        read_csv_dataset(tmp_path / "nowhere.csv")


def test_a_folder_called_like_a_csv_cannot_be_read(tmp_path):
    (tmp_path / "data.csv").mkdir()

    with pytest.raises(CsvError, match=r"data\.csv"):
        read_csv_dataset(tmp_path)


def write_image_folders(folder, suffix, names):
    """One gray image a class, its value the position of the name in `names`."""
    for value, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        Image.new("L", (3, 2), value * 50).save(folder / name / f"image{suffix}")


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
def test_a_data_folder_may_hold_idx_files(tmp_path, gz):
    write_idx(tmp_path, "train", IMAGES, LABELS, gz=gz)
    write_idx(tmp_path, "test", IMAGES[:2], LABELS[:2], gz=gz)

    assert_same(read_dataset(tmp_path, "train"), IMAGES, LABELS)
    assert_same(read_dataset(tmp_path, "test"), IMAGES[:2], LABELS[:2])


@pytest.mark.parametrize("path", ["data.csv", "."], ids=["file", "folder"])
def test_a_data_folder_may_hold_a_csv_or_be_one(tmp_path, path):
    write_csv_of(tmp_path / "data.csv", OBLONG, OBLONG_LABELS)

    assert_same(read_dataset(tmp_path / path, "test", image_size=(2, 5)), OBLONG, OBLONG_LABELS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG"])
def test_a_data_folder_may_hold_a_folder_of_images_for_each_class(tmp_path, suffix):
    write_image_folders(tmp_path, suffix, ["bag", "coat", "sandal"])
    (tmp_path / ".cache").mkdir()
    (tmp_path / "bag/notes.txt").touch()

    dataset = read_dataset(tmp_path, "train")

    assert dataset.class_names == ("bag", "coat", "sandal")
    assert dataset.labels.tolist() == [0, 1, 2]
    assert dataset.image_size == (2, 3)
    assert np.abs(dataset.images.mean(axis=(1, 2)) - [0, 50, 100]).max() < 2  # JPEG loses a little


def test_class_folders_that_are_numbers_are_in_the_order_of_numbers(tmp_path):
    names = ["0", "2", "10"]
    write_image_folders(tmp_path, ".png", names)

    dataset = read_dataset(tmp_path, "train")

    assert dataset.class_names == tuple(names)
    assert dataset.images[:, 0, 0].tolist() == [0, 50, 100]


def test_images_of_different_sizes_are_refused(tmp_path):
    write_image_folders(tmp_path, ".png", ["a", "b"])
    Image.new("L", (4, 5)).save(tmp_path / "b/other.png")

    with pytest.raises(ImageError, match=r"other\.png: 5 x 4 pixels where the images before have 2 x 3"):
        read_dataset(tmp_path, "train")


def test_a_class_folder_without_images_is_refused(tmp_path):
    write_image_folders(tmp_path, ".png", ["a"])
    (tmp_path / "b").mkdir()

    with pytest.raises(DataError, match="b: no PNG or JPEG image in it"):
        read_dataset(tmp_path, "train")


def test_more_classes_than_a_byte_counts_are_refused(tmp_path):
    for number in range(257):
        (tmp_path / str(number)).mkdir()

    with pytest.raises(DataError, match="257 folders are 257 classes; at most 256 are supported"):
        read_dataset(tmp_path, "train")


@pytest.mark.parametrize("name", [None, "readme.txt", "t10k-images-idx3-ubyte"], ids=["empty", "text", "other split"])
def test_a_folder_without_data_is_told_what_it_could_hold(tmp_path, name):
    if name:
        (tmp_path / name).touch()

    with pytest.raises(
        DataError, match="neither a CSV, nor the IDX files of the train split, nor one folder per label"
    ):
        read_dataset(tmp_path, "train")


def test_a_folder_with_hidden_folders_only_has_no_images(tmp_path):
    (tmp_path / ".git").mkdir()

    with pytest.raises(DataError, match="no images in it"):
        read_dataset(tmp_path, "train")


def test_data_that_do_not_exist_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        read_dataset(tmp_path / "nowhere", "train")


def test_the_image_size_is_height_and_width():
    assert Dataset(np.zeros((1, 2, 5), np.uint8), np.zeros(1, np.uint8)).image_size == (2, 5)


@pytest.fixture(params=["CSV", "IDX", "image folders"])
def many(request, tmp_path):
    """A folder with 23 images of 4 x 3 pixels in three classes, in one of the forms; and the images and labels."""
    images, labels = patterned(23, 4, 3, 3)
    if request.param == "CSV":
        write_csv_of(tmp_path / "test.csv", images, labels)
    elif request.param == "IDX":
        write_idx(tmp_path, "test", images, labels)
    else:
        order = np.argsort(labels, kind="stable")
        images, labels = images[order], labels[order]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            (tmp_path / str(label)).mkdir(exist_ok=True)
            Image.fromarray(image).save(tmp_path / str(label) / f"{number:02}.png")
    return tmp_path, images, labels


@pytest.mark.parametrize("batch", [1, 7, 23, 1000])
def test_batches_are_the_whole_data_in_order(many, batch):
    folder, images, labels = many
    batches = list(read_batches(folder, "test", batch, image_size=(4, 3)))

    whole = read_dataset(folder, "test", image_size=(4, 3))
    assert_same(whole, images, labels)
    assert [len(one.labels) for one in batches[:-1]] == [batch] * (len(batches) - 1)
    assert np.array_equal(np.concatenate([one.images for one in batches]), whole.images)
    assert np.array_equal(np.concatenate([one.labels for one in batches]), whole.labels)
    assert {one.class_names for one in batches} == {whole.class_names}


def test_a_malformed_part_is_refused_when_it_is_reached(tmp_path):
    write_csv_of(tmp_path / "csv/test.csv", IMAGES, LABELS)
    with (tmp_path / "csv/test.csv").open("a") as csv:
        csv.write("1,2,3\n")
    _, labels = write_idx(tmp_path / "idx", "test", IMAGES, LABELS)
    labels.write_bytes(labels.read_bytes() + b"\0")
    write_image_folders(tmp_path / "folders", ".png", ["a", "b"])
    Image.new("L", (4, 5)).save(tmp_path / "folders/b/other.png")

    for form, error in (("csv", CsvError), ("idx", IdxError), ("folders", ImageError)):
        with pytest.raises(error):
            list(read_batches(tmp_path / form, "test", 1))


def test_colors_of_image_folders_are_said_to_be_lost_once(tmp_path, capsys):
    write_image_folders(tmp_path, ".png", ["a", "b", "c"])
    height, width = next(read_batches(tmp_path, "train", 1)).image_size
    for name in "bc":
        Image.new("RGB", (width, height), (255, 0, 0)).save(tmp_path / name / "red.png")

    read_dataset(tmp_path, "train")

    assert capsys.readouterr().out == (
        f"{tmp_path / 'b/red.png'} is a color image; the colors of all images are turned to gray.\n"
    )


def test_nothing_is_said_of_gray_image_folders(tmp_path, capsys):
    write_image_folders(tmp_path, ".png", ["a", "b"])

    read_dataset(tmp_path, "train")

    assert capsys.readouterr().out == ""
