def context(data):
    raise NotImplementedError
