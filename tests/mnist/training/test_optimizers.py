import keras
import pytest

from mnist_pipeline.mnist.training.optimizers import OneCycle, count_steps


@pytest.mark.parametrize("total_steps", [1, 3, 7, 100, 938])
def test_the_rates_of_one_cycle_are_those_of_keras(total_steps):
    warm_up = total_steps // 5
    expected = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.02 / 25,
        warmup_target=0.02,
        warmup_steps=warm_up,
        decay_steps=total_steps - warm_up,
    )
    rate = OneCycle(total_steps, 0.02)

    steps = range(0, total_steps + 5, max(1, total_steps // 50))
    assert [float(rate(step)) for step in steps] == pytest.approx([float(expected(step)) for step in steps], abs=1e-8)


def test_one_cycle_rises_to_the_peak_and_ends_at_0():
    rate = OneCycle(50, 0.02)

    assert float(rate(0)) == pytest.approx(0.0008)
    assert max(float(rate(step)) for step in range(50)) == float(rate(10)) == pytest.approx(0.02)
    assert float(rate(50)) == float(rate(1000)) == 0


@pytest.mark.parametrize(
    ("n_images", "batch_size", "epochs", "steps"), [(256, 128, 3, 6), (257, 128, 3, 9), (1, 128, 1, 1)]
)
def test_the_last_smaller_batch_of_an_epoch_is_a_step_too(n_images, batch_size, epochs, steps):
    assert count_steps(n_images, batch_size, epochs) == steps
