"""Where models of pictures lie: in a workspace, in a folder, and the one that comes with nof1."""

from __future__ import annotations

from pathlib import Path

from nof1.core.errors import UsageError
from nof1.imaging.nets.folder import ABOUT

MODELS = "models"


def reference() -> Path | None:
    """The model for SYNTHETIC chest films that comes with nof1."""
    folder = Path(__file__).parents[1] / "reference" / "phantom-chest"
    return folder if (folder / ABOUT).exists() else None


def models(images: Path | None) -> dict[str, Path]:
    """Name -> folder of the models of a workspace's ``images`` folder."""
    if images is None:
        return {}
    return {one.parent.name: one.parent for one in sorted((images / MODELS).glob(f"*/{ABOUT}"))}


def all_models(images: Path | None) -> list[Path]:
    """Every model of the workspace and, last, the one that comes with nof1."""
    own = list(models(images).values())
    ours = reference()
    return [*own, ours] if ours else own


def find(images: Path | None, name: str) -> Path:
    """The folder of a model by its name in the workspace, or by its path.

    Raises
    ------
    UsageError : there is none.
    """
    known = models(images)
    ours = reference()
    if ours is not None:
        known.setdefault(ours.name, ours)
    if name in known:
        return known[name]
    if (Path(name) / ABOUT).exists():
        return Path(name)
    raise UsageError(
        f"There is no model {name!r}.",
        where="--model",
        allowed=[*known] or "a folder of a model",
        next_step="Train one: nof1 imaging train TASK.yaml",
    )
