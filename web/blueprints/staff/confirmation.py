"""A change that reaches marks is shown to who makes it, and saved when they send it again."""

from __future__ import annotations

from flask import request

from web.services.grading.rule_effects import RuleEffect


class UnconfirmedError(Exception):
    """
    Saving would change marks, which has not been shown to who saves.

    Args:
        effect: What it would do.
    """

    def __init__(self, effect: RuleEffect) -> None:
        super().__init__()
        self.effect = effect


def confirmed(effect: RuleEffect) -> RuleEffect:
    """
    Return an effect on marks that who saves has seen.

    Raises:
        UnconfirmedError: If they have not, or saw another one.
    """
    if not effect.nothing and request.form.get("confirmed") != effect.token:
        raise UnconfirmedError(effect)
    return effect
