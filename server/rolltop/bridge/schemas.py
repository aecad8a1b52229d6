"""What the page says to the window."""

from pydantic import BaseModel, ConfigDict, Field


class PageReport(BaseModel):
    """The page is usable: what it shows and to whom."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=300, description="The document's title.")
    user: str = Field(max_length=300, description="The name of the signed-in person.")
    painted: bool = Field(description="Whether the first contentful paint has happened.")
