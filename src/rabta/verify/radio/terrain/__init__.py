"""Paths over terrain against the validation profiles of ITU-R study group 3."""
