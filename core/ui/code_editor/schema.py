"""What the editor completes: the tags and attributes of MJML that the checks know, as JSON.

`python -m core.ui.code_editor.schema` writes it anew, for `make components`.
"""

import json
from pathlib import Path

from core.rendering.mjml_tags import ATTRIBUTES, CHILDREN, TEXT_TAGS

FILE = Path(__file__).with_name("src") / "mjml.json"


def schema_text() -> str:
    """Give the schema: of each tag its attributes, the tags it may hold, and whether it holds text.

    `mj-attributes` may hold any tag, for it sets what others have.
    """
    anything = sorted({*ATTRIBUTES, "mj-all", "mj-class"})
    children = {**{tag: sorted(held) for tag, held in CHILDREN.items()}, "mj-attributes": anything}
    schema = {
        tag: {
            "attributes": sorted(names),
            "children": children.get(tag),
            "holds_text": tag in TEXT_TAGS,
        }
        for tag, names in sorted(ATTRIBUTES.items())
    }
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
