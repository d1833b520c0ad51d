"""The base of everything that is written in a campaign file."""

from pydantic import BaseModel, ConfigDict


class FileModel(BaseModel):
    """A part of the campaign file: unknown keys are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=False
    )
