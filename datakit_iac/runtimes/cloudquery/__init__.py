"""CloudQuery: rows from a source into a Store, by the real CloudQuery CLI and a plugin on each side.

Settings of a Transform::

    tables: [{from: flights_file, to: flights}]    # input DataSet → output DataSet; one of each needs no list
    writeMode: overwrite-delete-stale              # overwrite-delete-stale | overwrite | append

The output's columns are the contract: values that do not fit are refused.
"""
