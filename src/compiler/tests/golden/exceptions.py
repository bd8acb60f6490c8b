def handlers(f):
    try:
        f()
    except ValueError as e:
        return e
    except (TypeError, KeyError):
        raise
    except:
        raise RuntimeError from None
    else:
        return 1
    finally:
        f(2)

def managers(a, b):
    for x in a:
        with a as c, b:
            if x:
                return x
            continue

def groups(f):
    try:
        f()
    except* ValueError as e:
        f(e)
    except* OSError:
        pass
