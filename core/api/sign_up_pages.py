"""The pages of double opt-in, in the frame of those behind the links of an e-mail."""

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.responses import HTMLResponse

from core.api.pages import FRAME, HEADERS, STYLE, Sender, gone
from core.domain.sign_ups import AskedSignUp, LinkState

_LIST = "<ul>{% for title in titles %}<li>{{ title }}</li>{% endfor %}</ul>"
_PAGES = Environment(
    loader=DictLoader(
        {
            "frame": FRAME,
            "mailbox": """{% extends "frame" %}{% block title %}Almost done{% endblock %}
{% block content %}<h1>Look into your mailbox</h1>
<p>If the address is yours, you get an e-mail in a moment. Press the button in it, and you are
signed up; before, nothing is sent to you.</p>{% endblock %}""",
            "open": f"""{{% extends "frame" %}}{{% block title %}}Sign up{{% endblock %}}
{{% block content %}}<h1>Sign up {{{{ address }}}}?</h1><p>You get:</p>{_LIST}
<form method="post"><input type="hidden" name="confirm" value="yes">
<button type="submit">Yes, sign me up</button></form>
<p class="quiet">You can stop it at any time with a link in every e-mail.</p>{{% endblock %}}""",
            "confirmed": f"""{{% extends "frame" %}}
{{% block title %}}You are signed up{{% endblock %}}{{% block content %}}
<h1>You are signed up</h1><p class="done" role="status">{{{{ address }}}} gets from now on:</p>
{_LIST}<p class="quiet">You can stop it at any time with a link in every e-mail.</p>
{{% endblock %}}""",
            "too old": """{% extends "frame" %}{% block title %}This link is too old{% endblock %}
{% block content %}<h1>This link is too old</h1>
<p>It worked for seven days. Please sign up once more, and use the new e-mail.</p>
{% endblock %}""",
        }
    ),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
)


def look_into_mailbox(sender: Sender) -> HTMLResponse:
    """Say that an e-mail is on its way, whoever asked."""
    return _page("mailbox", sender)


def confirmation(sender: Sender, asked: AskedSignUp | None) -> HTMLResponse:
    """Ask for the confirmation of a sign-up, or say how it stands."""
    if asked is None:
        return gone(sender)
    status = 410 if asked.state is LinkState.TOO_OLD else 200
    return _page(
        asked.state.value, sender, status=status, address=asked.address, titles=asked.titles
    )


def _page(name: str, sender: Sender, *, status: int = 200, **values: object) -> HTMLResponse:
    known = {"sender": sender, "style": STYLE, **values}
    return HTMLResponse(_PAGES.get_template(name).render(known), status, HEADERS)
