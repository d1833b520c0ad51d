"""Experiments: plan a test before it runs, and read what came of it on any day."""

from core.ui import notices
from core.ui.experiments import all_tests, opened_file, opened_test, place, plan_view
from core.ui.experiments.place import View

notices.show(place.NOTICE)
here = place.current()
match here.view:
    case View.ALL:
        all_tests.choose_view(here.view)
        all_tests.show()
    case View.PLAN:
        all_tests.choose_view(here.view)
        plan_view.show()
    case View.TEST:
        opened_test.show(here.name)
    case View.FILE:
        opened_file.show(here.name)
