"""How pydantic reads every table of a brief: no unknown keys, no other types."""

STRICT = {"extra": "forbid", "strict": True}
