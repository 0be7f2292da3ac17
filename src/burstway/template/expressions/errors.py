"""What is wrong with an expression's text."""


class ExpressionError(ValueError):
    """`offset` is the character of the expression that `what` is about, counted from 0."""

    def __init__(self, what: str, offset: int, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset
        self.remedy = remedy
