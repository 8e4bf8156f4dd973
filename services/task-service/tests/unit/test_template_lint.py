from task_service.domain.templates import Remark, RemarkCode, check_template, lint


def test_remarks_name_line_and_subject() -> None:
    template = (
        "<html>\n<img src=x>\n<input name=a>\n<label>A <input name=a></label>\n"
        "<script src=https://cdn.example.org/x.js></script>\n${q} ${other}"
    )
    found = [(one.line, one.code, one.subject) for one in lint(template, columns=["q"])]
    assert found == [
        (1, RemarkCode.DOCUMENT_WITHOUT_LANGUAGE, ""),
        (2, RemarkCode.IMAGE_WITHOUT_ALT, "x"),
        (3, RemarkCode.INPUT_WITHOUT_LABEL, "a"),
        (4, RemarkCode.DUPLICATE_NAME, "a"),
        (5, RemarkCode.FOREIGN_HOST, "cdn.example.org"),
        (6, RemarkCode.MISSING_COLUMN, "other"),
    ]


def test_labels_of_every_kind_count() -> None:
    template = (
        '<label for="i">Say</label><input id="i" name="a"><label><input name="b"></label>'
        '<input name="c" aria-label="C"><crowd-checkbox name="d">D</crowd-checkbox>'
        '<input type="hidden" name="e">'
    )
    assert lint(template) == []


def test_an_element_of_the_family_that_would_show_nothing_is_named() -> None:
    template = (
        "<crowd-form><crowd-card><crowd-input name=a label=A></crowd-input></crowd-card>\n"
        "<crowd-keypoint name=k></crowd-keypoint></crowd-form>"
    )
    [found] = lint(template)
    assert found == Remark(2, RemarkCode.UNKNOWN_ELEMENT, "crowd-keypoint")


def test_a_group_of_choices_is_no_duplicate() -> None:
    one = '<label><input type="radio" name="r" value="{}"></label>'
    assert lint(one.format(1) + one.format(2)) == []


def test_what_asks_nothing_is_remarked_on_unless_a_script_may_make_fields() -> None:
    assert [one.code for one in lint("<p>Hello</p>")] == [RemarkCode.NO_ANSWER_FIELD]
    assert lint("<script>make()</script>") == []


def test_named_submit_buttons_alone_are_an_answer() -> None:
    template = '<button name="verdict" value="yes">Yes</button><button name="verdict">No</button>'
    assert check_template(template).fields == ["verdict"]
    assert lint(template) == []
