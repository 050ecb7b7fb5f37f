"""How the documentation is built: make docs."""

project = "goodname"
author = "The goodname authors"
copyright = "the goodname authors; Apache License 2.0"  # noqa: A001  # the name that Sphinx looks for

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True
# Modules are named in the text; their own documentation is the code.
nitpick_ignore_regex = [("py:.*", r"(monitor|connectors)\..*")]

html_theme = "furo"
html_title = "goodname"
html_show_sphinx = False
html_copy_source = False
