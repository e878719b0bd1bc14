"""Chemprop as a challenger: a graph neural network on the same compounds (extra ``chemprop``).

Heid et al., J. Chem. Inf. Model. 64 (2024) 9. The settings are the defaults of its own command:
directed messages on bonds (300 wide, 3 steps), one hidden layer of 300, 50 epochs of batches of 64,
and the epoch with the lowest loss on the validation part answers. Labels of one kind share one
network. Nothing is stored: no checkpoint, no log.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.extras import require
from nof1.medicines.chemistry.splits import Split
from nof1.medicines.chemistry.toolkit import Molecule, quiet

EXTRA = "chemprop"
EPOCHS = 50
BATCH = 64


class Chemprop:
    """Fits on the training part, picks the epoch on validation, predicts the test compounds.

    Raises
    ------
    MissingExtra : when Chemprop is not installed.
    """

    name = "Chemprop"

    def __init__(self, epochs: int = EPOCHS) -> None:
        self.epochs = epochs
        self._chemprop = require("chemprop", EXTRA)
        self._torch = require("torch", EXTRA)
        self._lightning: Any = require("lightning.pytorch", EXTRA)
        self.settings = f"version {version('chemprop')}, its default settings, {epochs} epochs"

    def predict(
        self,
        molecules: Sequence[Molecule],
        values: NDArray[np.float64],
        split: Split,
        *,
        classify: bool,
        seed: int,
    ) -> NDArray[np.float64]:
        """(test, labels) value or score of class 1; ``values`` is (n, labels), NaN where missing.

        The network never sees a label of a test compound.
        """
        torch, data = self._torch, self._chemprop.data
        with _silent(), quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            parts = [
                self._dataset(molecules, values, rows) for rows in (split.train, split.validation)
            ]
            model = self._model(parts, values.shape[1], classify)
            batches = [
                data.build_dataloader(part, BATCH, shuffle=first, seed=seed, drop_last=False)
                for part, first in zip(parts, (True, False), strict=True)
            ]
            best = self._best()
            trainer = self._trainer(best)
            trainer.fit(model, *batches)
            model.load_state_dict(best.state)
            hidden = np.full_like(values, np.nan)
            asked = self._dataset(molecules, hidden, split.test)
            loader = data.build_dataloader(asked, BATCH, shuffle=False, drop_last=False)
            found = torch.cat(trainer.predict(model, loader)).numpy()
        return np.asarray(found, dtype=np.float64).reshape(len(split.test), -1)

    def _dataset(
        self, molecules: Sequence[Molecule], values: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> Any:
        data = self._chemprop.data
        points = [data.MoleculeDatapoint(molecules[row], values[row]) for row in rows]
        return data.MoleculeDataset(points)

    def _model(self, parts: Sequence[Any], labels: int, classify: bool) -> Any:
        nn = self._chemprop.nn
        if classify:
            predictor = nn.BinaryClassificationFFN(n_tasks=labels)
        else:
            scaler = parts[0].normalize_targets()
            parts[1].normalize_targets(scaler)
            back = nn.UnscaleTransform.from_standard_scaler(scaler)
            predictor = nn.RegressionFFN(n_tasks=labels, output_transform=back)
        return self._chemprop.models.MPNN(nn.BondMessagePassing(), nn.NormAggregation(), predictor)

    def _trainer(self, best: Any) -> Any:
        return self._lightning.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=self.epochs,
            callbacks=[best],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )

    def _best(self) -> Any:
        """A callback that keeps the weights of the best epoch in memory."""

        class Best(self._lightning.Callback):  # type: ignore[misc, name-defined]
            """Weights of the epoch with the lowest validation loss."""

            loss = float("inf")
            state: Any = None

            def on_validation_end(self, trainer: Any, model: Any) -> None:
                """After each epoch; the check before training does not count."""
                loss = float(trainer.callback_metrics.get("val_loss", float("inf")))
                if not trainer.sanity_checking and (self.state is None or loss < self.loss):
                    self.loss, self.state = loss, deepcopy(model.state_dict())

        return Best()


@contextmanager
def _silent() -> Iterator[None]:
    """No advice and no progress of the libraries on a user's terminal."""
    names = ("lightning.pytorch", "lightning.fabric", "lightning", "chemprop")
    loggers = [logging.getLogger(name) for name in names]
    before = [one.level for one in loggers]
    try:
        for one in loggers:
            one.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)
