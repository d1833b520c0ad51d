"""Connect: how events come in."""

from core.ui.live import connecting

connecting.show(is_first=True)
