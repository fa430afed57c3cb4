"""File formats: chunks of rows in, finished files as streams of bytes out, in bounded memory."""
