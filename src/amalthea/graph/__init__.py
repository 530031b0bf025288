"""The graph that calls on symbolic tensors leave behind: tensors, nodes, operations, and functions made of them."""
