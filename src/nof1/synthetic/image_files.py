"""The pictures of a synthetic hospital as files: films and CT series as DICOM, the truth apart.

    sources/site-b/images/film-0001.dcm ...    one chest film of a patient (DX), 12 bits
    sources/site-a/images/ct-0001/*.dcm        one CT series (its patient has a film as well)
    truth/films.csv                            a row per film: ``file`` (seen from truth/), patient,
                                               why it was taken, opacity, contrast, box
    truth/film_masks.npz                       ``site-b/film-0001`` -> packed mask of its opacity
    truth/ct.csv                               true volumes of each CT series, mL

``PatientID`` is the patient's id at the site, the time is that of the visit (UTC). Nothing in a
film's file or name tells whether an opacity was planted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nof1.synthetic.ct import Phantom, draw_ct, write_series
from nof1.synthetic.film_files import write_film
from nof1.synthetic.films import Film, Person, draw_film
from nof1.synthetic.radiology import TRAP, Imaging
from nof1.synthetic.truth import Truth

MISSING = (
    "No pictures were written: the packages of the extra are not installed. "
    'Next step: pip install "nof1[imaging]"'
)
MONOCHROME1_EVERY = 4
CT_SHAPE = (40, 96, 96)


@dataclass(frozen=True)
class WrittenFilm:
    """One film: its file, when it was taken (UTC), at which site, rows and columns."""

    path: Path
    taken: datetime
    site: str
    size: int


@dataclass(frozen=True)
class WrittenImages:
    """Where the pictures are.

    Attributes
    ----------
    films : patient's id -> the film.
    volumes : patient's id -> the folder of the CT series.
    table : truth about the films (``truth/films.csv``), or None without any.
    missing : why there are none, in words; empty when there are.
    """

    films: dict[str, WrittenFilm] = field(default_factory=dict)
    volumes: dict[str, Path] = field(default_factory=dict)
    table: Path | None = None
    missing: str = ""


def write_images(
    truth: Truth, plan: Imaging, sites: Mapping[str, Path], folder: Path
) -> WrittenImages:
    """Write all pictures; ``sites`` are the folders of the sites, ``folder`` that of the truth."""
    if truth.films.is_empty():
        return WrittenImages()
    if find_spec("pydicom") is None:
        return WrittenImages(missing=MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    masks: dict[str, Any] = {}
    films: dict[str, WrittenFilm] = {}
    for order in truth.films.iter_rows(named=True):
        film = _film(order, plan)
        name = f"film-{order['number']:04d}"
        path = sites[order["site"]] / "images" / f"{name}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        turned = order["number"] % MONOCHROME1_EVERY == 0
        write_film(path, film, name, monochrome1=turned, taken=order["time"])
        written = WrittenFilm(path, order["time"], order["site"], order["size"])
        films[order["patient_id"]] = written
        masks[f"{order['site']}/{name}"] = np.packbits(film.mask)
        rows.append(_row(order, film, path.relative_to(folder.parent).as_posix()))
    table = folder / "films.csv"
    pl.DataFrame(rows, infer_schema_length=None).write_csv(table, float_precision=4)
    np.savez_compressed(folder / "film_masks.npz", allow_pickle=False, **masks)
    return WrittenImages(films, _write_volumes(truth, plan, sites, folder), table)


def _film(order: Mapping[str, Any], plan: Imaging) -> Film:
    person = Person(order["patient_id"], order["age_years"], order["sex"], order["site"])
    return draw_film(
        np.random.default_rng(order["drawing"]),
        person,
        order["view"],
        size=order["size"],
        opacity=bool(order["opacity"]),
        shortcut=TRAP if plan.trap else None,
    )


def _row(order: Mapping[str, Any], film: Film, path: str) -> dict[str, Any]:
    box = film.box or (None, None, None, None)
    told = {k: v for k, v in order.items() if k not in ("patient", "patient_id", "drawing")}
    return {
        "file": f"../{path}",
        "patient": order["patient_id"],
        **told,
        "time": f"{order['time']:%Y-%m-%dT%H:%M:%S}Z",
        "contrast": film.contrast,
        **dict(zip(("box_x", "box_y", "box_w", "box_h"), box, strict=True)),
        "origin": "synthetic",
    }


def _write_volumes(
    truth: Truth, plan: Imaging, sites: Mapping[str, Path], folder: Path
) -> dict[str, Path]:
    """CT series of the first patients with a film; their volumes go into ``ct.csv``."""
    written: dict[str, Path] = {}
    rows: list[dict[str, Any]] = []
    orders = truth.films.sort("site", "number").head(plan.volumes)
    for number, order in enumerate(orders.iter_rows(named=True), 1):
        phantom = _volume(order)
        place = sites[order["site"]] / "images" / f"ct-{number:04d}"
        write_series(place, phantom, taken=order["time"] + timedelta(minutes=10))
        written[order["patient_id"]] = place
        rows += list(_volume_rows(phantom, order["site"], place.name))
    if rows:
        pl.DataFrame(rows).write_csv(folder / "ct.csv", float_precision=4)
    return written


def _volume(order: Mapping[str, Any]) -> Phantom:
    phantom = draw_ct(order["drawing"], shape=CT_SHAPE)
    who = {"age_years": order["age_years"], "sex": order["sex"]}
    return replace(phantom, patient=order["patient_id"], **who)


def _volume_rows(phantom: Phantom, site: str, series: str) -> Iterator[dict[str, Any]]:
    for name, volume in phantom.volumes_ml.items():
        yield {
            "series": series,
            "site": site,
            "patient": phantom.patient,
            "structure": name,
            "volume_ml": volume,
            "origin": "synthetic",
        }
