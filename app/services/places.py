"""Names of divisions as people write them."""

import re
import unicodedata

_SUFFIX = re.compile(
    r"(?:社区居民委员会|嘎查委员会|村民委员会|居民委员会|社区居委会|社区委员会|村委会|居委会|嘎查|社区|村)$"
)


def normalize_division_name(name: str) -> str:
    """The name folded to half width, without white space and without the suffixes of villages.

    A name that consists of a suffix only is kept whole.

    >>> normalize_division_name("垌心村委会") == normalize_division_name(" 垌心村民委员会")
    True
    """
    folded = "".join(unicodedata.normalize("NFKC", name).split())
    while True:
        shorter = _SUFFIX.sub("", folded)
        if not shorter or shorter == folded:
            return folded
        folded = shorter
