"""Cluster templates in CycleCloud's syntax, read into the model.

Rule: nothing is dropped in silence. What a template says is acted on, or listed with the reason why not, or
warned of; an error, with file, line and column, is left to what has no meaning or could not work. Each module
is one step, and each step takes and gives values:

    source          the text's lines, and places in them
    problems        all that is wrong, collected and told at once
    extents, lines  where a value ends; the text as headers, entries and comments
    forms, values   the right side of an attribute
    syntax          lines -> a tree of sections
    layout          lines -> the same, put in order
    data            what a value is once it is known
    expressions     the language of expressions
    parameters      which are declared, and what is given for them (`given`; `parameter_file` reads files)
    formulas        expressions in values, and the names in them
    resolve, scope  values and parameters worked out: the tree with what is `known`
    expand          node defaults, Extends, Abstract -> nodes with all they inherit
    typed           a setting as a text, a list of words, a number or a boolean
    details         what a node says of its machine; `endpoints` of its ports
    arrays          a node array -> model.cluster.NodeArray, with its `sizes` and `array_names`
    nodes           a single node -> model.cluster.SingleNode
    vocabulary      which attributes there are and what is done about each; `sections` the same of sections
    account         everything acted on, `left_out` with a reason, or warned of
    fitting         whether values are of their parameters' types, and among the form's choices
    required        which parameters must have a value; `describe` what is said of each
    to_model        all of it -> model.cluster.Cluster
"""
