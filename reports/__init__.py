"""The parity report: its schema, and its renderings: terminal, page, Markdown and JUnit XML."""
