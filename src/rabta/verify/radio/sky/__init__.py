"""The sky against the validation sheets of the ITU."""
