"""Learners: texts and arrays in, arrays and labels out. This folder is code; trained files lie in the home."""
