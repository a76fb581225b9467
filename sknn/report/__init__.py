"""From results to tables, figures, pages and files.

Nothing here trains: a function takes a fitted estimator, or what :mod:`sknn.studies` returns, and
gives it another form.
"""

from sknn.report._beside_tables import engines_table
from sknn.report._blocks import Facts, Headline, Notes, Picture, Section, Table, Text
from sknn.report._comparison_tables import comparison_tables
from sknn.report._evaluation import Evaluation
from sknn.report._figures import producers_figures
from sknn.report._key_features import key_features_figures, key_features_table
from sknn.report._regression_evaluation import RegressionEvaluation
from sknn.report._report import Report
from sknn.report._tables import producers_tables
from sknn.report._write import output_directory, write_key_features, write_producers, write_yeast
from sknn.report._yeast_architectures_figures import yeast_figures
from sknn.report._yeast_tables import yeast_tables

__all__ = [
    "Evaluation",
    "Facts",
    "Headline",
    "Notes",
    "Picture",
    "RegressionEvaluation",
    "Report",
    "Section",
    "Table",
    "Text",
    "comparison_tables",
    "engines_table",
    "key_features_figures",
    "key_features_table",
    "output_directory",
    "producers_figures",
    "producers_tables",
    "write_key_features",
    "write_producers",
    "write_yeast",
    "yeast_figures",
    "yeast_tables",
]
