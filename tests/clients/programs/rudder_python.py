"""Send with RudderStack's client for Python: KEY HOST COUNT."""

import sys

import rudderstack.analytics as client

key, host, count = sys.argv[1:]
failed: list[object] = []
client.write_key, client.dataPlaneUrl = key, host
client.on_error = lambda error, _messages: failed.append(error)
for number in range(int(count)):
    client.track(f"rudder_python-{number % 3}", "Product Viewed", {"n": number, "sign": "ä🎉"})
client.track(None, "Added", {"n": "a"}, anonymous_id="rudder_python-visitor")
client.identify(
    "rudder_python", {"email": "rudder_python@example.com"}, anonymous_id="rudder_python-visitor"
)
client.page("rudder_python", "Docs", "Python", {"url": "https://shop.example/docs"})
client.screen("rudder_python", "Home")
client.group("rudder_python", "g1", {"name": "Acme"})
client.alias("rudder_python-old", "rudder_python")
client.flush()
sys.exit(str(failed) if failed else 0)
