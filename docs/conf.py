"""How the site is built: `make docs`."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS), str(DOCS / "_ext")]

# Examples train small networks, which several threads only slow down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from cycler import cycler  # noqa: E402

import sknn  # noqa: E402

project = "sknn"
author = "The sknn developers"
copyright = f"2026, {author}"
version = release = sknn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # our own, in _ext/
    "api_pages",
    "constants",
    "included_code",
    "mathml",
    "plain_attributes",
    "soft_references",
    "study_pages",
]

nitpicky = True
exclude_patterns = ["_build", "README.md", "gallery/**/*.ipynb", "gallery/**/*.py*"]
default_role = "soft"
smartquotes = False  # quotes here are mostly those of code
toc_object_entries_show_parents = "hide"
# A page is Markdown unless it is generated.
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
# A gallery page is a page of the folder that it is in, and of nothing else.
suppress_warnings = ["config.cache"]

# ---------------------------------------------------------------------------------------
# reference

autosummary_generate = False
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

intersphinx_mapping = {
    "python": ("https://docs.python.org/3", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "pandas": ("https://pandas.pydata.org/docs", None),
    "matplotlib": ("https://matplotlib.org/stable", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "joblib": ("https://joblib.readthedocs.io/en/stable", None),
    "skorch": ("https://skorch.readthedocs.io/en/stable", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
}
intersphinx_timeout = 5

# ---------------------------------------------------------------------------------------
# figures within pages, and examples

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("svg", 100)]
plot_rcparams = {"svg.fonttype": "path", "font.size": 10, "figure.constrained_layout.use": True}
plot_apply_rcparams = True

# Okabe and Ito's colours, which can be told apart with any colour vision.
GALLERY_STYLE = {
    "axes.prop_cycle": cycler(
        color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    ),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 10,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def style_gallery(gallery_conf: dict, fname: str) -> None:
    """Give the figures of all examples one look."""
    import matplotlib as mpl

    mpl.rcdefaults()
    mpl.rcParams.update(GALLERY_STYLE)


# In which the examples are read; those that are not named come last.
ORDER = (
    "look_at_a_table",
    "pipeline_search",
    "roc_curves",
    "training_history",
    "optimizers",
    "learning_rate_range",
    "dropout_and_l2",
    "sparse_networks",
    "regularisation_path",
    "stacked_search",
    "key_features",
    "ensemble",
    "calibration",
    "callbacks",
    "two_engines",
)


class ReadingOrder:
    """Sorts the examples of a gallery."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return "<ReadingOrder>"

    def __call__(self, filename: str) -> tuple[int, str]:
        """Return the place of an example."""
        name = filename.removeprefix("plot_").removesuffix(".py")
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "doc_module": ("sknn",),
    "backreferences_dir": "api/backreferences",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "within_subsection_order": ReadingOrder,
    "show_memory": False,
    "min_reported_time": 1,
    "write_computation_times": False,  # pages that load scripts from other hosts
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib", style_gallery),
    "image_srcset": ["2x"],
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
}

# ---------------------------------------------------------------------------------------
# look

html_theme = "pydata_sphinx_theme"
html_title = "sknn"
html_static_path = ["_static"]
html_css_files = ["sknn.css"]
html_favicon = "_static/mark.svg"
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {
    "logo": {"text": "sknn", "image_light": "_static/mark.svg", "image_dark": "_static/mark.svg"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "benchmarks": [], "design": [], "changelog": []}
# What a block prints is no code to copy.
copybutton_selector = "div:not(.highlight-output) > div.highlight pre"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
