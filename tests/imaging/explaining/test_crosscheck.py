"""The exact split and Captum agree on planted lesions: direction, place and rank."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.explaining.crosscheck import agreement, integrated_gradients, occlusion
from nof1.imaging.explaining.deletion import deletion_curve, deletion_gain
from nof1.imaging.explaining.heatmap import heatmaps
from nof1.imaging.explaining.placing import Frame, measured_grid
from nof1.imaging.explaining.pointing import Box, mask_of, pointing_game
from nof1.imaging.nets.residual import Plan, build

torch = pytest.importorskip("torch")
pytest.importorskip("captum")
SIZE = 32


def films(count, seed):
    """Noisy squares, half of them with a bright disc; labels and boxes."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(0.4, 0.06, (count, SIZE, SIZE))
    labels, boxes = np.arange(count) % 2, []
    row, column = np.mgrid[:SIZE, :SIZE]
    for film in range(count):
        r, c = rng.integers(6, SIZE - 6, 2)
        disc = (row - r) ** 2 + (column - c) ** 2 <= 16
        pictures[film][disc] += 0.35 * labels[film]
        boxes.append(Box(r - 4, c - 4, 9, 9))
    return np.clip(pictures, 0, 1).astype(np.float32), labels, boxes


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    made = build(Plan(widths=(8, 16, 16), stem=1, dropout=0.0), 1).train()
    pictures, labels, _ = films(256, 0)
    x = torch.from_numpy(pictures[:, None])
    y = torch.from_numpy(labels[:, None]).float()
    optimiser = torch.optim.AdamW(made.parameters(), lr=5e-3)
    for _ in range(12):
        for part in torch.randperm(256).split(32):
            optimiser.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(made(x[part]), y[part])
            loss.backward()
            optimiser.step()
    return made.eval()


def maps_of(net):
    def maps(pictures):
        with torch.inference_mode():
            return net.maps(torch.from_numpy(np.asarray(pictures, np.float32))).numpy()

    return maps


def run(net, pictures):
    maps = maps_of(net)(pictures[:, None])[None]
    with torch.inference_mode():
        logits = net(torch.from_numpy(pictures[:, None])).numpy()[None]
    head = net.head.weight.detach().numpy()[None]
    return [one[0] for one in heatmaps(maps, head, logits, ("disc",))], logits[0, :, 0]


@pytest.fixture(scope="module")
def sick(net):
    pictures, labels, boxes = films(40, 1)
    chosen = np.flatnonzero(labels)
    found, logits = run(net, pictures[chosen])
    grid = measured_grid(maps_of(net), SIZE)
    frame = Frame.of((SIZE, SIZE), SIZE)
    maps = [one.on_film(frame, grid) for one in found]
    return pictures[chosen], maps, [boxes[k] for k in chosen], logits


def test_every_planted_lesion_is_high_and_the_inverted_map_is_not(sick):
    _, maps, boxes, logits = sick
    assert (logits > 0).mean() > 0.9
    for evidence, box in zip(maps, boxes, strict=True):
        inside = mask_of([box], (SIZE, SIZE))
        assert evidence[inside].mean() > 0 > evidence[~inside].mean() - evidence[inside].mean()
    right = pointing_game(maps, [[box] for box in boxes])
    inverted = pointing_game([-one for one in maps], [[box] for box in boxes])
    assert right.rate.value > 0.5
    assert right.ratio.low > 4
    assert right.over_elsewhere.lies_above(0)
    assert inverted.rate.value < right.chance + 0.1


def test_the_peak_is_not_shifted(sick):
    """The centre of the evidence lies on the disc's centre, on average within 1 of 32 pixels."""
    _, maps, boxes, _ = sick
    row, column = np.mgrid[:SIZE, :SIZE]
    gaps = []
    for evidence, box in zip(maps, boxes, strict=True):
        weight = np.where(evidence > 0.5 * evidence.max(), evidence, 0)
        mean = [(weight * axis).sum() / weight.sum() for axis in (row, column)]
        gaps.append([mean[0] - box.top - 4, mean[1] - box.left - 4])
    assert np.abs(np.median(gaps, axis=0)).max() < 1.0


def test_the_places_of_the_net_are_measured(net):
    grid = measured_grid(maps_of(net), SIZE)  # two padded halvings: centre at input pixel 0
    assert grid.stride == 4
    assert grid.first == pytest.approx(0, abs=0.75)


def test_hiding_the_evidence_lowers_the_logit_faster_than_chance(net, sick):
    pictures, maps, _, _ = sick

    def score(batch):
        with torch.inference_mode():
            return net(torch.from_numpy(batch)).numpy()[:, 0]

    curves = [deletion_curve(score, p, m, places=8) for p, m in zip(pictures, maps, strict=True)]
    assert deletion_gain(curves).lies_above(0)
    inverted = [deletion_curve(score, p, -m, places=8) for p, m in zip(pictures, maps, strict=True)]
    assert not deletion_gain(inverted).lies_above(0)


def test_two_other_methods_point_the_same_way(net, sick):
    pictures, maps, boxes, _ = sick
    for picture, evidence, box in zip(pictures[:6], maps[:6], boxes[:6], strict=True):
        hidden = occlusion(net, picture)
        assert agreement(evidence, hidden) > 0.2
        assert agreement(-evidence, hidden) < -0.2
        inside = mask_of([box], (SIZE, SIZE))
        gradients = integrated_gradients(net, picture)
        assert gradients[inside].mean() > gradients[~inside].mean()


def test_agreement_is_a_rank_correlation():
    assert agreement([[1, 2], [3, 4]], [[10, 20], [30, 45]]) == pytest.approx(1)
    assert agreement([[1, 2], [3, 4]], [[4, 3], [2, 1]]) == pytest.approx(-1)
    assert agreement([[1, 1]], [[1, 2]]) == 0
    with pytest.raises(InputError):
        agreement([[1]], [[1, 2]])
