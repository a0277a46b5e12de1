"""The suite: scenarios, the recorder, the judge, tolerances, and seeded faults that test the suite itself.

`scenarios` say what is asked, `recorder` asks one backend in its own process and writes evidence,
`judge` compares evidence with the float64 reference and writes the parity report.
"""

SUITE_VERSION = "1.0"
