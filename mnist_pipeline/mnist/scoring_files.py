"""The names of what scoring writes, for those who read it without TensorFlow."""

SCHEMA_VERSION = 1
METRICS = "metrics.json"
PREDICTIONS = "predict_result.csv"
CONFUSION_MATRIX = "confusion_matrix.png"
MISTAKES = "most_confident_mistakes.png"
ACCURACY = "accuracy.txt"
