"""Source attributes of one rule or model by its name, or of all that there are."""

from __future__ import annotations

from nof1.advice.governance.attributes import Attributes
from nof1.advice.governance.model_attributes import of_model
from nof1.advice.governance.registry import Ruled, all_models, all_rules, find, risk
from nof1.advice.governance.rule_attributes import of_rule
from nof1.advice.governance.split import MODELS
from nof1.advice.governance.state import Governance
from nof1.core import artefacts
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace
from nof1.knowledge.base import current


def of(workspace: Workspace, name: str | None = None) -> tuple[Attributes, ...]:
    """The attributes of a rule or model; without a name of all rules and all models of risks.

    Raises
    ------
    UsageError : there is none of this name, or it is a treatment effect.
    ModelError : a model's files were changed.
    """
    models = (one for one in all_models(workspace) if risk(workspace, _name(one)))
    chosen = (*all_rules(), *models) if name is None else (find(workspace, name),)
    return tuple(_of(workspace, one) for one in chosen)


def _of(workspace: Workspace, rule: Ruled) -> Attributes:
    if rule.row is not None:
        return of_rule(rule, current(workspace.knowledge))
    name = _name(rule)
    if not risk(workspace, name):
        raise UsageError(
            "Source attributes are those of rules and of models of risks; this is an effect.",
            next_step=f"Its card says what it rests on: nof1 card {name}",
        )
    return of_model(artefacts.load(workspace.models, name), Governance(workspace).state())


def _name(rule: Ruled) -> str:
    return rule.id.removeprefix(f"{MODELS}/")
