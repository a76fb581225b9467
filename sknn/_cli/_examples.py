"""What the help of each command ends with."""

from __future__ import annotations

EXAMPLES = """\
examples:
  sknn fit fish.csv --target species
      train on three quarters of the rows, measure on the rest, save the model and a report
  sknn fit fish.csv --target weight
      the same for a number
  sknn predict output/fish/model.sknn new.csv
      classes and probabilities of new rows, or numbers
  sknn report output/fish/model.sknn more.csv --target species
      how the model does on more rows whose target is known
  sknn study producers
      a published study, reproduced
'sknn COMMAND --help' says more.

exit codes:
  0 all went well, 1 an error in the data or the files, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM
"""

FIT_EXAMPLES = """\
examples:
  sknn fit fish.csv --target species
      files go to output/fish
  sknn fit fish.csv --target species --search --out perch --overwrite
      try 27 settings by cross-validation first, and replace the files of a former run
  sknn fit survey.csv --target answer --missing '?' --categories zip_code --drop comment
      '?' is no value, zip codes are names and no quantities, comments are not looked at
  sknn fit survey.parquet --target answer --engine torch --scale l2 --json --quiet
      with PyTorch, columns divided by their norms; nothing but a JSON object on standard output
  sknn fit fish.csv --target weight --loss quantile --quantiles 0.05,0.5,0.95
      a number, with an interval that holds nine of ten new values
  sknn fit wine.csv --target grade --task regression
      numbers that could be classes
"""

PREDICT_EXAMPLES = """\
examples:
  sknn predict output/fish/model.sknn new.csv
      a line for each row: its class, and the probability of every class; or its number
  sknn predict output/fish/model.sknn new.csv --out classes.csv
      the same to a file
"""

REPORT_EXAMPLES = """\
examples:
  sknn report output/fish/model.sknn more.csv --target species
      prints the report, and writes it to report.html
"""

STUDY_EXAMPLES = """\
examples:
  sknn study producers
      the whole study: five models, 20 seeds, 1000 epochs; files go to output/producers
  sknn study producers --out results --epochs 100 --seeds 3
      a quick look
  sknn study producers --key-features
      and the key features: 300 refits ranked by weights, 300 by gradients
  sknn study producers --quiet --jobs 1
      no output but files and errors, one fit at a time
  sknn study producers --engine both
      NumPy's figures beside PyTorch's
  sknn study yeast --data yeast.csv --other-splits 20 --compare
      the other study, with all that goes with it
"""
