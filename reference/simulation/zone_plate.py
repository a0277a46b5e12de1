"""The probe behind a Fresnel zone plate, a little out of focus (spec ``data.md`` 7.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

GRID = 128
DETECTOR_DISTANCE = 1.9
DETECTOR_PIXEL = 75e-6
# Deviation of the smooth disturbances of the wave (phase in radians, amplitude relative), and their width in
# pixels. The specification only calls them mild and smooth.
DISTURBANCE = 0.1
SMOOTH = 8.0

Real = NDArray[np.float64]


@dataclass(frozen=True)
class ZonePlate:
    """A zone plate and its wave in metres; ``beamstop`` and ``edge`` in parts of the diameter."""

    diameter: float
    outer_zone: float
    beamstop: float
    edge: float
    wavelength: float
    defocus: float

    @property
    def focal_length(self) -> float:
        """Diameter times outermost zone width over wavelength."""
        return self.diameter * self.outer_zone / self.wavelength

    @property
    def sample_pixel(self) -> float:
        """Pixel in the sample plane of a far-field detector of 128 pixels."""
        return self.wavelength * DETECTOR_DISTANCE / (GRID * DETECTOR_PIXEL)

    @property
    def lens_pixel(self) -> float:
        """Pixel in the plane of the plate that one Fresnel transform takes to `sample_pixel`."""
        return self.wavelength * (self.focal_length + self.defocus) / (GRID * self.sample_pixel)


def fzp(
    side: int, rng: np.random.Generator, phase_noise: float = DISTURBANCE, amp_noise: float = DISTURBANCE
) -> NDArray[np.complex128]:
    """A disturbed, defocused zone-plate wave under a Gaussian envelope: ``(N, N)``, unit energy.

    Computed on 128 x 128 pixels and resampled to N over the same field of view: in the far field that depends
    on the detector's pixels, not on how many there are. ``phase_noise`` and ``amp_noise`` are the deviations
    of the smooth disturbances, in radians and relative.
    """
    wave = wave_behind(random_plate(rng))
    phase, amplitude = (_smooth_noise(rng) for _ in range(2))
    wave = wave * (1 + amp_noise * amplitude) * np.exp(1j * phase_noise * phase)
    wave = wave * np.exp(-0.5 * (_radius(1.0) / rng.uniform(10, 19)) ** 2)
    return resampled(wave, side)


def random_plate(rng: np.random.Generator) -> ZonePlate:
    """A plate of the kind found at hard X-ray microscopes."""
    return ZonePlate(
        diameter=rng.uniform(150e-6, 179e-6),
        outer_zone=rng.uniform(30e-9, 49e-9),
        beamstop=rng.uniform(0.1, 0.2),
        edge=rng.uniform(0.01, 0.02),
        wavelength=rng.uniform(0.13e-9, 0.15e-9),
        defocus=rng.uniform(50e-6, 400e-6),
    )


def pupil(plate: ZonePlate) -> Real:
    """Transmission of the open ring between beamstop and rim, with soft edges: 128 x 128 in [0, 1]."""
    radius = _radius(plate.lens_pixel) / plate.diameter
    return _step(0.5 - radius, plate.edge) * _step(radius - plate.beamstop / 2, plate.edge)


def wave_behind(plate: ZonePlate) -> NDArray[np.complex128]:
    """The wave at the sample, ``defocus`` behind the focus, by one Fresnel transform: 128 x 128."""
    distance = plate.focal_length + plate.defocus
    # The lens bends by -r^2/f, the way to the sample by +r^2/z; what remains is the defocus.
    bend = 1 / distance - 1 / plate.focal_length
    lens = pupil(plate) * _curvature(plate.lens_pixel, bend, plate.wavelength)
    focus = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(lens), norm="ortho"))
    return focus * _curvature(plate.sample_pixel, 1 / distance, plate.wavelength)


def resampled(wave: NDArray[np.complex128], side: int) -> NDArray[np.complex128]:
    """Fourier-resample a wave to ``(side, side)`` over the same field of view, and bring it to unit energy.

    Fewer pixels cannot hold the full aperture of the plate. It is first narrowed to a soft disc that fits,
    since the square that a bare resampling leaves of it would give the probe corners and streaks.
    """
    if side < GRID:
        kept = np.fft.ifftshift(_step(0.42 - _radius(1 / side), 0.03))
        wave = np.fft.ifft2(np.fft.fft2(wave) * kept)
    for axis in range(2):
        wave = scipy.signal.resample(wave, side, axis=axis)
    return np.asarray(wave / np.linalg.norm(wave))


def _radius(pixel: float) -> Real:
    axis = (np.arange(GRID) - GRID // 2) * pixel
    return np.asarray(np.hypot(axis[:, None], axis))


def _step(inside: Real, width: float) -> Real:
    return np.asarray(0.5 * (1 + np.tanh(inside / width)))


def _curvature(pixel: float, curvature: float, wavelength: float) -> NDArray[np.complex128]:
    """The paraxial phase of a spherical wave of the given curvature (1 over its radius)."""
    return np.asarray(np.exp(1j * np.pi * curvature / wavelength * _radius(pixel) ** 2))


def _smooth_noise(rng: np.random.Generator) -> Real:
    noise = scipy.ndimage.gaussian_filter(rng.normal(size=(GRID, GRID)), SMOOTH, mode="wrap")
    return np.asarray(noise / noise.std())
