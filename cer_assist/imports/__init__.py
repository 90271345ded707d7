"""Files from outside are parsed in a child process with little memory, little time and no network.

The process that asked only ever sees text and numbers, whatever a file tries.
"""

from cer_assist.imports.parent import parse_files, preview
from cer_assist.imports.results import ParsedImport, Preview, RowError

__all__ = ["ParsedImport", "Preview", "RowError", "parse_files", "preview"]
