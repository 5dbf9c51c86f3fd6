import pytest


@pytest.fixture
def one_cycle():
    """The class; it comes with Keras, which takes seconds."""
    from mnist_pipeline.mnist.training.one_cycle import OneCycle

    return OneCycle


@pytest.mark.parametrize("total_steps", [1, 3, 7, 100, 938])
def test_the_rates_are_those_of_keras(one_cycle, total_steps):
    import keras

    warm_up = total_steps // 5
    expected = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.02 / 25,
        warmup_target=0.02,
        warmup_steps=warm_up,
        decay_steps=total_steps - warm_up,
    )
    rate = one_cycle(total_steps, 0.02)

    steps = range(0, total_steps + 5, max(1, total_steps // 50))
    assert [float(rate(step)) for step in steps] == pytest.approx([float(expected(step)) for step in steps], abs=1e-8)


def test_it_rises_to_the_peak_and_ends_at_nothing(one_cycle):
    rate = one_cycle(50, 0.02)

    assert float(rate(0)) == pytest.approx(0.0008)
    assert max(float(rate(step)) for step in range(50)) == float(rate(10)) == pytest.approx(0.02)
    assert float(rate(50)) == float(rate(1000)) == 0
