"""Connect: how events come in."""

from core.ui.connect import frame

frame.show()
