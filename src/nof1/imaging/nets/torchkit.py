"""PyTorch (extra ``imaging``), fetched in one place. Only modules that train or export need it."""

from __future__ import annotations

from typing import Any

from nof1.core.extras import require

torch: Any = require("torch", "imaging")
nn: Any = torch.nn
functional: Any = torch.nn.functional

Tensor = Any  # torch.Tensor
Module = Any  # torch.nn.Module
VERSION: str = str(torch.__version__)
