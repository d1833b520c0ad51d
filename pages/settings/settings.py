"""Settings: who sends."""

from core.ui.settings import settings_company, settings_server

settings_company.show()
settings_server.show()
