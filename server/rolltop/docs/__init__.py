"""The live API document: everything this server answers, the person's own tables included.

`/openapi.json` is what `/docs` (Swagger UI) and `/redoc` show; both pages are files of the built UI.
"""
