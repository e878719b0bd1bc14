"""Three sites with features that differ in kind, and rows in one place."""

from dataclasses import dataclass

import numpy as np
import pytest

from averaging_samples import TASK, columns, frozen, pictures
from nof1.federation import local
from nof1.federation.averaging.joint import Joint

NAMES = ("north", "south", "west")


@dataclass(frozen=True)
class Rows:
    """Features (members, n, D), labels (n, 1), the inner rows and the site of each row."""

    features: np.ndarray
    values: np.ndarray
    inner: np.ndarray
    site: np.ndarray


@pytest.fixture(scope="session")
def rows():
    """600 rows; cases gather at north and others at west, so that the sites are unlike."""
    rng = np.random.default_rng(0)
    features = rng.gamma(2, 1, (2, 600, 12))
    risk = 1 / (1 + np.exp(-(features[0] - 2) @ rng.normal(size=12) / 2))
    y = (rng.random(600) < risk).astype(np.int8)
    chance = np.where(y[:, None] == 1, [0.6, 0.3, 0.1], [0.1, 0.3, 0.6])
    site = (rng.random(600)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    values = np.where(np.arange(600) % 17 == 0, -1, y).astype(np.int8)[:, None]
    return Rows(features, values, rng.random(600) < 0.2, site)


@pytest.fixture
def together():
    """Run one function a site under masks: ``together(lambda joint, number: ...)``."""

    def go(function, names=NAMES, patience=60.0):
        def at(number):
            return lambda link: function(Joint.open(link, "test"), number)

        sites = {name: at(number) for number, name in enumerate(names)}
        return local.run(sites, patience=patience)

    return go


@dataclass(frozen=True)
class Clinics:
    """Workspaces with films, by name, and the task."""

    sites: dict
    task: str


@pytest.fixture(scope="session")
def clinics(tmp_path_factory):
    from nof1.core.workspace import create

    folder = tmp_path_factory.mktemp("clinics")
    made = frozen(folder / "frozen")
    sites = {}
    for number, name in enumerate(NAMES):
        workspace = sites[name] = create(folder / name, shards=1, synthetic=True)
        shelf = workspace.images / "models"
        shelf.mkdir(parents=True)
        (shelf / "frozen").symlink_to(made.path)
        data = workspace.root / "federation" / "data" / "all"
        data.mkdir(parents=True)
        images, y = pictures(150, number, (0.3, 0.5, 0.55)[number])
        np.savez(data / "films.npz", images=images, **columns(150, number, y))
    return Clinics(sites, TASK)


@pytest.fixture(scope="session")
def films(clinics):
    """Each site's films as the heads see them."""
    from nof1.federation.averaging.films import prepare
    from nof1.federation.policy import of_workspace

    return [
        prepare(clinics.task, one, "all", of_workspace(one.root)) for one in clinics.sites.values()
    ]


@pytest.fixture(scope="session")
def pooled(films):
    """All films as if they lay at one site."""
    from dataclasses import replace

    from nof1.imaging.answering.building import Looks

    start = np.cumsum([0, *(len(one.values) for one in films)])[:-1]
    looks = Looks(
        *(
            [value for one in films for value in getattr(one.looks, name)]
            for name in ("measures", "statistics", "sides")
        )
    )
    rows = {
        name: np.concatenate(
            [getattr(one, name) + at for one, at in zip(films, start, strict=True)]
        )
        for name in ("train", "inner", "test")
    }
    data = replace(
        films[0].data,
        images=np.concatenate([one.data.images for one in films]),
        labels=np.concatenate([one.data.labels for one in films]),
        patients=np.concatenate([one.data.patients for one in films]),
        headers=tuple(head for one in films for head in one.data.headers),
    )
    return replace(
        films[0],
        data=data,
        features=np.concatenate([one.features for one in films], axis=1),
        values=np.concatenate([one.values for one in films]),
        looks=looks,
        **rows,
    )


@dataclass(frozen=True)
class Regions:
    """Workspaces with a signal of counts, by name, and the task."""

    sites: dict
    task: str


@pytest.fixture(scope="session")
def regions(tmp_path_factory):
    """Three regions with winter waves of their own."""
    from datetime import date

    from nof1.core.workspace import create
    from nof1.surveillance.intake.importing import bring
    from nof1.surveillance.intake.reading import Request
    from nof1.surveillance.store import FOLDER, Store
    from wave_samples import text, waves

    folder = tmp_path_factory.mktemp("regions")
    sites = {}
    for number, name in enumerate(("east", "north", "west")):
        sites[name] = create(folder / name, shards=1, synthetic=True)
        panel = waves(seed=number)
        file = folder / f"{name}.csv"
        file.write_text(text(panel.only(panel.places[:3])))
        request = Request("flu", date(2024, 6, 1), synthetic=True, unit="1")
        bring(Store(sites[name].root / FOLDER), [file], request)
    task = "name: winter\nsignal: flu\nbefore: 2024-01-13\nrounds: 6\nlocal_steps: 5\n"
    return Regions(sites, task)


@pytest.fixture(scope="session")
def own(regions):
    """Each region's own series."""
    from nof1.federation.averaging.series import prepare
    from nof1.federation.policy import of_workspace

    return [prepare(regions.task, one, of_workspace(one.root)) for one in regions.sites.values()]
