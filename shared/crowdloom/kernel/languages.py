"""Languages as tags (`en`, `en-GB`), and whether one who knows some can do what asks for others.

The queue and a claim ask here, so that nobody is shown a way to begin that is then refused.
"""

from collections.abc import Collection


def understands(spoken: Collection[str], asked: Collection[str]) -> bool:
    """Whether one of the languages `asked` for is among the `spoken` ones, whatever the region.

    What asks for none is for everybody, and who said nothing is turned away from nothing.
    """
    if not asked or not spoken:
        return True
    known = {_primary(tag) for tag in spoken}
    return any(_primary(tag) in known for tag in asked)


def _primary(tag: str) -> str:
    return tag.split("-", maxsplit=1)[0].lower()
