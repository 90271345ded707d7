"""An export is one file that says what it holds, proves it by SHA-256, and can come back in."""

from cer_assist.exports.columns import Column, Table
from cer_assist.exports.writing import FORMATS, ExportResult, write_export

__all__ = ["FORMATS", "Column", "ExportResult", "Table", "write_export"]
