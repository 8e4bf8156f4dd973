import pytest
from task_service.domain.errors import TemplateHasNoAnswerField, TemplateTooLarge
from task_service.domain.templates import (
    AnswerField,
    FieldKind,
    FrameContext,
    answer_schema,
    check_template,
    choice_count_of,
    foreign_hosts,
    frame_policy,
    hosts_of_row,
    is_host,
    needed_columns,
    nests_pages,
    render_document,
    substitute,
    task_type_of,
)

WORK = FrameContext("asg_1", "/* runtime */", action="/submit")
PREVIEW = FrameContext(None, "/* runtime */")
FIELD = '<input name="a">'


def test_placeholders_are_the_columns_a_template_needs() -> None:
    template = "${b} ${a} ${b} ${image url} ${`x`} ${} ${a\n}"
    assert needed_columns(template) == ["b", "a", "image url"]


def test_values_go_in_raw_and_are_not_filled_in_again() -> None:
    row = {"a": "${b} <b>&amp;</b> \\1", "b": "never"}
    assert substitute("[${a}]", row) == "[${b} <b>&amp;</b> \\1]"


def test_a_placeholder_without_a_column_stays_as_it_is() -> None:
    assert substitute("`${item.name}` ${a}", {"a": "1"}) == "`${item.name}` 1"


QUOTED = {"text": """She said "no", it's &quot;fine&quot;""", "b": "\"'"}


def test_a_quote_ends_no_attribute_of_the_crowd_family_and_everything_else_goes_in_raw() -> None:
    template = (
        '<![if x]>\n<!-- <crowd-a b="${b}"> -->\n<p title="${b}">${b}</p>'
        "<script>'<crowd-a b=\"${b}\">'</script>\n<CROWD-a\n  text=\"${text} ${b}\" x='${b}'"
        " y=${b}>${b}</crowd-a><input name=a value='${b}'>"
    )
    page = render_document(template, QUOTED, WORK)
    said = "She said &quot;no&quot;, it's &quot;fine&quot;"
    assert f"""<CROWD-a\n  text="{said} &quot;'" x='"&#39;' y="'>"'</crowd-a>""" in page
    assert """<p title=""'">"'</p><script>'<crowd-a b=""'">'</script>""" in page
    assert """<!-- <crowd-a b=""'"> -->""" in page
    assert """<input name=a value='"''>""" in page


def test_a_value_that_is_as_long_as_the_template_moves_no_later_place() -> None:
    template = '<crowd-input name="a" label="${x}"></crowd-input>\n' * 3
    page = render_document(template, {"x": '"' * 99 + "\n"}, WORK)
    assert page.count("&quot;" * 99) == 3


def test_the_schema_says_of_every_field_what_can_come_back() -> None:
    template = (
        '<input type="radio" name="r" value="1" required><input type="radio" name="r" value="2">'
        '<select name="s"><option value="">Choose<option>One <option value="two">Two</select>'
        '<select multiple name="m"><option>A</option></select><textarea name="t"></textarea>'
        '<input type="date" name="d"><input type="number" name="n"><input type=hidden name=h>'
        '<input type="submit" name="go"><crowd-polygon name="p" labels="[\'Cat\', \'Dog\']">'
        "</crowd-polygon><input name='t'>"
    )
    assert answer_schema(template) == [
        AnswerField("r", FieldKind.ONE_OF, ["1", "2"], required=True),
        AnswerField("s", FieldKind.ONE_OF, ["One", "two"]),
        AnswerField("m", FieldKind.SEVERAL_OF, ["A"]),
        AnswerField("t", FieldKind.TEXT),
        AnswerField("d", FieldKind.DATE),
        AnswerField("n", FieldKind.NUMBER),
        AnswerField("h", FieldKind.KEPT),
        AnswerField("p", FieldKind.POLYGONS, ["Cat", "Dog"]),
    ]


def test_a_template_names_its_answer_fields_once_in_order() -> None:
    template = (
        '<select name="s"></select><input type="radio" name="r"><input type="radio" name="r">'
        '<textarea name="t"></textarea><input type="submit" name="go"><input>'
    )
    assert check_template(template).fields == ["s", "r", "t"]


@pytest.mark.parametrize(
    "template",
    ["", "<p>${a}</p>", "<input>", '<input type="submit">', f"<!-- {FIELD} -->"],
)
def test_a_template_that_asks_nothing_is_refused(template: str) -> None:
    with pytest.raises(TemplateHasNoAnswerField):
        check_template(template)


def test_a_template_whose_script_makes_the_fields_passes() -> None:
    assert check_template("<div id=x></div><script>make()</script>").has_script


def test_a_template_is_measured_in_bytes() -> None:
    with pytest.raises(TemplateTooLarge):
        check_template(FIELD + "é" * 256_000)


def test_what_has_no_form_is_put_into_one_with_a_button() -> None:
    page = render_document(f"<p>${{q}}</p>{FIELD}", {"q": "Why?"}, WORK)
    assert page.count("<form") == 1
    assert page.count('type="submit"') == 1
    assert 'name="assignmentId" id="assignmentId" value="asg_1"' in page
    assert page.startswith("<!doctype html>")
    assert "<p>Why?</p>" in page


def test_a_form_of_its_own_is_kept_and_gets_a_button_where_it_has_none() -> None:
    page = render_document(f'<form id="mine">{FIELD}</form><p>after</p>', {}, WORK)
    assert page.count("<form") == 1
    assert page.index('type="submit"') < page.index("</form>")


def test_a_button_of_its_own_is_not_doubled() -> None:
    page = render_document(f"<form>{FIELD}<button>Go</button></form>", {}, WORK)
    assert "submitButton" not in page


def test_a_document_of_its_own_is_completed_and_never_nested() -> None:
    template = f"<!DOCTYPE html><html><head><title>T</title></head><body>{FIELD}</body></html>"
    page = render_document(template, {}, WORK)
    assert page.lower().count("<html") == 1
    assert page.lower().count("<body") == 1
    assert page.index("/* runtime */") < page.index("<title>")
    assert (
        page.index("<body>") < page.index("<form") < page.index("</form>") < page.index("</body>")
    )


def test_what_is_no_document_of_its_own_says_its_projects_language() -> None:
    spoken = FrameContext("asg_1", "/* runtime */", language='fa"')
    assert '<html lang="fa&quot;"><head>' in render_document(FIELD, {}, spoken)
    assert "lang=" not in render_document(f"<html><body>{FIELD}</body></html>", {}, spoken)


def test_a_preview_has_no_assignment() -> None:
    page = render_document(FIELD, {}, PREVIEW)
    assert "ASSIGNMENT_ID_NOT_AVAILABLE" in page
    assert 'data-mode="preview"' in page


def test_hosts_of_a_row_are_those_of_the_images_that_the_template_can_show() -> None:
    template = (
        "<img class=a src='${one}'><crowd-bounding-box name=b src=\"${two}\"></crowd-bounding-box>"
        "<script>document.images[0].src = '${three}'</script>${four} ${five}"
    )
    names = ("one", "two", "three", "unused")
    row = {name: f" https://{name}.example.org/a.png" for name in names}
    row["four"] = (
        '<p>See <video poster=//FOUR.example.org/p.png><source src="http://4.example.net/f">'
    )
    row["five"] = 'Read https://read.example.org and <a href="https://linked.example.org">that</a>'
    wanted = ["4.example.net", "four.example.org", *(f"{n}.example.org" for n in names[:3])]
    assert hosts_of_row(template, row) == sorted(wanted)
    for nothing in (
        "a.png",
        "data:image/png;base64,x",
        "https://10.0.0.1/a",
        "https://a.example.org, then b",
        "javascript://a.b",
        "",
    ):
        assert hosts_of_row(template, {"one": nothing}) == []


def test_hosts_are_found_where_something_is_loaded_from() -> None:
    template = (
        '<script src="https://cdn.example.org/x.js"></script><img src=//img.example.net/a.png>'
        "<style>b{background:url('http://CDN.example.org/y.png')}</style>"
        '<a href="https://linked.example.com">only a link</a><img src="/own.png">'
    )
    assert foreign_hosts(template) == ["cdn.example.org", "img.example.net"]


def test_a_host_is_named_with_its_port_or_its_policy_would_block_it() -> None:
    assert foreign_hosts("<img src=https://cdn.example.org:8443/a.png>") == ["cdn.example.org:8443"]
    row = {"one": "https://img.example.net:8443/a.png"}
    assert hosts_of_row("<img src='${one}'>", row) == ["img.example.net:8443"]
    policy = frame_policy([], ["img.example.net:8443"])
    assert "blob: img.example.net:8443 https://img.example.net:8443;" in policy
    assert is_host("cdn.example.org:8443")
    assert not is_host("cdn.example.org:8443; script-src *")


def test_the_policy_of_the_frame_allows_nothing_but_what_is_named() -> None:
    policy = dict(part.strip().split(" ", 1) for part in frame_policy().split(";") if part.strip())
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'none'"
    assert policy["form-action"] == "'none'"
    assert policy["sandbox"] == "allow-scripts allow-forms"
    assert "http" not in frame_policy()
    assert "cdn.example.org" in frame_policy(["cdn.example.org"])


@pytest.mark.parametrize(
    ("template", "row", "nests"),
    [
        ('<iframe src="${url}"></iframe>', {"url": "https://a.example.org/"}, True),
        ("${html} ${url}", {"html": "<IFRAME src=//a.example.org>", "url": "x"}, True),
        ("${url}", {"url": "https://a.example.org/", "unused": "<iframe>"}, False),
    ],
)
def test_pages_within_the_page_come_from_hosts_of_the_template_and_the_row_alone(
    template: str, row: dict[str, str], nests: bool
) -> None:
    assert nests_pages(template, row) is nests
    policy = frame_policy(["cdn.example.org"], ["a.example.org"], nests=nests)
    wanted = "cdn.example.org a.example.org" if nests else "'none'"
    assert f"; frame-src {wanted};" in policy
    assert "frame-src 'none'" in frame_policy(nests=nests)


@pytest.mark.parametrize(
    "junk",
    [
        "<img ",
        "${",
        "<a ",
        "<!--",
        "<body ",
        "<head ",
        "</form ",
        "<![x]>",
        "<?",
        "<",
        "<a/",
        "url(",
        '<crowd-a b="',
        "='",
        "<img src=${",
    ],
)
def test_no_template_takes_longer_than_its_length_deserves(junk: str) -> None:
    """Read in quadratic time, each of these would run into the suite's limit of two minutes."""
    template = FIELD + "<crowd-a>" + junk * (400_000 // len(junk))
    check_template(template)
    foreign_hosts(template)
    hosts_of_row(template, {})
    render_document(template, {}, WORK)


@pytest.mark.parametrize(
    ("template", "task_type"),
    [
        ('<input type="radio" name="a" value="1"><select name="b"></select>', "choose"),
        ('<input type="radio" name="a" value="1"><textarea name="why"></textarea>', "write"),
        ('<crowd-slider name="a"></crowd-slider><input type="checkbox" name="b">', "rate"),
        ('<crowd-entity-annotation name="a"></crowd-entity-annotation>', "mark"),
        ('<crowd-polygon name="a"></crowd-polygon><input name="b">', "draw"),
        ("<script>document.write('<input name=a>')</script>", None),
    ],
)
def test_the_type_of_a_task_is_the_most_that_its_form_asks(template: str, task_type: str) -> None:
    assert task_type_of(template) == task_type


def test_it_is_known_among_how_many_values_a_form_lets_one_choose() -> None:
    choice = '<input type="radio" name="a" value="{}">'
    three = "".join(map(choice.format, ("yes", "no", "unclear")))
    two = '<select name="b"><option value="">?</option><option>hot</option><option>cold</option>'
    assert choice_count_of(f"{three}{two}</select>") == 3
    assert choice_count_of(f"{two}</select>") == 2
    assert choice_count_of('<input name="a">') is None
