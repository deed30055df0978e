"""The compiled walk of trees: built where a C compiler is, else left out, and the wheel is tagged as what it holds."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

STABLE = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


class Wheel(bdist_wheel):
    """A wheel for any machine when the extension, which is optional, could not be built."""

    def run(self) -> None:
        """Build the extension first, to know."""
        self.run_command("build_ext")
        if not all(Path(path).exists() for path in self.get_finalized_command("build_ext").get_outputs()):
            self.distribution.ext_modules, self.root_is_pure = [], True
        super().run()


walk = Extension(
    "artificer_runtime._walk",
    ["src/artificer_runtime/_walk.c"],
    optional=True,
    py_limited_api=True,
    extra_compile_args=[] if os.name == "nt" else ["-O3"],
)
setup(
    ext_modules=[walk] if STABLE else [],
    cmdclass={"bdist_wheel": Wheel},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {},
)
