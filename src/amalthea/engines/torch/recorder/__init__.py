"""Steps that only compute, written down once and repeated: the operations (`recording`), made fewer (`tidying`), put into memory that is there already
(`memory`), as one plain function (`emitting`). `recorded` says when.
"""
