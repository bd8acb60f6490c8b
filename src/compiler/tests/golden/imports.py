import a.b.c
import a.b as c, d
from . import x
from ..y import z as w, v
from m import *
