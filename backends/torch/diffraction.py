"""From patches to diffraction amplitudes, channels-first.

Twin of `ptychoparity.reference.physics.diffraction`, which says what is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ptychoparity.reference.physics.diffraction import smoothing_kernel

DARK = 1e-24


def illuminate(patches: Tensor, probe: Tensor) -> Tensor:
    """Exit waves ``(P, B, C, N, N)`` of patches ``(B, C, N, N)`` under a probe ``(P, N, N)``."""
    return probe[:, None, None] * patches[None]


def smooth(exit_waves: Tensor, sigma: float) -> Tensor:
    """3 x 3 Gaussian of exit waves ``(P, B, C, N, N)``, the borders reflected without repeating the edge."""
    if sigma == 0:
        return exit_waves
    side, middle, _ = (float(weight) for weight in smoothing_kernel(sigma))
    padded = torch.cat([exit_waves[..., 1:2, :], exit_waves, exit_waves[..., -2:-1, :]], dim=-2)
    rows = side * (padded[..., :-2, :] + padded[..., 2:, :]) + middle * padded[..., 1:-1, :]
    padded = torch.cat([rows[..., 1:2], rows, rows[..., -2:-1]], dim=-1)
    return side * (padded[..., :-2] + padded[..., 2:]) + middle * padded[..., 1:-1]


def diffract(exit_waves: Tensor) -> Tensor:
    """Diffraction amplitude ``(B, C, N, N)`` of exit waves ``(P, B, C, N, N)``, modes summed in intensity."""
    spectrum = torch.fft.fft2(exit_waves)
    pixels = exit_waves.shape[-1] * exit_waves.shape[-2]
    intensity = (spectrum.real.square() + spectrum.imag.square()).sum(dim=0) / pixels
    return amplitude(torch.fft.fftshift(intensity, dim=(-2, -1)))


def amplitude(intensity: Tensor) -> Tensor:
    """Square root whose gradient is zero, not infinite, where the intensity is (``physics_model.md`` 1.9)."""
    lit = intensity > DARK
    root = torch.where(lit, intensity, torch.ones_like(intensity)).sqrt()
    return torch.where(lit, root, intensity.detach().sqrt())
