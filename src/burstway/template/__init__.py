"""Cluster templates in CycleCloud's syntax, read into the model.

Rule: what Burstway does not act on is refused with file, line and column, never skipped. Each module is one
step, and each step takes and gives values:

    source          the text's lines, and places in them
    problems        all that is wrong, collected and raised once
    values          the right side of an attribute
    syntax          lines -> a tree of sections
    vocabulary      which sections and attributes there are, and which of them Burstway acts on
    parameters      declarations, given values, `$name` replaced in the tree
    parameter_file  values for them out of a file; the only input and output here
    expand          node defaults, Extends, Abstract -> nodes with all they inherit
    typed           an attribute's value as a text, a whole number or a boolean
    arrays          a node array -> model.cluster.NodeArray
    to_model        all of it -> model.cluster.Cluster
"""
