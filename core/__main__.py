"""`python -m core`."""

import sys

from core.settings import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    from core.cli import main

    sys.exit(main())
