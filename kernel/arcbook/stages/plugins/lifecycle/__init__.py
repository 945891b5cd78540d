"""Plugins that act before and after every stage; what they do is in `arcbook.runners.plugins.lifecycle`."""
