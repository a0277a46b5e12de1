"""Probe masks, normalisation and intensity scale.

Twin of `ptychoparity.reference.physics.probe`, which says what is computed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def hard_mask(side: int) -> Tensor:
    """The disc of radius N//4 over which a probe is normalised: ``(N, N)`` bool."""
    return disc(side, side // 4)


def soft_mask(side: int, sigma: float, diameter: float | None) -> Tensor:
    """A disc with a Gaussian edge, its largest value 1: ``(N, N)`` float32."""
    mask = disc(side, side / 4 if diameter is None else diameter / 2).to(torch.float32)
    if sigma > 0:
        reach = math.ceil(3 * sigma)
        kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
        kernel = (kernel / kernel.sum())[None, None]
        for _ in range(2):
            rows = torch.nn.functional.conv1d(mask[:, None], kernel, padding=reach)
            mask = rows[:, 0].T
    return (mask / mask.max()).clamp(0.0, 1.0)


def disc(side: int, radius: float) -> Tensor:
    """Pixels strictly closer than ``radius`` to the half-pixel centre of a ``side`` x ``side`` grid."""
    axis = torch.arange(side, dtype=torch.float64) - side // 2 + 0.5
    return axis[:, None] ** 2 + axis[None, :] ** 2 < radius**2


def normalize_probe(probe: Tensor, probe_scale: float) -> tuple[Tensor, Tensor]:
    """A probe ``(P, N, N)`` divided by ``probe_scale`` times its mean masked modulus, and that norm."""
    modulus = probe.abs().to(torch.float64)  # a sum over all pixels, in whatever order the device adds
    norm = probe_scale * (modulus * hard_mask(probe.shape[-1])).mean()
    return probe / norm.to(probe.real.dtype), norm


def intensity_scale(amplitude: Tensor, nphotons: float) -> Tensor:
    """sqrt(nphotons / mean energy of a pattern) for amplitudes ``(B, C, N, N)``."""
    energy = amplitude.to(torch.float64).square().sum(dim=(-2, -1)).mean()
    return torch.sqrt(nphotons / energy)
