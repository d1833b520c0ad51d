"""The process that renders: it reads templates and people from a pipe and writes e-mails to one.

It has no file of ours open, sees no environment, may use so much memory and no more, and ends by
itself should an e-mail take far too long and nobody be left to end it.
"""

import resource
import signal
import sys
from collections import OrderedDict
from typing import Any, BinaryIO

from core.rendering.emails import Mode, NotRendered, Outcome, Refusal
from core.rendering.render import Compiled
from core.rendering.wire import frame, read_frame
from core.rendering.wire_emails import outcome_message, template_from

MOST_TEMPLATES = 64

_OUT_OF_MEMORY = "the e-mail needs more memory than one may; look for text or lists made very long"


def main() -> None:
    """Serve until the pipe is closed: `[key, template]` is kept, `[key, mode, people]` rendered."""
    memory_limit, seconds = int(sys.argv[1]), float(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    outgoing.write(frame("ready"))
    outgoing.flush()
    compiled: OrderedDict[str, Compiled] = OrderedDict()
    while (message := read_frame(incoming.read)) is not None:
        head, _ = message
        if len(head) == 2:
            compiled[head[0]] = Compiled(template_from(head[1]))
            while len(compiled) > MOST_TEMPLATES:
                compiled.popitem(last=False)
            continue
        key, mode, people = head
        for context in people:
            # The parent ends this process sooner; this is for the case that it is gone.
            signal.setitimer(signal.ITIMER_PROF, 4 * seconds)
            _answer(outgoing, compiled[key], context, Mode(mode))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(outgoing: BinaryIO, compiled: Compiled, context: Any, mode: Mode) -> None:
    outcome: Outcome
    try:
        outcome = compiled.render(context, mode)
        written = frame(*outcome_message(outcome))
    except MemoryError:
        outcome = NotRendered(reason=Refusal.MEMORY, message=_OUT_OF_MEMORY)
        written = frame(*outcome_message(outcome))
    outgoing.write(written)
    outgoing.flush()


if __name__ == "__main__":
    main()
