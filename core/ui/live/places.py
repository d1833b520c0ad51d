"""The names under which the page Live keeps things for its next look."""

STEERED = "live_steered"  # a launch was changed: what the page says elsewhere is out of date
NOTICE = "live_notice"
