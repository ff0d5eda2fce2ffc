# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.system.package_manager import Apt, Dnf, PacMan, Zypper

required_conan_version = ">=2.0"


class IsolatteConan(ConanFile):
    name = "isolatte"
    description = "Run a C++ callable in a child process, await its outcome in Boost.Asio"
    license = "BSL-1.0"
    topics = ("asio", "fork", "process", "isolation", "sandbox")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "sandbox": [True, False],
        "test_support": [True, False],
        "command": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "sandbox": False,
        "test_support": True,
        "command": False,
    }
    implements = ["auto_shared_fpic"]
    exports_sources = (
        "CMakeLists.txt",
        "LICENSE_1_0.txt",
        "CHANGELOG.md",
        "cmake/*",
        "command/*",
        "doc/index.md",
        "doc/design/*",
        "doc/guide/*",
        "doc/images/*",
        "doc/performance/*",
        "doc/recipe/*",
        "include/*",
        "lib/*",
        "lib_test/*",
        "tools/sanitizers/*",
    )
    test_package_folder = "test/conan"

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include/isolatte/config.hpp"))
        number = int(re.search(r"^#define ISOLATTE_VERSION (\d+)$", header, re.MULTILINE).group(1))
        self.version = f"{number // 100000}.{number // 100 % 1000}.{number % 100}"

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)

    def system_requirements(self):
        # Conan Center has no libseccomp.
        if self.options.sandbox:
            Apt(self).install(["libseccomp-dev", "pkg-config"], check=True)
            Dnf(self).install(["libseccomp-devel", "pkgconf-pkg-config"], check=True)
            PacMan(self).install(["libseccomp", "pkgconf"], check=True)
            Zypper(self).install(["libseccomp-devel", "pkg-config"], check=True)

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration("isolatte needs a POSIX system")
        if self.options.sandbox and self.settings.os != "Linux":
            raise ConanInvalidConfiguration("isolatte has sandboxes on Linux only")
        boost = self.dependencies["boost"].options
        needed = ["header_only", "without_serialization", "without_stacktrace"]
        if self.options.command:
            needed.append("without_program_options")
        for option in needed:
            if boost.get_safe(option):
                raise ConanInvalidConfiguration(f"isolatte needs a Boost without boost/*:{option}")

    def package_id(self):
        # Boost's types are in the interface, and their layout differs between releases.
        self.info.requires["boost"].full_version_mode()

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BUILD_TESTING"] = False
        toolchain.cache_variables["ISOLATTE_BUILD_EXAMPLES"] = "OFF"
        toolchain.cache_variables["ISOLATTE_BUILD_COMMAND"] = "ON" if self.options.command else "OFF"
        toolchain.cache_variables["ISOLATTE_BUILD_TEST_SUPPORT"] = (
            "ON" if self.options.test_support else "OFF"
        )
        toolchain.cache_variables["ISOLATTE_SECCOMP"] = "ON" if self.options.sandbox else "OFF"
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(
            self,
            "LICENSE_1_0.txt",
            src=self.source_folder,
            dst=os.path.join(self.package_folder, "licenses"),
        )
        CMake(self).install()
        # CMakeDeps and PkgConfigDeps make these for the user's Boost.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share", "doc"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "isolatte")
        library = self.cpp_info.components["isolatte"]
        library.set_property("cmake_target_name", "isolatte::isolatte")
        library.set_property("pkg_config_name", "isolatte")
        library.libs = ["isolatte"]
        library.requires = ["boost::headers", "boost::serialization", self._stacktrace()]
        # Compiled since Boost 1.86. cmake/IsolatteDependencies.cmake links it wherever it exists.
        if "process" in self.dependencies["boost"].cpp_info.components:
            library.requires.append("boost::process")
        if self.settings.os in ("Linux", "FreeBSD"):
            library.system_libs = ["pthread", "dl"]
        if self.options.shared:
            library.defines = ["ISOLATTE_SHARED"]
        elif self.options.sandbox:
            library.system_libs.append("seccomp")
        if self.options.test_support:
            test = self.cpp_info.components["test"]
            test.set_property("cmake_target_name", "isolatte::test")
            test.libs = ["isolatte_test"]
            test.requires = ["isolatte"]

    def _stacktrace(self):
        # cmake/IsolatteDependencies.cmake chooses in this order.
        available = self.dependencies["boost"].cpp_info.components
        for backend in ("backtrace", "addr2line", "basic"):
            if f"stacktrace_{backend}" in available:
                return f"boost::stacktrace_{backend}"
        raise ConanInvalidConfiguration("isolatte needs a compiled Boost.Stacktrace library")
