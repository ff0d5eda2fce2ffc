# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class IsolatteTest(ConanFile):
    """Builds and runs test/consumer with the package, as `conan create .` does in the end."""

    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure(
            variables={"CONSUMER_USES": "package"},
            build_script_folder=os.path.join(os.pardir, "consumer"),
        )
        cmake.build()

    def test(self):
        if can_run(self):
            for program in ("consumer", "consumer_test"):
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")
