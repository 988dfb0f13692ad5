"""What sqlfluff has in place of dbt's ``adapter``: a macro of which each engine has its own is linted as a call."""

from __future__ import annotations

from collections.abc import Callable

# Arguments that are no expressions but texts, by their place.
TEXTS = {
    "regex": (0,),
    "matches_whole": (1,),
    "replace_all": (1, 2),
    "parts_of": (1,),
    "identifier": (0,),
    # An order is no expression.
    "joined_text": (2,),
    "in_order": (2,),
}


def dispatch(name: str, package: str = "") -> Callable[..., str]:
    """The macro of that name as SQL that can be parsed, whatever the engine."""

    def call(*arguments: object) -> str:
        texts = TEXTS.get(name, ())
        shown = [
            "'text'" if place in texts else str(argument)
            for place, argument in enumerate(arguments)
            if isinstance(argument, (str, int))
        ]
        return f"{name}({', '.join(shown)})"

    return call
