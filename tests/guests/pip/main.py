"""Packages of pip and what is imported or read when the process runs."""

import warren
from slugify import slugify


@warren.main
def main():
    import statistics

    print(slugify("Groß, ö, 北京"))
    print(statistics.median([1, 2, 3, 4]))
    # By a name that no search for imports finds.
    print(__import__("la" + "te").NAME)
    from importlib import metadata, resources

    print(metadata.version("python-slugify"))
    print(resources.files("data").joinpath("text.txt").read_text().strip())
    module = __import__("jso" + "n")
    print(module.dumps({"a": [1, None]}))
