"""What Word and other readers show of a file: its title, when it was made and by what.

The template of python-docx has a date of 2013 and a remark of its own, which would be told of ours.
"""

from __future__ import annotations

import datetime as dt

from docx.document import Document

PROGRAM = "CER Assist"


def describe(made: Document, title: str, at: dt.datetime) -> None:
    """Set the properties of a file whose content is of this moment, in UTC."""
    own = made.core_properties
    own.title, own.author, own.last_modified_by = title, PROGRAM, PROGRAM
    own.created = own.modified = at
    own.comments = ""
