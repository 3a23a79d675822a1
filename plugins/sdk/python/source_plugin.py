"""What a source is built from: your `src/plugin.py`, exported as the contract wants it."""

import caifeng  # first: it takes clock and chance away before your code looks for them
import plugin


class Types:
    """The contract has types and no functions here."""


Source = caifeng.exported(plugin, ["start", "parse"])
