"""Small films and a frozen network of chance, for the tests of federated heads."""

import numpy as np

SIDE = 32
TASK = """
name: bright-square
backbone: frozen
pictures: {npz: films.npz, array: images}
findings: [{name: square, column: square, present: ['1'], absent: ['0']}]
patient: person
split: {test_share: 0.3}
training: {inner: 0.5}
population: {age: age, sex: sex}
subgroups: [{name: sex, column: sex}, {name: age, column: age, limits: [50]}]
"""


def pictures(count, seed, share=0.5, lift=20):
    """Noise with stripes in the middle: (n, 32, 32) and (n,) labels; down is 1, across is 0.

    Both kinds have the same grey levels, so that the outer frame tells nothing.
    """
    rng = np.random.default_rng(seed)
    y = (rng.random(count) < share).astype(int)
    images = rng.integers(0, 150, (count, SIDE, SIDE)).astype(np.uint8)
    images[y == 1, 8:24, 8:24:2] += lift
    images[y == 0, 8:24:2, 8:24] += lift
    return images, y


def columns(count, seed, y):
    """Columns of the films' table."""
    rng = np.random.default_rng(seed + 1000)
    return {
        "square": y.astype(str),
        "person": np.array([f"p-{seed}-{number // 2}" for number in range(count)]),
        "age": rng.integers(20, 80, count).astype(str),
        "sex": np.where(rng.random(count) < 0.5, "M", "F"),
    }


def frozen(folder, seed=3, members=2):
    """A small network with weights of chance, as a folder of an imaging model."""
    from nof1.imaging.nets.export import head_of, to_onnx
    from nof1.imaging.nets.folder import write_folder
    from nof1.imaging.nets.residual import Plan, build
    from nof1.imaging.nets.torchkit import torch

    plan = Plan(widths=(8, 16), dropout=0.0)
    nets = []
    for number in range(members):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + number)
            nets.append(build(plan, 2).eval())
    heads = [head_of(net) for net in nets]
    arrays = {
        "head": np.stack([weights for weights, _ in heads]),
        "constant": np.stack([constant for _, constant in heads]),
    }
    about = {"name": "frozen", "classes": ["a", "b"], "size": SIDE, "plan": plan.to_dict(),
             "question": "findings", "half": False}  # fmt: skip
    return write_folder(folder, about, arrays, [to_onnx(net, SIDE) for net in nets])
