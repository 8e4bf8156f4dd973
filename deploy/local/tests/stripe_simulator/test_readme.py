"""The README's snippet runs as it stands."""

import re
from pathlib import Path

import stripe_simulator


def test_the_snippet_pays_somebody(rig):
    text = (Path(stripe_simulator.__file__).parent / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    assert "http://127.0.0.1:12111" in snippet
    known = {}
    code = compile(snippet.replace("http://127.0.0.1:12111", rig.url), "README.md", "exec")
    exec(code, known)  # noqa: S102  # our own page
    known["transport"].close()
    assert rig.executed() == 1
    assert known["transfer"].amount == 12_50


def test_every_control_route_is_in_the_readme(rig):
    text = (Path(stripe_simulator.__file__).parent / "README.md").read_text(encoding="utf-8")
    rules = [str(rule).replace("<a>", "ID") for rule in rig.simulator.app.url_map.iter_rules()]
    control = [rule for rule in rules if rule.startswith("/_simulator/")]
    assert control
    assert [rule for rule in control if f"`{rule}`" not in text] == []
