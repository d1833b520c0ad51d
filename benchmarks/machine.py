"""The machine in one line, without anything that names it."""

import os
import platform
from importlib.metadata import version


def description() -> str:
    """Say how large and how busy the machine is, and with which versions it was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(
        f"{label} {version(package)}"
        for label, package in (
            ("DuckDB", "duckdb"),
            ("Polars", "polars"),
            ("PyArrow", "pyarrow"),
            ("Numba", "numba"),
            ("NumPy", "numpy"),
        )
    )
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, load {os.getloadavg()[0]:.1f} at the"
        f" start; {platform.system()}, Python {platform.python_version()}, {libraries}"
    )
