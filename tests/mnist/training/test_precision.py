import pytest

from mnist_pipeline.mnist.training.precision import choose_precision


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
