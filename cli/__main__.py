"""``python -m ptychoparity.cli``."""

from ptychoparity.cli import main

if __name__ == "__main__":
    main(prog_name="ptychoparity")
