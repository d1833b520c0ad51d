"""Send with Segment's client for Python: KEY HOST COUNT."""

import sys

import segment.analytics as client

key, host, count = sys.argv[1:]
failed: list[object] = []
client.write_key, client.host, client.gzip = key, host, True
client.on_error = lambda error, _messages: failed.append(error)
for number in range(int(count)):
    client.track(f"segment_python-{number % 3}", "Product Viewed", {"n": number, "sign": "ä🎉"})
client.track(None, "Added", {"n": "a"}, anonymous_id="segment_python-visitor")
client.identify(
    "segment_python", {"email": "segment_python@example.com"}, anonymous_id="segment_python-visitor"
)
client.page("segment_python", "Docs", "Python", {"url": "https://shop.example/docs"})
client.screen("segment_python", "Home")
client.group("segment_python", "g1", {"name": "Acme"})
client.alias("segment_python-old", "segment_python")
client.shutdown()
sys.exit(str(failed) if failed else 0)
