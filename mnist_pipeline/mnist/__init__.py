"""The machine learning: plain functions on files and arrays that know nothing of Azure."""
