import pytest
from task_service.domain.templates import answer_fields, lint, needed_columns
from task_service.entrypoints.pages.starters import template_of

# What each of our own templates needs of a table, and what it asks.
SCHEMAS = {
    "classification": (["text"], ["label"]),
    "multiple_choice": (["text"], ["topic"]),
    "sentiment": (["text"], ["sentiment"]),
    "comparison": (["a", "b"], ["better"]),
    "ranking": (["item_1", "item_2", "item_3"], ["place_1", "place_2", "place_3"]),
    "proofreading": (["original", "draft"], ["corrected"]),
    "transcription": (["audio"], ["transcript", "unclear"]),
    "image_boxes": (["image"], ["marked"]),
    "image_polygons": (["image"], ["marked"]),
    "text_spans": (["text"], ["marked"]),
    "survey": (["introduction"], ["often", "reason"]),
    "document": (["page"], ["sender", "date", "total"]),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_template_of_ours_has_the_fields_it_says_and_nothing_to_mend(name: str) -> None:
    template = template_of(name)
    assert template
    assert (needed_columns(template), answer_fields(template)) == SCHEMAS[name]
    assert lint(template) == []


def test_a_name_that_is_not_on_offer_is_no_template() -> None:
    assert template_of("../starters") is None
