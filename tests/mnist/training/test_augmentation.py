import numpy as np
import pytest

from mnist_pipeline.mnist.training.augmentation import AUGMENTATIONS, augmented
from mnist_pipeline.mnist.training.hyperparameters import AUGMENTATION_NAMES

IMAGES = np.random.default_rng(5).integers(1, 256, (300, 4, 3)).astype(np.uint8)


def augment(images, augmentation, seed=1):
    return augmented(images, AUGMENTATIONS[augmentation], np.random.default_rng(seed))


def moved(image, down, right):
    """The image moved by whole pixels, slowly: pixel by pixel."""
    result = np.zeros_like(image)
    for row, column in np.ndindex(*image.shape):
        if 0 <= row - down < image.shape[0] and 0 <= column - right < image.shape[1]:
            result[row, column] = image[row - down, column - right]
    return result


def test_every_name_of_an_augmentation_has_one_and_the_reverse():
    assert tuple(AUGMENTATIONS) == AUGMENTATION_NAMES


@pytest.mark.parametrize("augmentation", AUGMENTATION_NAMES)
@pytest.mark.parametrize("shape", [(300, 4, 3), (1, 1, 1), (2, 1, 9), (0, 5, 5)])
def test_shape_and_dtype_stay_and_so_do_the_images_given(augmentation, shape):
    images = IMAGES if shape == IMAGES.shape else np.full(shape, 200, np.uint8)
    before = images.copy()

    result = augment(images, augmentation)

    assert (result.shape, result.dtype) == (shape, np.uint8)
    assert np.array_equal(images, before)


@pytest.mark.parametrize(
    ("augmentation", "flips", "steps"),
    [("shift", [False], (-1, 0, 1)), ("flip", [False, True], (0,)), ("flip-shift", [False, True], (-1, 0, 1))],
)
def test_every_image_becomes_one_of_its_own_variants_and_all_variants_occur(augmentation, flips, steps):
    seen = set()

    for image, changed in zip(IMAGES, augment(IMAGES, augmentation), strict=True):
        variants = {
            (flip, down, right): moved(image[:, ::-1] if flip else image, down, right)
            for flip in flips
            for down in steps
            for right in steps
        }
        (found,) = (name for name, variant in variants.items() if np.array_equal(changed, variant))
        seen.add(found)

    assert len(seen) == len(flips) * len(steps) ** 2


def test_none_changes_nothing():
    assert np.array_equal(augment(IMAGES, "none"), IMAGES)


@pytest.mark.parametrize("augmentation", ["shift", "flip", "flip-shift"])
def test_chance_comes_from_the_generator_alone(augmentation):
    first, again, other = (augment(IMAGES, augmentation, seed) for seed in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
