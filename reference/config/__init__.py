"""Configuration: canonical dataclasses, their rules, and the one-way bridge to the legacy dictionary.

The pieces flow in one direction::

    canonical -> validation -> bridge.update_legacy_dict -> legacy.cfg -> older code
        |
        +-> codec (JSON, and back)

``canonical`` holds what a user chose; ``validation`` says whether it makes sense; ``bridge`` renames and
flattens it into the legacy dictionary, before any data is loaded (CONFIG-001).  Nothing is read back
from ``legacy`` into a canonical configuration.  Execution settings never enter (CONFIG-002).
"""

from . import legacy
from .bridge import KEY_MAPPINGS, bridged, dataclass_to_legacy_dict, update_legacy_dict
from .canonical import CanonicalConfig, InferenceConfig, ModelConfig, TrainingConfig
from .codec import from_json, to_json
from .legacy import LEGACY_DEFAULTS
from .paths import is_given
from .rules import Rule
from .validation import (
    CROSS_RULES,
    FIELD_RULES,
    CrossRule,
    validate_inference_config,
    validate_model_config,
    validate_training_config,
)

__all__ = [
    "CROSS_RULES",
    "FIELD_RULES",
    "KEY_MAPPINGS",
    "LEGACY_DEFAULTS",
    "CanonicalConfig",
    "CrossRule",
    "InferenceConfig",
    "ModelConfig",
    "Rule",
    "TrainingConfig",
    "bridged",
    "dataclass_to_legacy_dict",
    "from_json",
    "is_given",
    "legacy",
    "to_json",
    "update_legacy_dict",
    "validate_inference_config",
    "validate_model_config",
    "validate_training_config",
]
