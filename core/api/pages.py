"""The plain pages behind the links of an e-mail: no script, no pictures, nothing of others."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse

from core.domain.mail_choices import Choices

STYLE = """
:root{color-scheme:light dark;--ground:#f5f6fa;--sheet:#fff;--ink:#1f2333;--quiet:#565c73;
--line:#d9dce8;--main:#4c5fd5;--on-main:#fff;--good:#e7f4ec;--good-ink:#14532d}
@media (prefers-color-scheme:dark){:root{--ground:#12141c;--sheet:#1c1f2b;--ink:#eceef6;
--quiet:#a9afc6;--line:#343849;--main:#95a2f7;--on-main:#12141c;--good:#16321f;--good-ink:#b7ecc9}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:34rem;margin:0 auto;padding:clamp(1.5rem,9vh,6rem) 1rem 3rem}
.sheet{background:var(--sheet);border:1px solid var(--line);border-radius:.8rem;
padding:clamp(1.25rem,5vw,2.25rem)}
.sender{margin:0 0 1rem;font-weight:600;color:var(--quiet);overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem;overflow-wrap:anywhere}
p:last-child{margin-bottom:0}
.quiet{color:var(--quiet)}
.done{background:var(--good);color:var(--good-ink);border-radius:.6rem;padding:.75rem 1rem}
fieldset{border:0;margin:0 0 1.5rem;padding:0}
legend{padding:0;margin:0 0 .5rem;font-weight:600}
label{display:flex;gap:.75rem;align-items:flex-start;padding:.75rem 0;
border-top:1px solid var(--line);cursor:pointer}
label:first-of-type{border-top:0}
input[type=checkbox]{flex:none;width:1.25rem;height:1.25rem;margin:.15rem 0 0;
accent-color:var(--main)}
strong,.whole{display:inline-block;max-width:100%}
label b{display:block;font-weight:600;overflow-wrap:anywhere}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.55rem 1.4rem;border:0;
border-radius:.6rem;background:var(--main);color:var(--on-main);cursor:pointer}
button.second{background:transparent;color:var(--main);border:1px solid var(--main)}
a{color:var(--main)}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
form+p,form+form{margin-top:1rem}
footer{margin-top:1.25rem;color:var(--quiet);font-size:.875rem;text-align:center}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}{% endblock %}{% if sender.name %} · {{ sender.name }}{% endif %}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<main>
<div class="sheet">
{% if sender.name %}<p class="sender">{{ sender.name }}</p>{% endif %}
{% block content %}{% endblock %}
</div>
{% if sender.address %}<footer>{{ sender.name }}, {{ sender.address }}</footer>{% endif %}
</main>
</body>
</html>
"""
_TEST = """<p>This is the link of a test e-mail. It works like this one for everybody else, and
here it changes nothing.</p>"""
_WHO = "{{ choices.address or 'your address' }}"
_SOURCES = {
    "frame": FRAME,
    "gone": """{% extends "frame" %}{% block title %}This link does not work{% endblock %}
{% block content %}<h1>This link does not work</h1>
<p>It may have been cut off when it was copied, or it is very old. Nothing was changed.</p>
<p class="quiet">Please open the link in the e-mail itself once more.</p>{% endblock %}""",
    "ask": f"""{{% extends "frame" %}}{{% block title %}}Unsubscribe{{% endblock %}}
{{% block content %}}{{% if choices.is_test %}}<h1>Unsubscribe</h1>{_TEST}
{{% elif choices.is_subscribed %}}<h1>No more e-mails?</h1>
<p>We will send no more of these e-mails to <strong>{_WHO}</strong>.</p>
<form method="post"><input type="hidden" name="unsubscribe" value="yes">
<button type="submit">Unsubscribe</button></form>
<p><a href="{{{{ preferences }}}}">Choose what you get instead</a></p>
{{% else %}}<h1>You are unsubscribed</h1>
<p>We send no such e-mails to <strong>{_WHO}</strong>.</p>
<p><a href="{{{{ preferences }}}}">Change what you get</a></p>{{% endif %}}{{% endblock %}}""",
    "done": f"""{{% extends "frame" %}}{{% block title %}}You are unsubscribed{{% endblock %}}
{{% block content %}}{{% if choices.is_test %}}<h1>Unsubscribe</h1>{_TEST}
{{% else %}}<h1>You are unsubscribed</h1>
<p class="done" role="status">We will send no more of these e-mails to
<strong>{_WHO}</strong>. One that is already on its way may still arrive.</p>
<p>Was this a mistake? <a href="{{{{ preferences }}}}">Change what you get</a></p>
{{% endif %}}{{% endblock %}}""",
    "preferences": f"""{{% extends "frame" %}}{{% block title %}}Your e-mails{{% endblock %}}
{{% block content %}}<h1>Your e-mails</h1>
{{% if choices.is_test %}}{_TEST}{{% endif %}}
{{% if is_saved %}}<p class="done" role="status">Saved.
{{% if choices.choices|selectattr("is_given")|list %}}This is what you get from now on.
{{% else %}}You get none of these e-mails from now on.{{% endif %}}</p>{{% endif %}}
<form method="post"><input type="hidden" name="save" value="yes">
<fieldset><legend>What may we send to <span class="whole">{_WHO}?</span></legend>
{{% for choice in choices.choices %}}<label><input type="checkbox" name="purpose"
 value="{{{{ choice.name }}}}"{{% if choice.is_given %}} checked{{% endif %}}>
<span><b>{{{{ choice.title }}}}</b>
{{% if choice.description %}}<span class="quiet">{{{{ choice.description }}}}</span>{{% endif %}}
</span></label>{{% endfor %}}</fieldset>
<button type="submit">Save</button></form>
<p class="quiet">To get nothing at all, take out every tick and save.</p>
{{% endblock %}}""",
}
_PAGES = Environment(
    loader=DictLoader(_SOURCES), autoescape=True, undefined=StrictUndefined, auto_reload=False
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose e-mails the pages speak of; empty until somebody said it."""

    name: str = ""
    address: str = ""


def gone(sender: Sender) -> HTMLResponse:
    """Say that a link is none of ours, whatever is wrong with it."""
    return _page("gone", sender, status=404)


def ask(sender: Sender, choices: Choices, preferences: str) -> HTMLResponse:
    """Ask whether to unsubscribe; `preferences` is the path of the page with all choices."""
    return _page("ask", sender, choices=choices, preferences=preferences)


def done(sender: Sender, choices: Choices, preferences: str) -> HTMLResponse:
    """Say that somebody is unsubscribed."""
    return _page("done", sender, choices=choices, preferences=preferences)


def preference_page(sender: Sender, choices: Choices, *, is_saved: bool = False) -> HTMLResponse:
    """Let somebody choose what they get."""
    return _page("preferences", sender, choices=choices, is_saved=is_saved)


def _page(name: str, sender: Sender, *, status: int = 200, **values: object) -> HTMLResponse:
    known: Mapping[str, object] = {"sender": sender, "style": STYLE, **values}
    return HTMLResponse(_PAGES.get_template(name).render(known), status, HEADERS)
