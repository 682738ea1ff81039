"""Which calls of a layer were made: counted in the graph, each with its reason."""
