"""The names under which the page Live keeps things for its next look."""

NOTICE = "live_notice"
