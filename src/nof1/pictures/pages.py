"""Single-file pages that open offline: no request, no unsafe script, everything escaped.

``render(kind, data)`` makes the page; ``write(kind, data, path)`` also puts its JSON beside it.
Kinds: ``quality`` (schema nof1/quality/1), ``model`` (a model card), ``effect`` (schema
nof1/effect-card/1), ``patient``
(schema nof1/advise/1), ``genome`` (schema nof1/genome-report/1), ``medicines`` (schema
nof1/medicines-rank/1), ``repurposing`` (schema nof1/medicines-repurpose/1), ``screen`` (schema
nof1/compounds-screen/1 with a ``drawing`` for each pick), ``imaging`` (schema nof1/imaging-read/1
with ``drawings`` and ``films``), ``imaging-audit`` (schema nof1/imaging-audit/1), ``compounds``
(schema nof1/compounds-page/1), ``surveillance`` (schema nof1/surveillance-report/1),
``governance`` (schema nof1/governance/1), ``attributes`` (schema nof1/governance-attributes/1),
``egress`` (schema nof1/federation-egress/1) and ``index``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nof1.core.errors import UsageError
from nof1.core.finding import NOTICE
from nof1.core.whole import whole_file
from nof1.pictures import assets
from nof1.pictures.lean import lean
from nof1.pictures.picture import Picture
from nof1.pictures.views import (
    attributes,
    compounds,
    effect,
    egress,
    genome,
    governance,
    imaging,
    imaging_audit,
    index,
    medicines,
    model,
    patient,
    quality,
    repurposing,
    screen,
    surveillance,
)

VIEWS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "quality": quality.context,
    "model": model.context,
    "effect": effect.context,
    "patient": patient.context,
    "genome": genome.context,
    "medicines": medicines.context,
    "repurposing": repurposing.context,
    "screen": screen.context,
    "imaging": imaging.context,
    "imaging-audit": imaging_audit.context,
    "compounds": compounds.context,
    "surveillance": surveillance.context,
    "governance": governance.context,
    "attributes": attributes.context,
    "egress": egress.context,
    "index": index.context,
}


def render(kind: str, data: Mapping[str, Any]) -> str:
    """One page as HTML text, complete in itself; ``links`` in ``data`` become the menu.

    Parameters
    ----------
    kind : one of ``VIEWS``.
    data : the JSON form of what is shown; ``links`` (name -> relative address) is optional.
        The model page also takes ``shapes`` (nof1/shapes/1), the patient page a ``timeline``.

    Raises
    ------
    UsageError : for an unknown kind, or a link that leaves the folder.
    """
    if kind not in VIEWS:
        raise UsageError(
            f"There is no page {kind!r}.", allowed=list(VIEWS), next_step="Name one of these."
        )
    context = {"crumbs": data.get("links") or {}, **VIEWS[kind](data)}
    charts = has_charts(context)
    html = (
        _offline()
        .get_template(f"{kind}.html.jinja")
        .render(
            context,
            kind=kind,
            notice=NOTICE,
            policy=assets.policy(charts, kind),
            style=Markup(assets.style(kind)),
            scripts=[Markup(script) for script in assets.scripts(charts)],
        )
    )
    return html.strip() + "\n"


def write(kind: str, data: Mapping[str, Any], path: Path) -> Path:
    """Write the page to ``path`` and its data to the same name ending in ``.json``: both or none.

    Raises
    ------
    UsageError : they cannot be written.
    """
    html = render(kind, {**data, "json_name": path.with_suffix(".json").name})
    twin = json.dumps(data, indent=1, ensure_ascii=False, default=str)
    with whole_file(path) as there:
        there.write_text(html, encoding="utf-8")
        there.with_suffix(".json").write_text(twin + "\n", encoding="utf-8")
    return path


@cache
def _offline() -> Environment:
    return environment(PackageLoader("nof1.pictures", "templates"), safe_link)


def environment(loader: BaseLoader, link: Callable[[str], str]) -> Environment:
    """What all templates share: everything escaped, nothing undefined, pictures as SVG or JSON.

    ``link`` looks at each address and gives it back, or raises.
    """
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["chart_json"] = lambda picture: Markup(assets.json_text(lean(picture.spec())))
    made.filters["svg"] = lambda picture: Markup(picture.svg)
    made.filters["link"] = link
    return made


def safe_link(address: str) -> str:
    """A relative address or a place on the page, as it is; anything else is refused.

    Raises
    ------
    UsageError : for a scheme, a host, or an absolute path.
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or address.startswith(("/", "\\")):
        raise UsageError(
            "A page may link only to its own folder.",
            allowed="a relative address such as quality.html, or #place",
            next_step="Put the file beside the page and link to its name.",
        )
    return address


def has_charts(context: Mapping[str, Any]) -> bool:
    """Whether a page's context holds a Vega chart, however deep: then it needs the scripts."""
    return any(picture.chart is not None for picture in _pictures(context))


def _pictures(value: Any) -> Iterator[Picture]:
    """All pictures in a context, however deep."""
    if isinstance(value, Picture):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _pictures(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _pictures(part)
