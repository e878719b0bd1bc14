"""The way from the net's grid to the film's pixels: no shift, no flip, no stretch."""

import numpy as np
import pytest

from nof1.imaging.explaining.placing import Frame, Grid, covered, grid_of, measured_grid, on_film
from nof1.imaging.nets.prepare import prepare

torch = pytest.importorskip("torch")


def marked_film(row, column, shape):
    film = np.zeros(shape, dtype=np.float32)
    film[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7] = 1.0
    return film


@pytest.mark.parametrize("shape", [(128, 128), (200, 100), (90, 170), (40, 40)])
def test_a_map_of_the_input_itself_lies_on_the_film_where_it_came_from(shape):
    """With one place for each input pixel, the map of the prepared film is the film again."""
    size = 64
    for share in ((0.2, 0.3), (0.7, 0.8), (0.5, 0.1)):
        film = marked_film(int(share[0] * shape[0]), int(share[1] * shape[1]), shape)
        row, column = (axis.mean() for axis in np.nonzero(film))
        square = prepare(film, size)
        back = on_film(square, Frame.of(shape, size))
        assert back.shape == shape
        rows, columns = np.nonzero(back > 0.5 * back.max())
        assert abs(rows.mean() - row) <= 0.02 * max(shape)
        assert abs(columns.mean() - column) <= 0.02 * max(shape)


def test_pixel_0_0_stays_pixel_0_0():
    shape = (120, 80)
    places = np.zeros((8, 8))
    frame = Frame.of(shape, 64)
    grid = Grid.blocks(64, 8)
    first_column = int((frame.left - grid.first + grid.stride / 2) // grid.stride)
    places[0, first_column] = 1.0
    back = on_film(places, frame)
    assert back[0, 0] > 0.5
    assert back[-1, -1] == back[0, -1] == back[-1, 0] == 0
    assert (back[40:] == 0).all()
    assert (back[:, 40:] == 0).all()


def test_values_at_the_centres_of_places_are_kept_and_a_constant_stays_constant():
    rng = np.random.default_rng(0)
    places = rng.normal(size=(4, 4))
    back = on_film(places, Frame.of((64, 64), 64), Grid(0.0, 16.0))
    np.testing.assert_allclose(back[::16, ::16], places)
    flat = on_film(np.full((3, 4, 4), 0.7), Frame.of((50, 31), 64))
    np.testing.assert_allclose(flat, 0.7)


def test_places_that_stand_for_padding_are_known():
    inside = covered(Frame.of((100, 50), 64), (8, 8))  # columns 16 to 47 of the input
    assert inside[:, 2:6].all()
    assert not inside[:, :2].any()
    assert not inside[:, 6:].any()


def halving(kind):
    """Two halvings whose maps follow the picture."""
    with torch.no_grad():
        if kind == "averages":
            return torch.nn.Sequential(torch.nn.AvgPool2d(2), torch.nn.AvgPool2d(2))
        layers = [torch.nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False) for _ in range(2)]
        for layer in layers:
            layer.weight.fill_(1 / 9)
        return torch.nn.Sequential(*layers)


@pytest.mark.parametrize(("kind", "first"), [("averages", 1.5), ("padded convolutions", 0.0)])
def test_the_net_is_asked_where_its_places_lie(kind, first):
    net = halving(kind)

    def maps(pictures):
        with torch.inference_mode():
            return net(torch.from_numpy(pictures)).numpy()

    grid = measured_grid(maps, 64)
    assert grid.stride == 4
    assert grid.first == pytest.approx(first, abs=0.3)


def test_a_net_that_answers_nothing_gets_blocks():
    grid = measured_grid(lambda pictures: np.zeros((len(pictures), 2, 8, 8), np.float32), 64)
    assert grid == Grid.blocks(64, 8)


def test_an_opened_model_is_asked_in_the_same_way():
    net = halving("averages")

    class Model:
        size = 64

        def run(self, pictures):
            with torch.inference_mode():
                maps = net(torch.from_numpy(pictures)).numpy()
            return type("Outputs", (), {"maps": np.stack([maps, 2 * maps])})

    assert grid_of(Model()).first == pytest.approx(1.5, abs=0.3)
