"""Procedural objects: counts, blurs, weights, order of the layers (spec data.md 7.5)."""

import numpy as np
import pytest

from ptychoparity.reference.simulation.objects import procedural


def generator(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("height", "factor"), [(256, 1), (128, 0.5), (512, 2)])
def test_procedural_counts_follow_the_height(height, factor, monkeypatch):
    drawn = []
    monkeypatch.setattr(procedural, "paint", lambda *_: drawn.append(1))
    expected = {"disk": 40, "ellipse": 130, "line": 60}
    for name, count in expected.items():
        drawn.clear()
        procedural.layer_map(procedural.LAYERS[name], (height, 100), generator(0))
        assert len(drawn) == count * factor
    blobs = {
        procedural.shape_count(procedural.LAYERS["gauss_blob"], height, generator(k)) for k in range(200)
    }
    assert (min(blobs), max(blobs)) == (round(5 * factor), round(10 * factor))


@pytest.mark.parametrize("name", ["disk", "gauss_blob", "ellipse", "line"])
def test_trap_21_every_procedural_layer_is_drawn(name):
    drawn = procedural.layer_map(procedural.LAYERS[name], (256, 256), generator(3))
    assert drawn.max() > 0.1
    assert drawn.max() <= 1 + 1e-12
    assert drawn.min() >= 0


def test_procedural_blurs(monkeypatch):
    widths = []
    monkeypatch.setattr(
        procedural.scipy.ndimage, "gaussian_filter", lambda image, sigma: widths.append(sigma) or image
    )
    for name, (low, high) in {
        "disk": (0, 1),
        "gauss_blob": (6, 12),
        "ellipse": (0, 1),
        "line": (0, 1),
    }.items():
        widths.clear()
        rng = generator(1)
        masks = [procedural.layer_map(procedural.LAYERS[name], (32, 32), rng) for _ in range(100)]
        assert set(np.unique(masks)) <= {0.0, 1.0}
        assert low <= min(widths) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(widths) <= high


def test_procedural_weights_and_order(monkeypatch):
    """Each layer marks a pixel of its own, so that the base map shows its weight."""
    place = {"disk": 1, "gauss_blob": 2, "ellipse": 3, "line": 4}
    layer_name = {id(layer): name for name, layer in procedural.LAYERS.items()}
    order, bases, octaves = [], [], []

    def mark(layer, shape, _):
        order.append(layer_name[id(layer)])
        image = np.zeros(shape)
        image[0, place[order[-1]]] = 1
        return image

    def ground(shape, count, _):
        octaves.append(count)
        image = np.zeros(shape)
        image[0, 5] = 1
        return image

    monkeypatch.setattr(procedural, "layer_map", mark)
    monkeypatch.setattr(procedural, "perlin", ground)
    monkeypatch.setattr(procedural.scipy.ndimage, "gaussian_filter", lambda image, _: image)
    monkeypatch.setattr(procedural, "object_from_base", lambda base: base)
    monkeypatch.setattr(procedural, "rescale", lambda base, *_: base)
    rng = generator(4)
    for _ in range(300):
        order.clear()
        bases.append(procedural.procedural((1, 6), rng)[0])
        assert sorted(order[:3]) == ["disk", "ellipse", "gauss_blob"]
        assert order[3:] == ["line"]
    background, *weights = np.array(bases).T
    limits = [(0.5, 0.9), (0.9, 1.62), (0.5, 0.9), (0.5, 0.9), (0.3, 0.4)]
    assert 0 <= background.min() < background.max() <= 0.02
    for weight, (low, high) in zip(weights - background, limits, strict=True):
        assert low <= weight.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < weight.max() <= high + 1e-12
    assert set(octaves) == {4, 5, 6, 7}
