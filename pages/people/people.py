"""People: what is known of somebody, what they agreed to, and how it is given out or erased."""
