"""The script behind every page: it stands away from `pages/`, so that deep links come here too."""

from core.ui import navigation

navigation.run()
