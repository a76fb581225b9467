"""The studies: questions asked of real tables, as functions that return results.

A study trains and measures; it prints nothing and writes nothing. Tables, figures and files are
made from its result by :mod:`sknn.report`.
"""

from sknn.studies._comparison import compare, producers_comparison, yeast_comparison
from sknn.studies._comparison_result import Attainable, ComparisonResult
from sknn.studies._key_features import KeyFeaturesResult, producers_key_features
from sknn.studies._producers import producers
from sknn.studies._producers_result import (
    ProducersModel,
    ProducersResult,
    ProducersRuns,
    ProducersSplit,
)
from sknn.studies._published import Published, Rerun
from sknn.studies._published_yeast import PublishedYeast, RerunYeast
from sknn.studies._results import FitProgress, Spread
from sknn.studies._yeast import yeast
from sknn.studies._yeast_architectures import YeastArchitectures
from sknn.studies._yeast_protocol import YeastSplit
from sknn.studies._yeast_result import YeastModel, YeastResult
from sknn.studies._yeast_table import YeastTable

__all__ = [
    "Attainable",
    "ComparisonResult",
    "FitProgress",
    "KeyFeaturesResult",
    "ProducersModel",
    "ProducersResult",
    "ProducersRuns",
    "ProducersSplit",
    "Published",
    "PublishedYeast",
    "Rerun",
    "RerunYeast",
    "Spread",
    "YeastArchitectures",
    "YeastModel",
    "YeastResult",
    "YeastSplit",
    "YeastTable",
    "compare",
    "producers",
    "producers_comparison",
    "producers_key_features",
    "yeast",
    "yeast_comparison",
]
