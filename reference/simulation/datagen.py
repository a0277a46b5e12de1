"""All of the original's generator of training data in one place, by its names (spec ``data.md`` 7.4)."""

from ptychoparity.reference.simulation.collection import (
    assemble_precomputed_images,
    get_image_patches,
    simulate_synthetic_objects,
    simulate_synthetic_probes,
)
from ptychoparity.reference.simulation.detector import (
    apply_detector_beamstop as apply_detector_beamstop_torch,
)
from ptychoparity.reference.simulation.experiments import (
    from_simulation,
    generate_simulated_data,
    simulate_multiple_experiments,
)
from ptychoparity.reference.simulation.labelled import generate_data_from_experiment

__all__ = [
    "apply_detector_beamstop_torch",
    "assemble_precomputed_images",
    "from_simulation",
    "generate_data_from_experiment",
    "generate_simulated_data",
    "get_image_patches",
    "simulate_multiple_experiments",
    "simulate_synthetic_objects",
    "simulate_synthetic_probes",
]
