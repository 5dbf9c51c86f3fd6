"""The names of the files that scoring writes. Reading them needs no TensorFlow."""

SCHEMA_VERSION = 2  # of metrics.json; version 2 added the digest of the labels
METRICS = "metrics.json"
PREDICTIONS = "predict_result.csv"
LABELS = "labels.csv"
CONFUSION_MATRIX = "confusion_matrix.png"
MISTAKES = "most_confident_mistakes.png"
ACCURACY = "accuracy.txt"
