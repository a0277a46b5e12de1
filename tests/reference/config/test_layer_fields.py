"""Every leaf field through every layer, and any configuration there and back (spec config.md 6.3).

Checks 76 and 77.
"""

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.layers import Layer, flag_layer, leaf_fields, merged, yaml_layer
from ptychoparity.reference.config.schema import REQUIRED, Field

# The "Test value" columns of spec 1.1 to 1.3, as a user writes them in a file or a flag.
WRITTEN = {
    ModelConfig: """N=256 gridsize=3 n_filters_scale=4 model_type=supervised architecture=cnn fno_modes=8
        fno_width=16 fno_blocks=2 fno_cnn_blocks=1 learned_input_channels=3 max_hidden_channels=64
        resnet_width=96 fno_input_transform=log1p generator_output_mode=amp_phase amp_activation=softplus
        object_big=False probe_big=False probe_mask=True probe_mask_sigma=2.5 probe_mask_diameter=20.0
        pad_object=False probe_scale=2.0 gaussian_smoothing_sigma=0.5""",
    TrainingConfig: """train_data_file=/d/train.npz test_data_file=/d/test.npz batch_size=32 nepochs=7
        mae_weight=0.3 nll_weight=0.7 realspace_mae_weight=0.05 realspace_weight=0.1 nphotons=5e8
        n_groups=77 n_images=33 n_subsample=99 subsample_seed=3 neighbor_count=8 enable_oversampling=True
        neighbor_pool_size=12 positions_provided=False probe_trainable=True
        intensity_scale_trainable=False output_dir=/d/out sequential_sampling=True backend=pytorch
        torch_loss_mode=mae torch_mae_pred_l2_match_target=True gradient_clip_val=1.0
        gradient_clip_algorithm=agc optimizer=adamw momentum=0.8 weight_decay=0.01 adam_beta1=0.8
        adam_beta2=0.99 scheduler=WarmupCosine lr_warmup_epochs=3 lr_min_ratio=0.2 plateau_factor=0.3
        plateau_patience=4 plateau_min_lr=1e-6 plateau_threshold=0.1""",
    InferenceConfig: """model_path=/d/model test_data_file=/d/inf.npz n_groups=41 n_images=42
        n_subsample=43 subsample_seed=44 neighbor_count=9 enable_oversampling=True neighbor_pool_size=13
        debug=True output_dir=/d/iout backend=pytorch""",
}
LEAVES = [
    (cls, *item.split("=", 1)) for cls, items in WRITTEN.items() for item in items.split()
]  # (owner, name, text)
IDS = [f"{cls.__name__}.{name}" for cls, name, _ in LEAVES]


def plain(cls: type, **values: Any) -> Any:
    """A configuration with the model's fields among the others, and placeholders for required paths."""
    model = {name: values.pop(name) for name in [*values] if leaf_fields(cls)[name][0] is ModelConfig}
    required = {"model_path": Path(), "test_data_file": Path()} if cls is InferenceConfig else {}
    return cls(ModelConfig(**model), **{**required, **values})


def typed(cls: type, name: str, text: str) -> Any:
    """The test value that ``text`` stands for, read as a Python literal where it is one."""
    if leaf_fields(cls)[name][1].kind is Path:
        return Path(text)
    try:
        return ast.literal_eval(text)
    except ValueError:
        return text


def outer_class(owner: type) -> type:
    return TrainingConfig if owner is ModelConfig else owner


def flags(**values: Any) -> Layer:
    return flag_layer(values, {name: f"--{name}" for name in values})


def in_file(folder: Path, cls: type, content: str) -> Layer:
    path = folder / "run.yaml"
    path.write_text(content, encoding="utf-8")
    return yaml_layer(path, cls)


@contextmanager
def deprecation_ignored() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*n_images", category=DeprecationWarning)
        yield


def check(cls: Any, layer: Layer, name: str, text: str, origin: str) -> None:
    value = typed(cls, name, text)
    with deprecation_ignored():
        result = merged(cls, layer)
        assert asdict(result.config) == asdict(plain(cls, **{name: value}))
    owner = leaf_fields(cls)[name][0]
    held = getattr(result.config.model if owner is ModelConfig else result.config, name)
    assert type(held) is type(value)
    renamed = {"n_groups": origin} if name == "n_images" else {}
    assert result.origins == dict.fromkeys(leaf_fields(cls), "default") | renamed | {name: origin}


def test_check_76_goes_over_all_73_leaf_fields() -> None:
    assert len(LEAVES) == 73
    model = {name for owner, name, _ in LEAVES if owner is ModelConfig}
    for cls in (TrainingConfig, InferenceConfig):
        assert {name for owner, name, _ in LEAVES if owner is cls} | model == {*leaf_fields(cls)}
        assert [*leaf_fields(cls)][:23] == [name for owner, name, _ in LEAVES if owner is ModelConfig]


@pytest.mark.parametrize(("owner", "name", "text"), LEAVES, ids=[f"check-76-flat-{id}" for id in IDS])
def test_flat_key_beats_the_default(owner: type, name: str, text: str, tmp_path: Path) -> None:
    cls = outer_class(owner)
    check(cls, in_file(tmp_path, cls, f"{name}: {text}\n"), name, text, f"{tmp_path / 'run.yaml'} ({name})")


@pytest.mark.parametrize(
    ("owner", "name", "text"), LEAVES[:23], ids=[f"check-76-nested-{id}" for id in IDS[:23]]
)
@pytest.mark.parametrize("cls", [TrainingConfig, InferenceConfig], ids=["training", "inference"])
def test_nested_key_beats_a_flat_one(cls: type, owner: type, name: str, text: str, tmp_path: Path) -> None:
    assert owner is ModelConfig
    layer = in_file(tmp_path, cls, f"model:\n  {name}: {text}\n{name}: overridden\n")
    check(cls, layer, name, text, f"{tmp_path / 'run.yaml'} (model.{name})")


@pytest.mark.parametrize(("owner", "name", "text"), LEAVES, ids=[f"check-77-flag-{id}" for id in IDS])
def test_flag_beats_the_default(owner: type, name: str, text: str) -> None:
    check(outer_class(owner), flags(**{name: text}), name, text, f"--{name}")


@pytest.mark.parametrize(("owner", "name", "text"), LEAVES, ids=[f"check-76-over-{id}" for id in IDS])
def test_flag_beats_flat_and_nested_keys(owner: type, name: str, text: str, tmp_path: Path) -> None:
    cls = outer_class(owner)
    nested = f"model:\n  {name}: overridden\n" if owner is ModelConfig else ""
    layer = in_file(tmp_path, cls, f"{nested}{name}: overridden\n")
    value = typed(cls, name, text)
    with deprecation_ignored():
        assert merged(cls, layer, flags(**{name: text})).config == plain(cls, **{name: value})


# Any configuration can be written down and read back


def _values_of(field: Field) -> st.SearchStrategy[Any]:
    if field.rule.choices:
        values: st.SearchStrategy[Any] = st.sampled_from(field.rule.choices)
    elif field.kind is bool:
        values = st.booleans()
    elif field.kind is int:
        values = st.integers(1, 10**6) | st.integers(0, 20).map(lambda power: 2**power)
    elif field.kind is float:
        values = st.floats(0, 1) | st.floats(1, 1e300)
    else:
        # An optional path named "none" means None; it can be written "./none".
        text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)
        values = text.filter(lambda word: word.strip().lower() not in ("none", "null"))
        values = values.map(field.kind)
    if field.name != "model_path":  # whose rule looks for the archive
        values = values.filter(field.rule.holds)
    return st.none() | values if field.optional else values


def _any_values(cls: type) -> st.SearchStrategy[dict[str, Any]]:
    leaves = leaf_fields(cls)
    required = {name for name, (_, field) in leaves.items() if field.default is REQUIRED}
    strategies = {name: _values_of(field) for name, (_, field) in leaves.items()}
    return st.fixed_dictionaries({name: strategies.pop(name) for name in required}, optional=strategies)


@pytest.mark.parametrize("cls", [TrainingConfig, InferenceConfig])
@settings(derandomize=True, max_examples=40, deadline=None)
@given(data=st.data())
def test_any_configuration_reads_back_from_yaml_and_from_flags(
    cls: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with deprecation_ignored():
        config = plain(cls, **data.draw(_any_values(cls)))
        held = asdict(config)
        held |= held.pop("model")
        written = {name: str(value) if isinstance(value, Path) else value for name, value in held.items()}
        nested = {"model": {name: written[name] for name in asdict(config.model)}}
        outer = {name: value for name, value in written.items() if name not in nested["model"]}
        folder = tmp_path_factory.mktemp("any")
        for content in (written, outer | nested):
            layer = in_file(folder, cls, yaml.safe_dump(content))
            assert asdict(merged(cls, layer).config) == asdict(config)
        texts = {name: str(value) for name, value in written.items()}
        assert asdict(merged(cls, flags(**texts)).config) == asdict(config)
