from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser as HTMLParser

PARTS = [("done", 60, "done"), ("review", 30, "in review"), ("rest", 10, "waiting")]


def test_a_field_with_an_error_is_tied_to_its_words(render: Callable[..., str]) -> None:
    tree = HTMLParser(
        render('{{ ui.field("a", "Reward", "0", error="Too low", hint="In USD", required=True) }}')
    )
    box = tree.css_first("input").attributes
    assert box["aria-invalid"] == "true"
    assert [tree.css_first(f"#{i}").text() for i in (box["aria-describedby"] or "").split()] == [
        "In USD",
        "Too low",
    ]
    assert tree.css_first("label").attributes["for"] == box["id"]


def test_a_field_has_one_direction_the_one_that_was_asked_for(render: Callable[..., str]) -> None:
    for kind in ("text", "textarea"):
        source = '{{ ui.field("a", "IBAN", type=kind, attrs=attrs) }}'
        ltr = render(source, kind=kind, attrs={"dir": "ltr"})
        assert (ltr.count("dir="), 'dir="ltr"' in ltr) == (1, True)
        assert 'dir="auto"' in render(source, kind=kind, attrs={})


def test_values_are_escaped_wherever_they_stand(render: Callable[..., str]) -> None:
    bad = '"><script>'
    for kind in ("text", "textarea", "search"):
        text = render('{{ ui.field("a", bad, bad, type=kind, hint=bad) }}', bad=bad, kind=kind)
        assert "<script>" not in text
    assert "<script>" not in render("{{ ui.job(bad, '/x', facts=[bad]) }}", bad=bad)
    assert "<script>" not in render("{{ ui.job('t', pay='1', pay_note=[bad]) }}", bad=bad)


def test_a_password_is_never_sent_back(render: Callable[..., str]) -> None:
    assert "hunter2" not in render('{{ ui.field("p", "Password", "hunter2", type="password") }}')


def test_the_chosen_option_is_selected(render: Callable[..., str]) -> None:
    source = '{{ ui.field("n", "N", 3, type="select", options=[(2, "two"), (3, "three")]) }}'
    chosen = HTMLParser(render(source)).css("option[selected]")
    assert [option.text() for option in chosen] == ["three"]


def test_the_weave_says_in_words_what_it_draws(render: Callable[..., str]) -> None:
    tree = HTMLParser(render('{{ ui.weave(parts, 100, "60 of 100 done") }}', parts=PARTS))
    bars = [(bar.attributes["x"], bar.attributes["width"]) for bar in tree.css("rect")]
    assert bars == [("0.000%", "60.000%"), ("60.000%", "30.000%")]
    assert tree.css_first("svg").attributes["aria-label"] == "60 of 100 done"


def test_a_weave_of_nothing_draws_nothing_and_overflow_is_cut(render: Callable[..., str]) -> None:
    assert "<rect" not in render('{{ ui.weave(parts, 0, "none") }}', parts=PARTS)
    cut = HTMLParser(render('{{ ui.weave(parts, 70, "x") }}', parts=PARTS)).css("rect")
    assert sum(float((bar.attributes["width"] or "")[:-1]) for bar in cut) <= 100.001


def test_the_pager_keeps_the_filters_and_leads_back_to_the_start(
    render: Callable[..., str],
) -> None:
    source = '{{ ui.pager("c2", shown=50) }}'
    tree = HTMLParser(render(source, path="/work/queue?sort=pay&cursor=c1&lang=en"))
    links = [link.attributes["href"] for link in tree.css("a")]
    assert links == ["/work/queue?sort=pay", "/work/queue?sort=pay&cursor=c2"]


def test_the_pager_is_absent_where_one_page_holds_everything(render: Callable[..., str]) -> None:
    assert render("{{ ui.pager(none, shown=3) }}").strip() == ""


def test_errors_above_a_form_lead_to_their_fields(render: Callable[..., str]) -> None:
    tree = HTMLParser(render('{{ ui.form_errors({"a": "Too low", "b": "Missing"}) }}'))
    assert [link.attributes["href"] for link in tree.css("a")] == ["#a", "#b"]
    assert "2 things to mend" in tree.text()


def test_a_confirmation_is_a_plain_form_without_script(render: Callable[..., str]) -> None:
    source = '{{ ui.confirm_form("Cancel", "/x", "Sure?", "Yes", fields={"id": "b1"}) }}'
    tree = HTMLParser(render(source))
    form = tree.css_first("details > form")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/x")
    assert form.css_first("input[name=id]").attributes["value"] == "b1"
    assert form.css_first("input[name=idempotency_key]").attributes["value"]


def test_every_form_made_has_its_own_key(render: Callable[..., str]) -> None:
    first, second = render("{{ ui.once() }}"), render("{{ ui.once() }}")
    assert first != second
    assert "kept" in render('{{ ui.once("kept") }}')


def test_steps_mark_where_one_is_and_what_is_done(render: Callable[..., str]) -> None:
    source = '{{ ui.steps([("A", "/a"), ("B", "/b"), ("C", none)], current=1) }}'
    steps = HTMLParser(render(source)).css("li")
    assert [step.attributes.get("aria-current") for step in steps] == [None, "step", None]
    assert steps[0].attributes["class"] == "done"
