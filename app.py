"""The one process of Rehearsal: `streamlit run app.py` finds and serves `app`."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

# Loaded at the start, so that nobody's first page waits for them.
import core.api.door
import core.bootstrap
import core.clock
import core.services.audience_test
import core.services.email_checks
import core.services.embedded_worker
import core.services.experiment_plan
import core.services.experiment_results
import core.services.kept_recommender
import core.services.questions
import core.ui.figures
from core.domain.errors import CampaignError
from core.settings import OWN_ADDRESS, REPOSITORY
from core.ui import front_door

PARENT = str(os.getpid())
_SCHEME = "https" if st.get_option("server.sslCertFile") else "http"
os.environ[OWN_ADDRESS] = f"{_SCHEME}://localhost:{st.get_option('server.port')}"
WORKER = [sys.executable, "-m", "core", "worker", "--name", f"dashboard-{PARENT}"]


try:
    reach = front_door.reach()
    front_door.open_for(reach)
except CampaignError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Have the evaluator work beside the dashboard, unless REHEARSAL_WORKER is off."""
    with core.services.embedded_worker.beside(
        [*WORKER, "--parent", PARENT],
        REPOSITORY,
        core.bootstrap.database,
        switch=os.environ.get("REHEARSAL_WORKER", ""),
        watches=[core.bootstrap.watch()],
        clock=core.clock.now,
    ):
        yield


main = str(REPOSITORY / "core" / "ui" / "main.py")
app = st.App(
    main,
    routes=core.bootstrap.api_routes(),
    middleware=[
        core.api.door.door(reach, front_door.sessions.knows, is_https=front_door.is_https())
    ],
    lifespan=lifespan,
)
