"""`python -m exporter` is the command `conndrop`."""

import sys

from exporter.cli import main

sys.exit(main())
