# exit: 1
# An exception group with a nested one.
def make(kind, *arguments):
    try:
        raise kind(*arguments)
    except Exception as error:
        return error


raise ExceptionGroup("outer", [make(ValueError, 1), ExceptionGroup("inner", [make(KeyError, "k"), TypeError("never raised")])])
