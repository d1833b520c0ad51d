"""The code that people copy into their pages, tag managers and servers; tests run it as it is."""

from html import escape
from urllib.parse import quote

BROWSER_KEY = "YOUR_BROWSER_KEY"
SERVER_KEY = "YOUR_SERVER_KEY"
_CALLS = '["track", "page", "identify", "consent", "reset"]'
_GIVEN = ' data-consent="given"'


def page_snippet(host: str, key: str, *, is_given: bool = False) -> str:
    """Write what goes into the head of every page.

    Until the script is there, calls wait; `is_given` says that it is only loaded for people who
    agreed already.
    """
    given = _GIVEN if is_given else ""
    return f"""<script>
  (function (w) {{
    if (w.rehearsal) return;
    var r = (w.rehearsal = {{ q: [] }});
    {_CALLS}.forEach(function (name) {{
      r[name] = function () {{ r.q.push([name, arguments]); }};
    }});
  }})(window);
</script>
<script async src="{escape(host)}/v1/snippet.js" data-key="{escape(key)}"{given}></script>"""


CONSENT_CALLS = """rehearsal.consent(true);   // they agreed: on every page, as soon as you know
rehearsal.consent(false);  // they changed their mind: what was stored is removed"""

EVENT_CALLS = """rehearsal.track("cart_add", { product_id: "tent-2", price: 129.0 });
rehearsal.track("purchase", { order_id: "1001", total: 129.0 });
rehearsal.identify("customer-17", { email: "jo@example.com" });  // after a login or an order
rehearsal.reset();                                               // after a logout"""

# A tag manager brings the script only for those who agreed: the calls must not need it.
CAREFUL_CALLS = """if (window.rehearsal) {
  rehearsal.track("cart_add", { product_id: "tent-2", price: 129.0 });
  rehearsal.identify("customer-17", { email: "jo@example.com" });
}"""

MARKED_BUTTON = """<button data-track="cart_add" data-track-product-id="tent-2">
  Add to basket
</button>"""


def tag_manager_tag(host: str, key: str) -> str:
    """Write a custom HTML tag, which fires for people who agreed."""
    # Google's tag manager takes attributes of its own away from script tags: it is made by script.
    return f"""<script>
  (function (w, d) {{
    if (w.rehearsal && w.rehearsal.isReady) return w.rehearsal.consent(true);
    var tag = d.createElement("script");
    tag.async = true;
    tag.src = "{escape(host)}/v1/snippet.js";
    tag.setAttribute("data-key", "{escape(key)}");
    tag.setAttribute("data-consent", "given");
    d.head.appendChild(tag);
  }})(window, document);
</script>"""


TAG_MANAGER_WITHDRAWAL = """<script>
  if (window.rehearsal) window.rehearsal.consent(false);
</script>"""


def segment_python(host: str, key: str) -> str:
    """Write a program with Segment's client for Python."""
    return f"""# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{host}"

analytics.identify("customer-17", {{"email": "jo@example.com"}})
analytics.track("customer-17", "cart_add", {{"product_id": "tent-2", "price": 129.0}})
analytics.flush()"""


def rudderstack_python(host: str, key: str) -> str:
    """Write a program with RudderStack's client for Python."""
    return f"""# pip install rudder-sdk-python
import rudderstack.analytics as analytics

analytics.write_key = "{key}"
analytics.dataPlaneUrl = "{host}"

analytics.identify("customer-17", {{"email": "jo@example.com"}})
analytics.track("customer-17", "cart_add", {{"product_id": "tent-2", "price": 129.0}})
analytics.flush()"""


def segment_node(host: str, key: str) -> str:
    """Write a program with Segment's client for Node."""
    return f"""// npm install @segment/analytics-node
import {{ Analytics }} from "@segment/analytics-node";

const analytics = new Analytics({{
  writeKey: "{key}",
  host: "{host}",
}});

analytics.identify({{ userId: "customer-17", traits: {{ email: "jo@example.com" }} }});
analytics.track({{
  userId: "customer-17",
  event: "cart_add",
  properties: {{ product_id: "tent-2", price: 129.0 }},
}});
await analytics.closeAndFlush();"""


def rudderstack_node(host: str, key: str) -> str:
    """Write a program with RudderStack's client for Node."""
    return f"""// npm install @rudderstack/rudder-sdk-node
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const analytics = new RudderAnalytics("{key}", {{
  dataPlaneUrl: "{host}",
}});

analytics.identify({{ userId: "customer-17", traits: {{ email: "jo@example.com" }} }});
analytics.track({{
  userId: "customer-17",
  event: "cart_add",
  properties: {{ product_id: "tent-2", price: 129.0 }},
}});
await analytics.flush();"""


def shell(host: str, key: str) -> str:
    """Write the calls without any client."""
    return f"""curl {host}/v1/identify -u {key}: -H 'content-type: application/json' \\
  -d '{{"userId": "customer-17", "traits": {{"email": "jo@example.com"}}}}'

curl {host}/v1/track -u {key}: -H 'content-type: application/json' \\
  -d '{{"userId": "customer-17", "event": "cart_add",
       "properties": {{"product_id": "tent-2", "price": 129.0}}}}'"""


def segment_browser(host: str, key: str) -> str:
    """Write how Segment's client for browsers, from npm, sends here and asks nobody else."""
    protocol, _, place = host.partition("://")
    return f"""// npm install @segment/analytics-next
import {{ AnalyticsBrowser }} from "@segment/analytics-next";

const key = "{key}";
const analytics = AnalyticsBrowser.load(
  {{ writeKey: key, cdnSettings: {{ integrations: {{ "Segment.io": {{ apiKey: key }} }} }} }},
  {{ integrations: {{ "Segment.io": {{ apiHost: "{place}/v1", protocol: "{protocol}" }} }} }},
);"""


def pixel(host: str, key: str) -> str:
    """Write an image that counts whoever sees it."""
    said = f"writeKey={quote(key)}&event=landing_seen&userId=customer-17&page=spring"
    return f'<img src="{escape(host)}/v1/pixel.gif?{escape(said)}" width="1" height="1" alt="">'


def sign_up_form(host: str, key: str) -> str:
    """Write a form by which people ask for e-mails, which they then confirm."""
    return f"""<form method="post" action="{escape(host)}/v1/subscribe">
  <input type="hidden" name="writeKey" value="{escape(key)}">
  <input type="hidden" name="text" value="Yes, send me news and offers by e-mail.">
  <label>E-mail address <input type="email" name="email" required></label>
  <p>Yes, send me news and offers by e-mail.</p>
  <button>Sign up</button>
</form>"""


QUEUE_MESSAGE = """{
  "type": "track",
  "messageId": "order-1001",
  "userId": "customer-17",
  "event": "purchase",
  "timestamp": "2026-08-31T09:30:00Z",
  "properties": {"total": 129.0}
}"""
