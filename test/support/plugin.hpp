// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_PLUGIN_HPP
#define ISOLATTE_TEST_SUPPORT_PLUGIN_HPP

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>

#include <dlfcn.h>

namespace isolatte::inline v0_1::test {

/// Returns the file of a library that may be loaded, or null: builds without CMake have none.
inline const char* plugin_file(const char* variable = "ISOLATTE_TEST_PLUGIN") {
  char const* const path = std::getenv(variable);
  if (path == nullptr) BOOST_TEST_MESSAGE("skipped: " << variable << " does not name a library");
  return path;
}

/// The library of test/plugin, loaded while the object lives.
class plugin {
 public:
  using function = int (*)(int);

  explicit plugin(const char* path) : library_{::dlopen(path, RTLD_NOW)} {
    BOOST_REQUIRE(library_ != nullptr);
    twice_ = reinterpret_cast<function>(::dlsym(library_, "plugin_twice"));
    BOOST_REQUIRE(twice_ != nullptr);
  }
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;
  ~plugin() { ::dlclose(library_); }

  function twice() const noexcept { return twice_; }
  std::uintptr_t address() const noexcept { return reinterpret_cast<std::uintptr_t>(twice_); }

 private:
  void* library_;
  function twice_ = nullptr;
};

}  // namespace isolatte::inline v0_1::test

#endif
