"""From the result of a study to tables, figures and files.

Nothing here trains or measures: a function takes what :mod:`sknn.studies` returns and gives it
another form.
"""

from sknn.report._figures import producers_figures
from sknn.report._tables import producers_tables
from sknn.report._write import output_directory, write_producers

__all__ = ["output_directory", "producers_figures", "producers_tables", "write_producers"]
