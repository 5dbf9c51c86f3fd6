import keras
import pytest

from mnist_pipeline.mnist.training.hyperparameters import PRECISION_NAMES
from mnist_pipeline.mnist.training.precision import DTYPE_POLICIES, choose_precision, layers_compute_in


def test_every_name_of_a_precision_is_auto_or_has_a_dtype_policy_and_the_reverse():
    assert ("auto", *DTYPE_POLICIES) == PRECISION_NAMES


@pytest.mark.parametrize(
    ("cpu_info", "gpu", "chosen"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse2 avx512_bf16 amx_tile\n", False, "bfloat16"),
        ("flags\t\t: fpu amx_bf16\n", False, "bfloat16"),
        ("flags\t\t: fpu sse2 avx2\n", False, "float32"),
        ("flags\t\t: fpu amx_bf16\n", True, "float32"),
        ("Features\t: fp asimd bf16\n", False, "float32"),
        ("", False, "float32"),
        (None, False, "float32"),
    ],
)
def test_auto_is_bfloat16_only_on_a_cpu_that_offers_it(cpu_info, gpu, chosen, tmp_path):
    file = tmp_path / "cpuinfo"
    if cpu_info is not None:
        file.write_text(cpu_info)

    assert choose_precision("auto", gpu, file) == chosen


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("gpu", [False, True])
def test_a_precision_that_is_named_is_taken(precision, gpu, tmp_path):
    assert choose_precision(precision, gpu, tmp_path / "none") == precision


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_layers_compute_in_the_precision_in_which_they_are_built_and_others_stay_as_they_were(precision):
    with layers_compute_in(precision):
        layer = keras.layers.Dense(1)

    assert layer.compute_dtype == precision
    assert keras.layers.Dense(1).compute_dtype == "float32"
