"""What a site says when it does not do what a job asks: which rule, and why."""

from __future__ import annotations

from nof1.core.errors import Nof1Error


class Refused(Nof1Error):
    """The site's own rules forbid it. ``rule`` names the one; nothing has left the site."""

    def __init__(self, rule: str, why: str, next_step: str | None = None) -> None:
        super().__init__(why, where=f"site policy, {rule}", next_step=next_step)
        self.rule = rule
