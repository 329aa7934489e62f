"""What Schemathesis draws where a description alone would make every request a new computation."""

import schemathesis
from hypothesis import strategies

# The company's own days, and the ends of what a date can be.
DAYS = ["2026-02-10", "2026-06-30", "0001-01-01", "9999-12-31", "2024-02-29"]

schemathesis.openapi.format("date", strategies.sampled_from(DAYS))


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of the records that are asked for are there."""
    identity = (path_parameters or {}).get("id")
    if isinstance(identity, str) and len(identity) % 2 == 0:
        path_parameters.update(kind="deals", id=f"D-{1 + len(identity) % 3}")
    return path_parameters
