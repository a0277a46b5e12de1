"""What only PyTorch can show: gradients, settings, and the tensors of a container."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.physics import regions as reference

SIZES = {"patches": (2, 4, 8, 8), "probe": (2, 8, 8)}


@pytest.fixture(scope="module")
def torch():
    if os.environ.get("PTYCHOPARITY_TEST_BACKEND") != "torch":
        pytest.skip("PyTorch is not the backend under test")
    import torch

    return torch


@pytest.fixture
def diffraction(torch, native):  # noqa: ARG001 - skips where the other backend is under test
    return native.module("diffraction")


def test_check_f10_a_dark_wave_has_gradient_zero(torch, diffraction):
    wave = torch.zeros((2, 1, 3, 8, 8), dtype=torch.complex64, requires_grad=True)
    diffraction.diffract(wave).sum().backward()
    assert torch.equal(wave.grad, torch.zeros_like(wave))


@pytest.mark.parametrize("value", [1.0, 0.5 - 2.0j])
def test_check_f11_a_flat_wave_with_dark_pixels_has_gradient_2_psi(torch, diffraction, value):
    wave = torch.full((1, 1, 1, 8, 8), value, dtype=torch.complex64, requires_grad=True)
    diffraction.diffract(wave).square().sum().backward()
    np.testing.assert_allclose(wave.grad.numpy(), np.full(wave.shape, 2 * value), rtol=1e-5, atol=1e-6)


def test_the_amplitude_is_the_root_and_its_gradient_is_cut_where_it_would_be_infinite(torch, diffraction):
    values = [0.0, 1e-30, diffraction.DARK, 1.5 * diffraction.DARK, 1e-10, 4.0]
    intensity = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    amplitude = diffraction.amplitude(intensity)
    amplitude.sum().backward()
    np.testing.assert_allclose(amplitude.detach().numpy(), np.sqrt(values), rtol=1e-15)
    assert intensity.grad[:3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(intensity.grad[3:].numpy(), 0.5 / np.sqrt(values[3:]), rtol=1e-14)


def leaves(torch, seed):
    rng = np.random.default_rng(seed)
    made = {name: rng.normal(size=size) + 1j * rng.normal(size=size) for name, size in SIZES.items()}
    return {name: torch.tensor(array, requires_grad=True) for name, array in made.items()}


@pytest.mark.parametrize("leaf", SIZES)
def test_gradients_of_the_chain_are_the_slopes_of_the_reference(torch, native, leaf):
    """d loss along a direction d is Re<gradient, d> in PyTorch's convention."""
    inputs, rng = leaves(torch, 1), np.random.default_rng(2)
    offsets, weights = rng.uniform(-3, 3, (2, 1, 2, 4)), rng.normal(size=(2, 8, 8, 4))
    direction = rng.normal(size=SIZES[leaf]) + 1j * rng.normal(size=SIZES[leaf])
    amplitude = native.module("regions").forward(
        inputs["patches"], native.stack(offsets), inputs["probe"], 14, 7.0
    )
    (amplitude * native.stack(weights)).sum().backward()

    def loss(step):
        moved = {name: tensor.detach().numpy() for name, tensor in inputs.items()}
        moved[leaf] = moved[leaf] + step * direction
        patches = np.moveaxis(moved["patches"], 1, -1)
        return (reference.forward(patches, offsets, moved["probe"], 14, 7.0) * weights).sum()

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert np.vdot(inputs[leaf].grad.numpy(), direction).real == pytest.approx(slope, rel=1e-6)


def test_gradients_are_repeatable(torch, native):
    offsets = native.stack(np.random.default_rng(3).uniform(-3, 3, (2, 1, 2, 4)))

    def gradient():
        inputs = leaves(torch, 4)
        native.module("regions").forward(
            inputs["patches"], offsets, inputs["probe"], 14, 7.0
        ).sum().backward()
        return inputs["patches"].grad.numpy().tobytes()

    assert gradient() == gradient()


def test_reading_windows_has_accumulation_as_its_gradient(torch, native):
    windows, rng = native.module("windows"), np.random.default_rng(5)
    images = torch.tensor(rng.normal(size=(2, 9, 7)), requires_grad=True)
    corners, source = torch.tensor(rng.uniform(-6, 9, (5, 2))), torch.tensor([0, 1, 1, 0, 1])
    cotangent = torch.tensor(rng.normal(size=(5, 4, 3)))
    (windows.read_windows(images, corners, (4, 3), source) * cotangent).sum().backward()
    adjoint = windows.accumulate_windows(cotangent, corners, (2, 9, 7), source)
    np.testing.assert_allclose(images.grad.numpy(), adjoint.numpy(), atol=1e-14)


def test_making_the_backend_turns_tf32_off(torch, native):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    native.module("adapter").TorchBackend()
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32


def test_every_function_that_pytorch_hands_to_mkl_is_called_before_it_is_needed(torch, native):
    header = Path(torch.__file__).parent / "include" / "ATen" / "cpu" / "vml.h"
    handed_on = set(re.findall(r"^IMPLEMENT_VML_MKL\((\w+),", header.read_text(), re.MULTILINE))
    called = {function.__name__ for function in native.module("settings").VECTOR_MATH}
    assert "sqrt" in handed_on
    assert handed_on <= called


def test_a_container_is_made_of_tensors(torch, native):
    made = native.module("container").PtychoDataContainerTorch(
        {
            "objectGuess": np.ones((9, 9), np.complex64),
            "X_full": np.ones((1, 8, 8, 1), np.float32),
            "coords_relative": np.zeros((1, 1, 2, 1)),
            "coords_offsets": np.zeros((1, 1, 2, 1)),
            "nn_indices": np.zeros((1, 1), np.int32),
        },
        np.ones((8, 8), np.complex64),
    )
    others = {key for key, value in vars(made).items() if not isinstance(value, torch.Tensor)}
    assert others == {"has_labels", "norm_Y_I"}
    assert made.global_offsets.dtype == made.local_offsets.dtype == torch.float64
