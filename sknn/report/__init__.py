"""From the result of a study to tables, figures and files.

Nothing here trains or measures: a function takes what :mod:`sknn.studies` returns and gives it
another form.
"""

from sknn.report._comparison_tables import comparison_tables
from sknn.report._figures import producers_figures
from sknn.report._key_features import key_features_figures, key_features_table
from sknn.report._tables import producers_tables
from sknn.report._write import output_directory, write_key_features, write_producers
from sknn.report._yeast_tables import yeast_tables

__all__ = [
    "comparison_tables",
    "key_features_figures",
    "key_features_table",
    "output_directory",
    "producers_figures",
    "producers_tables",
    "write_key_features",
    "write_producers",
    "yeast_tables",
]
