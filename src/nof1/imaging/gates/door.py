"""All gates of one model, in the order in which a picture meets them.

    quality      can anything be seen at all?
    orientation  is it an upright picture of this kind?
    quality      is it as sharp, contrasty and free of noise as the site's films?
    domain       is it like the pictures the model knows?
    population   was the model made for such a patient?

A refusal ends the walk, except that the population is always asked: a doctor should know both
reasons. The levels are shares of the site's own good films that each check may refuse by mistake;
together 4 %.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import ModelError
from nof1.imaging.gates.domain import DOMAIN_LEVEL, Domain, statistics
from nof1.imaging.gates.orientation import ORIENTATION_LEVEL, Orientation
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.image import Header, Image
from nof1.imaging.nets.folder import ABOUT, ModelFolder, extend_folder

SECTION = "gates"
NETWORK, STATISTICS = "network", "statistics"
SUBFOLDER = "orientation"
FOREIGN = {
    NETWORK: "To the model this picture is unlike those it has learned from.",
    STATISTICS: "Grey levels or sharpness are unlike those of the pictures in training.",
}


@dataclass(frozen=True, eq=False)
class Door:
    """The gates of one model.

    Attributes
    ----------
    domains : ``network`` (features of the answering model) and ``statistics``; each may be absent.
    orientation : None where the site has too few films to train it: then "not checkable" is said.
    """

    quality: Quality
    orientation: Orientation | None
    domains: dict[str, Domain]
    population: Population

    def check_image(
        self, image: Image, features: NDArray[np.floating[Any]] | None = None
    ) -> tuple[Verdict, ...]:
        """Verdicts on one film as it was read; ``features`` as in :meth:`check`."""
        return self.check(image.pixels, image.header, features)

    def check(
        self,
        pixels: NDArray[Any],
        header: Header | None = None,
        features: NDArray[np.floating[Any]] | None = None,
    ) -> tuple[Verdict, ...]:
        """Verdicts on one picture.

        Parameters
        ----------
        pixels : grey picture (rows, columns), not prepared.
        header : what the file says; None: nothing.
        features : (members, D) features of the answering model for this picture; None: the network
            part of the domain check is said to be not checkable.
        """
        return (*self._seen(pixels, features), *self.population.check(header or Header()))

    def _seen(
        self, pixels: NDArray[Any], features: NDArray[np.floating[Any]] | None
    ) -> list[Verdict]:
        """What the pixels say, up to the first refusal."""
        verdicts = [self.quality.basic(pixels)]
        if verdicts[0].passed:
            verdicts.append(self._upright(pixels))
        if _open(verdicts):
            usual = self.quality.usual(pixels)
            verdicts = [*verdicts, usual] if not usual.passed else verdicts
        for name, domain in self.domains.items():
            if _open(verdicts):
                verdicts.append(_like(name, domain, pixels, features))
        return verdicts

    def _upright(self, pixels: NDArray[Any]) -> Verdict:
        if self.orientation is None:
            return Verdict(
                gate="orientation",
                status="not checkable",
                code="no_check",
                reason="This model has no orientation check.",
                next_step="Look whether the picture is upright.",
            )
        return self.orientation.check(pixels, ORIENTATION_LEVEL)

    def save(self, folder: str | Path) -> ModelFolder:
        """Add the gates to a model's folder, where the orientation check already lies."""
        place = Path(folder)
        arrays: dict[str, NDArray[Any]] = {}
        for name, domain in self.domains.items():
            arrays |= domain.arrays(f"{SECTION}.{name}")
        about: dict[str, Any] = {
            "quality": self.quality.to_dict(),
            "population": self.population.to_dict(),
            "domains": sorted(self.domains),
            "orientation": None if self.orientation is None else _sha256(place / SUBFOLDER),
        }
        return extend_folder(place, {SECTION: about}, arrays)

    @classmethod
    def open(cls, model: ModelFolder) -> Door:
        """The gates of an opened model.

        Raises
        ------
        ModelError : the model has no gates, or the orientation check is not the one of training.
        """
        about = model.about.get(SECTION)
        if about is None:
            raise ModelError(
                "This model has no gates, so it may not answer.",
                where=model.path.name,
                next_step="Train it again with this version.",
            )
        orientation = None
        if about["orientation"] is not None:
            if _sha256(model.path / SUBFOLDER) != about["orientation"]:
                raise ModelError("The orientation check was changed.", where=model.path.name)
            orientation = Orientation.open(model.path / SUBFOLDER)
        return cls(
            quality=Quality.from_dict(about["quality"]),
            orientation=orientation,
            domains={
                name: Domain.from_arrays(model.arrays, f"{SECTION}.{name}")
                for name in about["domains"]
            },
            population=Population.from_dict(about["population"]),
        )


def _open(verdicts: list[Verdict]) -> bool:
    """Whether nothing was refused so far."""
    return all(one.status != "refused" for one in verdicts)


def _like(
    name: str,
    domain: Domain,
    pixels: NDArray[Any],
    features: NDArray[np.floating[Any]] | None,
) -> Verdict:
    if name == NETWORK and features is None:
        reason = "The features of the model were not given."
        return Verdict(gate="domain", status="not checkable", code=name, reason=reason)
    rows = statistics(pixels)[None, None] if name == STATISTICS else np.asarray(features)[:, None]
    p_value = float(domain.p_values(rows)[0])
    if p_value > DOMAIN_LEVEL:
        return Verdict(gate="domain", status="passed", value=p_value, limit=DOMAIN_LEVEL)
    return Verdict(
        gate="domain",
        status="refused",
        code=f"foreign_{name}",
        reason=FOREIGN[name],
        next_step="Check machine, export and patient group; train on such pictures if they belong.",
        value=p_value,
        limit=DOMAIN_LEVEL,
    )


def _sha256(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / ABOUT).read_bytes()).hexdigest()
    except OSError:
        return ""


def fit_domains(
    described: ArrayLike,
    held_out: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    features: ArrayLike | None = None,
) -> dict[str, Domain]:
    """Both domain checks.

    Parameters
    ----------
    described : (n, numbers) ``domain.statistics`` of each film as it came.
    held_out : (n,) True for films of patients that the answering model did not train on; they set
        the limits.
    labels : (n,) class of each film. features : (members, n, D) of the answering model.
    """
    apart = np.asarray(held_out, dtype=bool)
    table = np.asarray(described, dtype=np.float64)
    domains = {}
    if features is not None:
        rows = np.asarray(features)
        kind = None if labels is None else np.asarray(labels)[~apart]
        domains[NETWORK] = Domain.fit(rows[:, ~apart], rows[:, apart], kind)
    domains[STATISTICS] = Domain.fit(table[~apart], table[apart])
    return domains
