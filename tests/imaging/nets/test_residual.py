"""Our networks: their answer is an exact sum over the picture."""

import pytest

pytest.importorskip("torch", reason="needs the extra imaging (torch)")
import torch

from nof1.core.errors import UsageError
from nof1.imaging.nets.residual import SMALL, Plan, build, plan_for, size_of


def steady(net):
    """Batch norms with numbers of their own, as after training."""
    torch.manual_seed(5)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(part.running_var, 0.5, 2.0)
    return net.eval()


@pytest.mark.parametrize("kind", ["residual", "densenet121", "resnet18"])
def test_logits_are_the_sum_over_the_map(kind):
    torch.manual_seed(0)
    net = steady(build(Plan(kind=kind), 3))
    squares = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        logits, maps = net(squares), net.maps(squares)
        places = torch.einsum("kd,ndhw->nkhw", net.head.weight, maps)
    assert (maps >= 0).all()
    rebuilt = places.mean(dim=(2, 3)) + net.head.bias
    assert torch.allclose(rebuilt, logits, rtol=1e-4, atol=1e-4)


def test_sizes():
    assert size_of(build(SMALL, 1)) < 100_000
    assert build(plan_for(28), 1).eval().maps(torch.rand(1, 1, 28, 28)).shape[-1] == 7
    assert build(plan_for(128), 1).eval().maps(torch.rand(1, 1, 128, 128)).shape[-1] == 8


def test_a_plan_survives_its_json_form():
    plan = Plan(widths=(4, 8), blocks=2, stem=2)
    assert Plan.from_dict(plan.to_dict()) == plan


def test_an_unknown_kind_is_refused():
    with pytest.raises(UsageError, match="vgg"):
        build(Plan(kind="vgg"), 1)
