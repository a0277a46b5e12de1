"""What only TensorFlow can show: gradients, settings, and the tensors of a container."""

import os

import numpy as np
import pytest

from ptychoparity.reference.physics import regions as reference

SIZES = {"patches": (2, 8, 8, 4), "probe": (2, 8, 8)}


@pytest.fixture(scope="module")
def tf():
    if os.environ.get("PTYCHOPARITY_TEST_BACKEND") != "tensorflow":
        pytest.skip("TensorFlow is not the backend under test")
    import tensorflow

    return tensorflow


@pytest.fixture
def diffraction(tf, native):  # noqa: ARG001 - skips where the other backend is under test
    return native.module("diffraction")


def gradient_of(tf, loss, value):
    with tf.GradientTape() as tape:
        tape.watch(value)
        result = loss(value)
    return tape.gradient(result, value).numpy()


def test_check_f10_a_dark_wave_has_gradient_zero(tf, diffraction):
    wave = tf.zeros((2, 1, 8, 8, 3), tf.complex64)
    gradient = gradient_of(tf, lambda psi: tf.reduce_sum(diffraction.diffract(psi)), wave)
    np.testing.assert_array_equal(gradient, np.zeros(wave.shape))


@pytest.mark.parametrize("value", [1.0, 0.5 - 2.0j])
def test_check_f11_a_flat_wave_with_dark_pixels_has_gradient_2_psi(tf, diffraction, value):
    wave = tf.fill((1, 1, 8, 8, 1), tf.constant(value, tf.complex64))
    gradient = gradient_of(tf, lambda psi: tf.reduce_sum(diffraction.diffract(psi) ** 2), wave)
    np.testing.assert_allclose(gradient, np.full(wave.shape, 2 * value), rtol=1e-5, atol=1e-6)


def test_the_amplitude_is_the_root_and_its_gradient_is_cut_where_it_would_be_infinite(tf, diffraction):
    values = [0.0, 1e-30, diffraction.DARK, 1.5 * diffraction.DARK, 1e-10, 4.0]
    intensity = tf.constant(values, tf.float64)
    gradient = gradient_of(tf, lambda i: tf.reduce_sum(diffraction.amplitude(i)), intensity)
    np.testing.assert_allclose(diffraction.amplitude(intensity), np.sqrt(values), rtol=1e-15)
    assert gradient[:3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(gradient[3:], 0.5 / np.sqrt(values[3:]), rtol=1e-14)


def leaves(tf, seed):
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(size=size) + 1j * rng.normal(size=size) for name, size in SIZES.items()}
    return {name: tf.constant(array) for name, array in made.items()}


@pytest.mark.parametrize("leaf", SIZES)
def test_gradients_of_the_chain_are_the_slopes_of_the_reference(tf, native, leaf):
    """d loss along a direction d is Re<gradient, d> in TensorFlow's convention."""
    inputs, rng = leaves(tf, 1), np.random.default_rng(2)
    offsets, weights = rng.uniform(-3, 3, (2, 1, 2, 4)), rng.normal(size=(2, 8, 8, 4))
    direction = rng.normal(size=SIZES[leaf]) + 1j * rng.normal(size=SIZES[leaf])

    def native_loss(value):
        moved = inputs | {leaf: value}
        amplitude = native.module("regions").forward(
            moved["patches"], native.stack(offsets), moved["probe"], 14, 7.0
        )
        return tf.reduce_sum(amplitude * weights)

    def loss(step):
        moved = {name: tensor.numpy() for name, tensor in inputs.items()}
        moved[leaf] = moved[leaf] + step * direction
        return (reference.forward(moved["patches"], offsets, moved["probe"], 14, 7.0) * weights).sum()

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    gradient = gradient_of(tf, native_loss, inputs[leaf])
    assert np.vdot(gradient, direction).real == pytest.approx(slope, rel=1e-6)


def test_gradients_are_repeatable(tf, native):
    offsets = native.stack(np.random.default_rng(3).uniform(-3, 3, (2, 1, 2, 4)))

    def gradient():
        inputs = leaves(tf, 4)
        forward = native.module("regions").forward
        return gradient_of(
            tf, lambda x: tf.reduce_sum(forward(x, offsets, inputs["probe"], 14, 7.0)), inputs["patches"]
        ).tobytes()

    assert gradient() == gradient()


def test_reading_windows_has_accumulation_as_its_gradient(tf, native):
    windows, rng = native.module("windows"), np.random.default_rng(5)
    images = tf.constant(rng.normal(size=(2, 9, 7)))
    corners, source = tf.constant(rng.uniform(-6, 9, (5, 2))), tf.constant([0, 1, 1, 0, 1], tf.int64)
    cotangent = tf.constant(rng.normal(size=(5, 4, 3)))
    gradient = gradient_of(
        tf, lambda x: tf.reduce_sum(windows.read_windows(x, corners, (4, 3), source) * cotangent), images
    )
    adjoint = windows.accumulate_windows(cotangent, corners, (2, 9, 7), source)
    np.testing.assert_allclose(gradient, adjoint, atol=1e-14)


def test_making_the_backend_turns_tf32_off(tf, native):
    tf.config.experimental.enable_tensor_float_32_execution(True)
    native.module("adapter").TensorFlowBackend()
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


MEMBERS = {
    "X": np.full((2, 8, 8, 3), 2.0),
    "Y_I": np.full((2, 8, 8, 3), 0.5),
    "Y_phi": np.full((2, 8, 8, 3), -1.5),
    "norm_Y_I": 7,
    "YY_full": np.full((9, 5), 1j),
    "coords_nominal": np.full((2, 1, 2, 3), 3.0),
    "coords_true": np.full((2, 1, 2, 3), 4.0),
    "nn_indices": np.full((2, 3), 5),
    "global_offsets": np.full((2, 1, 2, 1), 6.0),
    "local_offsets": np.full((2, 1, 2, 3), 8.0),
    "probe": np.full((8, 8), 9j),
}


@pytest.fixture
def container(tf, native):  # noqa: ARG001 - skips where the other backend is under test
    return native.module("container").PtychoDataContainer(*MEMBERS.values())


def test_a_container_takes_its_members_in_the_order_of_the_original(container):
    for key, value in MEMBERS.items():
        np.testing.assert_array_equal(np.asarray(getattr(container, key)), value, key)
    np.testing.assert_allclose(container.Y, np.full((2, 8, 8, 3), 0.5 * np.exp(-1.5j)), rtol=1e-6)
    assert container.has_labels


def test_a_container_is_made_of_tensors_but_for_its_positions(tf, container):
    arrays = ("global_offsets", "local_offsets", "nn_indices", "YY_full")
    assert all(isinstance(getattr(container, key), np.ndarray) for key in arrays)
    others = [key for key in (*MEMBERS, "Y", "coords") if key not in (*arrays, "norm_Y_I")]
    assert all(tf.is_tensor(getattr(container, key)) for key in others)


def test_a_probe_may_be_a_tensor(tf, native):
    members = {**MEMBERS, "probe": tf.constant(MEMBERS["probe"])}
    made = native.module("container").PtychoDataContainer(*members.values())
    np.testing.assert_array_equal(made.probe, MEMBERS["probe"])


def test_amplitude_without_phase_is_refused(tf, native):  # noqa: ARG001
    members = {**MEMBERS, "Y_phi": None}
    with pytest.raises(ValueError, match="Y_I and Y_phi belong together"):
        native.module("container").PtychoDataContainer(*members.values())


def test_a_container_makes_no_tensor_before_it_is_read(tf, native, monkeypatch):
    made = []
    module = native.module("container")
    monkeypatch.setattr(tf, "constant", lambda *args, right=tf.constant: made.append(args) or right(*args))
    container = module.PtychoDataContainer(*MEMBERS.values())
    assert (len(container), made) == (2, [])
    assert container.X is container.X
    assert len(made) == 1


def test_a_tensor_that_a_graph_reads_first_outlives_the_graph(tf, container):
    traced = tf.function(lambda: tf.reduce_sum(container.X) + tf.reduce_sum(container.Y_I))
    assert float(traced()) == 2 * 64 * 3 * 2.5
    np.testing.assert_array_equal(container.X.numpy(), MEMBERS["X"])
    np.testing.assert_array_equal(container.Y_I.numpy(), MEMBERS["Y_I"])
