"""How a message queue sends."""

import streamlit as st

from core.ui.connect import code_samples


def show() -> None:
    """Show the command that takes messages from a queue, and what a message looks like."""
    st.markdown(
        "If your systems talk by **RabbitMQ**, Rehearsal takes its messages from a queue of yours. "
        "A message is taken off the queue once its event is stored, so none is lost."
    )
    st.code(
        "export REHEARSAL_AMQP_URL='amqp://USER:PASSWORD@queue.example.com:5672/'\n"
        "python -m core consume --queue rehearsal",
        language="bash",
    )
    st.markdown("A message is a call, or a batch of them, as the clients send it:")
    st.code(code_samples.QUEUE_MESSAGE, language="json")
