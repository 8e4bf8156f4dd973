import pytest
from crowdloom.kernel.languages import understands


@pytest.mark.parametrize(
    ("spoken", "asked", "fits"),
    [
        (["en"], ["en"], True),
        (["en"], ["en-GB"], True),
        (["pt-BR"], ["PT-pt"], True),
        (["en", "fa"], ["fi", "fa"], True),
        (["en"], ["fa"], False),
        (["en"], [], True),
        ([], ["fa"], True),
        (["es"], ["est"], False),
    ],
)
def test_a_language_is_understood_whatever_its_region(
    spoken: list[str], asked: list[str], fits: bool
) -> None:
    assert understands(spoken, asked) is fits
